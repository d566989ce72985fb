"""`relief weights`: listed, added, verified; what is refused and with which exit code."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from inspector_core import detectors
from inspector_core.features.weights.catalogue import expected
from tests.core.cli.conftest import follows

HEADS = "inctrl.heads"
OWN = "relief_extractor"


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path / "weights"))


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.safetensors"
    save_file({key: torch.zeros(shape) for key, shape in expected(HEADS).items()}, path)
    return path


def networks(document):
    follows(document, "relief-weights/1")
    return {one["name"]: one for one in document["networks"]}


def test_that_all_networks_are_listed_and_only_the_programs_own_is_here_at_first(relief):
    code, document, _ = relief("weights", "list", "--json")
    assert code == 0
    present = [n for n, one in networks(document).items() if one["presence"] == "present"]
    assert present == [OWN]
    assert {one["presence"] for one in networks(document).values()} == {"present", "missing"}


def test_that_the_programs_own_network_has_the_bytes_of_its_record(relief):
    code, document, _ = relief("weights", "verify", OWN, "--json")
    assert (code, networks(document)[OWN]["presence"]) == (0, "present")


def test_that_the_programs_own_network_is_replaced_by_force_alone(relief, tmp_path):
    mine = tmp_path / "mine.safetensors"
    save_file({key: torch.zeros(shape) for key, shape in expected(OWN).items()}, mine)
    code, _, said = relief("weights", "add", str(mine), "--as", OWN)
    assert (code, "comes with the program" in said) == (5, True)
    code, document, _ = relief("weights", "add", str(mine), "--as", OWN, "--force", "--json")
    assert (code, networks(document)[OWN]["origin"]) == (0, "mine.safetensors")


def test_that_a_file_is_added_listed_and_verified(relief, file):
    code, document, _ = relief("weights", "add", str(file), "--json")
    assert (code, document["action"]) == (0, "added")
    assert networks(document)[HEADS]["origin"] == "mine.safetensors"
    _, document, _ = relief("weights", "list", "--json")
    assert networks(document)[HEADS]["presence"] == "present"
    code, document, _ = relief("weights", "verify", "--json")
    assert (code, set(networks(document))) == (0, {HEADS, OWN})


def test_that_altered_weights_end_with_5(relief, file, tmp_path):
    relief("weights", "add", str(file))
    path = tmp_path / "weights" / f"{HEADS}.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    code, _, said = relief("weights", "verify")
    assert code == 5
    assert HEADS in said
    code, _, said = relief("weights", "fetch", HEADS)
    assert (code, "cannot be fetched" in said) == (5, True)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("add",), 2, "weights add needs a file"),
        (("fetch",), 2, "weights fetch needs a network"),
        (("list", "resnet18.tv_in1k"), 2, "takes no names"),
        (("add", "a", "b", "--as", HEADS), 2, "--as belongs to one file"),
        (("add", "nowhere.pth"), 5, "nowhere.pth is no file"),
        (("verify", "resnet18.tv_in1k"), 5, "is not on this machine"),
        (("verify", "resnet19"), 5, "no network named resnet19"),
    ],
)
def test_that_what_is_refused_is_said_in_a_sentence(relief, words, code, sentence):
    found, _, said = relief("weights", *words)
    assert (found, sentence in said) == (code, True), said


def test_that_detectors_say_which_network_they_would_use(relief, monkeypatch):
    known = {
        "patchcore": "inspector_core.detectors.patchcore:PatchCore",
        "inctrl": "inspector_core.detectors.inctrl.detector:InCTRL",
    }
    monkeypatch.setattr(detectors, "DETECTORS", {**detectors.DETECTORS, **known})
    _, document, _ = relief("detectors", "--json")
    follows(document, "relief-detectors/1")
    ready = {one["name"]: one["ready"] for one in document["detectors"]}
    assert ready == {"flat": True, "patchcore": True, "inctrl": False}
