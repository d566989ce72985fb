"""Every action of the window, once: menus, toolbar, palette, shortcut page and guide follow this table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from app.model.session import Facts


class Commands(Protocol):
    """What an action can do; the window offers these."""

    def open_folder(self) -> None: ...
    def open_recipe(self) -> None: ...
    def try_sample(self) -> None: ...
    def export_report(self) -> None: ...
    def copy_picture(self) -> None: ...
    def copy_defects(self) -> None: ...
    def quit(self) -> None: ...
    def undo(self) -> None: ...
    def redo(self) -> None: ...
    def learn(self) -> None: ...
    def inspect_all(self) -> None: ...
    def inspect_part(self) -> None: ...
    def evaluate(self) -> None: ...
    def toggle_evaluation(self) -> None: ...
    def export_evaluation(self) -> None: ...
    def cancel(self) -> None: ...
    def step_part(self, offset: int) -> None: ...
    def step_defect(self, offset: int) -> None: ...
    def step_limit(self, steps: int) -> None: ...
    def keep_limits(self) -> None: ...
    def back_to_recipe(self) -> None: ...
    def show_pane(self, index: int) -> None: ...
    def fit(self) -> None: ...
    def toggle_heat_map(self) -> None: ...
    def toggle_link(self) -> None: ...
    def next_colour_map(self) -> None: ...
    def switch_theme(self) -> None: ...
    def toggle_rail(self) -> None: ...
    def toggle_inspector(self) -> None: ...
    def toggle_full_screen(self) -> None: ...
    def focus_next_region(self) -> None: ...
    def search_commands(self) -> None: ...
    def show_shortcuts(self) -> None: ...
    def show_folder_facts(self) -> None: ...
    def set_reading(self) -> None: ...
    def show_log(self) -> None: ...
    def show_about(self) -> None: ...


def _always(_: Facts) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Action:
    """One action.

    shortcut : in Qt's portable text, empty for none; "std:Undo" takes the platform's own key.
    when : whether it makes sense now, from the facts alone.   is_on : makes it a toggle.
    also : other words under which people look for it.
    """

    id: str
    text: str
    shortcut: str
    icon: str
    menu: str
    run: Callable[[Commands], None]
    when: Callable[[Facts], bool] = _always
    is_on: Callable[[Facts], bool] | None = None
    also: str = ""


MENUS = ("File", "Edit", "Inspect", "Part", "View", "Help")

PANES = ("picture", "point cloud", "colour map", "shape map", "fused map")


def _pane(index: int) -> Action:
    return Action(
        f"pane.{index + 1}",
        f"Enlarge the {PANES[index]}",
        str(index + 1),
        "maximise",
        "View",
        lambda c: c.show_pane(index),
        when=lambda f: f.has_part,
        also="maximise pane view",
    )


ACTIONS: tuple[Action, ...] = (
    Action("folder.open", "Open folder…", "std:Open", "folder-open", "File",
           lambda c: c.open_folder(), when=lambda f: not f.is_busy, also="load parts data set"),
    Action("recipe.open", "Open recipe…", "Ctrl+R", "recipe", "File",
           lambda c: c.open_recipe(), when=lambda f: not f.is_busy, also="load model"),
    Action("sample.try", "Try the sample part", "Ctrl+T", "sample", "File",
           lambda c: c.try_sample(), when=lambda f: not f.is_busy, also="demo example casting"),
    Action("report.export", "Export report…", "Ctrl+E", "file-down", "File",
           lambda c: c.export_report(), when=lambda f: f.n_results > 0 and not f.is_busy,
           also="save pdf html csv json png"),
    Action("evaluation.export", "Export the evaluation…", "Ctrl+Shift+S", "file-down", "File",
           lambda c: c.export_evaluation(), when=lambda f: f.has_evaluation and not f.is_busy,
           also="save metrics table markdown csv html json"),
    Action("picture.copy", "Copy the picture", "Ctrl+Shift+C", "image", "File",
           lambda c: c.copy_picture(), when=lambda f: f.has_part, also="screenshot clipboard"),
    Action("folder.facts", "How this folder was read", "", "info", "File",
           lambda c: c.show_folder_facts(), when=lambda f: f.has_folder, also="scan problems units"),
    Action("folder.reading", "Reading settings…", "Ctrl+Shift+O", "sliders", "File",
           lambda c: c.set_reading(), when=lambda f: f.has_folder and not f.is_busy,
           also="unit metres millimetres scale layout depth format"),
    Action("window.quit", "Quit", "std:Quit", "x", "File", lambda c: c.quit(), also="close exit"),
    Action("edit.undo", "Undo", "std:Undo", "undo", "Edit",
           lambda c: c.undo(), when=lambda f: f.can_undo),
    Action("edit.redo", "Redo", "std:Redo", "redo", "Edit",
           lambda c: c.redo(), when=lambda f: f.can_redo),
    Action("defects.copy", "Copy the defect table", "Ctrl+Shift+T", "copy", "Edit",
           lambda c: c.copy_defects(), when=lambda f: f.n_defects > 0, also="clipboard numbers"),
    Action("commands.search", "Search commands", "Ctrl+K", "search", "Edit",
           lambda c: c.search_commands(), also="find palette"),
    Action("recipe.learn", "Learn…", "Ctrl+L", "learn", "Inspect",
           lambda c: c.learn(), when=lambda f: f.n_good > 0 and not f.is_busy,
           also="train fit calibrate recipe"),
    Action("parts.inspect", "Inspect all", "Ctrl+I", "play", "Inspect",
           lambda c: c.inspect_all(),
           when=lambda f: f.has_recipe and f.n_parts > 0 and not f.is_busy, also="run batch predict"),
    Action("part.inspect", "Inspect this part", "Ctrl+Shift+I", "refresh", "Inspect",
           lambda c: c.inspect_part(),
           when=lambda f: f.has_recipe and f.has_part and not f.is_busy, also="run one again"),
    Action("parts.evaluate", "Evaluate", "Ctrl+Shift+E", "histogram", "Inspect",
           lambda c: c.evaluate(),
           when=lambda f: f.has_recipe and f.n_labelled > 0 and not f.is_busy,
           also="metrics AUROC AUPRO PRO ROC curves confusion matrix compare truth benchmark"),
    Action("work.cancel", "Cancel the work", "Esc", "stop", "Inspect",
           lambda c: c.cancel(), when=lambda f: f.is_busy, also="stop abort"),
    Action("limits.lower", "Lower the reject limit", "[", "minus", "Inspect",
           lambda c: c.step_limit(-1), when=lambda f: f.has_recipe,
           also="threshold T2 sensitivity underkill escape"),
    Action("limits.higher", "Raise the reject limit", "]", "plus", "Inspect",
           lambda c: c.step_limit(1), when=lambda f: f.has_recipe,
           also="threshold T2 sensitivity overkill false reject"),
    Action("limits.back", "Back to the recipe's limits", "Ctrl+0", "restore", "Inspect",
           lambda c: c.back_to_recipe(), when=lambda f: f.limits_moved, also="threshold reset"),
    Action("limits.keep", "Keep these limits in the recipe", "Ctrl+S", "recipe", "Inspect",
           lambda c: c.keep_limits(), when=lambda f: f.limits_moved and not f.is_busy,
           also="threshold save fix"),
    Action("part.next", "Next part", "Right", "arrow-right", "Part",
           lambda c: c.step_part(1), when=lambda f: f.has_next),
    Action("part.previous", "Previous part", "Left", "arrow-left", "Part",
           lambda c: c.step_part(-1), when=lambda f: f.has_previous),
    Action("defect.next", "Next defect", "Down", "arrow-down", "Part",
           lambda c: c.step_defect(1), when=lambda f: f.n_defects > 0),
    Action("defect.previous", "Previous defect", "Up", "arrow-up", "Part",
           lambda c: c.step_defect(-1), when=lambda f: f.n_defects > 0),
    *(_pane(index) for index in range(len(PANES))),
    Action("view.fit", "Fit the part into the views", "F", "fit", "View",
           lambda c: c.fit(), when=lambda f: f.has_part, also="zoom reset home"),
    Action("view.evaluation", "Evaluation", "E", "histogram", "View",
           lambda c: c.toggle_evaluation(), when=lambda f: f.has_folder,
           is_on=lambda f: f.evaluation_shown, also="curves figures confusion matrix histogram"),
    Action("view.heat_map", "Heat maps", "H", "eye", "View",
           lambda c: c.toggle_heat_map(), is_on=lambda f: f.heat_map_shown, also="overlay map hide"),
    Action("view.link", "Pictures zoom together", "L", "link", "View",
           lambda c: c.toggle_link(), is_on=lambda f: f.linked, also="link unlink zoom pan"),
    Action("view.colours", "Next colour map", "C", "palette", "View",
           lambda c: c.next_colour_map(), also="inferno cividis grey colour blind"),
    Action("view.theme", "Light or dark theme", "T", "sun-moon", "View",
           lambda c: c.switch_theme(), also="night day contrast"),
    Action("view.rail", "Filmstrip", "Ctrl+B", "sidebar-left", "View",
           lambda c: c.toggle_rail(), is_on=lambda f: f.rail_shown, also="parts list panel"),
    Action("view.inspector", "Inspector", "Ctrl+J", "sidebar-right", "View",
           lambda c: c.toggle_inspector(), is_on=lambda f: f.inspector_shown,
           also="defects limits panel"),
    Action("view.full_screen", "Full screen", "std:FullScreen", "maximise", "View",
           lambda c: c.toggle_full_screen(), is_on=lambda f: f.full_screen),
    Action("view.next_region", "Next region", "F6", "layers", "View",
           lambda c: c.focus_next_region(), also="focus pane keyboard"),
    Action("help.shortcuts", "Shortcuts", "?", "keyboard", "Help",
           lambda c: c.show_shortcuts(), also="keys help"),
    Action("help.log", "Show the log file", "", "log", "Help",
           lambda c: c.show_log(), also="support details"),
    Action("help.about", "About Relief Inspector", "", "help", "Help",
           lambda c: c.show_about(), also="version licence"),
)  # fmt: skip

TOOLBAR = ("folder.open", "recipe.learn", "parts.inspect", "report.export")


def next_sensible(facts: Facts) -> str:
    """Id of the toolbar's action that brings the user on from here: the one accented one."""
    if not facts.has_folder:
        return "folder.open"
    if not facts.has_recipe:
        return "recipe.learn" if facts.n_good else "folder.open"
    return "report.export" if facts.n_results else "parts.inspect"


def by_id(action_id: str) -> Action:
    """The action of that id; KeyError when there is none."""
    for action in ACTIONS:
        if action.id == action_id:
            return action
    raise KeyError(action_id)
