"""Settings of the program: defaults < file < environment < options."""

from __future__ import annotations

import pytest

from inspector_core import detectors
from inspector_core.cli.catalogue import divided
from inspector_core.cli.configuration import Configuration, ProgramSettings
from inspector_core.cli.options import assignments
from inspector_core.errors import SettingError


@pytest.fixture
def settings_file(tmp_path):
    return tmp_path / "settings.toml"


def configured(path, environment=None):
    return Configuration(path, environment or {})


def test_that_each_source_overrules_the_one_before_and_names_itself(settings_file):
    def device(environment=None, option=None):
        entry = configured(settings_file, environment).program(device=option)["device"]
        return entry.value, entry.origin

    assert device() == ("auto", "default")
    settings_file.write_text('device = "cpu"\n')
    assert device() == ("cpu", str(settings_file))
    assert device({"RELIEF_DEVICE": "cuda:1"}) == ("cuda:1", "RELIEF_DEVICE")
    assert device({"RELIEF_DEVICE": "cuda:1"}, "cuda:0") == ("cuda:0", "--device")


def test_that_detector_settings_come_from_table_variable_and_option(settings_file):
    settings_file.write_text("[btf]\none = 1\ntwo = 2\nthree = 3\n[aligned]\nother = 9\n")
    environment = {"RELIEF_BTF_TWO": "20", "RELIEF_BTF_THREE": "30"}
    chosen = configured(settings_file, environment).of_detector("btf", {"three": "300"})
    assert {name: entry.value for name, entry in chosen.items()} == {
        "one": 1,
        "two": "20",
        "three": "300",
    }
    assert [chosen[name].origin for name in ("one", "two", "three")] == [
        f"{settings_file} [btf]",
        "RELIEF_BTF_TWO",
        "--set",
    ]


def test_that_an_impossible_value_names_its_origin(settings_file):
    settings_file.write_text('seed = "many"\n')
    with pytest.raises(SettingError, match=r"seed=many is not possible .from .*settings.toml"):
        configured(settings_file).program()
    with pytest.raises(SettingError, match=r"seed=-1 is not possible .from RELIEF_SEED"):
        configured(settings_file, {"RELIEF_SEED": "-1"}).program()


@pytest.mark.parametrize("content", [b"device = \n", b"\xff\xfe", b'device = "cpu"\ndevice = 1\n'])
def test_that_a_damaged_file_is_set_aside_and_the_defaults_are_used(settings_file, content):
    settings_file.write_bytes(content)
    configuration = configured(settings_file)
    assert configuration.program()["device"].value == "auto"
    assert len(configuration.problems) == 1
    assert "settings.toml.bad" in configuration.problems[0]
    assert not settings_file.exists()
    assert settings_file.with_name("settings.toml.bad").read_bytes() == content


def test_that_unknown_names_are_said_with_the_known_ones(settings_file, monkeypatch):
    monkeypatch.setattr(detectors, "DETECTORS", {"aligned": "", "btf": ""})
    settings_file.write_text("devcie = 'cpu'\n")
    environment = {"RELIEF_DEVCIE": "cpu", "RELIEF_PYTHON": "python3", "RELIEF_ALIGNED_X": "1"}
    problems = configured(settings_file, environment).problems
    assert len(problems) == 2
    assert (
        "devcie is no setting; known: device, detector, seed, weights, [aligned], [btf]"
        in problems[0]
    )
    assert "RELIEF_DEVCIE is no setting; known: RELIEF_DEVICE" in problems[1]


def test_that_the_default_detector_is_the_registrys(registry_default):
    assert ProgramSettings().detector == registry_default


def test_that_assignments_are_split_at_the_first_equals_sign():
    assert assignments(["axes=x -y z", "minimum-height-mm = 2", "note=a=b"]) == {
        "axes": "x -y z",
        "minimum_height_mm": "2",
        "note": "a=b",
    }


@pytest.mark.parametrize("pair", ["unit", "=m", ""])
def test_that_an_assignment_without_name_or_value_is_refused(pair):
    with pytest.raises(SettingError, match="no NAME=VALUE"):
        assignments([pair])
    with pytest.raises(SettingError, match="given twice"):
        assignments(["unit=m", "unit=mm"])


def test_that_set_reaches_reader_and_recipe_by_name():
    reader, kept = divided({"unit": "m", "strength": "2", "minimum_area_mm2": "4"}, ["flat"])
    assert reader == {"unit": "m"}
    assert kept == {"strength": "2", "minimum_area_mm2": "4"}


def test_that_an_unknown_name_lists_all_known_ones():
    with pytest.raises(SettingError) as caught:
        divided({"strenght": "2"}, ["flat"])
    assert "flat has no setting named strenght" in caught.value.message
    for known in ("strength", "unit", "minimum_area_mm2", "minimum_height_mm"):
        assert known in caught.value.cure
