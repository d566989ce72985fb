"""What the actions do: questions that need a dialog are asked here, the work is the controller's."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QMessageBox

import inspector_core
from app.actions.build import key_text
from app.actions.table import ACTIONS, MENUS
from app.faults import LOG_NAME
from app.model.limit_words import limit_words
from app.model.messages import Entry
from app.theme.apply import current
from app.views.palette import Command
from app.words import about_scan, understood
from app.worker.jobs import ExportRequest, LearnRequest
from app.worker.sentences import in_window
from inspector_core import colormaps
from inspector_core.files import shown

if TYPE_CHECKING:
    from app.window import Window


class WindowCommands:
    """The actions' handlers for one window."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._controller = window.controller
        self._preferences = window.preferences

    def open_folder(self) -> None:
        chosen = self._ask_folder("Open folder", "open")
        if chosen is not None:
            self._controller.open_folder(chosen)

    def open_recipe(self) -> None:
        chosen = self._ask_folder("Open recipe", "recipe", str(self._controller.places.recipes))
        if chosen is not None:
            self._controller.open_recipe(chosen)

    def open_path(self, path: Path) -> None:
        """Whatever was dropped or named: a recipe, a folder of parts, or one file of a part."""
        from inspector_core.recipe.format import DOCUMENT

        if (path / DOCUMENT).is_file():
            self._controller.open_recipe(path)
        elif path.is_dir():
            self._controller.open_folder(path)
        elif path.name == DOCUMENT:
            self._controller.open_recipe(path.parent)
        else:
            self._controller.open_file(path)

    def try_sample(self) -> None:
        self._controller.try_sample()

    def learn(self) -> None:
        from app.model.automatic import AutomaticModel
        from app.model.learning import about_learning, settings_of
        from app.views.learn_dialog import LearnDialog
        from inspector_core import detectors
        from inspector_core.detectors.default_choice import CANDIDATES

        scan = self._controller.session.scan
        if scan is None:
            return
        infos = sorted(detectors.infos(), key=lambda info: info.name not in CANDIDATES)
        automatic = AutomaticModel(infos)
        automatic.asked.connect(lambda: self._controller.choose_detector(automatic))
        dialog = LearnDialog(
            infos,
            settings_of,
            partial(about_learning, scan),
            self._controller.weights,
            automatic,
            Path(scan.root).name or "recipe",
            self._controller.places.recipes,
            self._window,
        )
        if dialog.exec():
            self._controller.learn(
                LearnRequest(
                    out=dialog.folder,
                    name=dialog.name,
                    detector=dialog.detector,
                    settings=dialog.values,
                    seed=dialog.seed,
                    device=dialog.device,
                    force=dialog.replaces,
                )
            )

    def inspect_all(self) -> None:
        self._controller.inspect()

    def inspect_part(self) -> None:
        session = self._controller.session
        ref = session.ref(session.current)
        if ref is not None:
            self._controller.inspect([ref])

    def evaluate(self) -> None:
        outcome = self._controller.evaluation.outcome
        self._window.show_evaluation(True)
        self._controller.evaluating.evaluate("all" if outcome is None else outcome.scope)

    def toggle_evaluation(self) -> None:
        self._window.show_evaluation(not self._window.complete().evaluation_shown)

    def export_evaluation(self) -> None:
        from app.model.evaluation_words import facts_line
        from app.views.report_dialog import ReportDialog
        from app.worker.jobs import EVALUATION_FORMATS, EvaluationExport

        session, outcome = self._controller.session, self._controller.evaluation.outcome
        if outcome is None:
            return
        folder = Path(self._preferences.folder("report")) / f"{session.folder_name}-evaluation"
        dialog = ReportDialog(
            EVALUATION_FORMATS,
            EVALUATION_FORMATS,
            folder,
            f"{facts_line(outcome)}, evaluated with {outcome.recipe['name']}.",
            "",
            self._window,
            what="evaluation",
        )
        if dialog.exec():
            self._preferences.remember_folder("report", dialog.folder.absolute().parent)
            self._controller.evaluating.export(
                EvaluationExport(
                    session.folder_name,
                    "" if session.scan is None else session.scan.layout,
                    dialog.folder,
                    dialog.formats,
                    dialog.replaces,
                )
            )

    def export_report(self) -> None:
        from app.views.report_dialog import ReportDialog
        from inspector_core.reports import EXPORTERS

        session, limits = self._controller.session, self._controller.limits
        words = limit_words(session, limits)
        folder = Path(self._preferences.folder("report")) / f"{session.folder_name}-report"
        dialog = ReportDialog(
            tuple(EXPORTERS),
            self._preferences.look.formats,
            folder,
            words.report,
            f"{words.mark}: {words.mark_reason}" if words.mark else "",
            self._window,
        )
        if dialog.exec():
            self._preferences.set(formats=list(dialog.formats))
            self._preferences.remember_folder("report", dialog.folder.absolute().parent)
            self._controller.export(
                ExportRequest(
                    session.folder_name,
                    dialog.folder,
                    dialog.formats,
                    limits.current,
                    dialog.replaces,
                )
            )

    def cancel(self) -> None:
        self._controller.cancel()

    def undo(self) -> None:
        self._controller.undo.undo()

    def redo(self) -> None:
        self._controller.undo.redo()

    def step_part(self, offset: int) -> None:
        self._controller.step_part(offset)

    def step_defect(self, offset: int) -> None:
        self._controller.selection.step(offset)

    def step_limit(self, steps: int) -> None:
        self._controller.limits.step_t2(steps)

    def keep_limits(self) -> None:
        self._controller.keep_limits()

    def back_to_recipe(self) -> None:
        self._controller.limits.back_to_recipe()

    def copy_picture(self) -> None:
        QGuiApplication.clipboard().setPixmap(self._window.stage.grab())

    def copy_defects(self) -> None:
        QGuiApplication.clipboard().setText(self._window.inspector.table.rows.as_text())

    def show_pane(self, index: int) -> None:
        self._window.show_evaluation(False)
        self._window.stage.maximise(index + 1)

    def fit(self) -> None:
        self._window.stage.fit()

    def toggle_heat_map(self) -> None:
        self._window.show_heat_map(not self._window.heat_map_shown)

    def toggle_link(self) -> None:
        self._preferences.set(linked=not self._preferences.look.linked)

    def next_colour_map(self) -> None:
        names = colormaps.NAMES
        chosen = self._preferences.look.colormap
        place = names.index(chosen) if chosen in names else -1
        self._preferences.set(colormap=names[(place + 1) % len(names)])

    def switch_theme(self) -> None:
        self._preferences.set(theme="light" if current().name == "dark" else "dark")

    def toggle_rail(self) -> None:
        self._preferences.set(rail_shown=not self._preferences.look.rail_shown)

    def toggle_inspector(self) -> None:
        self._preferences.set(inspector_shown=not self._preferences.look.inspector_shown)

    def toggle_full_screen(self) -> None:
        window = self._window
        window.showNormal() if window.isFullScreen() else window.showFullScreen()

    def focus_next_region(self) -> None:
        self._window.focus_next_region()

    def quit(self) -> None:
        self._window.close()

    def search_commands(self) -> None:
        self._window.palette_.open_with(self.commands())

    def commands(self) -> list[Command]:
        """Every action as a line of the palette."""
        facts = self._window.facts()
        return [
            Command(
                entry.id,
                self._window.actions_[entry.id].text().rstrip("…"),
                key_text(entry),
                entry.icon,
                entry.menu,
                f"{entry.text} {entry.menu} {entry.also}".lower(),
                entry.when(facts),
            )
            for entry in ACTIONS
        ]

    def show_shortcuts(self) -> None:
        from app.views.shortcut_page import ShortcutPage

        groups = {
            menu: [
                (entry.text.rstrip("…"), key_text(entry))
                for entry in ACTIONS
                if entry.menu == menu and entry.shortcut
            ]
            for menu in MENUS
        }
        ShortcutPage(groups, self._window).open()

    def show_folder_facts(self) -> None:
        scan = self._controller.session.scan
        if scan is not None:
            why = "\n".join(f"{name} ({score:.1f}): {text}" for name, score, text in scan.reasons)
            said = about_scan(scan)
            notes = said.details if said is not None else "\n".join(scan.notes)
            sentence = f"Read as {scan.layout}: {understood(scan)}."
            self._controller.messages.add(
                Entry("note", shown(scan.root), sentence, "", f"{notes}\n{why}".strip())
            )

    def set_reading(self) -> None:
        from app.views.reading_dialog import ReadingDialog
        from inspector_core.data import readers
        from inspector_core.settings import declared

        scan = self._controller.session.scan
        if scan is None:
            return
        known = {name: readers.load(name) for name in readers.READERS}
        dialog = ReadingDialog(
            [(name, reader.title) for name, reader in known.items()],
            lambda name: declared(known[name].settings),
            scan.layout,
            scan.refs[0].options if scan.refs else {},
            [in_window(problem.sentence) for problem in scan.problems],
            self._window,
        )
        if dialog.exec():
            self._controller.open_folder(
                Path(scan.root), layout=dialog.chosen, options=dialog.values
            )

    def show_log(self) -> None:
        path = self._controller.places.logs / LOG_NAME
        if not path.exists() or not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            self._controller.messages.add(Entry("note", "Log file", f"{shown(path)}."))

    def show_about(self) -> None:
        QMessageBox.about(
            self._window,
            "About Relief Inspector",
            f"<b>Relief Inspector {inspector_core.__version__}</b><br>"
            "Finds, measures and explains defects on parts seen in colour and in 3D.<br>"
            "Works without a network; nothing leaves this computer.<br><br>"
            "Apache License 2.0. Fonts: Inter and Noto Sans SC, SIL Open Font License 1.1.",
        )

    def _ask_folder(self, title: str, purpose: str, start: str = "") -> Path | None:
        kept = self._preferences.folder(purpose)
        if purpose not in self._preferences.look.folders and start and Path(start).is_dir():
            kept = start
        chosen = QFileDialog.getExistingDirectory(self._window, title, kept)
        if not chosen:
            return None
        self._preferences.remember_folder(purpose, Path(chosen).parent)
        return Path(chosen)
