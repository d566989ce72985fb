"""The "no model" row on real annotations, against figures computed by other code (the data's README)."""

from __future__ import annotations

import numpy as np
import pytest

from inspector_core import engine
from inspector_core.evaluation import ScoredPart, evaluation
from inspector_core.progress import drain
from inspector_core.types import AnomalyMaps


def candy_on(xyz_mm):
    """The README's rule for the part: a band of heights over the belt, below the cross beam."""
    from scipy import ndimage

    x, y, z = np.moveaxis(xyz_mm / 100, 2, 0)
    height = 2.22132 - 0.70711 * (y + z)
    candy = (height > 0.02) & (height < 0.2) & (np.abs(x) < 1.0)
    candy[:111] = False
    pieces, _ = ndimage.label(candy, np.ones((3, 3)))
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return pieces == sizes.argmax()


def parts(refs):
    for ref in refs:
        sample = ref.load()
        foreground = candy_on(sample.xyz)
        values = np.where(foreground, np.float32(0), np.float32(np.nan))
        yield ScoredPart(
            ref.id, ref.label, sample.truth, foreground, AnomalyMaps(fused=values), {}, 0.0
        )


@pytest.mark.heavy
def test_that_random_numbers_on_the_candy_get_the_figures_of_the_readme(shared):
    folder = shared("data", "eyecandies", "CandyCane")
    refs = drain(engine.scan(folder)).select("test")
    facts = {"name": "", "detector": "", "sha256": "", "seed": 0}
    outcome = drain(evaluation(parts(refs), recipe_facts=facts, replicates=10))
    assert (outcome.n_good, outcome.n_bad) == (25, 25)
    assert outcome.no_model.aupro == pytest.approx((0.890, 0.722, 0.473, 0.095), abs=0.006)
    assert outcome.no_model.p_auroc == pytest.approx(0.964, abs=0.002)
