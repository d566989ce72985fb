"""The first minutes with the real detector: the bundled sample from the start page to its verdicts."""

from __future__ import annotations

import pytest

from app.controller import Controller
from app.model.places import Places
from app.model.preferences import Preferences
from app.window import Window
from app.worker.jobs import CoreEngine
from inspector_core.types import Verdict


@pytest.mark.heavy
@pytest.mark.timeout(1200)
def test_that_trying_the_sample_part_finds_its_defects_and_rejects_no_good_part(qtbot, tmp_path):
    places = Places(tmp_path / "c", tmp_path / "r", tmp_path / "l", tmp_path / "s")
    controller = Controller(CoreEngine("cpu"), places)
    window = Window(controller, Preferences(places.config))
    window.show()
    controller.start()
    controller.prepare_engine()
    done = []
    controller.try_sample(then=lambda: done.append(1))
    try:
        qtbot.waitUntil(
            lambda: bool(done) or controller.messages.front is not None, timeout=900_000
        )
        assert controller.messages.front is None
        results = controller.session.results
        good = [r for r in results if r.label == "good"]
        bad = [r for r in results if r.label != "good"]
        found = [r for r in bad if r.verdict in (Verdict.REJECT, Verdict.REVIEW)]
        assert len(found) >= 11
        assert not [r.id for r in good if r.verdict is Verdict.REJECT]
        assert controller.parts.counts[None] == len(results) == 20
        qtbot.waitUntil(lambda: controller.looking.is_calm, timeout=60_000)
        assert controller.current.decision is not None
    finally:
        window.close()
