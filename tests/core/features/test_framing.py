"""Where a network looks, and the way back to source pixels."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from inspector_core.features.framing import Framing, box_of

sides = st.integers(20, 90)


@given(sides, sides, st.integers(0, 8), st.floats(0, 0.3))
def test_that_the_frame_holds_all_boxes_and_stays_in_the_picture(height, width, inset, margin):
    boxes = [(inset, inset, height - inset, width // 2 + 1), (inset, 2, height // 2 + 1, width - 2)]
    frame = Framing.around((height, width), boxes, longer_px=64, multiple=8, margin=margin)
    top, left, bottom, right = frame.box
    assert top <= min(b[0] for b in boxes)
    assert left <= min(b[1] for b in boxes)
    assert bottom >= max(b[2] for b in boxes)
    assert right >= max(b[3] for b in boxes)
    assert min(top, left) >= 0
    assert (bottom, right) <= (height, width)
    assert all(side % 8 == 0 for side in frame.size)
    assert Framing.from_facts(frame.facts()) == frame


def test_that_a_plane_of_values_comes_back_to_its_place():
    frame = Framing((60, 80), (10, 20, 50, 60), (80, 80))
    ramp = np.linspace(0, 1, 80, dtype=np.float32)
    large = frame.to_source(np.repeat(ramp[None], 80, axis=0))
    assert large.shape == (60, 80)
    np.testing.assert_allclose(large[30, 25:55], (np.arange(25, 55) - 19.5) / 40, atol=0.02)
    # beyond the frame the nearest value goes on
    assert (large[:, :20] == large[:, 20:21]).all()


def test_that_a_mark_stays_where_it_is_through_cut_and_back():
    picture = np.zeros((60, 80, 3), np.float32)
    picture[30:34, 44:48] = 1
    frame = Framing((60, 80), (10, 20, 50, 60), (40, 40))
    back = frame.to_source(frame.cut(picture)[0])
    assert np.unravel_index(back.argmax(), back.shape)[0] in range(30, 34)
    assert np.unravel_index(back.argmax(), back.shape)[1] in range(44, 48)


def test_that_the_published_frame_is_the_centre_224_of_256():
    frame = Framing.centre((512, 768), shorter_px=256, crop_px=224, multiple=8)
    assert frame.box == (32, 160, 480, 608)
    assert frame.size == (224, 224)


def test_that_cells_know_their_share_of_a_mask():
    mask = np.zeros((40, 40), bool)
    mask[:20, :10] = True
    share = Framing((40, 40), (0, 0, 40, 40), (80, 80)).share(mask, (4, 4))
    assert share.tolist() == [[1, 0, 0, 0], [1, 0, 0, 0], [0] * 4, [0] * 4]


def test_that_an_empty_mask_is_boxed_by_the_whole_picture():
    assert box_of(np.zeros((5, 7), bool)) == (0, 0, 5, 7)
    mask = np.zeros((5, 7), bool)
    mask[2, 3:5] = True
    assert box_of(mask) == (2, 3, 3, 5)


def test_that_a_frame_is_refused_nothing_smaller_than_a_multiple():
    frame = Framing.around((400, 400), [(0, 0, 400, 4)], longer_px=64, multiple=8, margin=0)
    assert frame.size == (64, 8)
