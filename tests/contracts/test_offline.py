"""No detector opens a connection: not to learn, not to restore, not to judge, not to say what is missing."""

from __future__ import annotations

import socket

import pytest

from inspector_core.detectors import DETECTORS, load
from inspector_core.errors import WeightsError
from inspector_core.features import clip_towers, weights
from inspector_core.progress import drain
from inspector_core.settings import build, declared
from tests.contracts.test_detectors import CONTEXT, SHORT
from tests.contracts.tiny_parts import refs
from tests.core.detectors.random_weights import MOBILENET, random_weights
from tests.core.features.tiny_clip import tiny_towers


class Touched(Exception):
    """Somebody reached for the network."""


@pytest.fixture
def no_sockets(monkeypatch):
    """Opening a socket or resolving a name fails at once."""

    def refuse(*_args, **_options):
        raise Touched

    for name in ("socket", "create_connection", "getaddrinfo", "gethostbyname", "socketpair"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setattr("urllib.request.urlopen", refuse)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("networks")


def quick(name, **wanted):
    kind = load(name)
    known = {entry.name for entry in declared(kind.info.settings)}
    values = {"stages": "1", "size_px": 96, **SHORT}
    wanted = {key: value for key, value in (values | wanted).items() if key in known}
    return kind(build(kind.info.settings, wanted))


@pytest.mark.parametrize("name", DETECTORS)
def test_that_learning_and_judging_open_no_connection(name, folder, no_sockets, monkeypatch):
    monkeypatch.setattr(clip_towers, "open_towers", lambda reading=True: tiny_towers())
    monkeypatch.setattr(clip_towers, "network", lambda: ("tiny", "00ff"))
    # the weights are made once; what a run opens is not kept from an earlier one
    made = [] if (folder / "weights").exists() else [MOBILENET]
    with random_weights(folder, *made):
        detector = quick(name)
        scorer = detector.restore(drain(detector.learn(refs(2), CONTEXT)), CONTEXT)
        part = CONTEXT.prepare(refs(1, first=9, stain=True)[0].load())
        assert scorer.score(part).arrays()
        scorer.explain(part, (48, 48))


@pytest.mark.parametrize("name", [n for n in DETECTORS if load(n).info.weights])
def test_that_missing_weights_are_said_without_looking_for_them(
    name, no_sockets, monkeypatch, tmp_path
):
    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path))
    with pytest.raises(WeightsError) as caught:
        drain(quick(name, backbone="resnet18.tv_in1k").learn(refs(2), CONTEXT))
    assert "relief weights" in caught.value.cure


def test_that_listing_and_verifying_open_no_connection_and_fetching_does(
    no_sockets, monkeypatch, tmp_path
):
    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path))
    here = [one.entry.name for one in weights.status() if one.presence != "missing"]
    assert here == ["relief_extractor"]
    weights.verify("relief_extractor")
    with pytest.raises(WeightsError):
        weights.verify("resnet18.tv_in1k")
    with pytest.raises(Touched):
        drain(weights.fetch("resnet18.tv_in1k"))
