"""What a benchmark is asked to do, and how it is refused before any work."""

from __future__ import annotations

from pathlib import Path

import pytest

from inspector_core.benchmark.classes import classes
from inspector_core.benchmark.suite import ALL, dataset, method, read_suite, suite
from inspector_core.errors import InputError, InspectorError, SettingError
from tests.core.benchmark.conftest import write_class
from tests.core.data import test_eyecandies
from tests.faults import makers

SOUND = """\
seeds = [0, 3]
shots = ["all", 2]
[[dataset]]
root = "screws"
classes = ["nut"]
[[detector]]
name = "btf"
settings = { cells = 16 }
"""


def written(tmp_path, text):
    path = tmp_path / "suite.toml"
    path.write_text(text, "utf-8")
    return path


def test_that_a_suite_file_says_everything(pictures):
    found = read_suite(written(pictures.parent, SOUND))
    assert found.seeds == (0, 3)
    assert found.shots == (ALL, 2)
    assert [one.name for one in classes(found.datasets[0])] == ["nut"]
    assert found.methods[0].title == "btf cells=16"
    assert found.methods[0].settings["weight_rgb"] == method("btf", {}).settings["weight_rgb"]


@pytest.mark.parametrize(
    ("change", "said", "cure"),
    [
        (("seeds", "seed"), "suite.toml: there is no key seed", "known: seeds, shots"),
        (("[0, 3]", "[0, -1]"), "suite.toml: seed -1 is not possible", "from 0 to"),
        (("[0, 3]", "[3, 3]"), "the seed 3 is named twice", "name it once"),
        (("[0, 3]", "0"), "suite.toml: seeds is no list", "write seeds = [0]"),
        (('"all", 2', '"all", 0'), "shots 0 is not possible", 'or "all"'),
        (('"all", 2', '"all", true'), "shots True is not possible", "whole number"),
        (("cells = 16", "cell = 16"), "[[detector]] 1: btf has no setting named cell", "cells"),
        (("cells = 16", "cells = 1"), "[[detector]] 1: cells=1 is not possible", "from 8 to 256"),
        (('name = "btf"', 'name = "bft"'), "[[detector]] 1: there is no detector named bft", "btf"),
        (('name = "btf"\n', ""), "[[detector]] 1: name is missing", "add name"),
        (('"screws"', '"bolts"'), "[[dataset]] 1: ", "check the name of the folder"),
        (('"screws"', "7"), "[[dataset]] 1, root: 7 is no text", "quotes"),
        (("classes", "klasses"), "[[dataset]] 1: there is no key klasses", "known: root, name"),
        (('["nut"]', '["nut", 3]'), "[[dataset]] 1, classes: 3 is no text", "quotes"),
        (('root =', 'layout = "x"\nroot ='), "[[dataset]] 1: there is no layout named x", "mvtec_ad"),
        (('root =', "settings = { light = 1 }\nroot ="), "without a layout", "name the layout"),
        (("[[detector]]", "[detector]"), "detector is no list of tables", "[[detector]]"),
        (("seeds =", "seeds"), "suite.toml: ", "correct that line"),
        (("seeds =", 'device = 3\nseeds ='), "suite.toml, device: 3 is no text", "quotes"),
        (("seeds =", 'scope = "some"\nseeds ='), "scope=some is not possible", "all or part"),
    ],
)  # fmt: skip
def test_that_what_is_wrong_is_said_with_its_place_and_cure(change, said, cure, pictures):
    path = written(pictures.parent, SOUND.replace(*change))
    with pytest.raises(InspectorError) as caught:
        read_suite(path)
    assert said in caught.value.message
    assert cure in caught.value.cure


def test_that_a_missing_suite_file_and_an_empty_suite_are_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_suite(tmp_path / "none.toml")
    with pytest.raises(SettingError, match="there is no data set"):
        read_suite(written(tmp_path, "seeds = [0]\n"))


def test_that_one_detector_with_two_settings_is_two_methods_and_twice_the_same_is_refused(pictures):
    one, two = method("btf", {"cells": 16}), method("btf", {"cells": 32})
    assert len(suite([dataset(pictures)], [one, two]).methods) == 2
    with pytest.raises(SettingError, match="btf cells=16 is named twice"):
        suite([dataset(pictures)], [one, one])


def test_that_a_folder_of_classes_and_a_single_class_are_both_found(pictures):
    assert [one.name for one in classes(dataset(pictures))] == ["bolt", "nut"]
    (single,) = classes(dataset(pictures / "nut"))
    assert (single.dataset, single.name, single.layout) == ("nut", "nut", "mvtec_ad")


def test_that_classes_one_level_deeper_are_found_beside_loose_files(pictures):
    makers.write_png(pictures.parent / "overview.png", makers.picture())
    assert [one.name for one in classes(dataset(pictures.parent))] == ["bolt", "nut"]


def test_that_published_sets_are_known_by_their_classes(tmp_path):
    write_class(tmp_path / "ad" / "screw")
    makers.part(tmp_path / "3d" / "bagel", "000", "train", "good")
    test_eyecandies.part(tmp_path / "candy" / "Lollipop", "train", "000")
    titles = {name: classes(dataset(tmp_path / name))[0].dataset for name in ("ad", "3d", "candy")}
    assert titles == {"ad": "MVTec AD", "3d": "MVTec 3D-AD", "candy": "Eyecandies"}
    assert classes(dataset(tmp_path / "ad", "mine"))[0].dataset == "mine"


def test_that_an_unknown_class_and_a_folder_without_parts_are_refused(pictures, tmp_path):
    with pytest.raises(SettingError) as caught:
        classes(dataset(pictures, classes=["screw"]))
    assert caught.value.cure == "choose of bolt, nut"
    empty = Path(tmp_path / "empty")
    empty.mkdir()
    with pytest.raises(InputError, match="no parts here and no classes of parts below"):
        classes(dataset(empty))
