"""Training the own extractor: the network, its resumption, its file, its command."""

from __future__ import annotations

import json
from functools import partial

import pytest
import torch

from inspector_core.cli.main import run
from inspector_core.device import Hardware
from inspector_core.errors import OutputError, SettingError, WeightsError
from inspector_core.features import extractor, weights
from inspector_core.features.weights.reading import read_state, training_record
from inspector_core.pretrain import extractor as training
from inspector_core.pretrain.extractor import Choices, Progressed, loss_of, rate_at, train
from inspector_core.pretrain.extractor_file import pretrain_extractor
from inspector_core.progress import drain
from tests.core.detectors.random_weights import MOBILENET, random_weights

QUICK = Choices(pictures=64, passes=1, side=32, seed=1, teacher=MOBILENET)


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    """Chunks of 32 pictures, and a teacher with random weights."""
    monkeypatch.setattr(training, "CHUNK", 32)
    monkeypatch.setattr("inspector_core.pretrain.extractor_file.CHUNK", 32)
    monkeypatch.setattr(training, "_DRAWN", 16)
    monkeypatch.setattr(training, "_BATCH", 16)
    monkeypatch.setattr(training, "_JUDGED", 4)
    monkeypatch.setattr(training, "_MEASURED_PICTURES", 32)
    with random_weights(tmp_path, MOBILENET):
        yield


def test_that_the_maps_have_the_strides_and_channels_that_it_declares():
    maps = extractor.network()(torch.zeros(1, 3, 64, 96))
    assert [m.shape[1] for m in maps] == list(extractor.CHANNELS)
    assert [(64 // m.shape[2], 96 // m.shape[3]) for m in maps] == [
        (s, s) for s in extractor.STRIDES
    ]
    assert sum(p.numel() for p in extractor.network().parameters()) < 3_000_000


def test_that_batch_normalisation_can_be_taken_out():
    torch.manual_seed(0)
    normed = extractor.network(trainable=True)
    for value in normed.state_dict().values():
        if value.dtype == torch.float32 and value.ndim == 1:
            value.uniform_(0.5, 1.5)
    plain = extractor.network()
    plain.load_state_dict(extractor.folded(normed.state_dict()))
    picture = torch.rand(2, 3, 32, 32)
    for mine, its in zip(plain(picture), normed.eval()(picture), strict=True):
        assert torch.allclose(mine, its, atol=1e-3, rtol=1e-3)


def test_that_the_loss_is_no_smaller_for_a_picture_of_little_contrast():
    torch.manual_seed(0)
    strong = torch.randn(1, 4, 8, 8)
    weak = 0.5 * strong
    off = loss_of([strong * 1.2], [strong]), loss_of([weak * 1.2], [weak])
    assert float(off[1]) == pytest.approx(float(off[0]), rel=0.35)
    assert float(loss_of([strong], [strong])) == 0


def test_that_steps_grow_at_first_and_shrink_at_the_end():
    choices = Choices(pictures=320_000)
    first, second = rate_at(0.0, 0.0, choices), rate_at(0.01, 1.0, choices)
    assert first < second
    assert rate_at(0.5, 100.0, choices) == choices.rate
    assert rate_at(0.99, 300.0, choices) < 0.1 * choices.rate


def test_that_training_comes_closer_to_the_teacher():
    curve = drain(train(Progressed(), Choices(256, 2, 32, teacher=MOBILENET), lambda _: None)).curve
    assert curve[-1]["loss"] < 0.9 * curve[0]["loss"]
    assert len(curve[-1]["held_out"]) == 3


def test_that_a_stopped_training_goes_on_to_the_same_weights():
    whole = drain(train(Progressed(), QUICK, lambda _: None))
    kept = []
    job = train(Progressed(), QUICK, kept.append)
    while not kept:
        next(job)
    job.close()
    resumed = drain(train(kept[0], QUICK, lambda _: None))
    assert resumed.chunks == whole.chunks == 2
    for name, value in whole.extractor().items():
        assert torch.equal(value, resumed.extractor()[name]), name


def written(path, choices=QUICK, **options):
    return drain(pretrain_extractor(path, choices, device="cpu", machine=Hardware(), **options))


def test_that_the_file_is_an_extractor_and_says_how_it_came_to_be(tmp_path):
    out = tmp_path / "own.safetensors"
    done = written(out)
    state = read_state(out)
    assert {value.dtype for value in state.values()} == {torch.float16}
    told = json.loads(training_record(out)["relief"])
    assert told == json.loads(json.dumps(done.record))
    assert told["teacher"]["sha256"] == weights.sha256(MOBILENET)
    assert told["pictures"] == 64
    assert len(told["curve"]) == 2
    added = weights.add(out, "relief_extractor", force=True)
    assert added.path.parent == weights.folder()
    assert weights.load("relief_extractor").keys() == state.keys()


def test_that_a_longer_training_goes_on_from_the_checkpoint(tmp_path):
    out = tmp_path / "own.safetensors"
    first = written(out)
    longer = Choices(96, 1, 32, seed=1, teacher=MOBILENET)
    second = written(out, longer, force=True)
    assert second.record["curve"][:2] == first.record["curve"]
    assert second.record["pictures"] == 96
    other = written(out, Choices(32, 1, 32, seed=2, teacher=MOBILENET), force=True)
    assert other.record["pictures"] == 32


def test_that_a_teacher_of_other_channels_is_refused(tmp_path):
    with pytest.raises(SettingError, match="other channels"):
        written(tmp_path / "own.safetensors", Choices(32, teacher="resnet18.tv_in1k"))


def test_that_a_damaged_checkpoint_and_a_file_in_the_way_are_refused(tmp_path):
    out = tmp_path / "own.safetensors"
    (tmp_path / "own.checkpoint.safetensors").write_bytes(b"no")
    with pytest.raises(WeightsError, match="damaged"):
        written(out)
    out.write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already"):
        written(out)
    assert out.read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["extractor", "folder"], "reads no parts"),
        (["extractor", "--shots", "2"], "belongs to `relief pretrain inctrl`"),
        (["inctrl", "folder", "--pictures", "5"], "belongs to `relief pretrain extractor`"),
        (["inctrl"], "needs folders"),
    ],
)
def test_that_words_of_the_other_training_are_refused(words, sentence, tmp_path, capsys):
    assert run(["pretrain", *words, "--out", str(tmp_path / "x.safetensors")]) in (2, 3)
    assert sentence in capsys.readouterr().err


def test_that_the_command_tells_what_the_extractor_misses(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(training, "Choices", partial(Choices, side=32, passes=1))
    out = tmp_path / "own.safetensors"
    words = ["pretrain", "extractor", "--out", str(out), "--pictures", "40", "--seed", "3"]
    assert run([*words, "--teacher", MOBILENET, "--quiet", "--device", "cpu"]) == 0
    said = capsys.readouterr().out
    assert "families held out: mosaics, contours" in said
    assert out.is_file()


def test_that_a_network_that_has_grown_says_at_first_what_it_said_before(monkeypatch):
    small = drain(train(Progressed(), QUICK, lambda _: None))
    monkeypatch.setattr(extractor, "_BLOCKS", (1, 2, 4))
    longer = Choices(64, 1, 32, seed=1, teacher=MOBILENET)
    grown = drain(train(small, longer, lambda _: None))
    assert len(grown.weights) > len(small.weights)
    picture = torch.rand(2, 3, 32, 32) * 2 - 1
    after = extractor.network()
    after.load_state_dict(grown.extractor())
    monkeypatch.setattr(extractor, "_BLOCKS", (1, 2, 3))
    before = extractor.network()
    before.load_state_dict(small.extractor())
    for mine, its in zip(after(picture), before(picture), strict=True):
        assert torch.allclose(mine, its, atol=1e-5)


def test_that_the_training_of_a_network_of_another_shape_does_not_go_on(monkeypatch):
    large = drain(train(Progressed(), QUICK, lambda _: None))
    monkeypatch.setattr(extractor, "_BLOCKS", (1, 1, 1))
    with pytest.raises(WeightsError) as caught:
        drain(train(large, QUICK, lambda _: None))
    assert "remove its checkpoint" in caught.value.cure
