"""Whether good parts keep one shape, found by laying a few onto one another."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from inspector_core.detectors.aligned.trial import tried
from inspector_core.detectors.contract import Context
from inspector_core.device import Hardware
from inspector_core.errors import InputError
from inspector_core.geometry.prepare import prepare
from inspector_core.progress import drain
from tests.contracts.tiny_parts import read, refs

CONTEXT = Context(prepare=partial(prepare, normals=False), machine=Hardware())


def trial(parts):
    return drain(tried(parts, CONTEXT))


def swollen(ref):
    """A tiny part that grew or shrank sideways and upwards by its seed, as bread does."""
    sample = read(ref)
    stretch = 1 + 0.2 * np.sin(1.7 * ref.options["seed"])
    table = np.median(sample.xyz[:8, :8, 2])
    xyz = sample.xyz.copy()
    xyz[..., :2] *= stretch
    xyz[..., 2] = table - (table - xyz[..., 2]) * stretch
    return replace(sample, xyz=xyz.astype(np.float32))


def torn(ref):
    raise InputError(f"{ref.id}: file ends early", cure="copy it again")


def test_that_turned_and_shifted_copies_of_a_block_lie_on_one_another():
    found = trial(refs(6))
    assert (found.n_read, found.n_pictures, found.n_clouds) == (6, 6, 6)
    assert len(found.shares) == 5
    assert min(found.shares) > 0.8
    assert found.apart_mm < found.close_mm / 2


def test_that_parts_of_different_size_do_not():
    found = trial([replace(ref, read=swollen) for ref in refs(6)])
    assert np.median(found.shares) < 0.7


def test_that_a_few_of_many_parts_are_looked_at_from_first_to_last():
    read_ids = []

    def noted(ref):
        read_ids.append(ref.id)
        return read(ref)

    parts = [replace(ref, read=noted) for ref in refs(40)]
    assert trial(parts).n_read == 8
    assert (read_ids[0], read_ids[-1]) == (parts[0].id, parts[-1].id)


def test_that_pictures_alone_cannot_be_laid_on_one_another():
    found = trial(refs(4, drop="xyz"))
    assert (found.n_read, found.n_pictures, found.n_clouds) == (4, 4, 0)
    assert found.shares == ()


def test_that_a_part_without_a_picture_is_counted():
    found = trial([*refs(3), *refs(1, 9, drop="rgb")])
    assert (found.n_read, found.n_pictures, found.n_clouds) == (4, 3, 4)


@pytest.mark.parametrize(
    "bad",
    [torn, partial(lambda ref: read(replace(ref, options={**ref.options, "drop": "points"})))],
)
def test_that_a_part_that_cannot_be_used_is_passed_over(bad):
    parts = refs(5)
    found = trial([replace(parts[0], read=bad), *parts[1:]])
    assert found.n_clouds == 4
    assert len(found.shares) == 3


def test_that_one_part_or_none_has_nothing_to_lie_on():
    assert trial(refs(1)).shares == ()
    assert trial([]).n_read == 0


def test_that_the_same_parts_give_the_same_figures():
    assert trial(refs(3)) == trial(refs(3))
