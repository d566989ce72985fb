"""Dialogs: settings from their declaration, learn, report."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from app.model.automatic import AutomaticModel
from app.model.learning import about_learning, settings_of
from app.model.weights import WeightsModel
from app.theme.number_box import ChoiceBox, NumberBox, WholeBox
from app.views.learn_dialog import LearnDialog
from app.views.report_dialog import ReportDialog
from app.views.settings_form import SettingsForm, SettingsGroups, title_of
from inspector_core.detectors.default_choice import Choice
from inspector_core.settings import declared, setting
from tests.core.flat_detector import Flat
from tests.gui.tiny_engine import refs, tiny_scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    count: int = setting(5, low=1, high=9, help="How many.")
    share: float = setting(0.25, low=0.0, high=1.0, help="A share.", published=0.1)
    reach_mm: float = setting(1.5, low=0.1, high=50.0, unit="mm", help="How far.")
    smooth: bool = setting(True, help="Whether to smooth.")
    way: Literal["near", "far"] = setting("near", choices=("near", "far"), help="Which way.")


@pytest.fixture
def form(qtbot) -> SettingsForm:
    form = SettingsForm(declared(Examples))
    qtbot.addWidget(form)
    return form


def test_that_untouched_settings_are_not_given(form):
    assert form.values() == {}


def test_that_changed_settings_come_in_their_type(form):
    form.editors["count"].setValue(7)
    form.editors["share"].setValue(0.5)
    form.editors["smooth"].setChecked(False)
    form.editors["way"].setCurrentText("far")
    assert form.values() == {"count": 7, "share": 0.5, "smooth": False, "way": "far"}


def test_that_a_range_of_the_declaration_cannot_be_left(form):
    form.editors["count"].setValue(99)
    assert form.values() == {"count": 9}


def test_that_every_editor_has_a_name_and_a_help_for_screen_readers(form):
    for entry in declared(Examples):
        editor = form.editors[entry.name]
        assert editor.accessibleName() == title_of(entry)
        assert editor.accessibleDescription() == entry.help


def test_that_a_unit_stands_behind_the_value_and_not_in_the_name(form):
    entry = next(entry for entry in declared(Examples) if entry.name == "reach_mm")
    assert title_of(entry) == "Reach"
    assert form.editors["reach_mm"].text() == "1.5 mm"


def test_that_a_value_with_a_word_of_its_own_shows_that_word(qtbot):
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Gain:
        gain: float = setting(0.0, low=0.0, high=20.0, zero="auto", help="A factor.")

    form = SettingsForm(declared(Gain))
    qtbot.addWidget(form)
    assert form.editors["gain"].text() == "auto"
    form.editors["gain"].setValue(2.0)
    assert form.values() == {"gain": 2.0}


@pytest.fixture
def learn(qtbot, tmp_path) -> LearnDialog:
    owner = QWidget()
    qtbot.addWidget(owner)
    scan = tiny_scan()
    dialog = LearnDialog(
        (Flat.info,),
        settings_of,
        partial(about_learning, scan),
        WeightsModel(owner),
        AutomaticModel((Flat.info,)),
        "blocks",
        tmp_path,
        owner,
    )
    yield dialog
    owner.deleteLater()


def test_that_learning_says_what_is_held_out_and_what_can_be_promised(learn):
    text = learn.sentence
    assert "from 8 parts and holds 8 out" in text
    assert "no promise below 31 %" in text


def test_that_the_folder_follows_the_name_until_it_is_chosen(learn, tmp_path):
    assert learn.folder == tmp_path / "blocks"
    learn.name_field.setText("other")
    learn.name_field.textEdited.emit("other")
    assert learn.folder == tmp_path / "other"


def test_that_a_recipe_that_exists_is_replaced_only_when_asked(learn, tmp_path):
    (tmp_path / "blocks").mkdir()
    learn._check()
    assert not learn.learn_button.isEnabled()
    learn.replace_box.setChecked(True)
    assert learn.learn_button.isEnabled()
    assert learn.replaces


def test_that_the_form_holds_the_settings_of_detector_preparation_and_decision(learn):
    learn.detector_box.setCurrentIndex(1)
    names = set(learn.form.editors)
    assert {"strength", "rgb_gain", "minimum_area_mm2"} <= names
    learn.form.editors["strength"].setValue(2.0)
    assert learn.values == {"strength": 2.0}


def test_that_the_automatic_choice_comes_first_and_says_what_it_is_doing(learn):
    assert learn.detector_box.currentText() == "Automatic (recommended)"
    assert learn.detector == "auto"
    assert learn.why.startswith("Looking at a few good parts")
    assert learn.learn_button.isEnabled()
    assert {"rgb_gain", "minimum_area_mm2"} <= set(learn.form.editors)
    assert "strength" not in learn.form.editors


def test_that_the_automatic_choice_says_the_detector_and_why(learn):
    learn.automatic.answer(Choice("flat", ("They match.", "It compares.")))
    assert learn.why == "Suits best: Flat. They match. It compares."
    learn.detector_box.setCurrentIndex(1)
    assert learn.detector == "flat"
    assert learn.why == "Tests. Mean picture and mean height."


def test_that_an_answer_does_not_disturb_who_chose_another_detector(learn):
    learn.detector_box.setCurrentIndex(1)
    learn.automatic.answer(Choice("flat", ("They match.",)))
    assert learn.why == "Tests. Mean picture and mean height."
    learn.detector_box.setCurrentIndex(0)
    assert learn.why == "Suits best: Flat. They match."


def test_that_a_look_that_failed_says_why(learn):
    learn.automatic.fail("The parts hold no good parts to learn from.")
    assert learn.why == "The parts hold no good parts to learn from."


def test_that_the_good_parts_are_asked_once(qapp):
    model, asked = AutomaticModel((Flat.info,)), []
    model.asked.connect(lambda: asked.append(1))
    model.look()
    model.look()
    assert asked == [1]


def test_that_the_sentence_follows_the_share_that_is_held_out(qtbot, tmp_path):
    owner = QWidget()
    qtbot.addWidget(owner)
    scan = replace(tiny_scan(), refs=tuple(refs(20, 0, "train")))
    dialog = LearnDialog(
        (Flat.info,),
        settings_of,
        partial(about_learning, scan),
        WeightsModel(owner),
        AutomaticModel((Flat.info,)),
        "blocks",
        tmp_path,
        owner,
    )
    assert "from 15 parts and holds 5 out" in dialog.sentence
    dialog.form.editors["held_out"].setValue(0.5)
    assert "from 10 parts and holds 10 out" in dialog.sentence
    dialog.form.editors["held_out"].setValue(0.0)
    assert "all 20 good parts and holds none out" in dialog.sentence
    owner.deleteLater()


def test_that_a_detector_that_can_holds_out_all_parts_in_turn(qtbot, tmp_path):
    owner = QWidget()
    qtbot.addWidget(owner)
    scan = replace(tiny_scan(), refs=tuple(refs(20, 0, "train")))
    able = replace(Flat.info, leaves_out=True)
    automatic = AutomaticModel((able,))
    dialog = LearnDialog(
        (able,),
        settings_of,
        partial(about_learning, scan),
        WeightsModel(owner),
        automatic,
        "blocks",
        tmp_path,
        owner,
    )
    assert "from 15 parts and holds 5 out to" in dialog.sentence
    automatic.answer(Choice("flat", ("Because.",)))
    assert "from 20 parts and holds 20 out, each in its turn, to" in dialog.sentence
    dialog.form.editors["in_turn"].setChecked(False)
    assert "from 15 parts and holds 5 out to" in dialog.sentence
    owner.deleteLater()


@pytest.fixture
def groups(qtbot) -> SettingsGroups:
    entries = declared(Examples)
    groups = SettingsGroups((("Detector", entries[:2]), ("Defects", entries[2:])))
    qtbot.addWidget(groups)
    groups.show()
    return groups


def test_that_the_first_group_is_open_and_the_others_fold(groups):
    first, second = groups.groups.values()
    assert first.form.isVisible()
    assert not second.form.isVisible()
    second.head.click()
    assert second.form.isVisible()
    assert second.head.text() == "Defects · 3 settings"


def test_that_a_folded_group_says_how_many_of_its_settings_were_changed(groups):
    groups.editors["smooth"].setChecked(False)
    assert groups.groups["Defects"].head.text() == "Defects · 3 settings, 1 changed"
    assert groups.values() == {"smooth": False}


def test_that_a_search_finds_settings_in_folded_groups_and_hides_the_rest(groups):
    groups.field.setText("smooth")
    assert groups.editors["smooth"].isVisible()
    assert not groups.editors["count"].isVisible()
    assert not groups.groups["Detector"].isVisible()
    groups.field.setText("how")
    assert groups.editors["count"].isVisible()
    assert groups.editors["reach_mm"].isVisible()
    groups.field.clear()
    assert groups.editors["count"].isVisible()
    assert not groups.editors["smooth"].isVisible()


def test_that_a_report_needs_a_format_and_a_free_folder(qtbot, tmp_path):
    owner = QWidget()
    qtbot.addWidget(owner)
    dialog = ReportDialog(("pdf", "json"), (), tmp_path / "new", "A report now", "", owner)
    assert dialog.formats == ("pdf", "json")
    assert dialog.export_button.isEnabled()
    for box in dialog.boxes.values():
        box.setChecked(False)
    assert not dialog.export_button.isEnabled()
    dialog.boxes["json"].setChecked(True)
    dialog.folder_field.set_path(tmp_path)
    assert not dialog.export_button.isEnabled()
    dialog.replace_box.setChecked(True)
    assert dialog.export_button.isEnabled()


@pytest.mark.parametrize("kind", [NumberBox, WholeBox, ChoiceBox])
def test_that_the_wheel_scrolls_the_page_until_a_field_has_the_focus(qtbot, kind):
    owner = QWidget()
    qtbot.addWidget(owner)
    field, other = kind(), QLineEdit(owner)
    field.setParent(owner)
    if kind is ChoiceBox:
        field.addItems(["a", "b", "c"])
        field.setCurrentIndex(1)
    owner.show()
    owner.activateWindow()
    other.setFocus()
    qtbot.waitUntil(other.hasFocus)

    def value():
        return field.currentIndex() if kind is ChoiceBox else field.value()

    before = value()
    QApplication.sendEvent(field, wheel(field))
    assert value() == before
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    QApplication.sendEvent(field, wheel(field))
    assert value() != before


def wheel(field: QWidget) -> QWheelEvent:
    """One notch upwards over the middle of a field."""
    place = QPointF(field.rect().center())
    return QWheelEvent(
        place,
        QPointF(field.mapToGlobal(place.toPoint())),
        QPoint(),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )


def test_that_a_small_scale_can_be_typed(qtbot):
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Scale:
        depth_scale: float = setting(0.0, low=0.0, high=1.0, unit="m", help="Metres a value.")

    form = SettingsForm(declared(Scale))
    qtbot.addWidget(form)
    form.editors["depth_scale"].setValue(0.00025)
    assert form.values() == {"depth_scale": 0.00025}
    assert form.editors["depth_scale"].text() == "0.00025 m"


def test_that_reading_settings_follow_the_layout(qtbot):
    from app.views.reading_dialog import ReadingDialog
    from inspector_core.data import readers

    owner = QWidget()
    qtbot.addWidget(owner)
    known = {name: readers.load(name) for name in readers.READERS}
    dialog = ReadingDialog(
        [(name, reader.title) for name, reader in known.items()],
        lambda name: declared(known[name].settings),
        "folder",
        {"max_depth": 900.0},
        ["a.png: depth without a scale; give it: Depth scale = 0.001."] * 5,
        owner,
    )
    assert dialog.chosen == "folder"
    assert dialog.values == {"max_depth": 900.0}
    assert dialog.focusWidget() is dialog.form.editors["depth_scale"]
    dialog.form.editors["max_depth"].setValue(0.0)
    dialog.form.editors["depth_scale"].setValue(0.0001)
    assert dialog.values == {"depth_scale": 0.0001}
    dialog.layout_box.setCurrentIndex(list(known).index("eyecandies"))
    assert dialog.chosen == "eyecandies"
    assert "light" in dialog.form.editors
    owner.deleteLater()


def test_that_nominal_millimetres_are_named_below_the_table(qtbot):
    from PySide6.QtCore import Qt

    from app.views.inspector import Inspector

    inspector = Inspector()
    qtbot.addWidget(inspector)
    assert inspector.legend.startswith("Measured on the surface")
    inspector.table.show_defects((), "nominal mm", 0)
    inspector.show_unit("nominal mm")
    assert inspector.legend.startswith("In nominal mm")
    horizontal = Qt.Orientation.Horizontal
    heads = [str(inspector.table.rows.headerData(i, horizontal)) for i in range(6)]
    assert heads[2:5] == ["Area\nmm²", "L × W\nmm", "Height\nmm"]
