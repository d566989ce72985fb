"""Everything that is only looked at: parts, their neighbours, small pictures, the nearest good part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from app.model.current import CurrentPart
from app.model.loader import PartLoader
from app.model.open_part import OpenPart
from app.model.part_list import PartList, display_name
from app.model.selection import SelectionModel
from app.model.session import Session
from app.worker.jobs import Engine
from app.worker.lane import Urgency
from app.worker.pictures import Thumbnail, thumbnails
from app.worker.sentences import Failure
from app.worker.tickets import Desk
from inspector_core.progress import Job, Progress
from inspector_core.types import SampleRef

if TYPE_CHECKING:
    from inspector_core.detectors.contract import Explanation
    from inspector_core.store import ResultStore

EXPLAIN_AFTER_MS = 120
NEIGHBOURS_AFTER_MS = 250
"""The part just shown is painted first: two threads share one interpreter."""


@dataclass(frozen=True, slots=True)
class Nearest:
    """The good part that is nearest at a defect; picture is None where its files are not at hand.

    Without a good part the name is empty and the explanation has words.
    """

    part_id: str
    number: int
    explanation: Explanation
    name: str
    picture: QImage | None


@dataclass(frozen=True, slots=True)
class _Opened(Progress):
    result: OpenPart | None = None


class Looking(QObject):
    """Asks the lane for what the models wish to show.

    thumbnail(id, QImage, (W, H)) : a small picture is ready.
    comparing() : the nearest good part is being looked for.   explained(Nearest or None) : found, or the
    method cannot say.   failed(Failure) : a part could not be opened.
    """

    thumbnail = Signal(str, object, object)
    comparing = Signal()
    explained = Signal(object)
    failed = Signal(object)

    def __init__(
        self,
        engine: Engine,
        desk: Desk,
        session: Session,
        parts: PartList,
        loader: PartLoader,
        current: CurrentPart,
        selection: SelectionModel,
    ) -> None:
        super().__init__(session)
        self._engine = engine
        self._desk = desk
        self._session = session
        self._parts = parts
        self._loader = loader
        self._current = current
        self._selection = selection
        self.store: ResultStore | None = None
        self._question: tuple[int, tuple[int, int]] | None = None
        self._explain_soon = QTimer(self, singleShot=True, interval=EXPLAIN_AFTER_MS)
        self._explain_soon.timeout.connect(self._explain)
        session.current_changed.connect(self._show_current)
        session.recipe_changed.connect(loader.forget_all)
        session.results_changed.connect(loader.forget_all)
        session.result_added.connect(loader.forget)
        loader.wanted.connect(self._open)
        self._neighbours_soon = QTimer(self, singleShot=True, interval=NEIGHBOURS_AFTER_MS)
        self._neighbours_soon.timeout.connect(self._open_neighbours)
        current.part_changed.connect(self._neighbours_soon.start)
        current.decision_changed.connect(self._explain_later)
        selection.defect_changed.connect(self._explain_later)

    @property
    def is_calm(self) -> bool:
        """True when nothing is waited for and the wished part is shown."""
        part = self._current.part
        shown = "" if part is None else part.ref.id
        timers = (self._explain_soon, self._neighbours_soon)
        waits = any(timer.isActive() for timer in timers) or not self._desk.is_idle
        return not waits and shown == self._session.current

    def want_thumbnails(self, ids: Sequence[str]) -> None:
        """Small pictures of these parts, please; they arrive one by one."""
        refs = [ref for part_id in ids if (ref := self._session.ref(part_id)) is not None]

        def step(progress: Progress) -> None:
            if isinstance(progress, Thumbnail) and progress.picture is not None:
                self.thumbnail.emit(progress.part_id, progress.picture, progress.size)

        self._desk.look(
            "Thumbnails",
            lambda: thumbnails(refs),
            lambda _: None,
            step,
            urgency=Urgency.THUMBNAIL,
        )

    def stop(self) -> None:
        """Ask for nothing more."""
        self._explain_soon.stop()
        self._neighbours_soon.stop()

    def _show_current(self, part_id: str) -> None:
        if part_id == "":
            self._current.close()
        self._loader.show(part_id)

    def _open(self, part_id: str) -> None:
        ref = self._session.ref(part_id)
        if ref is None:
            return
        self._desk.look(
            f"Opening {display_name(ref)}",
            self._opening(ref),
            self._arrived,
            failed=lambda failure: self._missed(part_id, failure),
        )

    def _opening(self, ref: SampleRef) -> Callable[[], Job[OpenPart]]:
        recipe, result, store = self._session.recipe, self._session.result(ref.id), self.store
        return lambda: self._engine.open_part(ref, recipe, result, store)

    def _arrived(self, part: OpenPart) -> None:
        # an answer from before a change of recipe or result is old: ask again
        recipe = self._session.recipe
        fresh = part.recipe_sha256 == ("" if recipe is None else recipe.sha256)
        if fresh and part.result is self._session.result(part.ref.id):
            self._loader.arrived(part)
        elif part.ref.id == self._loader.wish:
            self._open(part.ref.id)

    def _missed(self, part_id: str, failure: Failure) -> None:
        self._loader.failed(part_id, failure)
        self.failed.emit(failure)

    def _open_neighbours(self) -> None:
        if self._session.busy is not None or self._current.part is None:
            return
        here = self._current.part.ref.id
        around = [self._parts.neighbour(here, 1), self._parts.neighbour(here, -1)]
        refs = [self._session.ref(name) for name in self._loader.missing(around)]
        openings = [self._opening(ref) for ref in refs if ref is not None]
        if openings:
            self._desk.look(
                "Opening neighbours",
                lambda: _one_after_another(openings),
                lambda _: None,
                self._neighbour_arrived,
                urgency=Urgency.NEIGHBOUR,
            )

    def _neighbour_arrived(self, progress: Progress) -> None:
        if isinstance(progress, _Opened) and progress.result is not None:
            self._arrived(progress.result)

    def _explain_later(self) -> None:
        # limits that move leave the question as it is, mostly
        part = self._current.part
        defect = self._current.defect(self._selection.defect or 1)
        question = None if part is None or defect is None else (id(part), defect.peak_px)
        if question != self._question:
            self._question = question
            self.comparing.emit()
            self._explain_soon.start()

    def _explain(self) -> None:
        part, recipe = self._current.part, self._session.recipe
        number = self._selection.defect or 1
        defect = self._current.defect(number)
        if part is None or recipe is None or defect is None:
            return
        opened, known, pixel = part, recipe, defect.peak_px

        def compared() -> Job[Nearest | None]:
            explanation = yield from self._engine.explain(opened, known, pixel)
            if explanation is None:
                return None
            nearest = explanation.nearest_id
            picture = None
            if nearest is not None:
                picture = yield from _picture(self._session.ref(nearest))
            name = "" if nearest is None else nearest.replace("/", " / ")
            return Nearest(opened.ref.id, number, explanation, name, picture)

        self._desk.look("Comparing", compared, self._explained, urgency=Urgency.EXPLAIN)

    def _explained(self, nearest: Nearest | None) -> None:
        part = self._current.part
        if nearest is None or (part is not None and part.ref.id == nearest.part_id):
            self.explained.emit(nearest)


def _one_after_another(openings: Sequence[Callable[[], Job[OpenPart]]]) -> Job[None]:
    for make in openings:
        part = yield from make()
        yield _Opened("Opening neighbours", result=part)


def _picture(ref: SampleRef | None) -> Job[QImage | None]:
    picture = None
    for step in thumbnails([] if ref is None else [ref]):
        picture = step.picture if isinstance(step, Thumbnail) else None
        yield Progress("Comparing")
    return picture
