"""A process that works until it is killed: `python -m tests.faults.victim learn|inspect|export DIR`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from inspector_core import engine
from inspector_core.progress import drain
from inspector_core.recipe import Recipe, open_recipe
from inspector_core.reports import export as write
from inspector_core.reports.material import report_of
from inspector_core.store import ResultStore
from inspector_core.types import Scan
from tests.contracts.tiny_parts import refs

DETECTOR = "aligned"


def scan() -> Scan:
    """Six good parts to learn from, four to calibrate, three to inspect."""
    found = (
        *refs(6, 0, "train"),
        *refs(4, 20, "validation"),
        *refs(2, 40, "test", dent_mm=1.2),
        *refs(1, 60, "test"),
    )
    return Scan("tiny", "tiny", tuple(found), image_size=(96, 96), unit="mm")


def learn(folder: Path) -> Recipe:
    """The recipe, learnt anew over whatever lies there."""
    return drain(
        engine.learn(scan(), folder / "recipe", detector=DETECTOR, device="cpu", force=True)
    )


def inspect(folder: Path, recipe: Recipe) -> None:
    """All test parts into the store."""
    store = ResultStore.create(folder / "results", recipe.sha256)
    drain(engine.inspect(scan().select("test"), recipe, store=store, device="cpu"))


def export(folder: Path, recipe: Recipe) -> None:
    """Reports of the stored results."""
    store = ResultStore.open(folder / "results")
    model = report_of(store.results(), recipe, scan().select("test"), store)
    drain(write(model, folder / "report", FORMATS, force=True))


FORMATS = ("json", "csv", "html", "pdf", "png")


def work(task: str, folder: Path) -> Iterator[None]:
    """One round of the task per step."""
    if task == "learn":
        while True:
            learn(folder)
            yield
    recipe = open_recipe(folder / "recipe")
    while True:
        {"inspect": inspect, "export": export}[task](folder, recipe)
        yield


def main() -> None:
    task, folder = sys.argv[1], Path(sys.argv[2])
    rounds = work(task, folder)
    next(rounds)  # one whole round first, so that imports are over when the clock starts
    print("ready", flush=True)
    for _ in rounds:
        pass


if __name__ == "__main__":
    main()
