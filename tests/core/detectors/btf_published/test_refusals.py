"""What BTF's published chain refuses, each with a cure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inspector_core.detectors.btf.detector import BTF, BTFSettings
from inspector_core.errors import InputError, SettingError, WeightsError
from inspector_core.geometry.prepare import prepare
from inspector_core.settings import build
from tests.core.detectors.btf_published.plates import (
    GOOD,
    PART,
    SIZE,
    learnt,
    lone,
    plate,
    without,
)


def test_that_without_a_wide_resnet_the_sentence_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path / "empty"))
    with pytest.raises(WeightsError, match="no Wide ResNet-50 is on this machine") as caught:
        learnt(network="auto")
    assert "wide_resnet50_2.racm_in1k" in caught.value.cure
    assert "network=none" in caught.value.cure
    with pytest.raises(WeightsError, match="not on this machine"):
        learnt(network="wide_resnet50_2.tv_in1k")


def test_that_a_network_that_sees_no_pictures_is_refused():
    with pytest.raises(WeightsError, match="no network that looks at pictures"):
        learnt(network="point_mae.pretrain")


def test_that_a_network_without_the_published_form_is_refused():
    with pytest.raises(SettingError, match="goes with the published form alone"):
        BTF(build(BTFSettings, {"network": "none"}))


def test_that_a_missing_cloud_is_refused_because_the_table_would_stay(full):
    with pytest.raises(InputError, match="the cloud is missing, and the published prep") as caught:
        full[1].score(prepare(without(plate(12), "xyz")))
    assert "compat=project" in caught.value.cure


def test_that_pictures_alone_and_no_network_leave_nothing_to_judge_by():
    with pytest.raises(InputError, match="there is no cloud, and network=none"):
        learnt([without(sample, "xyz") for sample in GOOD], network="none")


def test_that_good_parts_with_and_without_a_cloud_do_not_go_together():
    with pytest.raises(InputError, match="only some of the good parts have a cloud"):
        learnt([GOOD[0], without(GOOD[1], "xyz")])


def test_that_a_part_of_which_nothing_is_left_is_refused(alone):
    flat = np.zeros(SIZE)
    flat[PART] = 3.0
    with pytest.raises(InputError, match="flat: the published preparation leaves 0 points"):
        alone[1].score(prepare(lone(flat, "flat")))


def test_that_an_empty_cloud_is_refused(alone):
    part = prepare(GOOD[0])
    nothing = np.full((*SIZE, 3), np.nan, np.float32)
    empty = replace(part, sample=replace(part.sample, xyz=nothing), valid=np.zeros(SIZE, bool))
    with pytest.raises(InputError, match="the cloud is 0 mm across"):
        alone[1].score(empty)


@pytest.mark.parametrize(("factor", "said"), [(0.001, "0.07"), (1000, "7")])
def test_that_a_cloud_in_another_unit_is_refused(alone, factor, said):
    sample = plate(14)
    other = replace(sample, id="other", xyz=(sample.xyz * factor).astype(np.float32))
    with pytest.raises(InputError, match=f"other: the cloud is {said}.* mm across") as caught:
        alone[1].score(prepare(other))
    assert "unit=m" in caught.value.cure
