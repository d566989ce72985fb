"""`relief demo`: the folder that it writes, and the window or its picture."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from inspector_core import engine
from inspector_core.progress import Progress
from inspector_core.recipe import open_recipe
from tests.core.cli.conftest import follows


@pytest.fixture
def small_demo(monkeypatch, tiny_folder):
    """The demo on the tiny parts instead of the bundled ones."""
    monkeypatch.setattr("inspector_core.assets.sample_parts", lambda: tiny_folder)
    monkeypatch.setattr("inspector_core.cli.demo.has_display", lambda: False)


@pytest.fixture
def quick_demo(small_demo, monkeypatch, learnt):
    """The small demo without learning and without the reports that take long to draw."""

    def copied(parts, out, **options):
        yield Progress("Learning")
        return open_recipe(Path(shutil.copytree(learnt, out)))

    monkeypatch.setattr(engine, "learn", copied)
    monkeypatch.setattr("inspector_core.cli.demo.FORMATS", ("json",))


@pytest.mark.usefixtures("small_demo")
def test_that_the_demo_writes_recipe_results_reports_and_its_marker(relief, tmp_path):
    code, out, _ = relief("demo", "--headless")
    folder = tmp_path / "demo-report"
    assert code == 0
    assert "2 of 2 defective parts found, 0 of 2 good parts rejected" in out
    for name in ("report.pdf", "report.html", "results.json", "results.csv", ".relief-demo"):
        assert (folder / name).exists(), name
    follows(json.loads((folder / "results.json").read_text("utf-8")), "relief-results/1")
    assert relief("inspect", "demo-report", "--recipe", folder / "recipe")[0] == 3


@pytest.mark.usefixtures("quick_demo")
def test_that_the_demo_replaces_its_own_folder_and_no_other(relief, tmp_path):
    assert relief("demo", "--headless", "--quiet")[0] == 0
    (tmp_path / "demo-report" / "old.txt").touch()
    assert relief("demo", "--headless", "--quiet")[0] == 0
    assert not (tmp_path / "demo-report" / "old.txt").exists()
    (tmp_path / "demo-report" / ".relief-demo").unlink()
    code, _, err = relief("demo", "--headless", "--quiet")
    assert code == 3
    assert "was not written by the demo" in err


@pytest.mark.usefixtures("quick_demo")
def test_that_without_a_display_the_demo_says_what_it_did_instead(relief):
    code, out, _ = relief("demo", screen={"app": lambda args: pytest.fail("opened a window")})
    assert code == 0
    assert "No display: wrote demo-report/ instead of opening the window" in out


@pytest.mark.usefixtures("quick_demo")
def test_that_the_windows_picture_joins_the_report_and_may_fail(relief, tmp_path):
    def picture(args):
        assert args.recipe.is_dir()
        assert args.folder.is_dir()
        assert args.results.is_dir()
        (args.report / "window.png").write_bytes(b"png")
        return 0

    def broken(args):
        raise ImportError("libEGL.so.1")

    assert relief("demo", "--headless", screen={"demo": picture})[0] == 0
    assert (tmp_path / "demo-report" / "window.png").exists()
    code, _, err = relief("demo", "--headless", screen={"demo": broken})
    assert code == 0
    assert "window.png was not drawn: ImportError: libEGL.so.1" in err


@pytest.mark.usefixtures("quick_demo")
def test_that_with_a_display_the_demo_opens_the_window_on_its_recipe(
    relief, monkeypatch, tiny_folder, tmp_path
):
    monkeypatch.setattr("inspector_core.cli.demo.has_display", lambda: True)
    seen = []

    def window(args):
        seen.append((args.folder, args.recipe))
        return 0

    assert relief("demo", screen={"app": window})[0] == 0
    assert seen == [(tiny_folder, tmp_path / "demo-report" / "recipe")]
