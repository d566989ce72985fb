"""What the writers write, the readers read back."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile

from inspector_core.data.readers.mvtec3d import MVTec3D
from inspector_core.data.scan import scan
from inspector_core.data.writers import cloud_bytes, picture_bytes, write_part
from inspector_core.errors import OutputError
from inspector_core.progress import drain
from inspector_core.types import SampleRef
from tests.faults import makers


def written(tmp_path, rgb, xyz, truth=None, label="dent"):
    write_part(tmp_path, "test", label, "004", rgb, xyz, truth)
    (ref,) = drain(scan(tmp_path, "mvtec3d")).refs
    return ref.load()


def cloud():
    xyz = makers.cloud_mm().astype(np.float32)
    xyz[xyz[..., 2] == 0] = np.nan
    return xyz


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_that_a_written_part_is_read_back(tmp_path, kind):
    rgb = makers.picture().astype(kind) * kind(1 if kind is np.uint8 else 257)
    truth = makers.mask() > 0
    sample = written(tmp_path, rgb, cloud(), truth)
    assert (sample.id, sample.split, sample.label) == ("test/dent/004", "test", "dent")
    np.testing.assert_array_equal(sample.rgb, rgb)
    np.testing.assert_array_equal(sample.truth, truth)
    np.testing.assert_array_equal(sample.valid, np.isfinite(cloud()[..., 2]))
    # metres in 32 bits and back: at most one step, 0.00003 mm at 400 mm
    valid = sample.valid
    np.testing.assert_array_max_ulp(sample.xyz[valid], cloud()[valid], maxulp=1)


@pytest.mark.parametrize("seed", range(20))
def test_that_coordinates_on_a_sensors_grid_come_back_identically(seed):
    # 2^-17 m is 7.6 um: stored sensor coordinates are multiples of this or coarser
    rng = np.random.default_rng(seed)
    steps = rng.integers(-(2**16), 2**16, (40, 50, 3))
    xyz = (steps * (1000 / 2**17)).astype(np.float32)
    xyz[rng.random((40, 50)) < 0.2] = np.nan
    metres = tifffile.imread(io.BytesIO(cloud_bytes(xyz)))
    missing = np.isnan(xyz).any(axis=2)
    np.testing.assert_array_equal((metres * np.float32(1000))[~missing], xyz[~missing])
    assert not metres[missing].any()


def test_that_parts_without_picture_or_cloud_are_read_back(tmp_path):
    assert written(tmp_path / "a", makers.picture(), None).xyz is None
    assert written(tmp_path / "b", None, cloud()).rgb is None


def test_that_a_good_part_without_mask_has_no_defect_pixels(tmp_path):
    assert written(tmp_path, makers.picture(), cloud(), label="good").truth.sum() == 0


def test_that_equal_parts_give_equal_bytes():
    assert cloud_bytes(cloud()) == cloud_bytes(cloud())
    assert picture_bytes(makers.picture()) == picture_bytes(makers.picture())


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".hidden", "a\\b"])
def test_that_names_that_lead_elsewhere_are_refused(tmp_path, name):
    with pytest.raises(OutputError, match="cannot be a folder or file name"):
        write_part(tmp_path, "test", "good", name, makers.picture(), None)
    assert list(tmp_path.iterdir()) == []


def test_that_the_layout_is_what_the_reader_claims(tmp_path):
    write_part(tmp_path, "train", "good", "000", makers.picture(), cloud())
    assert MVTec3D().claims(tmp_path).score == 1.0
    assert isinstance(drain(scan(tmp_path)).refs[0], SampleRef)
