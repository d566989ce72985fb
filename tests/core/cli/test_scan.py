"""`relief scan`: what it says about a folder."""

from __future__ import annotations

import os

import pytest

from tests.core.cli.conftest import follows, write_block


def test_that_scan_shows_layout_parts_size_and_unit(relief, tiny_folder):
    code, out, _ = relief("scan", tiny_folder)
    assert code == 0
    for line in ("layout   mvtec3d", "size     80x80 pixels", "units    m"):
        assert line in out
    assert "train       good       6" in out


def test_that_scan_json_follows_its_schema(relief, tiny_folder):
    code, document, _ = relief("scan", tiny_folder, "--json")
    assert code == 0
    assert follows(document, "relief-scan/1")["splits"] == {
        "train": {"good": 6},
        "validation": {"good": 5},
        "test": {"dent": 2, "good": 2},
    }
    assert document["image_size"] == [80, 80]


def test_that_scan_lists_problems_with_their_cure_and_ends_with_0(relief, own_copy):
    (own_copy / "test" / "dent" / "rgb" / "000.png").write_bytes(b"")
    code, out, _ = relief("scan", own_copy)
    assert code == 0
    assert "test/dent/rgb/000.png: empty file" in out
    assert "copy it again" in out


def test_that_a_file_name_that_is_no_utf8_is_shown_escaped(relief, own_copy):
    write_block(own_copy, "test", "good", "plain", 60)
    for kind, suffix in (("rgb", "png"), ("xyz", "tiff")):
        folder = os.fsencode(own_copy / "test" / "good" / kind)
        os.rename(
            os.path.join(folder, f"plain.{suffix}".encode()),
            os.path.join(folder, b"gr\xfcn." + suffix.encode()),
        )
    code, document, _ = relief("scan", own_copy, "--json")
    assert code == 0
    assert document["parts"] == 16


@pytest.mark.parametrize("where", ["nowhere", "empty"])
def test_that_a_folder_without_parts_is_code_3_with_one_sentence(relief, tmp_path, where):
    (tmp_path / "empty").mkdir()
    code, out, err = relief("scan", tmp_path / where, "--quiet")
    assert (code, out) == (3, "")
    assert len(err.splitlines()) == 1
    assert where in err
