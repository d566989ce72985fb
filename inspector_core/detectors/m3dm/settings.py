"""Settings of methods that keep banks of colour and of shape: how banks are made and what joins them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from inspector_core.detectors.crossmodal.settings import CrossmodalSettings
from inspector_core.detectors.m3dm.banks import BankChoices
from inspector_core.settings import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchBankSettings(CrossmodalSettings):
    """Published values are those of nomewang/M3DM@62b7f46."""

    patch_px: int = setting(
        0,
        low=0,
        high=64,
        zero="auto",
        published=4,
        help="Judged pixels along a patch; auto takes about 56 patches along the longer side.",
    )
    standardise: bool = setting(
        True,
        published=False,
        help="Bring all channels to the same spread over the good parts first, and what the network, "
        "colours and surface say to the same weight.",
    )
    coreset: float = setting(
        0.1, low=0.0001, high=1.0, published=0.1, help="Share of the good patches kept in a bank."
    )
    bank_rows: int = setting(
        12_000, low=10, high=200_000, help="Most patches kept in a bank, whatever the share."
    )
    bank_stats: Literal["bank", "published"] = setting(
        "bank",
        choices=("bank", "published"),
        published="published",
        help="Bring each bank around its own mean to its own spread, or all to the mean of shape and the "
        "spread of colour, as the published code does by mistake.",
    )
    coreset_sizes: Literal["bank", "published"] = setting(
        "bank",
        choices=("bank", "published"),
        published="published",
        help="Shares of each bank's own patches, or, for colour and fused, of the reduced shape bank.",
    )
    projection: Literal["fast", "exact", "published"] = setting(
        "fast",
        choices=("fast", "exact", "published"),
        published="published",
        help="Choose the kept patches in 128 random directions, in full detail, or in the published "
        "random projection.",
    )
    zero_row: bool = setting(
        False,
        published=True,
        help="Keep a row of zeros in the shape bank beside patches of the parts.",
    )
    fusion: Literal["weights", "sgd_ocsvm", "recipe"] = setting(
        "weights",
        choices=("weights", "sgd_ocsvm", "recipe"),
        published="sgd_ocsvm",
        help="The fused map: banks' values in their own spreads with weights that vary least among good "
        "parts, the published one-class machine, or as the recipe joins them (joined_by).",
    )
    calibration: Literal["held_out", "self"] = setting(
        "held_out",
        choices=("held_out", "self"),
        published="self",
        help="Learn the joining from patches against the other parts' rows, or against their own too.",
    )
    factor_rgb: float = setting(
        0.1,
        low=0.0,
        high=10.0,
        published=0.1,
        help="Factor of colour before the one-class machine.",
    )
    part_score: Literal["map", "project", "published_double"] = setting(
        "map",
        choices=("map", "project", "published_double"),
        published="project",
        help="The part's own score beside its maps, for evaluation: none, the re-weighted distance of its "
        "most unusual patch, or that divided twice by 1000 as in the published two-bank model.",
    )
    blur: Literal["exact", "published"] = setting(
        "exact",
        choices=("exact", "published"),
        published="published",
        help="Blur within the part, or the published one in 256 levels over the whole picture.",
    )

    def bank_choices(self) -> BankChoices:
        """How banks are made."""
        return BankChoices(
            coreset=self.coreset,
            most_rows=self.bank_rows,
            stats=self.bank_stats,
            sizes=self.coreset_sizes,
            chosen_in=self.projection,
            zero_row=self.zero_row,
        )
