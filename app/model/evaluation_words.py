"""Sentences about an evaluation: what was evaluated, what is missing, what the limits do to the parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.model.evaluation import EvaluationModel
from app.model.limit_words import percent
from app.model.part_view import Message
from app.model.session import Session
from inspector_core.decision.thresholds import upper_bound
from inspector_core.types import Verdict

if TYPE_CHECKING:
    from inspector_core.evaluation import Evaluation

MAP_NAMES = {
    "fused": "Fused",
    "rgb": "Colour",
    "shape": "Shape",
    "no_model": "No model",
}
SCOPES = {"all": "every pixel", "part": "pixels on the part"}
"""Which defect-free pixels count, in words."""


def state_words(session: Session, *, is_running: bool) -> Message:
    """What stands in place of an evaluation that is not there."""
    if is_running:
        return Message("Evaluating", "The curves appear here when every part is scored.")
    if session.recipe is None:
        return Message(
            "No recipe yet",
            "Learn from good parts or open a recipe; then it can be evaluated here.",
        )
    labelled = [ref for ref in session.refs if ref.label is not None]
    if not labelled:
        return Message(
            "These parts carry no labels",
            "An evaluation compares verdicts with the truth.",
            "Put good parts into a folder named good, each type of defect into one of its own.",
        )
    good = sum(ref.label == "good" for ref in labelled)
    return Message(
        "Not evaluated yet",
        f"{good:,} good and {len(labelled) - good:,} defective parts are listed here. "
        "Parts that were not inspected yet are inspected first.",
    )


def facts_line(outcome: Evaluation) -> str:
    """What was evaluated, in one line."""
    return f"{outcome.n_good:,} good, {outcome.n_bad:,} defective parts"


def notes_text(outcome: Evaluation) -> str:
    """What was left out or deserves a look, one sentence a line; empty when all is well."""
    failed = len(outcome.not_inspected)
    lines = list(outcome.notes)
    if failed:
        parts = "1 part" if failed == 1 else f"{failed} parts"
        lines.insert(0, f"{parts} could not be inspected: {outcome.not_inspected[0][1]}")
    return "\n".join(f"{line[:1].upper()}{line[1:]}" for line in lines)


def curve_missing(outcome: Evaluation, curve: str) -> str:
    """Why there is no curve of this kind ("pro", "roc", "part_roc"), empty where there is one."""
    if any(getattr(drawn, curve) is not None for drawn in outcome.curves.values()):
        return ""
    if curve == "part_roc":
        return kind_missing(outcome.n_good, outcome.n_bad)
    masked = max((figures.n_pixel_parts for figures in outcome.maps.values()), default=0)
    if outcome.n_bad == 0:
        return "No defective part is among those evaluated, so there are no defect pixels to find."
    if masked <= outcome.n_good:
        return (
            "No truth masks: which pixels are defective is not known here, "
            "so only whole parts can be compared."
        )
    return "Every pixel that counts is defective; a curve needs defect-free ones beside them."


def kind_missing(n_good: int, n_bad: int) -> str:
    """Why good and defective parts cannot be compared, empty where both are there."""
    if n_good == 0:
        return "No good part is among those evaluated; a comparison needs both kinds."
    if n_bad == 0:
        return "No defective part is among those evaluated; a comparison needs both kinds."
    return ""


def rate_words(model: EvaluationModel) -> str:
    """False rejects and escapes at the limits in force, each with its n and bound."""
    sentences = []
    for bad, verdict, name in (
        (False, Verdict.REJECT, "False rejects"),
        (True, Verdict.ACCEPT, "Escapes"),
    ):
        n = model.total(bad)
        if n:
            found = model.counts[bad, verdict]
            bound = percent(upper_bound(found, n))
            sentences.append(
                f"<b>{name}: {found:,} of {n:,}</b>, at most {bound} with 95 % confidence."
            )
    return "<br>".join(sentences)


def matrix_missing(model: EvaluationModel) -> str:
    """Why a row of the confusion matrix is empty, or empty."""
    return kind_missing(model.total(False), model.total(True))


def filter_words(subset: str, verdict: Verdict | None) -> str:
    """What a cell's filter shows: "defective parts judged accept"."""
    return subset if verdict is None else f"{subset} judged {verdict.replace('_', ' ')}"
