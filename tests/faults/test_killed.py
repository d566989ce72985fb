"""A process killed at any moment leaves no half-written recipe, result or report."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from inspector_core.recipe import open_recipe
from inspector_core.store import ResultStore
from tests.conftest import ROOT
from tests.faults import victim

TASKS = ("learn", "inspect", "export")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory) -> Path:
    """A folder with a recipe, results and a report, all whole."""
    folder = tmp_path_factory.mktemp("killed")
    recipe = victim.learn(folder)
    victim.inspect(folder, recipe)
    victim.export(folder, recipe)
    return folder


def kill_during(task: str, folder: Path, moments: list[float]) -> None:
    """Start the victim, wait for its first whole round, kill it after each of the given seconds."""
    for moment in moments:
        command = [sys.executable, "-m", "tests.faults.victim", task, str(folder)]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(moment)
        assert process.poll() is None, "the victim ended by itself"
        process.send_signal(signal.SIGKILL)
        process.wait()
        check(folder)


def check(folder: Path) -> None:
    """Everything that is there is whole."""
    recipe = open_recipe(folder / "recipe")
    store = ResultStore.open(folder / "results")
    assert store.recipe_sha256 == recipe.sha256
    for result in store.results():
        maps = store.maps(result.id)
        assert maps is not None
        assert np.isfinite(maps.fused).any()
    report = folder / "report"
    if not (report / "results.json").exists():
        return
    document = json.loads((report / "results.json").read_text("utf-8"))
    assert document["summary"]["parts"] == len(document["parts"])
    assert (report / "report.pdf").read_bytes().rstrip().endswith(b"%%EOF")
    assert "</html>" in (report / "report.html").read_text("utf-8")
    names = [path.name for path in report.iterdir() if not path.name.startswith(".")]
    assert sorted(names) == sorted(set(names))


def moments(count: int, seed: int) -> list[float]:
    """Random seconds after the start of a round; a round takes one or two."""
    return np.random.Generator(np.random.PCG64(seed)).uniform(0.0, 2.0, count).tolist()


@pytest.mark.parametrize("task", TASKS)
def test_that_a_kill_leaves_nothing_half_written(workplace, task):
    kill_during(task, workplace, moments(1, 1))


@pytest.mark.heavy
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("task", TASKS)
def test_that_twenty_kills_leave_nothing_half_written(workplace, task):
    kill_during(task, workplace, moments(20, 2))
