"""The evaluation in the window: counts at the limits in force, filters, sentences, the table."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.model.evaluation import JUDGED, KINDS, EvaluationModel
from app.model.evaluation_words import (
    curve_missing,
    matrix_missing,
    notes_text,
    rate_words,
    state_words,
)
from app.model.figure_rows import DETAIL_ROLE, EXACT, I_AUROC, NAME, PUBLISHED, FigureRows
from app.model.part_list import PartList
from inspector_core.decision.verdict import verdict_of
from inspector_core.evaluation.curves import Curves
from inspector_core.evaluation.outcome import Evaluation, MapFigures, PartOutcome
from inspector_core.types import Thresholds, Verdict
from tests.app.material import make_recipe, make_result, make_scan

LIMITS = Thresholds(1.2, 1.5)
SCORES = {
    "test/good/000": 0.8,
    "test/good/001": 1.3,
    "test/good/002": 1.6,
    "test/dent/000": 0.9,
    "test/dent/001": 2.0,
}


def figures(n_good: int = 3, n_bad: int = 2, n_pixel_parts: int = 5, **changes) -> MapFigures:
    """Figures whose digits tell where they come from."""
    given = MapFigures(
        n_good,
        n_bad,
        n_pixel_parts,
        i_auroc=0.75,
        i_auroc_interval=(0.5, 0.9),
        p_auroc=0.95,
        ap=0.4,
        aupro=(0.93, 0.91, 0.9, 0.81),
        aupro_intervals=((0.9, 0.95), (0.88, 0.93), (0.87, 0.92), (0.7, 0.9)),
        published=(0.92, 0.85, 0.8, 0.41),
    )
    return replace(given, **changes)


def outcome(scores: dict[str, float] | None = None, **changes) -> Evaluation:
    """An evaluation of parts named "split/label/name"."""
    line = (np.array([0.0, 0.1, 1.0]), np.array([0.0, 0.8, 1.0]))
    parts = tuple(
        PartOutcome(name, name.split("/")[1], "good" not in name, {"fused": score}, None)
        for name, score in (SCORES if scores is None else scores).items()
    )
    given = Evaluation(
        recipe={"name": "test"},
        scope="all",
        estimator="exact",
        n_good=sum(not part.bad for part in parts),
        n_bad=sum(part.bad for part in parts),
        maps={"fused": figures()},
        no_model=figures(i_auroc=None),
        per_type={"dent": {"fused": figures(aupro_intervals=None)}},
        verdicts={},
        not_inspected=(),
        seconds=None,
        peak_memory_mb=None,
        seed=0,
        replicates=10,
        parts=parts,
        curves={"fused": Curves(line, line, line)},
    )
    return replace(given, **changes)


@pytest.fixture
def evaluation(session, limits) -> EvaluationModel:
    model = EvaluationModel(session, limits)
    session.set_scan(make_scan(*SCORES, "train/good/000"))
    session.set_recipe(make_recipe((1.0,) * 20, LIMITS.t1, LIMITS.t2))
    return model


def expected(limits: Thresholds) -> dict:
    counts = dict.fromkeys(((bad, verdict) for bad in KINDS for verdict in JUDGED), 0)
    for name, score in SCORES.items():
        counts["good" not in name, verdict_of(score, limits)] += 1
    return counts


def test_that_the_matrix_counts_truth_against_verdict_at_the_limits_in_force(evaluation, limits):
    evaluation.set(outcome())
    assert evaluation.counts == expected(LIMITS)
    assert evaluation.counts[False, Verdict.REJECT] == 1
    limits.set_t2(1.9)
    assert evaluation.counts == expected(limits.current)
    limits.set_t2(0.85)
    assert evaluation.counts == expected(limits.current)
    assert evaluation.counts[True, Verdict.ACCEPT] == 0


def test_that_a_recipe_of_few_parts_accepts_nothing_in_the_matrix(evaluation, session):
    session.set_recipe(make_recipe((1.0, 1.0), LIMITS.t1, LIMITS.t2, learnt=2))
    evaluation.set(outcome())
    assert evaluation.counts[False, Verdict.ACCEPT] == 0
    assert evaluation.counts[False, Verdict.REVIEW] == 2


def test_that_a_cell_filters_the_strip_and_follows_the_limits(evaluation, session, limits):
    parts = PartList(session, limits)
    for name, score in SCORES.items():
        session.add_result(make_result(name, score, LIMITS))
    evaluation.set(outcome())
    parts.set_filter(Verdict.REJECT, evaluation.subset(True))
    assert parts.ids() == ["test/dent/001"]
    limits.set_t2(0.85)
    assert sorted(parts.ids()) == ["test/dent/000", "test/dent/001"]
    assert len(parts.ids()) == evaluation.counts[True, Verdict.REJECT]
    parts.set_filter(None, evaluation.subset(False))
    assert len(parts.ids()) == 3
    parts.set_filter(None)
    assert len(parts.ids()) == 5


def test_that_the_marks_are_shares_of_parts_at_or_above_a_limit(evaluation, limits):
    evaluation.set(outcome())
    assert evaluation.rates() == {"T1": (2 / 3, 0.5), "T2": (1 / 3, 0.5)}
    evaluation.set(outcome({"test/good/000": 1.0}))
    assert evaluation.rates() == {}


def test_that_another_folder_or_recipe_forgets_the_evaluation(evaluation, session):
    evaluation.set(outcome())
    session.set_recipe(make_recipe((1.0,) * 20, 1.0, 1.4))
    assert evaluation.outcome is None
    evaluation.set(outcome())
    session.set_scan(make_scan("test/good/000"))
    assert evaluation.outcome is None


def test_that_other_limits_of_the_same_recipe_keep_the_evaluation(evaluation, session):
    evaluation.set(outcome())
    recipe = session.recipe
    calibration = replace(recipe.calibration, thresholds=Thresholds(1.0, 1.7))
    session.set_recipe(replace(recipe, calibration=calibration, sha256="other"))
    assert evaluation.outcome is not None
    assert evaluation.counts == expected(Thresholds(1.0, 1.7))


def test_that_rates_come_with_their_n_and_bound(evaluation):
    evaluation.set(outcome())
    words = rate_words(evaluation)
    assert "False rejects: 1 of 3</b>, at most 86 % with 95 % confidence" in words
    assert "Escapes: 1 of 2</b>" in words


@pytest.mark.parametrize(
    ("scores", "sentence"),
    [
        ({"test/good/000": 1.0}, "No defective part is among"),
        ({"test/dent/000": 1.0}, "No good part is among"),
        (SCORES, ""),
    ],
)
def test_that_a_missing_kind_of_part_is_named(evaluation, scores, sentence):
    bare = {"fused": Curves(None, None, None)}
    drawn = outcome(scores) if scores is SCORES else outcome(scores, curves=bare)
    evaluation.set(drawn)
    assert matrix_missing(evaluation).startswith(sentence)
    assert curve_missing(drawn, "part_roc").startswith(sentence)


def test_that_missing_masks_are_named_instead_of_an_empty_plot():
    line = (np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    drawn = outcome(
        maps={"fused": figures(n_pixel_parts=3, aupro=None, p_auroc=None)},
        curves={"fused": Curves(None, None, line)},
    )
    assert curve_missing(drawn, "pro").startswith("No truth masks")
    assert curve_missing(drawn, "roc").startswith("No truth masks")
    assert curve_missing(drawn, "part_roc") == ""


def test_that_what_stands_in_place_of_an_evaluation_says_what_to_do(session):
    assert state_words(session, is_running=False).title == "No recipe yet"
    session.set_recipe(make_recipe((1.0,) * 20, 1.2, 1.5))
    session.set_scan(make_scan("test/good/000", "test/dent/000"))
    assert "1 good and 1 defective parts" in state_words(session, is_running=False).text
    assert state_words(session, is_running=True).title == "Evaluating"
    unlabelled = make_scan("test/good/000")
    refs = tuple(replace(ref, label=None) for ref in unlabelled.refs)
    session.set_scan(replace(unlabelled, refs=refs))
    words = state_words(session, is_running=False)
    assert words.title == "These parts carry no labels"
    assert "folder named good" in words.cure


def test_that_parts_left_out_are_said():
    failed = (("test/dent/007", "test/dent/007: empty file."),)
    text = notes_text(outcome(not_inspected=failed, notes=("3 parts are left out: learnt",)))
    assert text.splitlines() == [
        "1 part could not be inspected: test/dent/007: empty file.",
        "3 parts are left out: learnt",
    ]


@pytest.fixture
def rows(qapp) -> FigureRows:
    rows = FigureRows()
    rows.show(outcome())
    return rows


def test_that_exact_and_published_figures_stand_side_by_side_at_the_chosen_limit(rows):
    cells = {column: rows.index(1, column).data() for column in (NAME, I_AUROC, EXACT, PUBLISHED)}
    assert cells == {NAME: "Fused", I_AUROC: "0.750", EXACT: "0.930", PUBLISHED: "0.920"}
    assert rows.index(1, EXACT).data(DETAIL_ROLE) == "0.90–0.95"
    rows.set_limit(3)
    assert rows.limit == 0.01
    assert rows.index(1, EXACT).data() == "0.810"
    assert rows.index(1, EXACT).data(DETAIL_ROLE) == "0.70–0.90"
    assert rows.index(1, PUBLISHED).data() == "0.410"


def test_that_types_of_defects_follow_all_parts(rows):
    names = [rows.index(row, NAME).data() for row in range(rows.rowCount())]
    assert names == ["All parts", "Fused", "No model", "dent", "Fused"]


def test_that_a_figure_that_is_not_defined_is_a_dash_with_its_reason(qapp):
    rows = FigureRows()
    rows.show(outcome(maps={"fused": figures(aupro=None, reasons={"pixels": "no defect pixels"})}))
    assert rows.index(1, EXACT).data() == "–"
    from PySide6.QtCore import Qt

    assert rows.index(1, EXACT).data(Qt.ItemDataRole.ToolTipRole) == "No defect pixels."


def test_that_the_methods_own_score_is_told_beside_the_maps(qapp):
    from PySide6.QtCore import Qt

    rows = FigureRows()
    rows.show(outcome(maps={"fused": figures(i_auroc_own=0.875)}))
    tip = rows.index(1, I_AUROC).data(Qt.ItemDataRole.ToolTipRole)
    assert tip.endswith("; 0.875 by the method's own score of the part")


def test_that_the_copied_table_has_all_rows_and_intervals(rows):
    lines = rows.as_text().splitlines()
    assert len(lines) == 1 + rows.rowCount()
    assert lines[2].split("\t")[:5] == [
        "Fused",
        "3 / 2",
        "0.750 [0.50–0.90]",
        "0.950",
        "0.930 [0.90–0.95]",
    ]


def test_that_limits_of_the_window_are_those_of_the_figures():
    from app.model.figure_rows import LIMITS as SHOWN
    from inspector_core.evaluation.region_overlap import LIMITS as COMPUTED

    assert SHOWN == COMPUTED
