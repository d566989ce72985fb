"""The wheel: everything that is shipped is in it, and it works where nothing else of the project is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("app", "inspector_core", "resources")
_MOST_MB = 40

_NO_NETWORK = """
import os
import socket


def refuse(*_args, **_options):
    with open(os.environ["TOUCHED"], "a", encoding="ascii") as stream:
        stream.write("touched")
    raise OSError("there is no network")


socket.socket.connect = refuse
socket.getaddrinfo = refuse
"""
"""Runs at the start of the interpreter, so that whatever asks for the network gets none."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    pytest.importorskip("hatchling", reason="building a wheel needs hatchling (extra dev)")
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    (made,) = folder.glob("*.whl")
    return made


def sources() -> set[str]:
    """Every file of the packages, as a wheel names it."""
    return {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }


@pytest.mark.heavy
def test_that_the_wheel_holds_every_module_and_every_resource(wheel):
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert held == sources()
    assert any(name.startswith("resources/parts/casting/train/good/") for name in held)
    assert any(name.startswith("resources/weights/") for name in held)


@pytest.mark.heavy
def test_that_the_wheel_carries_licence_notice_and_command(wheel):
    archive = zipfile.ZipFile(wheel)
    names = {name.partition(".dist-info/")[2] for name in archive.namelist()}
    assert {"licenses/LICENSE", "licenses/NOTICE", "entry_points.txt"} <= names
    (entry,) = (name for name in archive.namelist() if name.endswith("entry_points.txt"))
    assert "relief = app.__main__:main" in archive.read(entry).decode("utf-8")


@pytest.mark.heavy
def test_that_the_wheel_is_small_and_readable_by_everybody(wheel):
    assert wheel.stat().st_size < _MOST_MB << 20
    modes = {info.filename: info.external_attr >> 16 for info in zipfile.ZipFile(wheel).infolist()}
    assert [name for name, mode in modes.items() if mode & 0o444 != 0o444] == []


@pytest.fixture
def environment(wheel, tmp_path) -> Path:
    """An environment with the wheel and, lent by this one, the libraries that it depends on."""
    folder = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    options = ["install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "--python", str(python), *options], check=True)
    (site,) = (folder / "lib").glob("python*/site-packages")
    lent = [path for path in sys.path if path.endswith("-packages")]
    (site / "lent.pth").write_text("\n".join(lent), "utf-8")
    (site / "no_network.py").write_text(_NO_NETWORK, "utf-8")
    (site / "no_network.pth").write_text("import no_network", "utf-8")
    return folder


@pytest.mark.heavy
@pytest.mark.timeout(1800)
@pytest.mark.skipif(os.name == "nt", reason="environments are laid out differently on Windows")
def test_that_an_installed_wheel_runs_the_demo_without_a_network(environment, tmp_path):
    touched = tmp_path / "touched"
    plain = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("RELIEF_", "XDG_")) and name != "PYTHONPATH"
    }
    surroundings = {**plain, "HOME": str(tmp_path / "home"), "TOUCHED": str(touched)}
    where = "import app, inspector_core, resources as r; print(*(m.__file__ for m in (app, inspector_core, r)))"

    def run(*words: str) -> str:
        command = [str(environment / "bin" / words[0]), *words[1:]]
        done = subprocess.run(
            command, cwd=tmp_path, env=surroundings, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert all(file.startswith(str(environment)) for file in run("python", "-c", where).split())
    said = run("relief", "demo", "--headless", "--out", "report")
    assert "defective parts found" in said
    document = json.loads((tmp_path / "report" / "results.json").read_text("utf-8"))
    assert document["summary"]["not_inspected"] == 0
    assert document["recipe"]["reasons"]
    assert (tmp_path / "report" / "report.pdf").stat().st_size > 0
    assert not touched.exists()
