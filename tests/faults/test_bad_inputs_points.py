"""Truncated and odd point files, and clouds far from their origin (rows 51 and 52)."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from inspector_core.data.scan import scan
from inspector_core.errors import InputError
from inspector_core.progress import drain
from tests.faults import makers

POINTS = makers.cloud_mm().reshape(-1, 3)
GRID = (f"width {makers.WIDTH}", f"height {makers.HEIGHT}")


def files(form):
    """Name and bytes of a sound point file."""
    if form.startswith("ply"):
        kind = form.removeprefix("ply-")
        return "ply", makers.ply_bytes(POINTS, form=kind, comments=GRID)
    return "pcd", makers.pcd_bytes(POINTS, *makers.SIZE, form=form.removeprefix("pcd-"))


FORMS = (
    "ply-ascii",
    "ply-binary_little_endian",
    "ply-binary_big_endian",
    "pcd-ascii",
    "pcd-binary",
    "pcd-binary_compressed",
)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("share", [0.01, 0.5, 0.97])
def test_that_truncated_point_files_end_early_and_the_others_load(tmp_path, form, share):
    suffix, data = files(form)
    for name in ("000", "001", "002"):
        (tmp_path / f"{name}.{suffix}").write_bytes(data)
    (tmp_path / f"001.{suffix}").write_bytes(data[: int(len(data) * share)])
    found = drain(scan(tmp_path))
    assert len(found.refs) == 3
    assert found.refs[0].load().valid.any()
    assert found.refs[2].load().valid.any()
    with pytest.raises(InputError) as caught:
        found.refs[1].load()
    assert caught.value.message.startswith(f"001.{suffix}: ")
    if share > 0.01:
        assert "file ends early (" in caught.value.message
        assert caught.value.cure == "copy it again"


def test_that_truncated_point_files_say_how_many_bytes_or_points_there_are(tmp_path):
    (tmp_path / "a.ply").write_bytes(makers.ply_bytes(POINTS, comments=GRID)[:-1000])
    (tmp_path / "b.ply").write_bytes(makers.ply_bytes(POINTS, form="ascii", comments=GRID)[:-3000])
    found = drain(scan(tmp_path))
    with pytest.raises(InputError, match=r"a\.ply: file ends early \(4\.\d of 5\.\d kB\)"):
        found.refs[0].load()
    with pytest.raises(InputError, match=r"b\.ply: file ends early \(3\d\d of 480 points\)"):
        found.refs[1].load()


def test_that_a_missing_cloud_file_is_no_empty_cloud(tmp_path):
    (tmp_path / "a.pcd").write_bytes(makers.pcd_bytes(POINTS, *makers.SIZE))
    (ref,) = drain(scan(tmp_path)).refs
    (tmp_path / "a.pcd").unlink()
    with pytest.raises(InputError, match=r"a\.pcd: file is missing; copy it again or remove"):
        ref.load()


def test_that_points_without_a_grid_are_refused(tmp_path):
    (tmp_path / "a.ply").write_bytes(makers.ply_bytes(POINTS))
    (ref,) = drain(scan(tmp_path)).refs
    with pytest.raises(InputError, match=r"a\.ply: 480 points without a grid; export the organ"):
        ref.load()


def test_that_clouds_far_from_the_origin_are_moved_and_the_shift_is_kept(tmp_path):
    survey = np.array([4_512_345.0, 512_000.0, 61_000.0])
    xyz = makers.cloud_mm()
    folder = makers.part(tmp_path, "000")
    path = folder / "xyz" / "000.tiff"
    tifffile.imwrite(path, np.where(xyz == 0, np.nan, xyz + survey), photometric="rgb")
    found = drain(scan(tmp_path))
    sample = found.refs[0].load()
    (note,) = [note for note in sample.notes if note.startswith("cloud moved by (")]
    shift = np.array([float(word) for word in note.split("(")[1].split(")")[0].split(",")])
    valid = sample.valid
    np.testing.assert_allclose(
        sample.xyz[valid].astype(float) - shift, xyz[valid] + survey, atol=1e-4
    )
    assert np.abs(sample.xyz[valid]).max() < 1000
    assert sample.xyz[valid][:, 2].min() > 0


def test_that_clouds_far_from_the_origin_in_32_bits_say_what_is_lost(tmp_path):
    folder = makers.part(tmp_path, "000")
    xyz = makers.cloud_mm() + np.array([1_000_000.0, 0, 0])
    tifffile.imwrite(
        folder / "xyz" / "000.tiff", (xyz / 1000).astype(np.float32), photometric="rgb"
    )
    sample = drain(scan(tmp_path)).refs[0].load()
    assert any("32-bit floats 1000 m from the origin: steps of 0.06" in n for n in sample.notes)
