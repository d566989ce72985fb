"""`relief inspect`: lines, documents, exit codes, output folders."""

from __future__ import annotations

import json
import os
import shutil
import signal

import pytest

from inspector_core import engine
from inspector_core.errors import DiskFullError
from inspector_core.store import ResultStore
from tests.core.cli.conftest import follows


def test_that_inspect_prints_a_line_a_part_and_counts(relief, recipe, tiny_folder):
    code, out, _ = relief("inspect", tiny_folder, "--recipe", recipe)
    assert code == 0
    lines = out.splitlines()
    assert len(lines) == 5
    dents = [line for line in lines if line.startswith("test/dent/")]
    assert all("reject" in line and "mm²" in line for line in dents)
    assert lines[-1].startswith("4 parts: ")


def test_that_inspect_json_is_the_results_document(relief, recipe, tiny_folder):
    code, document, _ = relief("inspect", tiny_folder, "--recipe", recipe, "--json")
    assert code == 0
    assert follows(document, "relief-results/1")["summary"]["parts"] == 4


def test_that_split_chooses_the_parts(relief, recipe, tiny_folder):
    words = ("inspect", tiny_folder, "--recipe", recipe, "--json")
    _, document, _ = relief(*words, "--split", "validation")
    assert {part["split"] for part in document["parts"]} == {"validation"}
    code, _, err = relief("inspect", tiny_folder, "--recipe", recipe, "--split", "night", "--quiet")
    assert code == 3
    assert "has no split named night; choose one of train, validation, test" in err


def test_that_a_file_names_its_whole_part(relief, recipe, tiny_folder):
    picture = tiny_folder / "test" / "dent" / "rgb" / "001.png"
    code, document, _ = relief("inspect", picture, "--recipe", recipe, "--json")
    assert code == 0
    (part,) = document["parts"]
    assert part["label"] == "dent"
    assert part["scores"]["shape"] is not None


@pytest.mark.parametrize(("level", "code"), [("reject", 7), ("review", 7), (None, 0)])
def test_that_fail_on_ends_with_code_7(level, code, relief, recipe, tiny_folder):
    words = ["inspect", tiny_folder / "test" / "dent" / "rgb" / "000.png", "--recipe", recipe]
    assert relief(*words, *(["--fail-on", level] if level else []))[0] == code


def test_that_a_broken_part_is_listed_and_the_batch_goes_on(relief, recipe, own_copy):
    path = own_copy / "test" / "dent" / "xyz" / "000.tiff"
    path.write_bytes(path.read_bytes()[:2000])
    code, document, _ = relief("inspect", own_copy, "--recipe", recipe, "--json")
    assert code == 4
    verdicts = {part["id"]: part["verdict"] for part in document["parts"]}
    assert verdicts.pop("test/dent/000") == "not_inspected"
    assert "not_inspected" not in verdicts.values()
    assert document["summary"]["not_inspected"] == 1
    code, out, _ = relief("inspect", path, "--recipe", recipe)
    assert code == 3
    assert "file ends early" in out


def test_that_a_damaged_recipe_is_code_5(relief, recipe, tiny_folder):
    path = recipe / "recipe.json"
    path.write_bytes(path.read_bytes().replace(b'"seed": 0', b'"seed": 1'))
    code, _, err = relief("inspect", tiny_folder, "--recipe", recipe, "--quiet")
    assert code == 5
    assert "was changed after it was written" in err
    assert relief("evaluate", tiny_folder, "--recipe", tiny_folder)[0] == 5


def test_that_reports_and_results_are_written_together(relief, recipe, tiny_folder, tmp_path):
    out = tmp_path / "report"
    words = ("inspect", tiny_folder, "--recipe", recipe, "--out", out, "--format", "json,csv")
    code, document, _ = relief(*words, "--json")
    assert code == 0
    assert json.loads((out / "results.json").read_text("utf-8"))["parts"] == document["parts"]
    assert (out / "results.csv").exists()
    assert not (out / "report.pdf").exists()
    assert len(ResultStore.open(out / "results").ids()) == 4
    assert relief(*words)[0] == 3
    assert relief(*words, "--force")[0] == 0
    assert not [name for name in os.listdir(tmp_path) if name.endswith((".tmp", ".old"))]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--format", "docx", "--out", "x"], "there is no format named docx; choose from"),
        (["--format", "json"], "need --out"),
        (["--resume"], "need --out"),
    ],
)
def test_that_inspect_refuses_formats_it_cannot_write(words, said, relief, recipe, tiny_folder):
    code, _, err = relief("inspect", tiny_folder, "--recipe", recipe, "--quiet", *words)
    assert code == 2
    assert said in err


def test_that_force_never_removes_a_folder_of_somebody_else(relief, recipe, tiny_folder, tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years of work")
    words = ("inspect", tiny_folder, "--recipe", recipe, "--out", precious, "--quiet")
    for more in (["--force"], ["--resume"]):
        code, _, err = relief(*words, *more)
        assert code == 3
        assert "holds something else than results" in err
    assert (precious / "thesis.txt").exists()


def filling_up(monkeypatch, after):
    """Make the disk full once so many results were written."""
    write = ResultStore.write
    written = []

    def limited(self, result):
        if len(written) >= after:
            raise DiskFullError("results could not be written: the disk is full", cure="free some")
        written.append(result.id)
        write(self, result)

    monkeypatch.setattr(ResultStore, "write", limited)
    return written


def test_that_a_full_disk_keeps_what_was_finished_and_can_be_resumed(
    relief, recipe, tiny_folder, tmp_path, monkeypatch
):
    out = tmp_path / "report"
    words = ("inspect", tiny_folder, "--recipe", recipe, "--out", out, "--format", "json")
    with monkeypatch.context() as patch:
        first = filling_up(patch, 2)
        # calibration of the learnt recipe is done: only results count here
        code, _, err = relief(*words, "--quiet")
    assert code == 4
    assert "the disk is full after 2 of 4 parts; free some space and go on with --resume" in err
    assert set(ResultStore.open(out / "results").ids()) == set(first)
    with monkeypatch.context() as patch:
        second = filling_up(patch, 99)
        code, document, _ = relief(*words, "--resume", "--json")
    assert code == 0
    assert len(document["parts"]) == 4
    assert not set(first) & set(second)


def test_that_resuming_inspects_changed_parts_again(
    relief, recipe, own_copy, tmp_path, monkeypatch
):
    out = tmp_path / "report"
    words = ("inspect", own_copy, "--recipe", recipe, "--out", out, "--format", "json", "--resume")
    assert relief(*words)[0] == 0
    picture = own_copy / "test" / "good" / "rgb" / "000.png"
    shutil.copy(own_copy / "test" / "good" / "rgb" / "001.png", picture)
    with monkeypatch.context() as patch:
        written = filling_up(patch, 99)
        assert relief(*words)[0] == 0
    assert written == ["test/good/000"]


def test_that_a_cancelled_inspection_leaves_no_output(
    relief, recipe, tiny_folder, tmp_path, monkeypatch
):

    inspect = engine.inspect

    def interrupted(*args, **options):
        job = inspect(*args, **options)
        try:
            yield next(job)
            yield next(job)
            signal.raise_signal(signal.SIGINT)
            yield from job
        finally:
            job.close()

    monkeypatch.setattr(engine, "inspect", interrupted)
    out = tmp_path / "report"
    code, _, err = relief("inspect", tiny_folder, "--recipe", recipe, "--out", out, "--quiet")
    assert code == 130
    assert "Cancelled" in err
    assert not out.exists()
    assert [name for name in os.listdir(tmp_path) if "report" in name] == []
    assert relief("inspect", tiny_folder, "--recipe", recipe, "--out", out, "--resume")[0] == 130
    assert 0 < len(ResultStore.open(out / "results").ids()) < 4


def test_that_no_command_changes_its_input(relief, recipe, tiny_folder, tmp_path):
    def content():
        return {
            path: (path.stat().st_mtime_ns, path.read_bytes())
            for path in sorted(tiny_folder.rglob("*"))
            if path.is_file()
        }

    before = content()
    relief("scan", tiny_folder)
    relief("inspect", tiny_folder, "--recipe", recipe, "--out", tmp_path / "o", "--format", "json")
    relief("evaluate", tiny_folder, "--recipe", recipe)
    assert content() == before
