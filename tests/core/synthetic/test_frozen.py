"""The generator's output is frozen: detectors are tuned on it, so it may not move unnoticed.

The hash covers rounded arrays, not files: uint8 rgb, xyz in whole micrometres (0 = missing) and the
mask. Computing is float64, so that the last bits, which differ between processors and libraries, do
not reach the rounded values. A wanted change of the output raises `part.VERSION` and replaces these.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from inspector_core.synthetic import FAMILIES, make_part
from inspector_core.synthetic.kinds import TYPES

FROZEN = {
    "biscuit": "786c7f6ef4d801185fd8058636798c0a9028dfe1a76318eccfaaee1f9c21b0fa",
    "bracket": "9e5a05d84a089aea956e0455275720c1c36d3f14cf1fcd9fd36a68ad5373e0a3",
    "tile": "7cd0ab380f17443bcb9b36fab83d1b0dabc53ffae16ea6850cf8d563adea9208",
}


def fingerprint(family: str) -> str:
    """SHA-256 over one part of each label at 120 x 120 pixels, seed 0."""
    digest = hashlib.sha256()
    for label in ("good", *TYPES):
        part = make_part(family, seed=0, split="test", label=label, index=0, size=120)
        micrometres = np.rint(np.nan_to_num(part.xyz.astype(np.float64)) * 1000).astype("<i4")
        for array in (part.rgb, micrometres, part.mask):
            digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def test_that_every_family_is_frozen():
    assert set(FROZEN) == set(FAMILIES)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_that_the_generators_output_has_not_moved(family):
    assert fingerprint(family) == FROZEN[family]
