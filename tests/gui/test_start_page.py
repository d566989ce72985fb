"""The page of an empty window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QPushButton

from app.model.recent import RecentItem
from app.theme.apply import apply_theme
from app.theme.tokens import DARK
from app.views.start_page import StartPage
from app.views.start_page.recent_list import when_words

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)


@pytest.fixture
def page(qapp, qtbot) -> StartPage:
    apply_theme(qapp, "dark")
    page = StartPage()
    qtbot.addWidget(page)
    page.resize(1100, 700)
    page.show()
    qtbot.waitExposed(page)
    return page


@pytest.mark.parametrize("name", ["sample", "folder", "recipe"])
def test_that_each_card_asks_by_mouse_and_by_keyboard(page, qtbot, name):
    signal = getattr(page, f"{name}_requested")
    card = page.cards[name]
    with qtbot.waitSignal(signal):
        qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    card.setFocus()
    with qtbot.waitSignal(signal):
        qtbot.keyClick(card, Qt.Key.Key_Space)


def test_that_cards_have_names_descriptions_and_their_keys(page):
    names = [card.accessibleName() for card in page.cards.values()]
    assert names == ["Try the sample part", "Open a folder", "Open a recipe"]
    assert all(card.accessibleDescription() for card in page.cards.values())
    assert [card.toolTip()[-7:] for card in page.cards.values()] == [
        "(Ctrl+T)"[-7:],
        "Ctrl+O)",
        "Ctrl+R)",
    ]


def test_that_the_focused_card_has_a_ring_and_the_page_gives_the_keyboard_to_the_first(page, qtbot):
    page.activateWindow()
    page.setFocus()
    qtbot.waitUntil(page.cards["sample"].hasFocus)
    edge = {
        name: card.grab().toImage().pixelColor(card.width() // 2, 0).name()
        for name, card in page.cards.items()
    }
    assert edge["sample"] == QColor(DARK.accent).name()
    assert edge["folder"] != edge["sample"]


def recents(tmp_path) -> list[RecentItem]:
    when = datetime.now(UTC).isoformat()
    return [
        RecentItem(str(tmp_path), "folder", "68 parts · recipe casting-2", when),
        RecentItem(str(tmp_path / "gone"), "recipe", "aligned", when),
    ]


def rows(page: StartPage) -> list[QAbstractButton]:
    cards = set(page.cards.values())
    buttons = page.findChildren(QAbstractButton)
    return [
        b for b in buttons if b not in cards and not isinstance(b, QPushButton) and b.isVisible()
    ]


def test_that_recent_items_open_and_missing_ones_are_greyed(page, qtbot, tmp_path):
    items = recents(tmp_path)
    page.show_recents(items)
    qtbot.waitUntil(lambda: len(rows(page)) == 2)
    there, gone = rows(page)
    assert "68 parts · recipe casting-2" in there.accessibleName()
    assert "not there any more" in gone.accessibleName()
    assert not gone.isEnabled()
    with qtbot.waitSignal(page.recent_chosen) as caught:
        qtbot.mouseClick(there, Qt.MouseButton.LeftButton)
    assert caught.args == [items[0]]


def test_that_the_list_can_be_cleared_and_is_gone_when_empty(page, qtbot, tmp_path):
    page.show_recents(recents(tmp_path))
    clear = page.findChild(QPushButton)
    with qtbot.waitSignal(page.recents_cleared):
        clear.click()
    page.show_recents([])
    assert rows(page) == []


def drop(page: StartPage, kind: type, mime: QMimeData):
    common = (
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    place = QPointF(300, 300)
    event = kind(place.toPoint() if kind is QDragEnterEvent else place, *common)
    event.ignore()
    QApplication.sendEvent(page.viewport(), event)
    return event


def test_that_a_dropped_folder_is_told_and_anything_else_refused(page, qtbot, tmp_path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    assert drop(page, QDragEnterEvent, mime).isAccepted()
    with qtbot.waitSignal(page.path_dropped) as caught:
        drop(page, QDropEvent, mime)
    assert caught.args == [str(tmp_path)]
    text = QMimeData()
    text.setText("not a file")
    assert not drop(page, QDragEnterEvent, text).isAccepted()


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (timedelta(minutes=10), "today 15:20"),
        (timedelta(days=1), "yesterday 15:30"),
        (timedelta(days=9), "12 Nov"),
        (timedelta(days=400), "17 Oct 2025"),
    ],
)
def test_that_times_are_told_as_people_do(before, words):
    assert when_words(NOW - before, NOW) == words


def test_that_the_page_fits_the_smallest_window(page, tmp_path):
    page.show_recents(recents(tmp_path))
    assert page.widget().minimumSizeHint().width() <= 1100
    assert page.horizontalScrollBar().maximum() == 0
