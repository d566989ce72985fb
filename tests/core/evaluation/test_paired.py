"""Two detectors on the same parts, resampled together."""

from __future__ import annotations

import numpy as np
import pytest

from inspector_core.errors import InputError
from inspector_core.evaluation import common, keep, paired, read_kept, write_kept
from inspector_core.evaluation.intervals import multiplicities, percentile_interval
from inspector_core.evaluation.resampling import aupro_replicates
from inspector_core.types import AnomalyMaps
from tests.core.evaluation.test_protocol import SIZE, evaluate, part, parts


def compare(first, second, map_name="fused", *, replicates=100, **options):
    return paired.compare(first, second, map_name, replicates=replicates, **options)


def blurred(member, noise, seed):
    """The same part as a worse detector sees it: noise of its own on map and score."""
    rng = np.random.default_rng([seed, len(member.id), ord(member.id[-1])])
    values = member.maps.fused + np.float32(noise) * rng.random(SIZE, np.float32)
    score = float(np.nanmean(values) + noise * rng.normal())
    maps = AnomalyMaps(shape=values, fused=values)
    label, truth = member.label, member.truth
    return part(member.id, label, truth=truth, maps=maps, scores={"fused": score, "shape": score})


@pytest.fixture(scope="module")
def members():
    return [
        *(part(f"test/good/{i:03}", "good", seed=i) for i in range(12)),
        *(part(f"test/dent/{i:03}", "dent", strength=0.6, seed=50 + i) for i in range(14)),
    ]


@pytest.fixture(scope="module")
def better(members):
    return keep(evaluate(members))


@pytest.fixture(scope="module")
def worse(members):
    return keep(evaluate([blurred(member, 2.0, seed=1) for member in members]))


def test_that_a_detector_does_not_differ_from_itself(better):
    found = compare(better, better, seed=3).metrics
    assert set(found) == {"i_auroc", "aupro@0.30", "aupro@0.10", "aupro@0.05", "aupro@0.01"}
    for metric in found.values():
        assert (metric.value, metric.interval) == (0.0, (0.0, 0.0))
        assert (metric.share_above, metric.share_below, metric.p) == (0.0, 0.0, 1.0)


def test_that_a_clearly_better_detector_is_found_better(better, worse):
    metric = compare(better, worse).metrics["aupro@0.30"]
    assert metric.first == better.aupro["fused"][0]
    assert metric.value == metric.first - metric.second > 0.1
    assert metric.interval[0] > 0
    assert metric.share_above == 1.0
    assert metric.p == pytest.approx(2 / 101)


def test_that_turning_the_comparison_round_turns_the_sign(better, worse):
    one, other = compare(better, worse).metrics, compare(worse, better).metrics
    for name in one:
        assert one[name].value == -other[name].value
        assert one[name].interval == pytest.approx([-end for end in other[name].interval[::-1]])
        assert one[name].share_above == other[name].share_below
        assert one[name].p == other[name].p


def test_that_both_are_resampled_with_the_same_parts(better, worse):
    table, other = better.shares["fused"], worse.shares["fused"]
    drawn = multiplicities([bool(n) for n in table.n_components], 11, 200)
    gaps = aupro_replicates(table, drawn) - aupro_replicates(other, drawn)
    found = compare(better, worse, seed=11, replicates=200).metrics["aupro@0.05"]
    assert found.interval == pytest.approx(percentile_interval(gaps[:, 2]), abs=1e-12)


def test_that_the_seed_decides_the_interval(better, worse):
    one, same, other = (compare(better, worse, seed=seed) for seed in (1, 1, 2))
    assert one == same
    assert one.metrics["aupro@0.30"].interval != other.metrics["aupro@0.30"].interval


def test_that_the_order_of_parts_does_not_matter(members, better, worse):
    turned = keep(evaluate([blurred(member, 2.0, seed=1) for member in members[::-1]]))
    one, other = compare(better, worse).metrics, compare(better, turned).metrics
    for name in one:
        assert one[name].interval == pytest.approx(other[name].interval, abs=1e-6)


def test_that_kept_arrays_come_back_equal(tmp_path, better, worse):
    path = tmp_path / "arrays.npz"
    write_kept(path, better)
    again = read_kept(path)
    assert compare(again, worse) == compare(better, worse)
    assert again.title == "made up"
    first = path.read_bytes()
    write_kept(path, again)
    assert path.read_bytes() == first
    assert len(first) < 500_000


def test_that_different_parts_are_refused_by_name(members, better):
    fewer = keep(evaluate(members[:-1]))
    with pytest.raises(
        InputError, match=r"not scored on the same parts: made up lacks test/dent/013"
    ):
        compare(better, fewer)
    one, other, left_out = common(better, fewer)
    assert left_out == ("test/dent/013",)
    assert one.ids == other.ids == fewer.ids
    metrics = compare(one, other).metrics
    assert metrics["i_auroc"].value == 0.0
    assert metrics["aupro@0.30"].value == pytest.approx(0.0, abs=1e-3)


def test_that_a_changed_label_is_refused(members, better):
    relabelled = [*members[1:], part(members[0].id, "dent", seed=0)]
    with pytest.raises(InputError, match="the labels differ: test/good/000"):
        compare(better, keep(evaluate(relabelled)))


def test_that_a_map_that_one_lacks_is_refused(better):
    with pytest.raises(InputError, match="made up has no rgb map"):
        compare(better, better, "rgb")


def test_that_too_few_parts_leave_metrics_out():
    alone = keep(evaluate([entry for entry in parts() if entry.label != "good"]))
    assert "i_auroc" not in compare(alone, alone).metrics
    assert "aupro@0.30" in compare(alone, alone).metrics


def test_that_other_files_are_refused(tmp_path):
    path = tmp_path / "arrays.npz"
    path.write_bytes(b"PK nothing")
    with pytest.raises(
        InputError, match=r"arrays\.npz could not be read as arrays of an evaluation"
    ):
        read_kept(path)
    np.savez(path, head=np.frombuffer(b'{"schema": "other/1"}', np.uint8))
    with pytest.raises(InputError, match="it is other/1"):
        read_kept(path)
