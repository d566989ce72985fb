"""BTF as its code computes it (3D-ADS@612eb7b), for comparison with published figures.

Published too are three banks of the same patches: colour (RGB iNet), shape (FPFH) and both joined (BTF).
Left out are the coreset's half precision and its unseeded draws. Maps cover the whole picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from inspector_core.detectors.btf.banks import (
    DESCRIBING,
    JOINT,
    RGB,
    SHAPE,
    STEPS,
    between,
    lacking,
)
from inspector_core.detectors.btf.published_sight import (
    GRID,
    N_PATCHES,
    STAGES,
    PublishedSight,
    Seen,
    Square,
    with_joint,
)
from inspector_core.detectors.btf.settings import NETWORKS, BTFSettings
from inspector_core.detectors.contract import Context, Explanation, State
from inspector_core.detectors.patchcore import drawn
from inspector_core.device import Cost, Plan
from inspector_core.errors import InputError, WeightsError
from inspector_core.features import fpfh, weights
from inspector_core.geometry.published import IMAGE_SIZE
from inspector_core.memory.coreset import coreset_cost, greedy_coreset
from inspector_core.memory.nearest import nearest, search_cost, several_nearest
from inspector_core.memory.reweight import reweighting
from inspector_core.progress import Job, Progress
from inspector_core.types import AnomalyMaps, Array, FloatArray, Registered, SampleRef

if TYPE_CHECKING:
    from inspector_core.features.backbone import Backbone

BLUR_PX = 4.0
_CROWD = 3
"""Rows around the matched one, itself counted, that its distance is weighed by."""
_COLOUR_CHANNELS = 512 + 1024
_PIXEL_BYTES = 200
"""Per pixel of the source, while a part is prepared."""


def cost(settings: BTFSettings, n_parts: int, size: tuple[int, int]) -> Cost:
    """Memory for learning: all patches, the same joined, a coreset's copies, one part."""
    width = fpfh.CHANNELS + (0 if settings.network == "none" else _COLOUR_CHANNELS)
    held = 4 * 4 * width * n_parts * N_PATCHES
    return Cost(fixed_bytes=held + _PIXEL_BYTES * size[0] * size[1])


def learn(settings: BTFSettings, parts: Sequence[SampleRef], context: Context) -> Job[State]:
    """Keep a tenth of all patches of the good parts, chosen to cover them, for each bank."""
    patches, facts = yield from _described(settings, parts, context)
    owner = np.repeat(np.arange(len(parts), dtype=np.int32), N_PATCHES)
    count = max(1, int(settings.coreset * len(owner)))
    tensors: dict[str, Array] = {}
    for done, (name, features) in enumerate(patches.items()):
        plan = context.plan(coreset_cost(*features.shape))
        job = greedy_coreset(features, count, plan, projection="published", seed=context.seed)
        first, last = (STEPS * (len(patches) + done + k) // (2 * len(patches)) for k in (0, 1))
        chosen = yield from between(job, first, last)
        tensors |= {f"{name}.rows": features[chosen], f"{name}.owner": owner[chosen]}
    return State(tensors, facts)


def _described(
    settings: BTFSettings, parts: Sequence[SampleRef], context: Context
) -> Job[tuple[dict[str, FloatArray], dict[str, Any]]]:
    """Patches (784 parts, C) for each bank that all parts have what they need for, and facts."""
    kept: list[Mapping[str, FloatArray]] = []
    sight: PublishedSight | None = None
    for number, ref in enumerate(parts):
        yield Progress(DESCRIBING, STEPS * number // (2 * len(parts)), STEPS)
        part = context.prepare(ref.load())
        sight = sight or _first_sight(settings, part, context)
        if sight.clouds != (part.sample.xyz is not None):
            raise InputError(
                f"{part.sample.id}: only some of the good parts have a cloud",
                cure="learn from parts that were all scanned in the same way",
            )
        kept.append(sight.see(part).patches)
    assert sight is not None
    common = [name for name in (RGB, SHAPE) if all(name in patches for patches in kept)]
    network = sight.network.name if sight.network is not None and RGB in common else ""
    facts = {
        "clouds": sight.clouds,
        "network": network,
        "network_sha256": weights.sha256(network) if network else "",
        "parts": [ref.id for ref in parts],
    }
    blocks = {name: np.concatenate([patches[name] for patches in kept]) for name in common}
    kept.clear()
    return with_joint(blocks), facts


def _first_sight(settings: BTFSettings, part: Registered, context: Context) -> PublishedSight:
    """How parts like the first one are looked at."""
    clouds = part.sample.xyz is not None
    if settings.network == "none" and not clouds:
        raise InputError(
            f"{part.sample.id}: there is no cloud, and network=none judges by nothing else",
            cure="learn from parts with clouds, or leave network=auto",
        )
    looks = settings.network != "none" and part.sample.rgb is not None
    network = _opened(_chosen_network(settings.network)) if looks else None
    return _sight(settings, network, clouds, context)


def _sight(
    settings: BTFSettings, network: Backbone | None, clouds: bool, context: Context
) -> PublishedSight:
    return PublishedSight(network, clouds, settings.cleaning, settings.neighbours, context)


def _opened(name: str) -> Backbone:
    from inspector_core.features.backbone import open_backbone

    return open_backbone(name, STAGES)


def _chosen_network(wanted: str) -> str:
    """The network that is named, or the first Wide ResNet-50 that is here; WeightsError without one."""
    if wanted != "auto":
        if not weights.entry_of(wanted).stages:
            raise WeightsError(
                f"{wanted} is no network that looks at pictures",
                cure=f"choose {' or '.join(NETWORKS)}, or network=none",
            )
        return wanted
    here = [name for name in NETWORKS if weights.find(name) is not None]
    if not here:
        cure = weights.how_to_get(weights.entry_of(NETWORKS[0]))
        raise WeightsError(
            "no Wide ResNet-50 is on this machine, by which the published code describes colour",
            cure=f"{cure}; network=none judges by shape alone",
        )
    return here[0]


class PublishedScorer:
    """Banks, ready for parts."""

    def __init__(self, settings: BTFSettings, state: State, context: Context) -> None:
        self.settings = settings
        self.facts = state.facts
        self.context = context
        name = str(state.facts["network"])
        network = _opened(name) if name else None
        if network is not None and weights.sha256(name) != state.facts["network_sha256"]:
            raise WeightsError(
                f"the recipe was learnt with other weights of {name} than this machine has",
                cure="add the same weights file, or learn again",
            )
        self.sight = _sight(settings, network, bool(state.facts["clouds"]), context)
        names = [name for name in (RGB, SHAPE, JOINT) if f"{name}.rows" in state.tensors]
        self.rows = {name: state.tensors[f"{name}.rows"] for name in names}
        self.owner = {name: state.tensors[f"{name}.owner"] for name in names}
        self._last: tuple[Registered, Seen] | None = None

    def score(self, part: Registered) -> AnomalyMaps:
        """Distances to the nearest good patch: of colour, of shape, and of both joined."""
        seen, blocks, notes = self._looked_at(part)
        maps = {
            name: self._map(seen.square, found, self.rows[name]) for name, found in blocks.items()
        }
        return AnomalyMaps(maps.get(RGB), maps.get(SHAPE), maps.get(JOINT), notes=tuple(notes))

    def explain(self, part: Registered, pixel: tuple[int, int]) -> Explanation | None:
        """The good part with the most similar patch; nothing is aligned, so no height is compared."""
        seen, blocks, _ = self._looked_at(part)
        name = next(name for name in (JOINT, SHAPE, RGB) if name in blocks)
        patch = seen.square.patch(*pixel)
        features, rows = blocks[name][patch : patch + 1], self.rows[name]
        _, index = nearest(features, rows, self._plan(features, rows))
        return Explanation(self.facts["parts"][self.owner[name][index[0]]], None)

    def _looked_at(self, part: Registered) -> tuple[Seen, dict[str, FloatArray], list[str]]:
        """The part's patches, those that there are banks for, and notes; the last part is kept."""
        if self._last is None or self._last[0] is not part:
            # without its cloud the part cannot be prepared, so only a picture may lack below
            self._last = (part, self.sight.see(part))
        seen = self._last[1]
        notes = [*lacking(part, self.rows.keys()), *seen.notes]
        blocks = with_joint(seen.patches)
        return seen, {name: blocks[name] for name in self.rows if name in blocks}, notes

    def _map(self, square: Square, features: FloatArray, rows: Array) -> FloatArray:
        """(H, W) distances as drawn by the published code; scaled to end at its score if wanted."""
        distance, index = nearest(features, rows, self._plan(features, rows))
        small = drawn(distance.reshape(GRID), (IMAGE_SIZE, IMAGE_SIZE), BLUR_PX, "btf")
        large = square.to_source(small)
        top = large.max()
        if not self.settings.reweight or top <= 0:
            return large
        plan = self._plan(features, rows)
        return large * np.float32(published_score(features, distance, index, rows, plan) / top)

    def _plan(self, features: Array, rows: Array) -> Plan:
        return self.context.plan(search_cost(len(features), *rows.shape))


def published_score(
    features: Array, distance: Array, index: Array, rows: Array, plan: Plan
) -> float:
    """A part's score: the distance of its strangest patch, less where the bank is crowded.

    features : (N, C).   distance, index : (N,) from `nearest`.   rows : (M, C) of the bank; below three
    of them nothing is weighed.
    """
    worst = np.s_[[int(distance.argmax())]]
    if len(rows) < _CROWD:
        return float(distance[worst][0])
    _, around = several_nearest(rows[index[worst]], rows, _CROWD, plan)
    factor = reweighting(
        features[worst], distance[worst], np.zeros(1, np.int64), rows, around[:, 1:]
    )
    return float(distance[worst][0] * factor[0])
