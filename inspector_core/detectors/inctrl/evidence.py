"""Which number InCTRL judges a part by, and what is known about the heads behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from inspector_core.errors import SettingError, WeightsError
from inspector_core.features import weights
from inspector_core.features.inctrl_files import HeadsFile, Training, content_name, open_heads
from inspector_core.features.inctrl_heads import PATCHES, WIDTH, judge
from inspector_core.features.residuals import largest, mean_of_top
from inspector_core.features.text_prior import text_score
from inspector_core.types import Array, FloatArray, Sample

if TYPE_CHECKING:
    from torch import Tensor

HEADS = "inctrl.heads"
"""Their name in the weights registry."""
Score = Literal["heads", "patch", "text", "top"]
SAID: Mapping[Score, str] = {
    "heads": "the published score of trained heads (s)",
    "patch": "the largest patch residual (s_p)",
    "text": "the text prior (s_a)",
    "top": "the mean of the largest 1 % of the patch residuals",
}
_MARK = "heads."


@dataclass(frozen=True, slots=True)
class Evidence:
    """What turns residuals into a part's number.

    score : which one.   weights : the heads' tensors, with score "heads".   words : (2, D) directions of
    the texts, with "heads" and "text".   training : what the heads were trained on, None when unknown.
    """

    score: Score
    weights: Mapping[str, Tensor] | None = None
    words: Array | None = None
    training: Training | None = None

    def level(self, maps: FloatArray, image: Array, prompt_images: Array, inside: Array) -> float:
        """The part's number.

        maps : (gh, gw) residuals of all patches.   image : (D,), prompt_images : (K, D).
        inside : bool of the same shape as maps, patches on the part: the only ones that "patch" and
        "top" look at; the heads weigh every place.
        """
        import torch

        judged = torch.from_numpy(maps[inside])
        if self.score == "patch":
            return float(largest(judged))
        if self.score == "top":
            return float(mean_of_top(judged))
        assert self.words is not None
        images = torch.from_numpy(image)[None]
        said = text_score(images, *(torch.tensor(word) for word in self.words))
        if self.score == "text":
            return float(said)
        assert self.weights is not None
        prompts = torch.tensor(prompt_images)[:, None]
        return float(
            judge(self.weights, torch.from_numpy(maps.reshape(1, -1)), images, prompts, said).final
        )

    def for_shape(self) -> Evidence:
        """For pictures of shape: heads and texts know photographs alone, so residuals decide."""
        return self if self.score in ("patch", "top") else replace(self, score="patch")

    def notes(self, class_name: str) -> tuple[str, ...]:
        """What a person must know about every score."""
        said = [f"Score: {SAID[self.score]}. The map is indicative: it says where, not how much."]
        if self.score == "heads" and self.training is None:
            said.append("What the heads were trained on is not known: test on no part of that set.")
        trained = () if self.training is None else self.training.classes
        if _plain(class_name) in {_plain(name) for name in trained}:
            said.append(
                f"The heads were trained on parts called {class_name}: figures are too good."
            )
        return tuple(said)

    def trained_on(self, sample: Sample) -> tuple[str, ...]:
        """A sentence when this very part was among those that the heads were trained on."""
        if self.training is None or content_name(sample) not in self.training.parts:
            return ()
        return ("The heads were trained on this very part: its score proves nothing.",)

    def tensors(self) -> dict[str, Array]:
        """As named arrays of the detector's state."""
        found: dict[str, Array] = {} if self.words is None else {"words": self.words}
        for name, value in (self.weights or {}).items():
            found[_MARK + name] = value.numpy()
        if self.training is not None:
            names = [int(name, 16) for name in self.training.parts]
            found["trained_on"] = np.array(names, np.uint64)
        return found

    def facts(self) -> dict[str, Any]:
        """As plain JSON."""
        training = self.training
        return {
            "score": self.score,
            "trained_on": None
            if training is None
            else {"classes": [*training.classes], "fingerprint": training.fingerprint},
        }

    @classmethod
    def from_state(cls, tensors: Mapping[str, Array], facts: Mapping[str, Any]) -> Evidence:
        """The evidence that `tensors()` and `facts()` describe."""
        import torch

        heads = {
            name.removeprefix(_MARK): torch.tensor(value)
            for name, value in tensors.items()
            if name.startswith(_MARK)
        }
        training = None
        if facts["trained_on"] is not None:
            parts = tuple(f"{int(number):016x}" for number in tensors["trained_on"])
            training = Training(tuple(facts["trained_on"]["classes"]), parts)
        return cls(facts["score"], heads or None, tensors.get("words"), training)


def chosen_heads(wanted: str) -> HeadsFile | None:
    """The heads to use: none, those of the weights folder, or those of a file.

    wanted : "none", "auto" or a path.   Raises WeightsError for a file that is missing or holds none.
    """
    if wanted == "none":
        return None
    if wanted != "auto":
        if not Path(wanted).is_file():
            raise WeightsError(
                f"{wanted} is no file", cure="set heads to auto, none or a file of trained heads"
            )
        return _fitting(open_heads(Path(wanted)), wanted)
    path = weights.find(HEADS)
    if path is None:
        return None
    weights.load(HEADS)  # bytes that changed since they were taken in are refused
    return open_heads(path)


def _fitting(heads: HeadsFile, where: str) -> HeadsFile:
    sizes = (
        len(heads.weights["diff_head.bn1.weight"]),
        len(heads.weights["diff_head_ref.bn1.weight"]),
    )
    if sizes != (PATCHES, WIDTH):
        raise WeightsError(
            f"the heads in {where} are for {sizes[0]} patches and {sizes[1]} numbers a picture, "
            f"not {PATCHES} and {WIDTH}",
            cure="train heads with `relief pretrain inctrl`",
        )
    return heads


def chosen_score(wanted: str, heads: HeadsFile | None, *, photographs: bool, windows: int) -> Score:
    """The score to judge by; SettingError or WeightsError when the wanted one cannot be had.

    photographs : colour pictures are looked at.   windows : squares along a side.
    """
    whole = windows == 1
    if wanted == "auto":
        fits = heads is not None and photographs and whole
        return "heads" if fits else "patch"
    if wanted in ("heads", "text") and not (photographs and whole):
        need = "windows=1" if photographs else "a colour picture"
        raise SettingError(f"score={wanted} is not possible without {need}", cure="set score=patch")
    if wanted == "heads" and heads is None:
        raise WeightsError(
            "no trained heads of InCTRL are on this machine",
            cure=f"{weights.how_to_get(weights.entry_of(HEADS))}, or train your own with "
            "`relief pretrain inctrl`; score=patch works without",
        )
    chosen: Score = next(name for name in SAID if name == wanted)
    return chosen


def _plain(name: str) -> str:
    """A class name however it is written: "Cable_Gland" is "cable gland"."""
    return " ".join(name.replace("_", " ").lower().split())
