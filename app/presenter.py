"""Carries what the models say to strip, stage and inspector: every change has one place here."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from app.controller import Controller
from app.looking import Nearest
from app.model.limit_words import limit_words
from app.model.part_list import display_name
from app.model.part_view import Message, PartView
from app.views.filmstrip import Filmstrip
from app.views.inspector import Inspector
from app.views.stage import Stage
from app.words import summary, verdict_words
from app.worker.sentences import Failure
from inspector_core.colormaps import signed_range_mm
from inspector_core.types import Verdict

NO_PART = Message("No part", "Choose a part in the strip at the left.")


class Presenter(QObject):
    """Connects the models with the views of the workplace; owns neither."""

    def __init__(
        self,
        controller: Controller,
        filmstrip: Filmstrip,
        stage: Stage,
        inspector: Inspector,
    ) -> None:
        super().__init__(controller)
        self._controller = controller
        self._filmstrip = filmstrip
        self._stage = stage
        self._inspector = inspector
        self._drawn: list[tuple[int, int, Verdict]] | None = None
        self._scale: tuple[float, float, float] | None = None
        self._limits_soon = QTimer(self, singleShot=True, interval=0)
        self._connect_models()
        self._connect_views()
        self.show_all()

    def _connect_models(self) -> None:
        model = self._controller
        limits, current = model.limits, model.current
        limits.calibration_changed.connect(self.show_calibration)
        limits.changed.connect(self._limits_soon.start)
        limits.parts_changed.connect(self._limits_soon.start)
        self._limits_soon.timeout.connect(self.show_limits)
        current.part_changed.connect(self.show_part)
        current.decision_changed.connect(self.show_decision)
        model.selection.defect_changed.connect(self.show_selected)
        model.looking.comparing.connect(self.show_comparing)
        model.looking.explained.connect(self.show_nearest)
        model.looking.thumbnail.connect(self._filmstrip.show_thumbnail)
        model.loader.waiting.connect(self.show_loading)
        model.loader.missed.connect(self.show_missed)

    def _connect_views(self) -> None:
        model = self._controller
        panel = self._inspector.limits
        self._filmstrip.chosen.connect(model.session.set_current)
        self._filmstrip.wanted.connect(model.looking.want_thumbnails)
        self._inspector.table.chosen.connect(self._chosen_in_table)
        self._stage.defect_clicked.connect(model.selection.select)
        self._stage.hovered.connect(self._hovered)
        self._stage.left.connect(lambda: model.selection.hover(None))
        panel.t1_moved.connect(model.limits.set_t1)
        panel.t2_moved.connect(model.limits.set_t2)
        panel.let_go.connect(model.undo.seal)

    def show_all(self) -> None:
        """Bring every view up to date."""
        self.show_calibration()
        self.show_part()
        self.show_decision()

    def show_calibration(self) -> None:
        """Another recipe: scale of all displays, histogram."""
        limits = self._controller.limits
        scores = () if limits.calibration is None else limits.calibration.scores
        self._inspector.limits.show_calibration(scores, limits.top)
        recipe = self._controller.session.recipe
        pitch = None if recipe is None else recipe.fingerprint.get("mm_per_px")
        self._stage.set_deviation_reach(signed_range_mm(pitch))
        self.show_limits()

    def show_limits(self) -> None:
        """Limits moved, or parts they are compared with came: everything that follows from it."""
        self._limits_soon.stop()
        model = self._controller
        limits = model.limits
        panel = self._inspector.limits
        shown = (limits.current.t1, limits.current.t2, limits.top)
        if shown != self._scale:
            self._scale = shown
            self._stage.set_thresholds(*shown)
        panel.show_limits(limits.current)
        panel.show_words(limit_words(model.session, limits))
        self._show_marks()

    def show_part(self) -> None:
        """Another part, or the same one with its maps."""
        part = self._controller.current.part
        if part is None:
            self._stage.show_message(NO_PART)
            self._inspector.show_notes(())
            return
        self._stage.show_part(part.view)
        self._drawn = None
        notes = part.result.notes if part.result is not None else ()
        if not notes and part.registered is not None:
            notes = (*part.registered.sample.notes, *part.registered.notes)
        self._inspector.show_notes(tuple(dict.fromkeys(notes)))

    def show_decision(self) -> None:
        """Verdict, outlines and table at the limits in force."""
        model = self._controller
        current = model.current
        title, reason = verdict_words(
            current.part, current.decision, model.limits, model.session.recipe is not None
        )
        self._inspector.header.show_verdict(current.verdict, title, reason)
        unit = "mm" if current.part is None else current.part.view.unit
        self._inspector.table.show_defects(current.defects, unit, model.selection.defect)
        self._inspector.show_unit(unit)
        self._show_outlines()
        self._stage.set_selected(model.selection.defect or None)
        self._stage.set_summary(summary(current.verdict, current.defects, unit))
        self._show_marks()

    def show_selected(self, number: int) -> None:
        """The same defect in the table and in every pane."""
        self._inspector.table.show_selected(number)
        self._stage.set_selected(number or None)

    def show_comparing(self) -> None:
        """The nearest good part is not known yet."""
        waits = bool(self._controller.current.defects)
        self._inspector.nearest.show_nothing("Comparing…" if waits else "Shown for a defect.")

    def show_nearest(self, nearest: Nearest | None) -> None:
        """The nearest good part at the defect in question, or how this part differs from all there."""
        view = self._inspector.nearest
        current = self._controller.current
        if nearest is None:
            view.show_nothing("This detector does not say.")
            return
        if nearest.explanation.words:
            view.show_words(nearest.number, nearest.explanation.words)
            return
        unit = "mm" if current.part is None else current.part.view.unit
        height = nearest.explanation.height_mm
        view.show_nearest(nearest.name, nearest.number, height, nearest.picture, unit)

    def show_loading(self, part_id: str) -> None:
        """A part is on its way."""
        ref = self._controller.session.ref(part_id)
        if ref is not None:
            self._stage.show_loading(display_name(ref))

    def show_missed(self, part_id: str, failure: Failure) -> None:
        """A part that cannot be opened: its words stand where the pictures would be."""
        message = Message("This part cannot be opened", failure.sentence, failure.cure)
        self._stage.show_part(PartView(part_id, message=message))

    def _show_outlines(self) -> None:
        outlines = self._controller.current.outlines
        # polygons are traced once per defect, so equal ones are the same object
        drawn = [(entry.number, id(entry.polygons), entry.verdict) for entry in outlines]
        if drawn != self._drawn:
            self._drawn = drawn
            self._stage.set_outlines(outlines)

    def _show_marks(self) -> None:
        model = self._controller
        scores = [r.score for r in model.session.results if r.score is not None]
        decision = model.current.decision
        marked = None if decision is None else decision.scores.get("fused")
        self._inspector.limits.histogram.show_parts(scores, marked)

    def _chosen_in_table(self, number: int) -> None:
        self._controller.selection.select(number)
        defect = self._controller.current.defect(number)
        if defect is not None:
            self._stage.zoom_to(self._surroundings(defect.bbox_px))

    def _surroundings(self, bbox: tuple[int, int, int, int]) -> tuple[float, float, float, float]:
        """A box around a defect that shows where on the part it is."""
        part = self._controller.current.part
        left, _, right, _ = (0, 0, 1, 1) if part is None else part.view.bounds()
        size = max(bbox[2] - bbox[0], bbox[3] - bbox[1])
        reach = 0.5 * max(size, 0.12 * (right - left))
        x, y = (bbox[0] + bbox[2]) / 2, (bbox[1] + bbox[3]) / 2
        return x - reach, y - reach, x + reach, y + reach

    def _hovered(self, x: int, y: int) -> None:
        self._controller.selection.hover((x, y))
