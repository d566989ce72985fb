"""Models without a window."""

from __future__ import annotations

import pytest

from app.model.session import Session
from app.model.thresholds import ThresholdModel
from app.model.undo import UndoStack


@pytest.fixture
def session(qapp) -> Session:
    return Session()


@pytest.fixture
def undo(qapp) -> UndoStack:
    return UndoStack()


@pytest.fixture
def limits(session: Session, undo: UndoStack) -> ThresholdModel:
    return ThresholdModel(session, undo)
