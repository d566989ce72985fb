"""Bad input in real life: one fixture and one test a row of the product's table.

Every case breaks part 001 of three. The scan must survive, parts 000 and 002 must load, and 001 must
either raise one sentence with file, problem and cure, or load with a note that says what was assumed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import tifffile
from PIL import Image

from inspector_core.data.scan import scan
from inspector_core.errors import InputError
from inspector_core.progress import drain
from tests.faults import makers


@dataclass
class Folder:
    """Three parts of test/dent; 001 is the one to break."""

    root: object
    options: dict

    @property
    def dent(self):
        return self.root / "test" / "dent"

    @property
    def rgb(self):
        return self.dent / "rgb" / "001.png"

    @property
    def xyz(self):
        return self.dent / "xyz" / "001.tiff"

    @property
    def gt(self):
        return self.dent / "gt" / "001.png"

    def scan(self, layout=None):
        return drain(scan(self.root, layout, self.options))

    def load(self):
        """The broken part, after checking that the others survive it."""
        found = self.scan()
        parts = {ref.id: ref for ref in found.refs}
        for name in ("000", "002"):
            assert parts[f"test/dent/{name}"].load().valid.any()
        return parts["test/dent/001"].load()

    def notes(self):
        return " | ".join(self.load().notes)

    def refusal(self):
        """The sentence that loading the broken part gives: file first, problem, cure."""
        with pytest.raises(InputError) as caught:
            self.load()
        error = caught.value
        assert error.message.startswith("test/dent/")
        assert error.cure
        assert "\n" not in error.sentence
        return error.sentence

    def problems(self):
        return [problem.sentence for problem in self.scan().problems]


@pytest.fixture
def folder(tmp_path):
    makers.parts(tmp_path)
    return Folder(tmp_path, {})


def truncate(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


# row 1
@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"compression": "lzma"}])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_that_a_truncated_tiff_ends_early(folder, options, share):
    makers.write_cloud(folder.xyz, makers.cloud_mm(), **options)
    truncate(folder.xyz, share)
    sentence = folder.refusal()
    assert sentence.startswith("test/dent/xyz/001.tiff: file ends early (")
    assert sentence.endswith("copy it again.")


def test_that_a_truncated_raw_tiff_names_both_sizes_in_the_scan_and_on_loading(folder):
    makers.write_cloud(folder.xyz, makers.cloud_mm())
    full = folder.xyz.stat().st_size
    truncate(folder.xyz, 0.5)
    expected = (
        f"test/dent/xyz/001.tiff: file ends early ({full // 2 / 1000:.1f} of {full / 1000:.1f} kB)"
        "; copy it again."
    )
    assert folder.refusal() == expected
    assert folder.problems() == [expected]


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.99])
def test_that_a_truncated_png_ends_early(folder, share):
    truncate(folder.rgb, share)
    sentence = folder.refusal()
    if share > 0.001:
        assert sentence.startswith("test/dent/rgb/001.png: file ends early (")
        assert sentence.endswith("copy it again.")


def test_that_a_truncated_jpeg_ends_early(folder):
    data = makers.jpeg_bytes(makers.picture())
    folder.rgb.write_bytes(data[: len(data) - 200])
    assert "rgb/001.png: file ends early (after " in folder.refusal()


# row 2
@pytest.mark.parametrize("role", ["rgb", "xyz", "gt"])
def test_that_empty_files_are_told_from_broken_ones(folder, role):
    path = getattr(folder, role)
    path.write_bytes(b"")
    expected = (
        f"test/dent/{role}/{path.name}: empty file; "
        "the camera or the copy did not finish: copy it again."
    )
    assert folder.refusal() == expected
    assert expected in folder.problems()


# row 3
@pytest.mark.parametrize("role", ["rgb", "xyz", "gt"])
def test_that_text_named_like_a_picture_shows_how_it_starts(folder, role):
    path = getattr(folder, role)
    path.write_bytes(b"hello, this is no picture at all")
    expected = f"test/dent/{role}/{path.name}: not an image (starts with 'hell'); check the export."
    assert folder.refusal() == expected
    assert expected in folder.problems()


def test_that_bytes_that_are_no_text_are_shown_escaped(folder):
    folder.rgb.write_bytes(b"\x00\xffab" * 9)
    assert r"starts with '\x00\\xffab'" in folder.refusal()


# row 4
def test_that_a_jpeg_named_png_loads_with_a_note(folder):
    folder.rgb.write_bytes(makers.jpeg_bytes(makers.picture(), quality=95))
    assert "the .png file is a JPEG: lossy, fine defects may be lost" in folder.notes()


# row 5
@pytest.mark.parametrize(("channels", "words"), [(1, "1 channel"), (2, "2 channels"), (4, "4 ch")])
def test_that_other_channel_counts_are_refused_with_the_count(folder, channels, words):
    xyz = makers.cloud_mm()
    values = np.concatenate([xyz, xyz], axis=2)[..., 2 : 2 + channels].astype(np.float32) / 1000
    tifffile.imwrite(folder.xyz, values.squeeze(), photometric="minisblack", planarconfig="contig")
    sentence = folder.refusal()
    assert sentence.startswith(f"test/dent/xyz/001.tiff: {words}")
    assert "found, 3 needed (x, y, z); export the organised cloud, not the depth" in sentence


# row 6
@pytest.mark.parametrize("options", [{"planarconfig": "separate"}, {"photometric": "minisblack"}])
def test_that_planar_clouds_are_read_the_right_way_round(folder, options):
    xyz = makers.cloud_mm()
    planes = np.moveaxis(xyz / 1000, 2, 0).astype(np.float32)
    tifffile.imwrite(folder.xyz, planes.copy(), **{"photometric": "rgb", **options})
    sample = folder.load()
    assert "planes x, y, z stored one after the other" in sample.notes
    valid = xyz[..., 2] > 0
    np.testing.assert_allclose(sample.xyz[valid], xyz[valid], atol=1e-4)


def test_that_planar_clouds_with_three_rows_are_refused(folder):
    tifffile.imwrite(folder.xyz, np.ones((3, 24, 3), np.float32))
    assert "pixels are too few" in folder.refusal()


# row 7
def test_that_other_number_types_are_converted_with_a_note_or_need_a_scale(folder):
    makers.write_cloud(folder.xyz, makers.cloud_mm(), dtype=np.float64)
    assert "64-bit floats converted to 32 bits" in folder.notes()
    makers.write_cloud(folder.xyz, makers.cloud_mm(), unit=0.1, dtype=np.int16)
    sentence = folder.refusal()
    assert "coordinates are whole numbers (int16) without a unit" in sentence
    assert "give the unit scale: --set xyz_scale=0.0001" in sentence
    folder.options["xyz_scale"] = 0.0001
    sample = folder.load()
    assert any("0.0001 m each" in note for note in sample.notes)
    np.testing.assert_allclose(sample.xyz[sample.valid][:, 2], 400, atol=3)


# row 8
def test_that_compressions_without_a_codec_name_the_way_out(folder):
    reference = (makers.cloud_mm() / 1000).astype(np.float32)
    tifffile.imwrite(folder.xyz, reference, photometric="rgb")
    for tag, value, words in ((259, 5, "compressed with LZW"), (317, 3, "FLOATINGPOINT")):
        makers.write_cloud(folder.xyz, makers.cloud_mm(), compression="zlib")
        set_tiff_tag(folder.xyz, tag, value)
        sentence = folder.refusal()
        assert words.lower() in sentence.lower()
        assert "save it uncompressed or with deflate" in sentence


def set_tiff_tag(path, tag, value):
    """Overwrite a SHORT tag, or put it in place of the software or resolution unit tag."""
    import struct

    data = bytearray(path.read_bytes())
    start = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, start)[0]
    positions = {
        struct.unpack_from("<H", data, start + 2 + 12 * n)[0]: start + 2 + 12 * n
        for n in range(count)
    }
    position = positions.get(tag) or positions[296]
    struct.pack_into("<HHIHH", data, position, tag, 3, 1, value, 0)
    path.write_bytes(data)


@pytest.mark.parametrize("compression", ["tiff_lzw", "jpeg", "packbits"])
def test_that_compressions_of_colour_tiffs_are_read_through_the_other_reader(folder, compression):
    folder.rgb.unlink()
    stored = makers.picture()
    Image.fromarray(stored).save(folder.dent / "rgb" / "001.tif", compression=compression)
    rgb = folder.load().rgb
    assert np.abs(rgb.astype(int) - stored).max() <= (40 if compression == "jpeg" else 0)


# row 9
def test_that_several_pages_are_refused_until_one_is_chosen(folder):
    with tifffile.TiffWriter(folder.xyz) as file:
        for shift in (0, 5):
            file.write(((makers.cloud_mm() + shift) / 1000).astype(np.float32), photometric="rgb")
    sentence = folder.refusal()
    assert "2 pages found, 1 needed" in sentence
    assert "--set page=1" in sentence
    folder.options["page"] = 2  # of the files with several; the others have just one
    shifted = folder.load()
    assert np.nanmedian(shifted.xyz[..., 2]) == pytest.approx(405, abs=1)
    folder.options["page"] = 3
    assert "page 3 asked for, 2 found" in folder.refusal()


def test_that_several_pages_of_a_picture_are_refused_too(folder):
    folder.rgb.unlink()
    grey = makers.picture()[..., 0]
    tifffile.imwrite(
        folder.dent / "rgb" / "001.tif", np.stack([grey] * 3), photometric="minisblack"
    )
    assert "3 pages found, 1 needed" in folder.refusal()


# row 10
def test_that_the_unit_is_told_from_the_extent_and_shown(tmp_path):
    for number in range(3):
        folder = makers.part(tmp_path, f"{number:03d}")
        makers.write_cloud(folder / "xyz" / f"{number:03d}.tiff", makers.cloud_mm(), unit=1.0)
    found = Folder(tmp_path, {}).scan()
    assert found.unit == "mm"
    assert any("unit taken as millimetres from the extent (8" in note for note in found.notes)
    z = found.refs[1].load().xyz[..., 2]
    assert 390 < np.nanmedian(z) < 410


def test_that_a_part_in_another_unit_than_the_first_is_refused(folder):
    makers.write_cloud(folder.xyz, makers.cloud_mm(), unit=1.0)
    sentence = folder.refusal()
    assert "mm across as metres, outside 1 mm to 10 m" in sentence
    assert "--set unit=mm" in sentence


def test_that_a_chosen_unit_is_used_and_an_impossible_one_refused(folder):
    folder.options["unit"] = "m"
    assert folder.scan().unit == "m"
    found = drain(scan(folder.root, None, {"unit": "mm"}))
    with pytest.raises(InputError, match=r"mm across as millimetres, outside 1 mm to 10 m"):
        found.refs[0].load()


# row 11
def test_that_empty_clouds_say_how_many_points_there_are(folder):
    makers.write_cloud(folder.xyz, np.zeros((20, 24, 3)))
    assert "xyz/001.tiff: no valid points (0 of 480); check the sensor" in folder.refusal()


def test_that_nearly_empty_clouds_are_refused(folder):
    height, width = 100, 120
    xyz = np.zeros((height, width, 3))
    xyz[50:52, 60:62] = (1.0, 2.0, 400.0)
    xyz[50, 60] += 1
    makers.write_cloud(folder.xyz, xyz)
    makers.write_png(folder.rgb, makers.picture(height, width))
    folder.gt.unlink()
    assert "almost no valid points (4 of 12,000)" in folder.refusal()


# row 12
def test_that_values_that_are_not_finite_count_as_missing_with_their_share(folder):
    xyz = makers.cloud_mm()
    xyz[:5, :, 2] = np.nan
    xyz[5:10, :, 0] = np.inf
    makers.write_cloud(folder.xyz, xyz)
    sample = folder.load()
    assert "50 % of the points are NaN or infinite: taken as missing" in sample.notes
    assert not sample.valid[:10].any()
    assert np.isnan(sample.xyz[~sample.valid]).all()


def test_that_a_fill_value_counts_as_missing(folder):
    xyz = makers.cloud_mm()
    missing = xyz[..., 2] == 0
    missing[0, 0] = True
    xyz[missing] = (0.0, 6.3, 17.2)
    makers.write_cloud(folder.xyz, xyz)
    sample = folder.load()
    assert any("hold one fill value" in note for note in sample.notes)
    np.testing.assert_array_equal(sample.valid, ~missing)


def test_that_a_point_with_one_zero_coordinate_stays(folder):
    xyz = makers.cloud_mm()
    xyz[10, 12] = (0.0, 1.0, 400.0)
    makers.write_cloud(folder.xyz, xyz)
    assert folder.load().valid[10, 12]


def test_that_float_pictures_with_not_finite_values_are_refused(folder):
    folder.rgb.unlink()
    values = np.full((20, 24, 3), np.nan, np.float32)
    tifffile.imwrite(folder.dent / "rgb" / "001.tif", values, photometric="rgb")
    assert "picture of float32 values, 8- or 16-bit whole numbers needed" in folder.refusal()


# row 13: the comparison with the recipe's good parts is the fingerprint's; reading notes the axes
def test_that_mirrored_clouds_are_noted(folder):
    makers.write_cloud(folder.xyz, makers.cloud_mm() * [-1, 1, 1])
    assert "x falls along the columns: the cloud may be mirrored" in folder.notes()
    makers.write_cloud(folder.xyz, makers.cloud_mm() * [1, -1, -1])
    assert "y falls down the rows" in folder.notes()
    assert "all z are negative" in folder.notes()
    makers.write_cloud(folder.xyz, makers.cloud_mm()[..., [1, 0, 2]])
    assert "the cloud may be transposed" in folder.notes()


# row 14
def test_that_different_sizes_of_the_same_view_are_resized_with_a_note(folder):
    large = np.repeat(np.repeat(makers.picture(), 2, axis=0), 2, axis=1)
    makers.write_png(folder.rgb, large)
    sample = folder.load()
    assert "picture resized from 48x40 to the cloud's 24x20" in sample.notes
    np.testing.assert_array_equal(sample.rgb, makers.picture())


def test_that_different_sizes_of_another_view_are_refused(folder):
    makers.write_png(folder.rgb, makers.picture(20, 25))
    expected = (
        "test/dent/rgb/001.png: picture 25x20, cloud 24x20: not the same view; "
        "export both from the same view."
    )
    assert folder.refusal() == expected
    assert expected in folder.problems()


def test_that_different_sizes_among_parts_are_listed(folder):
    makers.write_png(folder.rgb, makers.picture(40, 48))
    makers.write_cloud(folder.xyz, makers.cloud_mm(40, 48))
    folder.gt.unlink()
    assert any("different sizes: 24x20 (2 parts), 48x40 (1 parts)" in p for p in folder.problems())


# row 15
def test_that_exif_rotation_is_applied_where_the_cloud_proves_it(folder):
    stored = np.rot90(makers.picture())  # 20 columns, 24 rows on disk
    Image.fromarray(stored).save(folder.rgb, "JPEG", quality=95, exif=makers.exif(6))
    sample = folder.load()
    assert sample.rgb.shape == (20, 24, 3)
    assert "EXIF orientation 6 applied to the picture" in sample.notes
    assert np.abs(sample.rgb.astype(int) - makers.picture()).mean() < 8


@pytest.mark.parametrize("orientation", [3, 6])
def test_that_exif_rotation_is_refused_where_the_cloud_may_not_be_turned(folder, orientation):
    Image.fromarray(makers.picture()).save(folder.rgb, "PNG", exif=makers.exif(orientation))
    sentence = folder.refusal()
    assert f"EXIF orientation {orientation} turns the picture, the cloud may not" in sentence
    assert "export the picture upright, without an orientation tag" in sentence


# rows 16, 17
def test_that_sixteen_bit_colour_is_read_exactly_with_its_range(folder):
    values = np.random.default_rng(3).integers(0, 4096, (20, 24, 3)).astype(np.uint16)
    values[0, 0], values[0, 1] = 0, 4095
    folder.rgb.write_bytes(makers.png16(values, filters=[row % 5 for row in range(20)]))
    sample = folder.load()
    assert sample.rgb.dtype == np.uint16
    np.testing.assert_array_equal(sample.rgb, values)
    assert any("values 0 to 4095" in note and "bit_depth=12" in note for note in sample.notes)
    folder.options["bit_depth"] = 12
    np.testing.assert_array_equal(folder.load().rgb, values * 16)


def test_that_sixteen_bit_grey_keeps_its_steps(folder):
    values = np.arange(480, dtype=np.uint16).reshape(20, 24) * 131
    folder.rgb.write_bytes(makers.png_bytes(values))
    sample = folder.load()
    np.testing.assert_array_equal(sample.rgb, np.repeat(values[..., None], 3, axis=2))
    assert "grey picture: the same value in red, green and blue" in sample.notes


def test_that_values_beyond_the_stated_bits_are_refused(folder):
    folder.options["bit_depth"] = 12
    folder.rgb.write_bytes(makers.png16(np.full((20, 24, 3), 5000, np.uint16)))
    assert "values up to 5000 do not fit into 12 bits" in folder.refusal()


# row 18
def test_that_transparency_is_ignored_with_a_note_and_refused_when_complete(folder):
    rgba = np.dstack([makers.picture(), np.full((20, 24), 9, np.uint8)])
    makers.write_png(folder.rgb, rgba)
    sample = folder.load()
    assert "transparency ignored" in sample.notes
    np.testing.assert_array_equal(sample.rgb, makers.picture())
    rgba[..., 3] = 0
    makers.write_png(folder.rgb, rgba)
    assert "completely transparent; export it without transparency" in folder.refusal()


# row 19
@pytest.mark.parametrize(
    ("mode", "note"),
    [("P", "palette picture converted"), ("1", "1-bit picture converted"), ("L", "grey picture")],
)
def test_that_colour_modes_are_converted_with_a_note(folder, mode, note):
    Image.fromarray(makers.picture()).convert(mode).save(folder.rgb, "PNG")
    sample = folder.load()
    assert sample.rgb.shape == (20, 24, 3)
    assert any(text.startswith(note) for text in sample.notes)


def test_that_colour_modes_for_print_are_refused(folder):
    Image.fromarray(makers.picture()).convert("CMYK").save(folder.rgb, "JPEG")
    assert "CMYK picture; convert it to RGB: print colours are not comparable" in folder.refusal()


# row 20
def test_that_damaged_pictures_are_found_by_their_checksum(folder):
    data = bytearray(folder.rgb.read_bytes())
    data[len(data) // 2] ^= 4
    folder.rgb.write_bytes(data)
    assert "rgb/001.png: damaged (the checksum of its IDAT part differs)" in folder.refusal()


def test_that_damaged_pictures_in_a_compressed_tiff_are_found(folder):
    makers.write_cloud(folder.xyz, makers.cloud_mm(), compression="zlib")
    data = bytearray(folder.xyz.read_bytes())
    data[-200:-150] = bytes(50)
    folder.xyz.write_bytes(data)
    assert "damaged (its compressed data cannot be unpacked)" in folder.refusal()


# row 21
def test_that_a_raw_cloud_changed_since_has_another_hash(folder):
    before = {source.path: source.sha256 for source in folder.load().sources}
    data = bytearray(folder.xyz.read_bytes())
    data[-5] ^= 1
    folder.xyz.write_bytes(data)
    after = {source.path: source.sha256 for source in folder.load().sources}
    assert before["test/dent/xyz/001.tiff"] != after["test/dent/xyz/001.tiff"]
    assert before["test/dent/rgb/001.png"] == after["test/dent/rgb/001.png"]


# row 22
def test_that_huge_pictures_are_refused_before_decoding(folder):
    folder.rgb.write_bytes(makers.raw_png(14_000, 14_000, 8, 2, b""))
    expected = "rgb/001.png: 196 MP (14000x14000) needs 2.4 GB; the limit is 1.5 GB; tile or"
    assert expected in folder.refusal()
    assert any(expected in problem for problem in folder.problems())


def test_that_huge_clouds_are_refused_before_decoding(folder):
    tifffile.imwrite(folder.xyz, shape=(20_000, 20_000, 3), dtype=np.float32, photometric="rgb")
    with folder.xyz.open("r+b") as file:  # the file is sparse: it takes no room on the disk
        file.truncate(folder.xyz.stat().st_size)
    assert "400 MP (20000x20000) needs 4.8 GB" in "".join(folder.problems())
    assert "the limit is 1.5 GB" in folder.refusal()


# row 23
def test_that_tiny_pictures_are_refused(folder):
    makers.write_png(folder.rgb, makers.picture(1, 1))
    assert "rgb/001.png: 1x1 pixels are too few to inspect (8x8 at least)" in folder.refusal()


# row 24
@pytest.mark.parametrize("marked", [1, 253, 255])
def test_that_masks_count_any_value_but_zero_as_defect(folder, marked):
    makers.write_png(folder.gt, np.where(makers.mask(), marked, 0).astype(np.uint8))
    np.testing.assert_array_equal(folder.load().truth, makers.mask() > 0)


def test_that_masks_of_another_size_are_refused(folder):
    makers.write_png(folder.gt, makers.mask(24, 20))
    expected = (
        "test/dent/gt/001.png: mask 20x24, part 24x20; export the mask with the picture's size."
    )
    assert folder.refusal() == expected
    assert expected in folder.problems()


def test_that_masks_in_colour_are_refused_and_grey_ones_stored_as_rgb_are_not(folder):
    makers.write_png(folder.gt, np.dstack([makers.mask()] * 3))
    assert folder.load().truth.sum() == 12
    makers.write_png(folder.gt, np.dstack([makers.mask(), makers.mask() * 0, makers.mask()]))
    assert "coloured mask" in folder.refusal()


# row 25
def test_that_contradicting_masks_are_listed_and_leave_the_pixel_figures(folder):
    makers.parts(folder.root, label="good")
    makers.write_png(folder.root / "test" / "good" / "gt" / "001.png", makers.mask())
    folder.gt.unlink()
    found = folder.scan()
    problems = {problem.path: problem.problem for problem in found.problems}
    assert problems == {
        "test/good/gt/001.png": "12 pixels are marked on a part labelled good",
        "test/dent/001": "defect type dent but no mask",
    }
    parts = {ref.id: ref.load() for ref in found.refs}
    assert parts["test/good/001"].truth is None
    assert parts["test/dent/001"].truth is None
    assert parts["test/good/000"].truth.sum() == 0
    assert any("12 pixels are marked on a part" in note for note in parts["test/good/001"].notes)


# row 26
@pytest.mark.parametrize(
    ("role", "words"),
    [("xyz", "XYZ missing, looked for xyz/001.tiff"), ("rgb", "picture missing, looked for rgb/")],
)
def test_that_a_missing_partner_shifts_no_other_pair(folder, role, words):
    getattr(folder, role).unlink()
    found = folder.scan()
    assert [ref.id for ref in found.refs] == [f"test/dent/00{n}" for n in range(3)]
    assert f"test/dent/001: {words}" in found.problems[0].sentence
    assert folder.refusal() == found.problems[0].sentence
    assert found.refs[2].files["rgb"].endswith("rgb/002.png")
    assert found.refs[2].files["xyz"].endswith("xyz/002.tiff")


# row 27
def test_that_duplicate_names_are_both_refused_until_renamed(folder):
    (folder.rgb.parent / "001.PNG").write_bytes(folder.rgb.read_bytes())
    found = folder.scan()
    assert {problem.sentence for problem in found.problems} == {
        "test/dent/rgb/001.png: same part name as test/dent/rgb/001.PNG; rename one of them.",
        "test/dent/rgb/001.PNG: same part name as test/dent/rgb/001.png; rename one of them.",
    }
    ids = [ref.id for ref in found.refs]
    assert len(ids) == len(set(ids)) == 4
    for ref in found.refs:
        if "PNG" in ref.id.upper():
            with pytest.raises(InputError, match="same part name as"):
                ref.load()
        else:
            assert ref.load().valid.any()
