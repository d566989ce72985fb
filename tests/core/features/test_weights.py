"""The registry of pretrained networks: strict names, checked bytes, no code in files, no network unasked."""

from __future__ import annotations

import http.server
import pickle
import sys
import threading
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from inspector_core.errors import WeightsError
from inspector_core.features import weights
from inspector_core.features.weights import Entry, store
from inspector_core.features.weights.catalogue import expected
from inspector_core.files import sha256_file
from inspector_core.progress import drain

HEADS, MOBILE = "inctrl.heads", "mobilenetv2_100.ra_in1k"


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    place = tmp_path / "weights"
    monkeypatch.setenv("RELIEF_WEIGHTS", str(place))
    return place


def tensors(name, prefix=""):
    torch.manual_seed(0)
    return {prefix + key: torch.rand(shape) for key, shape in expected(name).items()}


def checkpoint(tmp_path, content, name="file.pth"):
    path = tmp_path / name
    torch.save(content, path)
    return path


def test_that_every_entry_says_where_it_comes_from_and_what_it_holds():
    for entry in weights.catalogue().values():
        assert entry.title
        assert entry.licence
        assert entry.shipped or entry.page.startswith("https://")
        assert entry.used_by
        assert not entry.sha256 or 8 <= len(entry.sha256) <= 64


@pytest.mark.heavy
def test_that_every_network_can_be_built_and_compared_with():
    for name in weights.catalogue():
        assert len(expected(name)) > 3, name


def test_that_a_checkpoint_is_taken_in_under_the_networks_own_names(tmp_path):
    plain = tensors("point_mae.pretrain")
    content = {
        "base_model": {
            **{f"module.MAE_encoder.{key}": value for key, value in plain.items()},
            "module.MAE_decoder.norm.weight": torch.zeros(3),
            "module.mask_token": torch.zeros(1, 1, 384),
        },
        "epoch": 300,
    }
    found = weights.add(checkpoint(tmp_path, content), "point_mae.pretrain")
    assert found.presence == "present"
    assert not found.checked
    kept = weights.load("point_mae.pretrain")
    assert kept.keys() == plain.keys()
    assert all(torch.equal(kept[key], plain[key]) for key in plain)
    assert weights.verify("point_mae.pretrain").presence == "present"


def test_that_a_network_is_recognised_by_its_layout(tmp_path):
    save_file(tensors(HEADS), tmp_path / "mine.safetensors")
    assert weights.add(tmp_path / "mine.safetensors").entry.name == HEADS


def test_that_a_file_that_fits_several_networks_must_be_named(tmp_path):
    save_file(tensors(MOBILE), tmp_path / "mine.safetensors")
    with pytest.raises(WeightsError, match="fits several networks") as caught:
        weights.add(tmp_path / "mine.safetensors")
    assert "mobilenetv2_100.tf_in1k" in caught.value.cure


def test_that_the_published_file_name_tells_which_category_file_it_is(tmp_path):
    path = checkpoint(tmp_path, tensors("cfm.2d_to_3d"), "CFM_2Dto3D_bagel_250ep_4bs.pth")
    assert weights.add(path).entry.name == "cfm.2d_to_3d"


def test_that_a_pickle_with_code_is_refused_and_never_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    path = tmp_path / "evil.pth"
    path.write_bytes(pickle.dumps({"state_dict": Trap()}))
    with pytest.raises(WeightsError, match=r"would run code|no checkpoint"):
        weights.add(path, HEADS)
    with pytest.raises(WeightsError):
        weights.add(checkpoint(tmp_path, {"state_dict": Trap()}, "zip.pth"), HEADS)
    assert not (tmp_path / "sprung").exists()


def test_that_a_file_of_another_kind_is_called_that(tmp_path):
    (tmp_path / "notes.md").write_text("# Notes")
    with pytest.raises(WeightsError, match=r"notes\.md is neither safetensors nor a checkpoint"):
        weights.add(tmp_path / "notes.md")
    (tmp_path / "empty.safetensors").write_bytes(b"")
    with pytest.raises(WeightsError, match="damaged or no safetensors"):
        weights.add(tmp_path / "empty.safetensors", HEADS)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda found: found.pop("adapter.fc.0.weight"), "lacks adapter.fc.0.weight"),
        (lambda found: found.update({"adapter.fc.9.weight": torch.zeros(1)}), "has besides"),
        (lambda found: found.update({"adapter.fc.0.weight": torch.zeros(1)}), "another size"),
    ],
)
def test_that_names_and_shapes_are_strict(tmp_path, change, problem):
    found = tensors(HEADS)
    change(found)
    save_file(found, tmp_path / "mine.safetensors")
    with pytest.raises(WeightsError, match=problem) as caught:
        weights.add(tmp_path / "mine.safetensors", HEADS)
    assert "mine.safetensors" in caught.value.message
    assert weights.find(HEADS) is None


def test_that_altered_bytes_are_refused_when_loaded(tmp_path, folder):
    save_file(tensors(HEADS), tmp_path / "mine.safetensors")
    weights.add(tmp_path / "mine.safetensors", HEADS)
    path = folder / f"{HEADS}.safetensors"
    found = load_file(path)
    found["adapter.fc.0.weight"] += 1
    save_file(found, path)
    with pytest.raises(WeightsError, match="changed since it was added"):
        weights.load(HEADS)
    assert weights.verify(HEADS).presence == "altered"


def test_that_bytes_that_differ_from_the_published_ones_need_force(tmp_path):
    path = tmp_path / weights.entry_of(MOBILE).file
    torch.save(tensors(MOBILE), path)
    with pytest.raises(WeightsError, match="not the published bytes"):
        weights.add(path)
    assert not weights.add(path, force=True).checked


def test_that_what_is_here_is_replaced_with_force_alone(tmp_path):
    save_file(tensors(HEADS), tmp_path / "mine.safetensors")
    weights.add(tmp_path / "mine.safetensors", HEADS)
    with pytest.raises(WeightsError, match="is here already") as caught:
        weights.add(tmp_path / "mine.safetensors", HEADS)
    assert "--force" in caught.value.cure
    weights.add(tmp_path / "mine.safetensors", HEADS, force=True)


def test_that_a_missing_network_is_named_with_the_way_to_get_it():
    with pytest.raises(WeightsError, match="not on this machine") as caught:
        weights.load("resnet18.tv_in1k")
    assert "relief weights fetch resnet18.tv_in1k" in caught.value.cure
    with pytest.raises(WeightsError, match="no network named") as caught:
        weights.load("resnet19")
    assert "resnet18.tv_in1k" in caught.value.cure


@pytest.fixture
def published(tmp_path, monkeypatch):
    """A publisher on this machine: a server and the entry that names its file."""
    place = tmp_path / "server"
    place.mkdir()
    path = place / "heads.pth"
    torch.save(tensors(HEADS), path)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(place))

        def log_message(self, *_args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/heads.pth"
    entries = dict(weights.catalogue())
    entries[HEADS] = replace(entries[HEADS], url=address, sha256=sha256_file(path))
    # the package's name for the function hides the module
    monkeypatch.setattr(sys.modules[Entry.__module__], "catalogue", lambda: entries)
    monkeypatch.setattr(store, "catalogue", lambda: entries)
    yield path, entries
    server.shutdown()


def test_that_fetch_loads_checks_and_takes_in(published, folder):
    assert drain(weights.fetch(HEADS)).checked
    assert sorted(path.name for path in folder.iterdir()) == [
        f"{HEADS}.json",
        f"{HEADS}.safetensors",
    ]
    assert weights.load(HEADS).keys() == expected(HEADS).keys()


def test_that_other_bytes_than_published_are_not_kept(published, folder):
    path, _ = published
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(WeightsError, match="other bytes than its publisher names"):
        drain(weights.fetch(HEADS))
    assert list(folder.iterdir()) == []


def test_that_a_cancelled_fetch_leaves_nothing(published, folder):
    job = weights.fetch(HEADS)
    next(job)
    job.close()
    assert list(folder.iterdir()) == []


def test_that_a_silent_publisher_is_said_with_the_way_round(published):
    path, _ = published
    path.unlink()
    with pytest.raises(WeightsError, match="does not answer") as caught:
        drain(weights.fetch(HEADS))
    assert "relief weights add FILE" in caught.value.cure


def test_that_networks_without_an_address_name_the_page():
    with pytest.raises(WeightsError, match="no plain address") as caught:
        drain(weights.fetch("cfm.2d_to_3d"))
    assert "https://github.com/CVLAB-Unibo" in caught.value.cure


def test_that_the_evaluation_network_is_added_by_its_bytes(shared):
    file = shared("weights", "mobilenetv2_imagenet", "mobilenetv2_100_imagenet_fp16.safetensors")
    found = weights.add(file)
    assert (found.entry.name, found.checked) == ("mobilenetv2_100.tf_in1k", True)
