"""Banks and what joins them, learnt from good parts' patches and applied to a part's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from inspector_core.detectors.appearance import standing_out
from inspector_core.detectors.contract import Context
from inspector_core.detectors.m3dm.banks import (
    BANKS,
    BankName,
    PatchBank,
    Reweight,
    held_out_distances,
    learn_banks,
    part_score,
)
from inspector_core.detectors.m3dm.decision import Decision, least_varying, one_class
from inspector_core.detectors.m3dm.settings import PatchBankSettings
from inspector_core.device import Plan
from inspector_core.memory.nearest import search_cost
from inspector_core.progress import Job
from inspector_core.types import Array, FloatArray

Features = Mapping[BankName, FloatArray]
"""(N, D) of the patches of one part, by bank."""
MAPS, SCORES = "maps", "scores"


@dataclass(frozen=True, slots=True)
class Judged:
    """One part.

    distances : (N,) by bank.   joint : (N,) their joint value, None where nothing joins them.
    score : the method's own of the part, None where the maps say it all or nothing joins the banks'.
    """

    distances: dict[BankName, FloatArray]
    joint: FloatArray | None
    score: float | None = None


def learn_judge(
    good: Sequence[Features], whole: int, settings: PatchBankSettings, context: Context
) -> Job[tuple[dict[str, Array], dict[str, Any]]]:
    """Tensors and facts of banks and decisions.

    good : patches of each good part, of the same banks.   whole : patches before any were left out.
    """
    names = tuple(name for name in BANKS if name in good[0])
    features = {name: np.concatenate([one[name] for one in good]) for name in names}
    numbers = np.repeat(np.arange(len(good)), [len(one[names[0]]) for one in good])
    owner = dict.fromkeys(names, numbers)
    banks = yield from learn_banks(
        features,
        owner,
        settings.bank_choices(),
        context.plan,
        whole=dict.fromkeys(names, whole),
        seed=context.seed,
    )
    tensors: dict[str, Array] = {}
    for name, bank in banks.items():
        tensors |= bank.tensors(f"bank.{name}")
    facts: dict[str, Any] = {"banks": list(names), "inverted": []}
    if len(names) == 1 or settings.fusion == "recipe":
        return tensors, facts
    judge = BankJudge(settings, tensors, facts, context)
    distances, scores = yield from judge.of_good(features, numbers)
    for what, values in ((MAPS, distances), (SCORES, scores)):
        decision = _decided(values, len(good), settings)
        tensors |= decision.tensors(what)
        facts["inverted"] += [name for name in decision.inverted() if name not in facts["inverted"]]
    return tensors, facts


class BankJudge:
    """Learnt banks and decisions."""

    def __init__(
        self,
        settings: PatchBankSettings,
        tensors: Mapping[str, Array],
        facts: Mapping[str, Any],
        context: Context,
    ) -> None:
        self.settings, self.context = settings, context
        self.names: tuple[BankName, ...] = tuple(facts["banks"])
        self.banks = {name: PatchBank.from_tensors(f"bank.{name}", tensors) for name in self.names}
        self.reweight: Reweight = "none"
        if settings.part_score != "map":
            self.reweight = settings.part_score
        self.crowds = {
            name: bank.crowd(self._plan(bank.rows, bank)) if self.reweight != "none" else None
            for name, bank in self.banks.items()
        }
        self.decisions = {
            what: Decision.from_tensors(what, self.names, tensors)
            for what in (MAPS, SCORES)
            if f"{what}.weights" in tensors
        }

    def judged(self, features: Features) -> Judged:
        """Distances and scores of a part, of the banks whose features it has."""
        distances: dict[BankName, FloatArray] = {}
        scores: dict[BankName, float] = {}
        for name, rows in features.items():
            bank = self.banks[name]
            scaled = bank.scaled(rows)
            distances[name], index = bank.search(scaled, self._plan(scaled, bank))
            if self.reweight != "none":
                scores[name] = self._score(name, scaled, distances[name], index)
        joint = self.decisions[MAPS].value(distances) if MAPS in self.decisions else None
        return Judged(distances, joint, self._together(scores))

    def most_like(
        self, features: Features, distances: Mapping[BankName, Array], patch: int
    ) -> int | None:
        """Number of the good part most like a part at one of its patches, None where nobody can say.

        By the bank in which the patch stands out most.   distances : (N,) by bank, from `judged`.
        """
        found = []
        for name, values in distances.items():
            bank = self.banks[name]
            scaled = bank.scaled(features[name][patch])
            number = bank.most_like(scaled, self._plan(scaled[None], bank))
            if number is not None:
                found.append((standing_out(values, patch), number))
        return max(found)[1] if found else None

    def _together(self, scores: Mapping[BankName, float]) -> float | None:
        """The joint score of those of the banks, None without any and where the recipe joins."""
        if not scores:
            return None
        if len(self.names) == 1:
            return scores[self.names[0]]
        if SCORES not in self.decisions:
            return None
        given = {name: np.asarray(value) for name, value in scores.items()}
        return float(self.decisions[SCORES].value(given))

    def of_good(
        self, features: Features, numbers: Array
    ) -> Job[tuple[dict[BankName, Array], dict[BankName, Array]]]:
        """Distances (N,) of all good patches and scores of the good parts, by bank.

        numbers : (N,) of each patch's part.
        """
        distances: dict[BankName, Array] = {}
        scores: dict[BankName, Array] = {}
        parts = np.unique(numbers)
        for name, bank in self.banks.items():
            scaled = bank.scaled(features[name])
            if self.settings.calibration == "self" or len(parts) == 1:
                found, index = bank.search(scaled, self._plan(scaled, bank))
            else:
                found, index = yield from held_out_distances(
                    bank, scaled, numbers, self.context.plan
                )
            distances[name] = found
            own = [numbers == part for part in parts]
            scores[name] = np.array(
                [self._score(name, scaled[some], found[some], index[some]) for some in own]
            )
        return distances, scores

    def _score(self, name: BankName, scaled: Array, distances: Array, index: Array) -> float:
        return part_score(
            scaled, distances, index, self.banks[name], self.crowds[name], self.reweight
        )

    def _plan(self, rows: Array, bank: PatchBank) -> Plan:
        return self.context.plan(search_cost(len(rows), *bank.rows.shape))


def _decided(
    values: Mapping[BankName, Array], n_parts: int, settings: PatchBankSettings
) -> Decision:
    if settings.fusion == "sgd_ocsvm":
        factors: dict[BankName, float]
        factors = {name: settings.factor_rgb if name == "rgb" else 1.0 for name in values}
        return one_class(values, factors)
    return least_varying(values, n_parts)
