"""Session, selection, messages, loader, recent, preferences."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from app.model.loader import KEPT, PartLoader
from app.model.messages import Entry, MessageList
from app.model.open_part import OpenPart
from app.model.part_view import PartView
from app.model.places import Places
from app.model.preferences import Preferences
from app.model.recent import MOST, Recent
from app.model.selection import SelectionModel
from app.model.session import Busy
from app.words import about_scan, recipe_note
from app.worker.sentences import in_window
from inspector_core.types import Problem, SampleRef, Scan, Thresholds
from tests.app.material import make_recipe, make_result, make_scan, read

LIMITS = Thresholds(1.0, 2.0)


def test_that_another_recipe_forgets_results(session):
    session.set_scan(make_scan("test/good/000"))
    session.set_recipe(make_recipe((1.0,), 1.0, 2.0))
    session.add_result(make_result("test/good/000", 1.0, LIMITS))
    session.set_recipe(make_recipe((1.0,), 1.0, 3.0))
    assert session.results == ()


def test_that_results_stand_in_the_folders_order(session):
    ids = ("test/good/000", "test/good/001", "test/good/002")
    session.set_scan(make_scan(*ids))
    for name in reversed(ids):
        session.add_result(make_result(name, 1.0, LIMITS))
    assert [result.id for result in session.results] == list(ids)


def test_that_only_parts_of_the_folder_can_be_shown(session):
    session.set_scan(make_scan("test/good/000"))
    session.set_current("test/good/999")
    assert session.current == ""


def test_that_time_left_is_told_after_five_seconds():
    busy = Busy("Inspecting", 10, 40, started=100.0)
    assert busy.seconds_left(104.0) is None
    assert busy.seconds_left(110.0) == 30.0
    assert Busy("Reading", 10, 0, started=100.0).seconds_left(110.0) is None


def test_that_a_defect_that_vanished_is_deselected(qapp):
    selection = SelectionModel()
    selection.set_numbers((1, 2))
    selection.select(2)
    selection.set_numbers((1,))
    assert selection.defect == 0


def test_that_stepping_goes_through_the_defects_and_stops_at_the_ends(qapp):
    selection = SelectionModel()
    selection.set_numbers((1, 2, 3))
    visited = []
    for offset in (1, 1, 1, 1, -1):
        selection.step(offset)
        visited.append(selection.defect)
    assert visited == [1, 2, 3, 3, 2]


def test_that_an_equal_message_appears_once(qapp):
    messages = MessageList()
    messages.add(Entry("problem", "a", "one"))
    messages.add(Entry("problem", "b", "two"))
    messages.add(Entry("problem", "a", "one"))
    assert messages.position == (2, 2)
    assert messages.front == Entry("problem", "a", "one")


def test_that_dismissing_shows_the_message_before(qapp):
    messages = MessageList()
    for name in "ab":
        messages.add(Entry("problem", name, name))
    messages.dismiss()
    assert messages.front == Entry("problem", "a", "a")
    messages.dismiss()
    assert messages.front is None


def _opened(name: str) -> OpenPart:
    ref = SampleRef(name, "test", "good", {}, read)
    return OpenPart(ref, PartView(name))


def test_that_a_part_in_memory_is_shown_at_once(qapp):
    loader, wanted, opened = PartLoader(), [], []
    loader.wanted.connect(wanted.append)
    loader.opened.connect(lambda part: opened.append(part.ref.id))
    loader.show("a")
    loader.arrived(_opened("a"))
    loader.show("b")
    loader.arrived(_opened("b"))
    loader.show("a")
    assert wanted == ["a", "b"]
    assert opened == ["a", "b", "a"]


def test_that_an_answer_nobody_waits_for_is_kept_but_not_shown(qapp):
    loader, opened = PartLoader(), []
    loader.opened.connect(lambda part: opened.append(part.ref.id))
    loader.show("a")
    loader.arrived(_opened("b"))
    assert opened == []
    assert loader.missing(["b", "c"]) == ["c"]


def test_that_only_a_few_parts_are_held(qapp):
    loader = PartLoader()
    names = [str(i) for i in range(KEPT + 3)]
    for name in names:
        loader.arrived(_opened(name))
    assert loader.missing(names) == names[:3]


def test_that_forgetting_the_shown_part_asks_for_it_again(qapp):
    loader, wanted = PartLoader(), []
    loader.wanted.connect(wanted.append)
    loader.show("a")
    loader.arrived(_opened("a"))
    loader.forget("a")
    assert wanted == ["a", "a"]


def test_that_ten_recent_places_are_kept_newest_first(qapp, tmp_path):
    recent = Recent(tmp_path)
    for number in range(MOST + 2):
        recent.add(tmp_path / str(number), "folder", "")
    recent.add(tmp_path / "5", "folder", "again")
    names = [item.name for item in Recent(tmp_path).items]
    assert names[:2] == ["5", "11"]
    assert len(names) == MOST


def test_that_a_missing_recent_place_is_known(qapp, tmp_path):
    recent = Recent(tmp_path)
    recent.add(tmp_path / "gone", "folder", "")
    assert not recent.items[0].exists


def test_that_a_damaged_recent_file_is_like_none(qapp, tmp_path):
    (tmp_path / "recent.json").write_text("[{")
    assert Recent(tmp_path).items == ()


def test_that_preferences_come_back(qapp, tmp_path):
    first = Preferences(tmp_path)
    first.set(theme="light", opacity=0.5)
    first.save()
    second = Preferences(tmp_path)
    assert (second.look.theme, second.look.opacity) == ("light", 0.5)
    assert second.problem == ""


def test_that_damaged_preferences_are_kept_beside_and_told(qapp, tmp_path):
    path = tmp_path / "window.json"
    path.write_text(json.dumps({"opacity": "much"}))
    preferences = Preferences(tmp_path)
    assert preferences.look.opacity == 1.0
    assert "window.json.bad" in preferences.problem
    assert (tmp_path / "window.json.bad").exists()


def test_that_a_preference_says_only_real_changes(qapp, tmp_path):
    preferences, said = Preferences(tmp_path), []
    preferences.changed.connect(said.append)
    preferences.set(theme="dark", opacity=0.7)
    assert said == ["opacity"]


def test_that_scratch_of_a_week_ago_is_removed(tmp_path):
    import os

    places = Places(tmp_path, tmp_path, tmp_path, tmp_path / "cache")
    old = tmp_path / "cache" / "run-dead"
    old.mkdir(parents=True)
    os.utime(old, (0, 0))
    with places.scratch_folder() as folder:
        assert Path(folder).parent == tmp_path / "cache"
    assert not old.exists()


def test_that_cures_of_the_command_line_are_told_in_the_words_of_the_window():
    said = in_window("a.png: depth without a scale; give it: --set depth_scale=0.001.")
    assert said == "a.png: depth without a scale; give it: Depth scale = 0.001."


def test_that_a_folder_says_when_none_of_its_parts_can_be_used():
    def said(*broken: str) -> str:
        refs = [SampleRef(n, "test", None, {"rgb": f"/d/{n}.png"}, read) for n in ("a", "b")]
        problems = [Problem(f"{name}.png", "ends early", "copy it again") for name in broken]
        entry = about_scan(Scan("/d", "folder", tuple(refs), tuple(problems), unit="mm"))
        return "" if entry is None else entry.sentence

    assert said() == ""
    assert said("a") == "1 problem found while reading; the other parts can be used."
    assert said("a", "b") == "2 problems found while reading; no part can be used as it is."


def test_that_a_recipe_says_why_its_detector_was_chosen():
    recipe = make_recipe((1.0,), 1.0, 1.0)
    assert recipe_note(recipe) == "aligned · learnt from 20 parts."
    chosen = replace(recipe, fingerprint={"choice": {"reasons": ["They match.", "It compares."]}})
    assert recipe_note(chosen) == "aligned · learnt from 20 parts. They match. It compares."
