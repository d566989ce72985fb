"""Plain folders: which files make a part, which label and split it gets, how depth becomes a cloud."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tifffile

from inspector_core.data.scan import scan
from inspector_core.errors import InputError
from inspector_core.progress import drain
from tests.faults import makers

CAMERA = {"width": 24, "height": 20, "fx": 130.0, "fy": 130.0, "cx": 11.5, "cy": 9.5}


def scanned(folder, **options):
    return drain(scan(folder, None, options))


def table(found):
    return [(ref.id, ref.split, ref.label, tuple(sorted(ref.files))) for ref in found.refs]


def depth16(scale=0.0001):
    """A cloud's depth in steps of `scale` metres, 0 = missing."""
    return np.rint(makers.cloud_mm()[..., 2] / 1000 / scale).astype(np.uint16)


def test_that_pictures_alone_are_good_parts_to_learn_from(tmp_path):
    for name in ("b2", "b10", "b1"):
        makers.write_png(tmp_path / f"{name}.png", makers.picture())
    found = scanned(tmp_path)
    assert table(found) == [(n, "train", "good", ("rgb",)) for n in ("b1", "b2", "b10")]
    assert found.unit == ""
    assert found.image_size == (24, 20)
    assert "no subfolders with labels: all parts count as good" in found.notes
    sample = found.refs[0].load()
    assert sample.xyz is None
    assert sample.truth.sum() == 0


def test_that_subfolders_give_labels_and_only_good_ones_are_learnt(tmp_path):
    for label in ("good", "bad", "Kratzer"):
        makers.write_png(tmp_path / label / "a.png", makers.picture())
    assert table(scanned(tmp_path)) == [
        ("bad/a", "test", "bad", ("rgb",)),
        ("good/a", "train", "good", ("rgb",)),
        ("Kratzer/a", "test", "Kratzer", ("rgb",)),
    ]


def test_that_a_folder_without_good_parts_says_that_nothing_can_be_learnt(tmp_path):
    for label in ("monday", "tuesday"):
        makers.write_png(tmp_path / label / "a.png", makers.picture())
    assert any("no subfolder is called good" in note for note in scanned(tmp_path).notes)


def test_that_splits_keep_their_meaning(tmp_path):
    for place in ("train/good", "validation/good", "test/good", "test/dent"):
        makers.write_png(tmp_path / place / "a.png", makers.picture())
    assert [(ref.id, ref.split, ref.label) for ref in scanned(tmp_path).refs] == [
        ("test/dent/a", "test", "dent"),
        ("test/good/a", "test", "good"),
        ("train/good/a", "train", "good"),
        ("validation/good/a", "validation", "good"),
    ]


@pytest.mark.parametrize("suffix", ["tiff", "npy", "ply", "pcd"])
def test_that_role_folders_pair_by_stem_in_every_cloud_format(tmp_path, suffix):
    xyz = makers.cloud_mm()
    points = xyz.reshape(-1, 3)
    for name in ("a", "b"):
        makers.write_png(tmp_path / "rgb" / f"{name}.png", makers.picture())
        makers.write_png(tmp_path / "gt" / f"{name}.png", makers.mask())
        path = tmp_path / "xyz" / f"{name}.{suffix}"
        path.parent.mkdir(exist_ok=True)
        match suffix:
            case "tiff":
                makers.write_cloud(path, xyz)
            case "npy":
                np.save(path, xyz / 1000)
            case "ply":
                path.write_bytes(makers.ply_bytes(points / 1000))  # the grid is the picture's
            case "pcd":
                path.write_bytes(makers.pcd_bytes(points / 1000, *makers.SIZE))
    found = scanned(tmp_path)
    assert found.problems == ()
    assert found.unit == "m"
    sample = found.refs[1].load()
    valid = xyz[..., 2] > 0
    np.testing.assert_array_equal(sample.valid, valid)
    np.testing.assert_allclose(sample.xyz[valid], xyz[valid], atol=1e-4)
    assert any("unit taken as metres" in note for note in sample.notes)


def test_that_a_mask_on_a_part_that_is_only_assumed_good_is_not_used(tmp_path):
    makers.write_png(tmp_path / "rgb" / "a.png", makers.picture())
    makers.write_png(tmp_path / "mask" / "a.png", makers.mask())
    (ref,) = scanned(tmp_path).refs
    sample = ref.load()
    assert sample.truth is None
    assert any("12 pixels are marked on a part labelled good" in note for note in sample.notes)


def test_that_masks_of_labelled_parts_are_their_truth(tmp_path):
    makers.write_png(tmp_path / "bad" / "a.png", makers.picture())
    makers.write_png(tmp_path / "bad" / "b.png", makers.picture())
    makers.write_png(tmp_path / "bad" / "a_mask.png", makers.mask())
    found = scanned(tmp_path)
    assert [ref.id for ref in found.refs] == ["bad/a", "bad/b"]
    np.testing.assert_array_equal(found.refs[0].load().truth, makers.mask() > 0)
    assert [problem.path for problem in found.problems] == ["bad/b"]


def test_that_names_pair_colour_and_depth_with_one_camera_for_all(tmp_path):
    for name in ("test-image", "test-background"):
        makers.write_png(tmp_path / f"{name}.color.png", makers.picture())
        makers.write_png(tmp_path / f"{name}.depth.png", depth16())
    matrix = "130 0 11.5\n0 130 9.5\n0 0 1\n"
    (tmp_path / "test-camera-intrinsics.txt").write_text(matrix)
    found = scanned(tmp_path)
    assert [ref.id for ref in found.refs] == ["test-background", "test-image"]
    assert found.image_size == (24, 20)
    assert len(found.problems) == 2
    for problem in found.problems:
        assert "depth without a scale: its median 400" in problem.problem
        assert "0.40 m in tenths of a millimetre" in problem.problem
        assert "--set depth_scale=0.0001" in problem.cure
    with pytest.raises(InputError) as caught:
        found.refs[1].load()
    assert caught.value.sentence == found.problems[1].sentence

    sample = scanned(tmp_path, depth_scale="0.0001").refs[1].load()
    z = makers.cloud_mm()[..., 2]
    np.testing.assert_array_equal(sample.valid, z > 0)
    np.testing.assert_allclose(sample.xyz[sample.valid][:, 2], z[z > 0], atol=0.051)
    u = np.broadcast_to(np.arange(24), (20, 24))[sample.valid]
    x, z = sample.xyz[sample.valid][:, 0], sample.xyz[sample.valid][:, 2]
    np.testing.assert_allclose(x, (u - 11.5) / 130 * z, rtol=1e-5, atol=1e-4)
    assert sample.intrinsics.fx == 130.0


def test_that_a_camera_named_after_its_part_wins_and_json_carries_the_scale(tmp_path):
    for name, focal in (("a", 130.0), ("b", 260.0)):
        makers.write_png(tmp_path / f"{name}.color.png", makers.picture())
        makers.write_png(tmp_path / f"{name}.depth.png", depth16(0.001))
        entries = {**CAMERA, "fx": focal, "depth_scale": 0.001}
        (tmp_path / f"{name}.intrinsics.json").write_text(json.dumps(entries))
    samples = [ref.load() for ref in scanned(tmp_path).refs]
    assert [sample.intrinsics.fx for sample in samples] == [130.0, 260.0]
    assert np.nanmedian(samples[0].xyz[..., 2]) == pytest.approx(400, abs=1)


def test_that_depth_without_a_camera_is_refused(tmp_path):
    makers.write_png(tmp_path / "depth" / "a.png", depth16())
    makers.write_png(tmp_path / "rgb" / "a.png", makers.picture())
    (ref,) = scanned(tmp_path, depth_scale=0.0001).refs
    with pytest.raises(
        InputError, match=r"depth/a\.png: depth without camera intrinsics; add intr"
    ):
        ref.load()


def test_that_float_depth_takes_its_unit_from_the_extent(tmp_path):
    depth = makers.cloud_mm()[..., 2].astype(np.float32)
    (tmp_path / "depth").mkdir()
    tifffile.imwrite(tmp_path / "depth" / "a.tiff", depth)
    (tmp_path / "intrinsics.json").write_text(json.dumps(CAMERA))
    found = scanned(tmp_path)
    assert found.unit == "mm"
    assert np.nanmedian(found.refs[0].load().xyz[..., 2]) == pytest.approx(400, abs=1)


def test_that_readings_beyond_max_depth_are_missing(tmp_path):
    depth = depth16(0.001)
    depth[:10] = 480
    makers.write_png(tmp_path / "depth" / "a.png", depth)
    (tmp_path / "intrinsics.json").write_text(json.dumps({**CAMERA, "depth_scale": 0.001}))
    (ref,) = scanned(tmp_path, max_depth=450).refs
    assert not ref.load().valid[:10].any()


def test_that_clouds_alone_bring_their_own_colours(tmp_path):
    xyz, rgb = makers.cloud_mm(), makers.picture()
    data = makers.ply_bytes(
        xyz.reshape(-1, 3), rgb.reshape(-1, 3), comments=("width 24", "rows 20")
    )
    (tmp_path / "a.ply").write_bytes(data)
    (ref,) = scanned(tmp_path).refs
    sample = ref.load()
    np.testing.assert_array_equal(sample.rgb, rgb)
    assert sample.valid.any()


def test_that_files_of_one_stem_are_told_apart_by_their_headers(tmp_path):
    makers.write_png(tmp_path / "a.png", makers.picture())
    makers.write_cloud(tmp_path / "a.tiff", makers.cloud_mm())
    (tmp_path / "b.jpg").write_bytes(makers.jpeg_bytes(makers.picture()))
    np.save(tmp_path / "b.npy", makers.cloud_mm())
    found = scanned(tmp_path, unit="auto")
    assert table(found) == [(n, "train", "good", ("rgb", "xyz")) for n in ("a", "b")]


def test_that_a_stray_file_does_not_refuse_the_others(tmp_path):
    for name in "abcde":
        (tmp_path / f"{name}.pcd").write_bytes(
            makers.pcd_bytes(makers.cloud_mm().reshape(-1, 3), *makers.SIZE)
        )
    makers.write_png(tmp_path / "c.png", makers.picture())
    makers.write_png(tmp_path / "photo of the station.png", makers.picture())
    found = scanned(tmp_path)
    assert [problem.path for problem in found.problems] == ["c", "photo of the station"]
    assert "picture ignored" in found.problems[0].problem
    assert "XYZ missing" in found.problems[1].problem
    assert all(ref.load().valid.any() for ref in found.refs[:5])


def test_that_parts_in_role_folders_must_be_complete(tmp_path):
    for name in ("a", "b", "c"):
        makers.write_png(tmp_path / "rgb" / f"{name}.png", makers.picture())
    makers.write_cloud(tmp_path / "xyz" / "b.tiff", makers.cloud_mm())
    found = scanned(tmp_path)
    assert [problem.sentence for problem in found.problems] == [
        f"{name}: XYZ missing, looked for xyz/{name}.tiff; add the file or remove the part."
        for name in ("a", "c")
    ]


def test_that_opening_a_role_folder_mentions_the_one_beside_it(tmp_path):
    makers.parts(tmp_path)
    found = scanned(tmp_path / "test" / "dent" / "rgb")
    assert any(note.startswith("xyz lies beside this folder") for note in found.notes)
    assert len(scanned(tmp_path / "test" / "dent").refs) == 3


def test_that_a_foreign_frame_is_turned_on_request(tmp_path):
    makers.write_png(tmp_path / "rgb" / "a.png", makers.picture())
    makers.write_cloud(tmp_path / "xyz" / "a.tiff", makers.cloud_mm() * [1, -1, -1])
    (asked,) = scanned(tmp_path, axes="x -y -z").refs
    xyz = makers.cloud_mm()
    sample = asked.load()
    np.testing.assert_allclose(sample.xyz[sample.valid], xyz[xyz[..., 2] > 0], atol=1e-4)


def test_that_a_real_sensor_scene_loads_once_its_scale_is_given(shared):
    folder = shared("data", "rgbd_arc_bin")
    found = scanned(folder, depth_scale=0.0001)
    assert found.problems == ()
    samples = {ref.id: ref.load() for ref in found.refs}
    assert samples["test-image"].valid.mean() == pytest.approx(0.760, abs=0.002)
    assert samples["test-background"].valid.mean() == pytest.approx(0.675, abs=0.002)
    z = samples["test-image"].xyz[..., 2]
    assert np.nanmin(z) > 230
    assert np.nanpercentile(z, 99) == pytest.approx(820, abs=15)
