"""The Eyecandies layout: decoding, labels, lights, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from inspector_core.data.scan import scan
from inspector_core.errors import InputError
from inspector_core.progress import drain
from tests.faults import makers

LOW, HIGH = 2.25, 4.75
POSE = "1 0 0 0\n0 .70710678 -.70710678 -2.1\n0 .70710678 .70710678 2.2\n0 0 0 1\n"


def part(root, split, index, kinds=(), lights=(0,), private=False):
    """One part of 24x20 pixels; kinds are the defects it has."""
    data = root / split / "data"
    for light in lights:
        makers.write_png(data / f"{index}_image_{light}.png", makers.picture(seed=light))
    makers.write_png(data / f"{index}_depth.png", depth16())
    (data / f"{index}_info_depth.yaml").write_text(f"normalization:\n  max: {HIGH}\n  min: {LOW}\n")
    normals = np.full((20, 24, 3), (128, 200, 230), np.uint8)
    normals[0, 0] = (64, 64, 255)
    makers.write_png(data / f"{index}_normals.png", normals)
    (data / f"{index}_pose.txt").write_text(POSE)
    if private:
        return data
    makers.write_png(data / f"{index}_mask.png", makers.mask() * bool(kinds))
    names = ("bumps", "dents", "colors", "normals")
    lines = [
        f"anomalous: {int(bool(kinds))}",
        *(f"anomalous_{n}: {int(n in kinds)}" for n in names),
    ]
    (data / f"{index}_metadata.yaml").write_text("\n".join(lines) + "\n")
    for name in names:
        makers.write_png(data / f"{index}_{name}_mask.png", makers.mask() * (name in kinds))
    return data


def depth16():
    values = np.arange(480, dtype=np.uint16).reshape(20, 24) * 136
    values[-1] = 0
    values[0, 0] = 65535
    return values


@pytest.fixture
def candy(tmp_path):
    part(tmp_path, "train", "000")
    part(tmp_path, "val", "00")
    part(tmp_path, "test_public", "00")
    part(tmp_path, "test_public", "01", ("dents",))
    part(tmp_path, "test_public", "02", ("bumps", "colors"))
    part(tmp_path, "test_private", "000", private=True)
    return tmp_path


def loaded(folder, identity, **options):
    found = drain(scan(folder, None, options))
    return {ref.id: ref for ref in found.refs}[identity].load()


def test_that_splits_and_labels_follow_folders_and_metadata(candy):
    found = drain(scan(candy))
    assert [(ref.id, ref.split, ref.label) for ref in found.refs] == [
        ("train/000", "train", "good"),
        ("val/00", "validation", "good"),
        ("test_public/00", "test", "good"),
        ("test_public/01", "test", "dents"),
        ("test_public/02", "test", "combined"),
        ("test_private/000", "test_private", None),
    ]
    assert (found.layout, found.unit, found.image_size) == ("eyecandies", "nominal", (24, 20))
    assert any(note.startswith("nominal scale") for note in found.notes)
    assert found.problems == ()


def test_that_every_depth_value_is_a_measurement_times_100(candy):
    sample = loaded(candy, "test_public/01")
    assert sample.unit == "nominal mm"
    assert sample.valid.all()
    z = (depth16() / 65535 * (HIGH - LOW) + LOW) * 100
    np.testing.assert_allclose(sample.xyz[..., 2], z, rtol=1e-6)
    focal = 711.11 * 24 / 512
    np.testing.assert_allclose(sample.xyz[3, 5, 0], (5 - 12) / focal * z[3, 5], rtol=1e-6)
    np.testing.assert_allclose(sample.xyz[3, 5, 1], (3 - 10) / focal * z[3, 5], rtol=1e-6)


def test_that_normals_are_unit_vectors_towards_the_camera(candy):
    normals = loaded(candy, "train/000").normals
    np.testing.assert_allclose(np.linalg.norm(normals, axis=2), 1, atol=1e-6)
    stored = np.array([64, 64, 255]) / 127.5 - 1
    expected = stored * [1, -1, -1] / np.linalg.norm(stored)
    np.testing.assert_allclose(normals[0, 0], expected, atol=1e-6)
    assert (normals[..., 2] < 0).all()


def test_that_truth_is_the_mask_and_unknown_for_private_parts(candy):
    np.testing.assert_array_equal(loaded(candy, "test_public/01").truth, makers.mask() > 0)
    assert loaded(candy, "test_public/00").truth.sum() == 0
    private = loaded(candy, "test_private/000")
    assert private.truth is None
    assert private.label is None


def test_that_labels_come_from_the_masks_where_metadata_are_missing(candy):
    for index in ("00", "01", "02"):
        (candy / "test_public" / "data" / f"{index}_metadata.yaml").unlink()
    labels = [ref.label for ref in drain(scan(candy)).refs if ref.split == "test"]
    assert labels == ["good", "dents", "combined"]


def test_that_the_light_can_be_chosen_and_falls_back_with_a_note(candy):
    part(candy, "train", "001", lights=(0, 4))
    found = drain(scan(candy, None, {"light": 4}))
    assert "image_4 missing for 6 parts: image_0 used" in found.notes
    with_light, without = loaded(candy, "train/001", light=4), loaded(candy, "train/000", light=4)
    np.testing.assert_array_equal(with_light.rgb, makers.picture(seed=4))
    np.testing.assert_array_equal(without.rgb, makers.picture(seed=0))
    assert "image_0 used, image_4 is missing" in without.notes
    assert not any("image_4" in note for note in with_light.notes)


def test_that_the_published_background_becomes_missing_on_request(candy):
    sample = loaded(candy, "train/000", published_background=True)
    assert 0 < sample.valid.mean() < 1
    assert any("published background rule" in note for note in sample.notes)


@pytest.mark.parametrize("item", ["depth.png", "info_depth.yaml", "image_0.png"])
def test_that_an_incomplete_part_is_refused_with_what_was_looked_for(candy, item):
    (candy / "test_public" / "data" / f"01_{item}").unlink()
    found = drain(scan(candy))
    expected = f"test_public/01: incomplete, looked for 01_{item}; copy the files again or remove"
    assert [problem.sentence.startswith(expected) for problem in found.problems] == [True]
    with pytest.raises(InputError) as caught:
        {ref.id: ref for ref in found.refs}["test_public/01"].load()
    assert caught.value.sentence == found.problems[0].sentence


def test_that_broken_text_files_are_sentences(candy):
    data = candy / "test_public" / "data"
    (data / "01_info_depth.yaml").write_text("normalization: {}\n")
    with pytest.raises(InputError, match=r"01_info_depth\.yaml: no normalisation min and max"):
        loaded(candy, "test_public/01")
    (data / "02_metadata.yaml").write_bytes(b"\xff\xfe")
    problems = drain(scan(candy)).problems
    assert [problem.path for problem in problems] == ["test_public/data/02_metadata.yaml"]


def test_that_the_published_subset_reads_as_its_description_says(shared):
    found = drain(scan(shared("data", "eyecandies", "CandyCane")))
    counts = {}
    for ref in found.refs:
        counts[ref.split, ref.label] = counts.get((ref.split, ref.label), 0) + 1
    kinds = dict.fromkeys(
        (("test", k) for k in ("bumps", "dents", "colors", "normals", "combined")), 5
    )
    assert counts == {("train", "good"): 24, ("test", "good"): 25, **kinds}
    assert found.problems == ()
    sample = {ref.id: ref for ref in found.refs}["test_public/29"].load()
    assert sample.valid.all()
    assert 74 <= sample.truth.sum() <= 1158
    xyz = sample.xyz.astype(float) / 100
    height = 2.22132 - 0.70711 * (xyz[..., 1] + xyz[..., 2])
    assert 0.75 < (np.abs(height) < 0.01).mean() < 0.9
    derived = np.cross(np.gradient(xyz, axis=1), np.gradient(xyz, axis=0))
    derived *= -np.sign(derived[..., 2:]) / np.linalg.norm(derived, axis=2, keepdims=True)
    angle = np.degrees(np.arccos(np.clip((derived * sample.normals).sum(axis=2), -1, 1)))
    assert np.median(angle) < 0.3
