"""Tables and page of a benchmark: figures where they belong, and said where some are missing."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from statistics import median

import pytest

from inspector_core.evaluation.page import page
from inspector_core.evaluation.sections import sections
from inspector_core.evaluation.summary import EXACT, I_AUROC, SAMPLED, Spread, grouped, spread_of
from inspector_core.evaluation.tables import HEADS, csv_text, markdown
from tests.core.evaluation.test_protocol import evaluate, part


def evaluation_of(strength, seed, **options):
    members = [part(f"test/good/{i:03}", "good", seed=100 * seed + i) for i in range(4)]
    for kind, share in (("dent", 1.0), ("stain", 0.4)):
        members += [
            part(f"test/{kind}/{i}", kind, strength=share * strength, seed=100 * seed + 50 + i)
            for i in range(3)
        ]
    return evaluate(members, seed=seed, **options).document()


@pytest.fixture(scope="module")
def evaluations():
    return {
        (strength, seed): evaluation_of(strength, seed)
        for strength in (0.4, 1.2)
        for seed in (0, 1, 2)
    }


def job(evaluation, name, detector="btf", dataset="MVTec 3D-AD", seed=0, shots=None, **given):
    facts = {"dataset": dataset, "class": name, "detector": detector, "given": given,
             "settings": {"cells": 64, **given}, "seed": seed, "shots": shots}  # fmt: skip
    return {"job": facts, "evaluation": evaluation}


@pytest.fixture(scope="module")
def documents(evaluations):
    weak, strong = 0.4, 1.2
    return [
        *(job(evaluations[weak, seed], "tire", seed=seed) for seed in (0, 1, 2)),
        *(job(evaluations[strong, seed], "bagel", seed=seed) for seed in (0, 1, 2)),
        job(evaluations[strong, 0], "bagel", cells=32),
        job(evaluations[weak, 1], "bracket", dataset="my castings"),
    ]


def table(documents, dataset, title):
    (section,) = [one for one in sections(documents) if one.title == dataset]
    (found,) = [one for one in section.tables if one.title == title]
    return [dict(zip(found.heads, row.cells, strict=True)) for row in found.rows], found.notes


def test_that_several_seeds_give_median_and_range(documents, evaluations):
    rows, _ = table(documents, "MVTec 3D-AD", "I-AUROC")
    values = [evaluations[0.4, seed]["maps"]["fused"]["i_auroc"] for seed in (0, 1, 2)]
    expected = f"{median(values):.3f} ({min(values):.3f}–{max(values):.3f})"
    assert (rows[0]["detector"], rows[0]["tire"]) == ("btf", expected)


def test_that_a_mean_over_classes_is_that_of_each_seed(documents, evaluations):
    group = grouped(documents)[0]
    exact = [
        (evaluations[0.4, s]["maps"]["fused"]["aupro"]["0.30"]
         + evaluations[1.2, s]["maps"]["fused"]["aupro"]["0.30"]) / 2
        for s in (0, 1, 2)
    ]  # fmt: skip
    found = group.mean(["bagel", "tire"], EXACT[0])
    assert found.middle == pytest.approx(median(exact), abs=1e-12)
    assert (found.low, found.high, found.n_seeds) == pytest.approx((min(exact), max(exact), 3))


def test_that_one_seed_gives_its_interval(documents, evaluations):
    rows, _ = table(documents, "MVTec 3D-AD", "AUPRO@30%, exact")
    figures = evaluations[1.2, 0]["maps"]["fused"]
    low, high = figures["aupro_interval"]["0.30"]
    assert rows[1]["detector"] == "btf cells=32"
    assert rows[1]["bagel"] == f"{figures['aupro']['0.30']:.3f} [{low:.3f}–{high:.3f}]"


def test_that_missing_classes_are_said(documents):
    rows, notes = table(documents, "MVTec 3D-AD", "I-AUROC")
    assert "mean of 2 of 10" in rows[0]
    assert rows[1]["tire"] == "–"
    assert rows[1]["mean of 2 of 10"].endswith("(1 of 2)")
    assert notes[0] == "btf cells=32: without tire"


def test_that_published_rows_stand_beside_the_same_estimator_only(documents):
    rows, _ = table(documents, "MVTec 3D-AD", "AUPRO@30%, published estimator")
    theirs = {row["detector"]: row for row in rows if row["status"] == "published"}
    assert (theirs["CFM"]["bagel"], theirs["CFM"]["tire"]) == ("0.979", "0.981")
    assert theirs["CFM"]["mean of 2 of 10"] == "0.980"
    assert theirs["CFM"]["printed mean of 10"] == "0.971"
    assert theirs["CFM"]["estimator"] == "cfm99"
    assert (rows[0]["estimator"], rows[0]["status"]) == ("btf100", "this run")
    exact, _ = table(documents, "MVTec 3D-AD", "AUPRO@30%, exact")
    assert [row["detector"] for row in exact] == ["btf", "btf cells=32", "no model"]


def test_that_sources_are_numbered_and_listed(documents):
    section = sections(documents)[0]
    cited = {
        int(number)
        for one in section.tables
        for row in one.rows
        if row.kind == "published"
        for number in re.fullmatch(r"\[(\d+)\]", row.cells[-1]).groups()
    }
    assert cited == set(range(1, len(section.sources) + 1))
    assert any("Costanzino" in source for source in section.sources)


def test_that_what_could_not_be_read_is_said(evaluations):
    _, notes = table(
        [job(evaluations[0.4, 0], "bottle", dataset="MVTec AD")], "MVTec AD", "I-AUROC"
    )
    assert notes[-1] == "not available: InCTRL, RegAD, CoOp"


def test_that_few_shot_rows_meet_published_few_shot_rows(evaluations):
    documents = [job(evaluations[0.4, 0], "tire", shots=5)]
    rows, _ = table(documents, "MVTec 3D-AD", "I-AUROC")
    names = [row["detector"] for row in rows]
    assert names[0] == "btf, 5 shots"
    assert "CFM, 5 shots" in names
    assert "CFM, 10 shots" not in names


def test_that_parts_of_ones_own_have_no_published_rows(documents):
    section = sections(documents)[1]
    assert [one.title for one in section.tables] == ["By class", "By defect type"]
    assert section.sources == ()
    rows, notes = table(documents, "my castings", "By class")
    assert [row["detector"] for row in rows] == ["btf", "no model"]
    assert (rows[0]["good"], rows[0]["bad"]) == ("4", "6")
    assert notes == ("published estimator btf100: btf",)


def test_that_defect_types_have_rows_of_their_own(documents, evaluations):
    rows, _ = table(documents, "my castings", "By defect type")
    assert [(row["defect type"], row["parts"]) for row in rows] == [("dent", "3"), ("stain", "3")]
    figures = evaluations[0.4, 1]["per_type"]["dent"]["fused"]
    assert rows[0]["AUPRO@30% exact"] == f"{figures['aupro']['0.30']:.3f}"
    assert rows[0]["AUPRO@30% published est."] == f"{figures['aupro_published']['0.30']:.3f}"


def test_that_an_undefined_figure_is_a_dash(evaluations):
    broken = json.loads(json.dumps(evaluations[0.4, 0]))
    broken["maps"]["fused"]["i_auroc"] = None
    documents = [job(broken, "tire"), job(evaluations[0.4, 1], "tire", seed=1)]
    assert grouped(documents)[0].spread("tire", I_AUROC) is None
    assert spread_of([0.5, None]) is None
    assert spread_of([0.5], [0.4, 0.6]) == Spread(0.5, 0.4, 0.6)


def test_that_an_evaluation_by_a_published_estimator_shows_no_exact_figure():
    documents = [job(evaluation_of(0.4, 0, protocol="published"), "tire")]
    group = grouped(documents)[0]
    assert group.spread("tire", EXACT[0]) is None
    assert group.spread("tire", SAMPLED[0]) is not None
    assert not any(one.title == "AUPRO@30%, exact" for one in sections(documents)[0].tables)
    assert "exact" not in {
        row["estimator"] for row in csv.DictReader(io.StringIO(csv_text(documents)))
    }


def test_that_settings_without_a_name_are_told_apart(evaluations):
    one, other = job(evaluations[0.4, 0], "tire"), job(evaluations[1.2, 0], "tire")
    other["job"]["settings"] = {"cells": 16}
    assert [group.title for group in grouped([one, other])] == ["btf", "btf (2)"]


def test_that_markdown_tables_have_as_many_cells_as_heads(documents):
    text = markdown(documents)
    assert text == markdown(documents)
    blocks = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    assert len(blocks) == 14
    for block in blocks:
        lines = block.strip().splitlines()
        assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1
        assert len(lines) > 2


def test_that_a_name_with_a_bar_stays_in_its_cell(evaluations):
    text = markdown([job(evaluations[0.4, 0], "a|b\nc", dataset="x")])
    assert "| a\\|b c |" in text


def test_that_the_csv_holds_every_figure_with_its_source(documents, evaluations):
    rows = list(csv.DictReader(io.StringIO(csv_text(documents))))
    assert tuple(rows[0]) == HEADS
    (area,) = [
        row
        for row in rows
        if (row["class"], row["detector"], row["seed"], row["map"], row["defect_type"], row["metric"],
            row["estimator"]) == ("bagel", "btf", "2", "shape", "dent", "AUPRO@1%", "exact")
    ]  # fmt: skip
    figures = evaluations[1.2, 2]["per_type"]["dent"]["shape"]
    assert float(area["value"]) == figures["aupro"]["0.01"]
    (mean,) = [
        row
        for row in rows
        if (row["class"], row["detector"], row["metric"]) == ("mean", "btf", "I-AUROC")
    ]
    expected = grouped(documents)[0].mean(["bagel", "tire"], I_AUROC)
    assert (float(mean["value"]), float(mean["low"])) == (expected.middle, expected.low)
    assert (mean["seed"], mean["source"]) == ("median", "mean of 2 of 10 classes")
    (theirs,) = [
        row
        for row in rows
        if (row["class"], row["detector"], row["shots"], row["metric"])
        == ("mean", "LSFA", "all", "I-AUROC")
    ]
    assert (theirs["value"], theirs["status"]) == ("0.971", "published")
    assert "LSFA" in theirs["source"]


class Outside(HTMLParser):
    """Collects what a page would fetch, and checks that elements close in order."""

    VOID = frozenset({"meta", "br", "link", "img", "input", "hr"})

    def __init__(self):
        super().__init__()
        self.fetched, self.open, self.ids, self.links = [], [], set(), set()

    def handle_starttag(self, tag, attributes):
        facts = dict(attributes)
        self.fetched += [facts[name] for name in ("src", "data") if name in facts]
        self.fetched += [tag] if tag in ("script", "link", "iframe") else []
        self.ids |= {facts["id"]} if "id" in facts else set()
        self.links |= {facts["href"]} if "href" in facts else set()
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_that_the_page_is_whole_and_fetches_nothing(documents):
    text = page(documents)
    assert text == page(documents)
    seen = Outside()
    seen.feed(text)
    assert seen.open == []
    assert seen.fetched == []
    assert seen.links == {f"#{name}" for name in seen.ids}
    assert "http" not in text
    assert "prefers-color-scheme: dark" in text


def test_that_every_class_has_its_three_plots_with_every_detector(documents):
    plots = [ElementTree.fromstring(svg) for svg in
             re.findall(r'<svg class="plot".*?</svg>', page(documents), re.DOTALL)]  # fmt: skip
    labels = [
        {title.text for line in plot.iter("polyline") for title in line.iter("title")}
        for plot in plots
    ]
    both = {"btf", "btf cells=32"}
    assert labels == [
        {*both, "no model"}, both, both,
        {"btf", "no model"}, {"btf"}, {"btf"},
        {"btf", "no model"}, {"btf"}, {"btf"},
    ]  # fmt: skip
    for plot in plots:
        for line in plot.iter("polyline"):
            points = [tuple(map(float, pair.split(","))) for pair in line.get("points").split()]
            assert all(44 <= x <= 326 and 36 <= y <= 244 for x, y in points)
            assert points == sorted(points, key=lambda point: (point[0], -point[1]))


def test_that_a_page_shows_odd_names_as_text(evaluations):
    name = "<script>alert(1)</script>"
    text = page([job(evaluations[0.4, 0], name, dataset=name, detector="a&b")])
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_that_a_class_without_defects_says_so():
    good = [part(f"test/good/{i}", "good", seed=i) for i in range(3)]
    text = page([job(evaluate(good).document(), "tire")])
    assert "No curve is defined" in text
