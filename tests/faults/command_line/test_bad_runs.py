"""Bad input that only a whole run meets: recipes, good parts, devices, disks, clocks, languages.

Every case is driven through the command line on tiny parts: sentence, exit code, and the other parts.
"""

from __future__ import annotations

import ast
import errno
import json
import locale
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import inspector_core
from inspector_core import detectors
from inspector_core.data.writers import write_part
from inspector_core.recipe import format as recipe_format
from inspector_core.recipe import migrations, open_recipe
from inspector_core.reports import build
from inspector_core.store import ResultStore
from inspector_core.types import Verdict
from tests.contracts.tiny_parts import make
from tests.core.cli.conftest import write_block
from tests.core.reports import parts as report_parts
from tests.core.reports.readers import pdf_text


def one_sentence(text: str) -> str:
    """What was said on stderr: one line without a traceback."""
    lines = [line for line in text.splitlines() if line]
    assert len(lines) == 1, text
    assert "Traceback" not in text
    return lines[0]


# row 34
@pytest.mark.parametrize("command", ["learn", "inspect", "sample"])
def test_that_a_read_only_output_is_refused_before_any_work(
    command, relief, tiny_folder, recipe, tmp_path, monkeypatch
):
    locked = tmp_path / "locked"
    locked.mkdir()
    really = os.open

    def read_only(path, *arguments, **options):
        if str(path).startswith(str(locked)):
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        return really(path, *arguments, **options)

    monkeypatch.setattr(os, "open", read_only)
    words = {
        "learn": ("learn", tiny_folder, "--out", locked / "r"),
        "inspect": ("inspect", tiny_folder, "--recipe", recipe, "--out", locked / "r"),
        "sample": ("sample", "--family", "tile", "--count", "1", "--out", locked / "r"),
    }[command]
    code, out, err = relief(*words, "--quiet")
    assert (code, out) == (3, "")
    assert "cannot write to" in one_sentence(err)
    assert list(locked.iterdir()) == []


# row 35
def test_that_a_disk_full_while_learning_leaves_no_recipe(
    relief, tiny_folder, tmp_path, monkeypatch
):
    def full(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(recipe_format, "write_json", full)
    out = tmp_path / "place" / "r"
    out.parent.mkdir()
    code, _, err = relief("learn", tiny_folder, "--out", out, "--quiet")
    assert code == 4
    assert "the disk is full" in one_sentence(err)
    assert list(out.parent.iterdir()) == []


# row 37
def test_that_few_good_parts_promise_little_and_accept_nothing(relief, tmp_path):
    few = tmp_path / "few"
    for number in range(4):
        write_block(few, "train", "good", f"{number:03}", number)
    write_block(few, "test", "good", "000", 9)
    code, document, _ = relief("learn", few, "--out", tmp_path / "r", "--json")
    assert code == 0
    assert document["provisional"]
    assert document["promise"]["sentence"].startswith("At most 53 % of good parts are rejected")
    code, document, _ = relief(
        "inspect", few, "--recipe", tmp_path / "r", "--split", "test", "--json"
    )
    (part,) = document["parts"]
    assert part["verdict"] in ("review", "reject")
    assert code == 0


def test_that_identical_good_parts_still_tell_a_dent(relief, tmp_path):
    same = tmp_path / "same"
    for number in range(6):
        write_block(same, "train", "good", f"{number:03}", 0)
    write_block(same, "test", "good", "000", 0)
    write_block(same, "test", "dent", "000", 0, dent_mm=1.5)
    code, document, _ = relief("learn", same, "--out", tmp_path / "r", "--json")
    assert code == 0
    assert np.isfinite(list(document["thresholds"].values())).all()
    _, document, _ = relief("inspect", same, "--recipe", tmp_path / "r", "--json")
    verdicts = {part["id"]: part["verdict"] for part in document["parts"]}
    # a further copy scores about what all copies scored, which is where T1 lies
    assert verdicts["test/good/000"] in ("accept", "review")
    assert verdicts["test/dent/000"] == "reject"


def test_that_a_bad_part_among_the_good_ones_is_named_first(relief, tiny_folder, tmp_path):
    mixed = shutil.copytree(tiny_folder, tmp_path / "mixed")
    write_block(mixed, "validation", "good", "004", 99, dent_mm=2.0)
    code, out, _ = relief("learn", mixed, "--out", tmp_path / "r")
    assert code == 0
    (line,) = [line for line in out.splitlines() if line.startswith("unusual")]
    assert line.split()[1] == "validation/good/004"


# row 38
def _flipped(folder):
    path = folder / "tensors.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def _with_mark(folder):
    path = folder / "recipe.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())


def _twice(folder):
    path = folder / "recipe.json"
    path.write_bytes(path.read_bytes().replace(b'"seed"', b'"seed": 1, "seed"', 1))


def _cut(folder):
    path = folder / "recipe.json"
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_flipped, "hash differs"),
        (_with_mark, "begins with a byte order mark"),
        (_twice, "the key 'seed' appears twice"),
        (_cut, "no JSON in line"),
    ],
)
def test_that_a_damaged_recipe_ends_every_command_with_code_5(
    harm, words, relief, recipe, tiny_folder, tmp_path
):
    harm(recipe)
    for command in ("inspect", "evaluate"):
        code, out, err = relief(command, tiny_folder, "--recipe", recipe, "--quiet")
        assert (code, out) == (5, "")
        sentence = one_sentence(err)
        assert words in sentence
        assert sentence.endswith("restore it from a copy or learn again.")


# row 39
def test_that_a_newer_recipe_is_refused_with_both_versions(relief, recipe, tiny_folder):
    path = recipe / "recipe.json"
    path.write_bytes(path.read_bytes().replace(b"relief-recipe/2", b"relief-recipe/7"))
    code, _, err = relief("inspect", tiny_folder, "--recipe", recipe, "--quiet")
    assert code == 5
    assert "has format 7, this program reads up to 2" in one_sentence(err)


def test_that_an_older_recipe_is_migrated_in_memory_and_its_file_untouched(recipe, monkeypatch):
    def next_format(document):
        return {**document, "name": document["name"].upper()}

    before = (recipe / "recipe.json").read_bytes()
    learnt_name = open_recipe(recipe).name
    monkeypatch.setattr(migrations, "VERSION", migrations.VERSION + 1)
    monkeypatch.setattr(migrations, "STEPS", {migrations.VERSION - 1: next_format})
    opened = open_recipe(recipe)
    assert opened.name == learnt_name.upper()
    assert opened.sha256 == json.loads(before)["sha256"]
    assert (recipe / "recipe.json").read_bytes() == before


# row 40
def test_that_parts_of_another_camera_are_not_inspected_and_the_others_are(
    relief, recipe, own_copy
):
    other = make(0, size=120)
    write_part(own_copy, "test", "dent", "000", other.rgb, other.xyz, other.truth)
    code, document, _ = relief("inspect", own_copy, "--recipe", recipe, "--json")
    assert code == 4
    parts = {part["id"]: part for part in document["parts"]}
    error = parts.pop("test/dent/000")["error"]
    assert "the recipe was learnt on 80x80" in error
    assert "this part is 120x120" in error
    assert all(part["verdict"] != "not_inspected" for part in parts.values())
    only = own_copy / "test" / "dent" / "rgb" / "000.png"
    code, out, _ = relief("inspect", only, "--recipe", recipe)
    assert code == 3
    assert "the recipe was learnt on 80x80" in out


# row 42
@pytest.mark.parametrize("command", ["learn", "inspect"])
def test_that_a_card_that_is_not_there_is_code_6(command, relief, recipe, tiny_folder, tmp_path):
    words = {
        "learn": ("learn", tiny_folder, "--out", tmp_path / "r"),
        "inspect": ("inspect", tiny_folder, "--recipe", recipe),
    }[command]
    code, out, err = relief(*words, "--device", "cuda:0", "--quiet")
    assert (code, out) == (6, "")
    assert "cuda:0 is not there" in one_sentence(err)
    assert not (tmp_path / "r").exists()


# row 46
def test_that_two_parts_in_one_second_never_share_a_name(tmp_path):
    moment = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    store = ResultStore.create(tmp_path / "s", "")
    reports = []
    for name in ("a", "b"):
        part = report_parts.result(report_parts.sample(name), Verdict.ACCEPT)
        store.write(part)
        reports.append(build([part], report_parts.recipe(), report_parts.material, issued=moment))
    assert store.ids() == ("a", "b")
    assert len({report.report_id for report in reports}) == 2
    assert {report.issued for report in reports} == {"2026-11-21T10:00:00+00:00"}


# row 47
def test_that_a_decimal_comma_language_changes_no_file(relief, recipe, tiny_folder, tmp_path):
    words = ("inspect", tiny_folder, "--recipe", recipe, "--format", "csv,json", "--out")
    assert relief(*words, tmp_path / "plain")[0] == 0
    before = locale.setlocale(locale.LC_ALL)
    known = [name for name in ("de_DE.UTF-8", "fr_FR.UTF-8") if _has(name)]
    try:
        for name in known:
            locale.setlocale(locale.LC_ALL, name)
            assert relief(*words, tmp_path / name)[0] == 0
    finally:
        locale.setlocale(locale.LC_ALL, before)
    table = (tmp_path / "plain" / "results.csv").read_text(encoding="utf-8")
    for name in known:
        assert (tmp_path / name / "results.csv").read_text(encoding="utf-8") == table
    header, first, *_ = table.splitlines()
    assert first.count(",") >= header.count(",")
    assert "." in first


def _has(name: str) -> bool:
    before = locale.setlocale(locale.LC_ALL)
    try:
        locale.setlocale(locale.LC_ALL, name)
    except locale.Error:
        return False
    locale.setlocale(locale.LC_ALL, before)
    return True


def test_that_nothing_in_the_core_formats_by_a_decimal_comma_language():
    # where no such language is installed, the test above compares nothing
    for path in Path(inspector_core.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import | ast.ImportFrom):
                names = [entry.name for entry in node.names]
                assert "locale" not in (*names, getattr(node, "module", "")), path
            if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
                assert not ast.unparse(node.format_spec).rstrip("'").endswith("n"), path


# row 50
@pytest.mark.parametrize("name", ["=cmd()", "<script>alert(1)<", "a\\..\\..\\up", "@sum", "-1+2"])
def test_that_names_that_are_formulas_or_pages_are_escaped_in_every_file(
    name, relief, recipe, tiny_folder, tmp_path
):
    odd = tmp_path / "odd"
    write_block(odd, "test", "dent", "plain", 3, dent_mm=1.5)
    for path in [*odd.rglob("plain.*")]:
        path.rename(path.with_name(name + path.suffix))
    out = tmp_path / "out"
    words = ("inspect", odd, "--recipe", recipe, "--out", out)
    code, _, err = relief(*words, "--format", "csv,html,json,png")
    assert code == 0, err
    (row,) = (out / "results.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert not row.startswith(("=", "@", "-", "<", "."))
    assert "<script>" not in (out / "report.html").read_text(encoding="utf-8")
    document = json.loads((out / "results.json").read_text(encoding="utf-8"))
    assert document["parts"][0]["id"] == f"test/dent/{name}"
    assert {path.resolve().parents[0] == tmp_path.parent for path in tmp_path.rglob("*")} == {False}


# row 11
def test_that_a_part_without_cloud_is_never_accepted_unseen(relief, recipe, own_copy):
    path = own_copy / "test" / "good" / "xyz" / "000.tiff"
    path.unlink()
    code, document, _ = relief("inspect", own_copy, "--recipe", recipe, "--json")
    assert code == 4  # this detector needs both
    parts = {part["id"]: part for part in document["parts"]}
    assert parts.pop("test/good/000")["verdict"] == Verdict.NOT_INSPECTED
    assert Verdict.NOT_INSPECTED not in {part["verdict"] for part in parts.values()}


def test_that_a_part_judged_by_colour_alone_says_so_on_its_line_and_in_every_report(
    relief, own_copy, tmp_path, monkeypatch
):
    monkeypatch.setitem(detectors.DETECTORS, "lenient", "tests.core.test_engine:Lenient")
    recipe, out = tmp_path / "r", tmp_path / "out"
    assert relief("learn", own_copy, "--out", recipe, "--detector", "lenient")[0] == 0
    for xyz in (own_copy / "test").glob("*/xyz"):
        shutil.rmtree(xyz)
    shutil.rmtree(own_copy / "train")
    shutil.rmtree(own_copy / "validation")
    words = ("inspect", own_copy, "--recipe", recipe, "--out", out)
    code, printed, _ = relief(*words, "--format", "pdf,html,csv,json")
    assert code == 0
    said = "judged by colour alone: the part has no cloud"
    *lines, _ = printed.splitlines()
    assert len(lines) == 4
    assert all(line.endswith(f"; {said}") and " accept " not in line for line in lines)
    for part in json.loads((out / "results.json").read_text(encoding="utf-8"))["parts"]:
        assert part["verdict"] in ("review", "reject")
        assert part["reason"].endswith(said)
    assert (out / "results.csv").read_text(encoding="utf-8").count(said) >= 4
    assert (out / "report.html").read_text(encoding="utf-8").count(said) == 4
    pages = [" ".join(page.split()) for page in pdf_text(out / "report.pdf")]
    assert sum(said in page for page in pages) == 4
