"""InCTRL (Zhu, Pang, CVPR 2024, arXiv 2403.06495): residuals to a few good parts in CLIP's eyes.

Two to eight good parts are prompts. Each patch of a part is compared with all patches of the prompts
(equation 1); with heads that were trained once on other products' known defects, patch residuals, image
residual and text prior make one score of the part (equations 4 to 8); without them the largest residual
is the score. The score is the part's; the map says where, and is scaled to end at the score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from inspector_core.detectors.contract import Context, DetectorInfo, Scorer, State
from inspector_core.detectors.inctrl.evidence import Evidence, chosen_heads, chosen_score
from inspector_core.detectors.inctrl.scoring import InCTRLScorer
from inspector_core.detectors.inctrl.sight import (
    Sight,
    chosen_squares,
    common_looks,
    view_cost,
)
from inspector_core.detectors.prompting import CHOOSING, prompt_parts, said, unit
from inspector_core.detectors.view_settings import FrameSettings, cells_setting, relief_setting
from inspector_core.device import Cost
from inspector_core.errors import WeightsError
from inspector_core.features import clip_towers
from inspector_core.features.clip_towers import NETWORK, Towers
from inspector_core.features.looks import Look
from inspector_core.features.text_prior import mean_direction, texts
from inspector_core.progress import Job, Progress
from inspector_core.settings import setting
from inspector_core.types import Array, Registered, SampleRef

OPENING = "Opening the network"
SEEING = "Looking at the prompt parts"
READING = "Reading the texts"
_TOWER_BYTES = 900 << 20
"""Measured: both towers in single precision and what loads them."""
_PROMPT_BYTES = 3 * 225 * 896 * 4
_TURNS = {"none": (0,), "half": (0, 2), "quarter": (0, 1, 2, 3)}
"""Quarter turns in which prompts are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InCTRLSettings(FrameSettings):
    """Settings of `inctrl`; published values of mala-lab/InCTRL@cc535d0."""

    cells: Literal["part", "all"] = cells_setting()
    relief_mm: float = relief_setting()
    compat: Literal["project", "published"] = setting(
        "project",
        choices=("project", "published"),
        published="published",
        help="Look where the parts lie, or as the published code: the centre square of the picture, "
        "all of it judged, by trained heads.",
    )
    shots: int = setting(
        4,
        low=1,
        high=16,
        unit="parts",
        published=2,
        help="Good parts to compare with, drawn by the seed; the paper uses 2, 4 and 8. The others are "
        "not used.",
    )
    class_name: str = setting(
        "object", help="What a person would call the part, in English; the text prior reads it."
    )
    score: Literal["auto", "heads", "patch", "text", "top"] = setting(
        "auto",
        choices=("auto", "heads", "patch", "text", "top"),
        published="heads",
        help="What a part is judged by: trained heads, the largest patch residual, the text prior or "
        "the mean of the top 1 % of residuals; auto takes heads where there are any, else patch.",
    )
    heads: str = setting(
        "auto",
        help="Trained heads: auto takes those of the weights folder if there are any, none does "
        "without, or a file that `relief pretrain inctrl` wrote.",
    )
    turns: Literal["none", "half", "quarter"] = setting(
        "none",
        choices=("none", "half", "quarter"),
        published="none",
        help="Show the prompts turned too, upside down or by all quarter turns, when parts lie in any "
        "direction; a part that lies wrongly is not noticed then.",
    )
    windows: int = setting(
        1,
        low=1,
        high=4,
        published=1,
        help="Squares of 240 pixels along a side: 2 or more show finer things, without heads.",
    )


class InCTRL:
    """In-context residuals to a few prompt parts; see the module."""

    info: ClassVar[DetectorInfo] = DetectorInfo(
        name="inctrl",
        title="InCTRL",
        summary="Few-shot comparison in CLIP's features, with a text prior and heads trained once.",
        source="Zhu, Pang: Toward Generalist Anomaly Detection via In-context Residual Learning with "
        "Few-shot Sample Prompts, CVPR 2024, arXiv 2403.06495",
        modalities=("rgb", "shape"),
        requires=(),
        settings=InCTRLSettings,
        suits="A new product of which two to eight good parts exist; the map is indicative only.",
        weights=(NETWORK,),
        ends_at_part_score=True,
    )

    def __init__(self, settings: InCTRLSettings) -> None:
        if settings.compat == "published":
            settings = replace(settings, framing="published", cells="all", windows=1)
        self.settings = settings

    def cost(self, n_parts: int, size: tuple[int, int]) -> Cost:
        """Memory for learning: the towers, the prompt parts as they are read, their patches."""
        shots = min(n_parts, self.settings.shots)
        squares = self.settings.windows**2
        turns = len(_TURNS[self.settings.turns])
        patches = 2 * 2 * shots * turns * squares * _PROMPT_BYTES
        fixed = _TOWER_BYTES + view_cost(squares).row_bytes + patches
        return Cost(fixed_bytes=fixed + 60 * (shots + 1) * size[0] * size[1])

    def learn(self, parts: Sequence[SampleRef], context: Context) -> Job[State]:
        """Choose prompts, read the texts where they count, keep every patch of the prompts."""
        chosen = prompt_parts(parts, self.settings.shots, context.seed)
        yield Progress(CHOOSING, 0, len(chosen), said(chosen, len(parts)))
        prompts = []
        for number, ref in enumerate(chosen):
            prompts.append(context.prepare(ref.load()))
            yield Progress(CHOOSING, number + 1, len(chosen))
        looks = common_looks(self.settings.picture, prompts)
        evidence = self._evidence("rgb" in looks)
        yield Progress(OPENING, 0, 1)
        towers = clip_towers.open_towers(reading=evidence.score in ("heads", "text"))
        if evidence.score in ("heads", "text"):
            evidence = replace(
                evidence, words=(yield from read_words(towers, self.settings.class_name))
            )
        settings = self.settings
        squares = chosen_squares(prompts, settings.framing, settings.margin, settings.windows)
        sight = Sight(towers, squares, looks, settings.relief_mm, context)
        tensors = evidence.tensors()
        for look in looks:
            tensors |= yield from self._bank(sight, look, prompts)
        yield Progress(SEEING, 1, 1, evidence.notes(settings.class_name)[0])
        facts = {
            **sight.facts(),
            **evidence.facts(),
            "network": [*clip_towers.network()],
            "parts": [ref.id for ref in chosen],
        }
        return State(tensors, facts)

    def restore(self, state: State, context: Context) -> Scorer:
        """A scorer from what `learn` returned."""
        return InCTRLScorer(self.settings, state, context)

    def _bank(
        self, sight: Sight, look: Look, prompts: Sequence[Registered]
    ) -> Job[dict[str, Array]]:
        """Patches of the prompts (L, K * N, C), each of length 1, and their image embeddings (K, D)."""
        turns = _TURNS[self.settings.turns]
        seen = []
        for number, part in enumerate(prompts):
            for turn in turns:
                yield Progress(f"{SEEING}: {look}", number, len(prompts))
                seen.append(sight.see(part, look, turn))
        layers = [
            unit(np.concatenate(rows)) for rows in zip(*(one.patches for one in seen), strict=True)
        ]
        images = np.stack([one.image for one in seen[:: len(turns)]])
        return {f"{look}.patches": np.stack(layers), f"{look}.images": images}

    def _evidence(self, photographs: bool) -> Evidence:
        """What the prompts will be judged by, still without the texts."""
        settings = self.settings
        heads = chosen_heads(settings.heads)
        wanted = settings.score
        if settings.compat == "published" and wanted == "auto":
            wanted = "heads"
        score = chosen_score(wanted, heads, photographs=photographs, windows=settings.windows)
        if score != "heads" or heads is None:
            return Evidence(score)
        if heads.training is not None and heads.training.network != clip_towers.network():
            raise WeightsError(
                "the heads were trained with other towers than this machine has",
                cure="train them again, or set heads=none",
            )
        return Evidence(score, heads.weights, None, heads.training)


def read_words(towers: Towers, name: str) -> Job[Array]:
    """(2, D) float32 mean directions of the texts about whole and about damaged parts."""
    import torch

    both = texts(name)
    total = sum(len(some) for some in both)
    done, directions = 0, []
    for some in both:
        embeddings = []
        for few in towers.read(some):
            done += len(few)
            embeddings.append(few)
            yield Progress(READING, done, total)
        directions.append(mean_direction(torch.cat(embeddings)))
    return np.asarray(torch.stack(directions).cpu().numpy(), np.float32)
