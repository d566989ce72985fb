"""InCTRL on a narrow random CLIP: which score counts, that map and score agree, what is said."""

from __future__ import annotations

import socket
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from inspector_core.detectors.contract import Context
from inspector_core.detectors.inctrl.detector import InCTRL, InCTRLSettings
from inspector_core.device import Hardware
from inspector_core.errors import InputError, SettingError, WeightsError
from inspector_core.features import clip_towers
from inspector_core.features.inctrl_files import Training, content_name, save_heads
from inspector_core.features.inctrl_heads import initial, judge
from inspector_core.features.looks import picture_of
from inspector_core.features.residuals import residual_maps
from inspector_core.features.squares import Squares
from inspector_core.features.text_prior import mean_direction, text_score, texts
from inspector_core.geometry.prepare import prepare
from inspector_core.progress import drain
from inspector_core.settings import build
from tests.contracts.tiny_parts import refs
from tests.core.features.tiny_clip import tiny_towers

CONTEXT = Context(prepare=partial(prepare, seed=0), machine=Hardware(), seed=0)
TINY = ("tiny", "00ff")


@pytest.fixture(autouse=True)
def towers(monkeypatch, tmp_path):
    """The tiny towers in place of the registry's, and an empty weights folder."""
    monkeypatch.setenv("RELIEF_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setattr(clip_towers, "open_towers", lambda reading=True: tiny_towers())
    monkeypatch.setattr(clip_towers, "network", lambda: TINY)
    return tiny_towers()


def learnt(n_parts=2, **settings):
    detector = InCTRL(build(InCTRLSettings, settings))
    state = drain(detector.learn(refs(n_parts), CONTEXT))
    return detector.restore(state, CONTEXT), state


def part(seed=50, **options):
    return CONTEXT.prepare(refs(1, first=seed, **options)[0].load())


def heads_file(folder, training=None, **sizes):
    path = folder / "heads.safetensors"
    save_heads(path, initial(1, **sizes), training or Training(("gear",), (), TINY))
    return path


def views(towers, squares, parts):
    pictures = np.concatenate([squares.cut(picture_of(one, "rgb")) for one in parts])
    return towers.view(torch.from_numpy(pictures))


def words(towers, name):
    return [mean_direction(torch.cat(list(towers.read(some)))) for some in texts(name)]


def published_arrays(towers, bad, squares, name="object"):
    """Residual map, image, prompt images and text score from the features alone, K = 2."""
    prompts = [CONTEXT.prepare(ref.load()) for ref in refs(2)]
    seen, shown = views(towers, squares, [bad]), views(towers, squares, prompts)
    maps = residual_maps(seen.patches, shown.patches[:, :, None])
    said = text_score(seen.images, *words(towers, name))
    return maps, seen.images, shown.images[:, None], said


def test_that_the_published_score_is_judged_as_the_published_forward_does(towers, tmp_path):
    path, bad = heads_file(tmp_path), part(stain=True)
    scorer, state = learnt(compat="published", heads=str(path), class_name="metal_block")
    arrays = published_arrays(towers, bad, Squares.centre(bad.shape), "metal_block")
    expected = judge(initial(1), *arrays).final.item()
    assert state.facts["score"] == "heads"
    assert np.nanmax(scorer.score(bad).rgb) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        ("auto", lambda maps, said: maps.max()),
        ("patch", lambda maps, said: maps.max()),
        ("top", lambda maps, said: maps.topk(3).values.mean()),
        ("text", lambda maps, said: said[0]),
    ],
)
def test_that_each_score_needs_no_heads_and_is_the_largest_value_of_the_map(
    towers, score, expected
):
    bad = part(stain=True)
    scorer, state = learnt(score=score, framing="whole", cells="all", picture="rgb")
    maps, _, _, said = published_arrays(towers, bad, Squares.whole(bad.shape))
    found = np.nanmax(scorer.score(bad).rgb)
    assert found == pytest.approx(expected(maps, said).item(), rel=1e-4, abs=1e-6)
    assert ("words" in state.tensors) == (score == "text")


def test_that_patches_off_the_part_do_not_count_unless_asked_for():
    bad = part(stain=True)
    on_part, everywhere = (
        np.nanmax(learnt(cells=cells, framing="whole")[0].score(bad).rgb)
        for cells in ("part", "all")
    )
    assert on_part <= everywhere


def test_that_shape_is_judged_by_residuals_whatever_judges_the_picture(tmp_path):
    bad = part(dent_mm=1.2)
    plain, _ = learnt(score="patch")
    headed, _ = learnt(heads=str(heads_file(tmp_path)))
    np.testing.assert_array_equal(headed.score(bad).shape, plain.score(bad).shape)
    assert np.nanmax(headed.score(bad).rgb) != np.nanmax(plain.score(bad).rgb)


def test_that_a_prompt_has_no_residual_and_a_stain_stands_out_in_two_windows():
    scorer, _ = learnt(windows=2)
    prompt = CONTEXT.prepare(refs(1)[0].load())
    assert np.nanmax(scorer.score(prompt).rgb) < 1e-6
    bad = part(stain=True)
    values, truth = scorer.score(bad).rgb, bad.sample.truth & bad.foreground
    assert np.median(values[truth]) > np.quantile(values[bad.foreground & ~truth], 0.9)


@pytest.mark.parametrize("picture", ["rgb", "normals"])
def test_that_a_turned_part_is_like_its_turned_prompt_alone(picture):
    """The frame is the whole square picture, so that a quarter turn of it is a picture of a turned part."""
    ref = refs(1)[0]
    sample = ref.load()
    turned = CONTEXT.prepare(
        replace(
            sample,
            rgb=np.ascontiguousarray(np.rot90(sample.rgb)),
            xyz=np.ascontiguousarray(np.rot90(sample.xyz)[..., [1, 0, 2]] * np.float32([1, -1, 1])),
        )
    )
    asked = {"framing": "whole", "cells": "all", "picture": picture, "shots": 1}
    largest = {}
    for turns in ("none", "quarter"):
        scorer, state = learnt(1, turns=turns, **asked)
        largest[turns] = max(float(np.nanmax(m)) for m in scorer.score(turned).arrays().values())
    assert state.tensors[f"{picture}.patches"].shape[1] == 4 * 225
    assert state.tensors[f"{picture}.images"].shape[0] == 1
    assert largest["quarter"] < 0.2 * largest["none"]


def test_that_the_recipe_needs_the_heads_file_no_more(tmp_path):
    path, bad = heads_file(tmp_path), part(stain=True)
    scorer, state = learnt(heads=str(path))
    path.unlink()
    again = InCTRL(build(InCTRLSettings, {"heads": str(path)})).restore(state, CONTEXT)
    assert again.score(bad).rgb.tobytes() == scorer.score(bad).rgb.tobytes()


def test_that_every_result_says_which_score_it_is_and_that_the_map_is_indicative():
    notes = learnt()[0].score(part()).notes
    assert any("largest patch residual (s_p)" in note and "indicative" in note for note in notes)


def test_that_heads_tested_on_what_they_were_trained_on_are_called_out(tmp_path):
    seen = part(seed=60)
    training = Training(("gear", "Metal_Block"), (content_name(seen.sample),), TINY)
    path = str(heads_file(tmp_path, training))
    scorer, _ = learnt(heads=path, class_name="metal block")
    known, other = scorer.score(seen).notes, scorer.score(part(seed=61)).notes
    assert any("trained on this very part" in note for note in known)
    assert not any("trained on this very part" in note for note in other)
    assert any("trained on parts called metal block" in note for note in other)
    assert not any("called" in note for note in learnt(heads=path)[0].score(seen).notes)


def test_that_heads_of_unknown_origin_are_said_to_be(tmp_path):
    from safetensors.torch import save_file

    save_file(initial(0), tmp_path / "published.safetensors")
    scorer, _ = learnt(heads=str(tmp_path / "published.safetensors"))
    assert any("trained on is not known" in note for note in scorer.score(part()).notes)


def test_that_heads_of_the_weights_folder_are_used_unasked_and_left_out_when_told(tmp_path):
    from inspector_core.features import weights

    weights.add(heads_file(tmp_path), "inctrl.heads")
    assert learnt()[1].facts["score"] == "heads"
    assert learnt(heads="none")[1].facts["score"] == "patch"
    assert learnt(windows=2)[1].facts["score"] == "patch"


def test_that_the_prompt_with_the_most_similar_patch_is_named():
    scorer, state = learnt(3, windows=2, turns="half")
    prompt = CONTEXT.prepare(refs(1, first=2)[0].load())
    rows, columns = np.nonzero(prompt.foreground)
    pixel = (int(columns[len(columns) // 2]), int(rows[len(rows) // 2]))
    assert scorer.explain(prompt, pixel).nearest_id == state.facts["parts"][2]


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"score": "heads"}, WeightsError, "no trained heads"),
        ({"compat": "published"}, WeightsError, "no trained heads"),
        ({"heads": "nowhere.safetensors"}, WeightsError, "nowhere.safetensors is no file"),
        ({"score": "text", "windows": 2}, SettingError, "windows=1"),
        ({"score": "text", "picture": "normals"}, SettingError, "colour picture"),
    ],
    ids=["no heads", "published", "no file", "windows", "no picture"],
)
def test_that_a_score_that_cannot_be_had_is_refused_with_a_sentence(settings, error, said):
    with pytest.raises(error, match=said) as caught:
        learnt(**settings)
    assert caught.value.cure


def test_that_heads_of_another_size_or_for_other_towers_are_refused(tmp_path):
    with pytest.raises(WeightsError, match="9 patches"):
        learnt(heads=str(heads_file(tmp_path, patches=9, width=640)))
    other = Training(("gear",), (), ("tiny", "11"))
    with pytest.raises(WeightsError, match="other towers"):
        learnt(heads=str(heads_file(tmp_path, other)))


def test_that_a_recipe_on_other_towers_is_refused(monkeypatch):
    _, state = learnt()
    monkeypatch.setattr(clip_towers, "network", lambda: ("tiny", "11"))
    with pytest.raises(WeightsError, match="other weights"):
        InCTRL(InCTRLSettings()).restore(state, CONTEXT)


def test_that_parts_without_what_was_learnt_are_refused():
    scorer, _ = learnt(picture="rgb")
    with pytest.raises(InputError, match="the picture is missing"):
        scorer.score(part(drop="rgb"))


def test_that_nothing_is_loaded_from_anywhere(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    scorer, _ = learnt(score="text")
    assert scorer.score(part()).rgb is not None
