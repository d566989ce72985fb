"""What every report format promises, checked on each entry of the registry."""

import csv
import errno
import gc
import io
import json
import os
import subprocess
import sys
import weakref
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from inspector_core import palette
from inspector_core.errors import DiskFullError, InputError, OutputError, SettingError
from inspector_core.progress import Progress, drain
from inspector_core.reports import EXPORTERS, PartMaterial, build, export
from inspector_core.reports.exporting import writer_class
from inspector_core.reports.words import number, quantity
from inspector_core.types import Measure, NearestGood, Sample, Verdict
from tests.core.reports.parts import (
    ISSUED,
    LIMITS,
    batch,
    defect,
    maps_of,
    material,
    model,
    recipe,
    result,
    sample,
    small,
)
from tests.core.reports.readers import Page, pdf_is_embedded, pdf_text, ply

HOSTILE = (
    "=cmd()|' /C calc'!A0",
    "<b>&\"'{{ 7 }}",
    "..\\..\\x",
    "../../etc",
    "raw\udcff\n",
    "名前/零件 1",
)
formats = pytest.mark.parametrize("name", list(EXPORTERS))


def written(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, hidden ones included."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Function from a format to (folder, progress steps, paths) of a finished small report."""
    known = {}

    def make(name):
        if name not in known:
            folder = tmp_path_factory.mktemp(name) / "out"
            steps: list[Progress] = []
            paths = drain(export(small(), folder, [name]), steps.append)
            known[name] = folder, steps, paths
        return known[name]

    return make


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A report in all formats on parts with names that try to break out."""
    folder = tmp_path_factory.mktemp("hostile") / "a" / "out"
    odd = recipe(name="<i>raw\udcff", settings={"note": "=1+1\udcff</p>"})
    report = build(batch(HOSTILE), odd, material, title="<u>\udcffReport", issued=ISSUED)
    drain(export(report, folder, list(EXPORTERS)))
    return folder


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """A report in all formats on one part with two defects."""
    folder = tmp_path_factory.mktemp("single")
    drain(export(model([two_defects()]), folder, list(EXPORTERS)))
    return folder


def two_defects():
    part = sample("a")
    area = Measure(104.2, 12.0)
    second = defect(part, 2, score=1.31, area_mm2=area, length_mm=None, name="stain")
    return result(part, defects=(defect(part), second))


@formats
def test_that_a_format_writes_what_it_declares(name, exported):
    folder, _, paths = exported(name)
    assert paths
    assert set(written(folder)) == {str(path.relative_to(folder)) for path in paths}
    declared = set(writer_class(name).names(small()))
    assert {path.relative_to(folder).as_posix() for path in paths} <= declared
    assert all(path.stat().st_size for path in paths)


def test_that_names_cannot_break_out_of_the_folder(hostile):
    root = hostile.parents[1]
    assert set(written(root)) == {f"a/out/{name}" for name in written(hostile)}
    names = [name.rpartition("/")[2] for name in written(hostile)]
    assert not [name for name in names if name.startswith((".", "=")) or set(name) & set("<>:|")]


@formats
def test_that_the_same_model_gives_the_same_bytes(name, exported, tmp_path):
    drain(export(small(), tmp_path / "again", [name]))
    assert written(tmp_path / "again") == written(exported(name)[0])


@pytest.mark.heavy
def test_that_another_process_gives_the_same_bytes(exported, tmp_path):
    program = (
        "import sys; from pathlib import Path; from inspector_core.progress import drain;"
        "from inspector_core.reports import EXPORTERS, export;"
        "from tests.core.reports.parts import small;"
        "drain(export(small(), Path(sys.argv[1]), list(EXPORTERS)))"
    )
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(root)}
    arguments = [sys.executable, "-c", program, str(tmp_path)]
    subprocess.run(arguments, check=True, env=environment, cwd=root)
    here = {file: data for name in EXPORTERS for file, data in written(exported(name)[0]).items()}
    assert written(tmp_path) == here


@formats
def test_that_a_cancelled_export_leaves_nothing(name, exported, tmp_path):
    steps = len(exported(name)[1])
    for stop in sorted({1, steps - 1}):
        job = export(small(), tmp_path / "out", [name])
        for _ in range(stop):
            next(job)
        job.close()
        assert not (tmp_path / "out").exists()


@formats
def test_that_existing_files_are_refused_before_work(name, exported):
    folder, _, _ = exported(name)
    before = written(folder)
    with pytest.raises(OutputError, match="exists already"):
        next(export(small(_never), folder, [name]))
    assert written(folder) == before


@formats
def test_that_existing_files_are_replaced_with_force(name, tmp_path):
    target = tmp_path / writer_class(name).names(small())[-1]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(b"old")
    paths = drain(export(small(), tmp_path, [name], force=True))
    assert target not in paths or target.read_bytes() != b"old"


@formats
def test_that_a_folder_that_cannot_be_written_is_refused_before_work(name, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write") as caught:
        next(export(small(_never), tmp_path / "file" / "out", [name]))
    assert caught.value.exit_code == 3


@formats
def test_that_a_full_disk_is_told_and_leaves_nothing(name, tmp_path, monkeypatch):
    def full(_descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DiskFullError, match="the disk was full after") as caught:
        drain(export(small(), tmp_path / "out", [name]))
    assert caught.value.exit_code == 4
    assert "free about" in caught.value.cure
    assert not (tmp_path / "out").exists()


def test_that_a_part_that_cannot_be_read_any_more_does_not_end_the_report(tmp_path):
    def gone(part_id):
        if part_id == "test/a/000":
            raise InputError("test/a/000.tiff is gone", cure="put it back")
        return material(part_id)

    notes = []
    drain(export(small(gone), tmp_path, list(EXPORTERS)), lambda step: notes.append(step.note))
    sentence = "No pictures: test/a/000.tiff is gone; put it back."
    assert sentence in notes
    assert sentence in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert sentence in "\n".join(pdf_text(tmp_path / "report.pdf"))
    assert {"parts/b.png", "results.csv", "results.json"} <= set(written(tmp_path))


@formats
def test_that_progress_counts_up_to_its_total(name, exported):
    steps = exported(name)[1]
    assert steps[-1].done == steps[-1].total
    assert all(a.done <= b.done for a, b in pairwise(steps))


def test_that_parts_are_loaded_once_and_let_go(tmp_path):
    alive: list[weakref.ref] = []
    most = 0

    def load(part_id):
        nonlocal most
        made = material(part_id)
        alive.append(weakref.ref(made.sample.rgb.base))
        gc.collect()
        most = max(most, sum(ref() is not None for ref in alive))
        return made

    drain(export(model(load=load), tmp_path, ["html", "tiff"]))
    assert most <= 2
    assert len(alive) == 4


@pytest.mark.parametrize("drop", ["rgb", "xyz", "maps", "deviation"])
def test_that_a_part_with_something_missing_is_reported(drop, tmp_path):
    report = model([without(drop)[0]], load=lambda part_id: without(drop)[1])
    drain(export(report, tmp_path, list(EXPORTERS)))
    files = set(written(tmp_path))
    assert {"report.pdf", "report.html", "parts/a.png"} <= files
    assert ("parts/a.ply" in files) == (drop != "xyz")
    assert ("parts/a.fused.tiff" in files) == (drop != "maps")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert ("Cloud, tilted" in text) == (drop != "xyz")
    assert ("Scan, shaded" in text) == (drop == "rgb")
    assert ("Deviation</figcaption>" in text) == (drop in ("rgb", "none"))


def without(drop):
    """A result and its material, one thing missing."""
    full = sample("a")
    maps = maps_of(full)
    rgb, xyz = None if drop == "rgb" else full.rgb, None if drop == "xyz" else full.xyz
    missing = {"rgb": {"rgb": None}, "xyz": {"shape": None}, "deviation": {"deviation_mm": None}}
    stored = None if drop == "maps" else replace(maps, **missing[drop])
    if drop == "xyz":
        stored = replace(stored, deviation_mm=None)
    quality = {} if drop == "xyz" else {"mm_per_px": 0.9}
    return result(full, quality=quality), PartMaterial(Sample("a", rgb, xyz), stored)


def test_that_an_unknown_format_is_refused_before_work(tmp_path):
    with pytest.raises(SettingError, match="no report format named docx"):
        next(export(model(load=_never), tmp_path / "x", ["docx"]))
    assert not (tmp_path / "x").exists()


def test_that_what_a_killed_export_left_is_swept_away_and_other_files_are_kept(tmp_path):
    stale = tmp_path / ".relief-export-abc.tmp"
    stale.mkdir()
    (stale / "report.pdf").write_bytes(b"half")
    (tmp_path / ".hidden.tmp").write_text("mine")
    (tmp_path / "notes.txt").write_text("mine")
    drain(export(small(), tmp_path, ["json"]))
    assert set(written(tmp_path)) == {"results.json", ".hidden.tmp", "notes.txt"}


def test_that_csv_cells_are_no_formulas_and_numbers_have_points(hostile):
    text = (hostile / "results.csv").read_bytes().decode("utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(HOSTILE)
    assert rows[0]["part"] == "'" + HOSTILE[0]
    assert rows[4]["part"] == "raw\\xff\\n"
    for row in rows:
        for name, value in row.items():
            if name.endswith(("_mm", "_mm2", "_mm3", "score", "p_value")):
                assert value == "" or repr(float(value)) == value
            else:
                assert not value.startswith(("=", "+", "-", "@"))


def test_that_html_escapes_names_and_needs_nothing_from_outside(hostile):
    text = (hostile / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    assert not any(piece in text for piece in ("<b>&", "<i>raw", "=1+1\\xff</p>", "<u>"))
    assert any("<b>&\"'{{ 7 }}" in entry for entry in page.texts)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "form"}
    for _, attributes in page.tags:
        for key, value in attributes.items():
            if key in ("href", "src"):
                assert value.startswith(("data:image/", "#part-"))
            assert not key.startswith("on")
    assert "http" not in text.replace("http-equiv", "")


def test_that_html_links_lead_to_parts_that_are_there(hostile):
    page = Page((hostile / "report.html").read_text(encoding="utf-8"))
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    links = {a["href"][1:] for tag, a in page.tags if tag == "a"}
    assert links == ids
    assert len(links) == 4


def test_that_pdf_fonts_travel_with_it_and_every_page_says_where_it_is(hostile):
    path = hostile / "report.pdf"
    assert pdf_is_embedded(path)
    pages = pdf_text(path)
    report_id = json.loads((hostile / "results.json").read_text(encoding="utf-8"))["report"]["id"]
    for count, page in enumerate(pages, start=1):
        assert f"Report {report_id} · Results relate only to the parts listed." in page
        assert f"Page {count} of " in page
    assert f"End of report {report_id}" in pages[-1]
    assert any("名前 / 零件 1" in page for page in pages)
    assert any("raw\\xff\\n" in page for page in pages)


def test_that_a_part_starts_on_its_own_page_and_goes_on_under_its_name(tmp_path):
    many = [
        result(part, defects=tuple(defect(part, number) for number in range(1, 9)))
        for part in (sample("first"), sample("second"))
    ]
    drain(export(model(many), tmp_path, ["pdf"]))
    pages = [page.split("\n") for page in pdf_text(tmp_path / "report.pdf")]
    starts = [k for k, page in enumerate(pages) if "Reject" in page[:6] and k > 0]
    assert [pages[k][2] for k in starts] == ["first", "second"]
    assert starts[1] - starts[0] > 1
    for k in range(starts[0] + 1, starts[1]):
        assert "first, continued" in pages[k][:3]


def test_that_numbers_are_the_same_in_all_formats(single):
    document = json.loads((single / "results.json").read_text(encoding="utf-8"))
    rows = list(csv.DictReader((single / "results.csv").open(encoding="utf-8", newline="")))
    table = Page((single / "report.html").read_text(encoding="utf-8")).rows
    text = "\n".join(pdf_text(single / "report.pdf"))
    for entry, row in zip(document["parts"][0]["defects"], rows, strict=False):
        cells = next(r for r in table if r[0] == str(entry["number"]) and len(r) == 10)
        for key, cell in zip(
            ("area_mm2", "length_mm", "width_mm", "height_mm", "volume_mm3"),
            cells[2:7],
            strict=True,
        ):
            word, unit = key.split("_")
            value, spread = entry[key], entry[f"{word}_uncertainty_{unit}"]
            assert row[key] == ("" if value is None else repr(value))
            if value is None:
                assert cell == "–"
                continue
            shown, plus_minus = quantity(Measure(value, spread / 2))
            assert cell == f"{shown} ± {plus_minus}"
            assert f"\n{shown}\n± {plus_minus}\n" in text
        assert cells[8] == number(entry["score"])
        assert float(row["peak"]) == entry["score"]
    assert f"T1 = {number(LIMITS.t1)}" in text.replace("\n", " ")


def test_that_the_nearest_good_part_stands_in_the_pdf_and_on_the_page(tmp_path):
    part = sample("test/a/000")
    near = NearestGood("train/good/012", defect(part).peak_px, 0.312)
    drain(export(model([result(part, nearest=near)]), tmp_path, ("pdf", "html")))
    sentence = "is train/good/012; this part lies 0.31 mm above it there."
    assert sentence in " ".join(pdf_text(tmp_path / "report.pdf")).replace("\n", " ")
    assert sentence in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_that_counts_are_the_same_in_all_formats(hostile):
    document = json.loads((hostile / "results.json").read_text(encoding="utf-8"))
    rows = list(csv.DictReader((hostile / "results.csv").open(encoding="utf-8", newline="")))
    page = pdf_text(hostile / "report.pdf")[0]
    html = "".join(Page((hostile / "report.html").read_text(encoding="utf-8")).texts)
    for verdict in Verdict:
        n = document["summary"][verdict.value]
        assert len({row["part"] for row in rows if row["verdict"] == verdict.value}) == n
        assert f"\n{n}\n{palette.WORD[verdict]}\n" in page
        assert f"{n}{palette.WORD[verdict]}" in html


def test_that_tiffs_hold_the_maps_in_times_the_usual(single):
    expected = maps_of(sample("a"))
    with tifffile.TiffFile(single / "parts" / "a.shape.tiff") as file:
        facts = json.loads(file.pages[0].description)
        values = file.asarray()
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, expected.shape / 4.0, rtol=1e-6)
    assert facts["unit"] == "times the usual"
    assert facts["t2"] == 1.5
    deviation = tifffile.imread(single / "parts" / "a.deviation_mm.tiff")
    np.testing.assert_array_equal(deviation, expected.deviation_mm)


def test_that_the_cloud_holds_every_measured_point_with_its_score(single):
    part = sample("a")
    lines, points = ply(single / "parts" / "a.ply")
    assert f"element vertex {int(part.valid.sum())}" in lines
    assert len(points) == part.valid.sum()
    row, column = points["row"], points["column"]
    np.testing.assert_array_equal(points["z"], part.xyz[row, column, 2])
    np.testing.assert_array_equal(points["red"], part.rgb[row, column, 0])
    expected = maps_of(part).fused[row, column] / np.float32(0.5)
    np.testing.assert_allclose(points["score"], expected, rtol=1e-6)


def test_that_the_annotated_picture_can_be_opened_and_shows_the_verdict(single):
    picture = np.asarray(Image.open(single / "parts" / "a.png").convert("RGB"))
    assert picture.shape[1] > 1500
    assert (picture[60, 60] == [200, 54, 31]).all()  # the reject icon's colour
    assert (picture[-5:] == 255).all()


def _never(part_id):
    raise AssertionError(f"{part_id} was loaded")
