"""`relief doctor`: each finding with its cure, and nothing that breaks it."""

from __future__ import annotations

import sys

import pytest

from inspector_core.cli import doctor, probes
from inspector_core.cli.probes import Probe, cure_for, in_child
from tests.core.cli.conftest import follows

FINE = Probe(0, "llvmpipe", "", 0.1)


@pytest.fixture
def healthy(monkeypatch):
    """Probes that find nothing wrong, without starting a child for each."""
    monkeypatch.setattr(probes, "imports", lambda modules: dict.fromkeys(modules, FINE))
    for name in ("gl", "devices", "bundled_sample"):
        monkeypatch.setattr(probes, name, lambda: FINE)


@pytest.mark.usefixtures("healthy")
def test_that_a_healthy_machine_is_code_0(relief):
    code, out, _ = relief("doctor")
    assert code == 0
    assert "No problem found." in out
    for topic in ("program", "system", "libraries", "devices", "folders", "settings", "weights"):
        assert topic in out


@pytest.mark.usefixtures("healthy")
def test_that_quiet_prints_problems_alone(relief):
    assert relief("doctor", "--quick", "--quiet")[:2] == (0, "")


@pytest.mark.usefixtures("healthy")
def test_that_the_document_follows_its_schema(relief):
    code, document, _ = relief("doctor", "--json")
    assert code == 0
    names = {row["name"] for row in follows(document, "relief-doctor/1")["rows"]}
    assert {"torch", "open3d", "off-screen drawing", "sample part", "device"} <= names
    _, quick, _ = relief("doctor", "--json", "--quick")
    assert "sample part" not in {row["name"] for row in quick["rows"]}


@pytest.mark.usefixtures("healthy")
def test_that_each_setting_is_shown_with_its_origin(relief, monkeypatch):
    monkeypatch.setenv("RELIEF_DEVICE", "cpu")
    monkeypatch.setenv("RELIEF_FLAT_STRENGTH", "2")
    _, out, _ = relief("doctor", "--quick")
    assert "cpu (from RELIEF_DEVICE)" in out
    assert "0 (from default)" in out
    assert "flat: strength" in out
    assert "2 (from RELIEF_FLAT_STRENGTH)" in out


@pytest.mark.usefixtures("healthy")
@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("RELIEF_SEED", "many", "seed=many is not possible (from RELIEF_SEED)"),
        ("RELIEF_DEVCIE", "cpu", "RELIEF_DEVCIE is no setting"),
    ],
)
def test_that_a_wrong_setting_is_code_2(variable, value, said, relief, monkeypatch):
    monkeypatch.setenv(variable, value)
    code, out, _ = relief("doctor", "--quick", "--quiet")
    assert code == 2
    assert said in out


@pytest.mark.usefixtures("healthy")
def test_that_a_missing_system_library_comes_with_the_command_that_installs_it(relief, monkeypatch):
    broken = Probe(1, "", "ImportError: libEGL.so.1: cannot open shared object file", 0.1)
    monkeypatch.setattr(
        probes, "imports", lambda modules: {m: broken if "Qt" in m else FINE for m in modules}
    )
    code, out, _ = relief("doctor", "--quick", "--quiet")
    assert code == 6
    assert "PySide6_Essentials: ImportError: libEGL.so.1" in out
    assert "sudo apt-get install -y --no-install-recommends libgl1 libegl1" in out
    assert "remove the folder .venv" in cure_for("ModuleNotFoundError: No module named 'numpy'")


@pytest.mark.usefixtures("healthy")
def test_that_without_drawing_the_rest_is_said_to_work(relief, monkeypatch):
    monkeypatch.setattr(probes, "gl", lambda: Probe(-11, "", "", 0.5))
    code, out, _ = relief("doctor", "--quick", "--quiet")
    assert code == 6
    assert (
        "off-screen drawing: crashed with signal 11; the window draws the cloud as a relief" in out
    )


@pytest.mark.usefixtures("healthy")
def test_that_a_folder_that_cannot_be_written_is_code_3(relief, monkeypatch, tmp_path):
    blocked = tmp_path / "file"
    blocked.touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    code, out, _ = relief("doctor", "--quick", "--quiet")
    assert code == 3
    assert "cache:" in out
    assert "not writable" in out


@pytest.mark.usefixtures("healthy")
def test_that_detectors_that_cannot_be_loaded_are_a_finding(relief, monkeypatch):
    monkeypatch.setattr("inspector_core.detectors.DETECTORS", {"gone": "no.such.module:Gone"})
    code, out, _ = relief("doctor", "--quick", "--quiet")
    assert code == 6
    assert "cannot be loaded: ModuleNotFoundError" in out


def test_that_a_crash_in_a_child_is_an_answer():
    assert in_child("print('a'); print('b')").said == "b"
    failed = in_child("import no_such_module")
    assert not failed.ok
    assert failed.why == "ModuleNotFoundError: No module named 'no_such_module'"
    assert in_child("import os; os.abort()").why == "crashed with signal 6"
    assert in_child("import time; time.sleep(9)", limit_s=0.5).why == "no answer in time"


def test_that_children_run_this_interpreter_with_the_given_environment():
    said = in_child(
        "import os, sys; print(sys.executable, os.environ['A'])", environment={"A": "b"}
    )
    assert said.said == f"{sys.executable} b"


def test_that_the_nearest_existing_folder_decides_whether_one_can_be_made(tmp_path):
    assert doctor._not_writable(tmp_path / "a" / "b" / "c") == ""
    assert not (tmp_path / "a").exists()


@pytest.mark.heavy
def test_that_this_machine_draws_off_screen():
    assert probes.gl().ok
