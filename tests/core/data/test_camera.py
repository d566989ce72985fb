"""Camera files and back-projection."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspector_core.data.camera import Camera, parse_camera
from inspector_core.data.decode import Unusable
from inspector_core.data.depth import back_projected, scale_of, valid_depth


def camera(**entries) -> Camera:
    base = {"width": 40, "height": 30, "fx": 50.0, "fy": 52.0, "cx": 19.5, "cy": 14.5}
    return parse_camera(json.dumps({**base, **entries}).encode())


def test_that_a_matrix_and_json_give_the_same_camera():
    text = b" 5.0e+01\t 0.0 1.95e1\n0 52 14.5\n0 0 1\n"
    found = parse_camera(text)
    assert (found.fx, found.fy, found.cx, found.cy) == (50.0, 52.0, 19.5, 14.5)
    assert found.sized(40, 30) == camera()


def test_that_other_programs_files_are_understood():
    columns = {"width": 40, "height": 30, "intrinsic_matrix": [50, 0, 0, 0, 52, 0, 19.5, 14.5, 1]}
    assert parse_camera(json.dumps(columns).encode()) == camera()
    halcon = {"camera_type": "area_scan_division", "focus": 0.01, "sx": 2e-4, "sy": 2e-4}
    halcon |= {"cx": 19.5, "cy": 14.5, "image_width": 40, "image_height": 30, "kappa": -2205.0}
    assert parse_camera(json.dumps(halcon).encode()).fx == pytest.approx(50.0)


def test_that_half_pixel_centres_are_shifted_to_whole_ones():
    assert camera(pixel_centre=0.5, cx=20.0, cy=15.0) == camera()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 2 3", "no 3x3 camera matrix"),
        ("50 0 19 0 52 14 0 0 2", "no 3x3 camera matrix"),
        ('{"fx": 50, "cx": 3, "cy": 4}', "camera file that cannot be read"),
        ('{"fx": 0, "fy": 2, "cx": 3, "cy": 4}', "focal length not positive"),
        ('{"fx": 1, "fy": 2, "cx": 3, "cy": 4, "unit": "inch"}', "unknown unit inch"),
        ("{not json", "camera file that cannot be read"),
    ],
)
def test_that_impossible_cameras_are_refused(text, words):
    with pytest.raises(Unusable, match=words):
        parse_camera(text.encode())


def test_that_a_camera_of_another_size_is_scaled_or_refused():
    half = camera().sized(20, 15)
    assert (half.fx, half.cx) == (25.0, 9.5)
    with pytest.raises(Unusable, match=r"for 40x30 pixels, the depth has 40x20"):
        camera().sized(40, 20)


def test_that_back_projection_is_the_pinhole():
    values = np.full((30, 40), 2000, np.uint16)
    values[3, 4] = 2500
    xyz = back_projected(values, camera(), 0.001).xyz
    assert xyz[3, 4] == pytest.approx([(4 - 19.5) / 50 * 2.5, (3 - 14.5) / 52 * 2.5, 2.5])


def test_that_range_along_the_ray_has_this_distance_from_the_camera():
    values = np.full((30, 40), 2000, np.uint16)
    xyz = back_projected(values, camera(depth_kind="range"), 0.001).xyz
    np.testing.assert_allclose(np.linalg.norm(xyz, axis=2), 2.0)


@settings(max_examples=20, deadline=None)
@given(st.floats(-0.2, 0.2), st.floats(-0.05, 0.05), st.floats(-0.01, 0.01), st.floats(-0.01, 0.01))
def test_that_undistorted_rays_project_back_to_their_pixels(k1, k2, p1, p2):
    found = camera(distortion=[k1, k2, p1, p2])
    x, y = np.moveaxis(found.rays(), 2, 0)
    r2 = x * x + y * y
    radial = 1 + k1 * r2 + k2 * r2 * r2
    u = (x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x)) * found.fx + found.cx
    v = (y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y) * found.fy + found.cy
    np.testing.assert_allclose(u, np.broadcast_to(np.arange(40), (30, 40)), atol=1e-6)
    np.testing.assert_allclose(v, np.broadcast_to(np.arange(30)[:, None], (30, 40)), atol=1e-6)


def test_that_only_true_measurements_are_valid():
    values = np.array([[0, 1, 65535, 400]], np.uint16)
    assert valid_depth(values).tolist() == [[False, True, False, True]]
    floats = np.array([[0.0, np.nan, np.inf, -1.0, 0.4, 65535.0]])
    assert valid_depth(floats).tolist() == [[False, False, False, False, True, True]]


def test_that_a_scale_is_never_guessed():
    values = np.full((30, 40), 6503, np.uint16)
    with pytest.raises(Unusable) as caught:
        scale_of(values, camera(), 0.0)
    assert "its median 6503 is 6.50 m in millimetres or 0.65 m in tenths" in caught.value.problem
    assert "--set depth_scale=0.001 or --set depth_scale=0.0001" in caught.value.cure
    assert scale_of(values, camera(depth_scale=0.0001), 0.0) == 0.0001
    assert scale_of(values, camera(depth_scale=0.0001), 0.001) == 0.001
    assert scale_of(values, camera(unit="mm"), 0.0) == 0.001
    assert scale_of(values.astype(np.float32), camera(), 0.0) == 0.0


def test_that_flyers_become_missing_and_something_standing_up_does_not():
    values = np.full((100, 120), 4000, np.uint16)
    values[50, 60:63] = 900
    values[20:24, 20:24] = 3600  # 40 mm high on a flat part
    cloud = back_projected(values, camera(width=120, height=100), 0.0001)
    assert np.isnan(cloud.xyz[50, 60:63]).all()
    assert np.isfinite(cloud.xyz[20:24, 20:24]).all()
    assert "3 flyers (0.025 %) outside 0.3 to 0.5 m: taken as missing" in cloud.notes
