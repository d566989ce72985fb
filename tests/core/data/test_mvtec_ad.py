"""MVTec AD and VisA: pictures alone, masks in folders of their own."""

from __future__ import annotations

import numpy as np
import pytest

from inspector_core.data.scan import scan, scan_paths
from inspector_core.errors import InputError
from inspector_core.progress import drain
from tests.contracts.test_readers import mvtec_ad, visa
from tests.faults import makers


def labels(found):
    return {ref.id: (ref.split, ref.label) for ref in found.refs}


def test_that_masks_pair_within_their_defect_type_though_numbers_repeat(tmp_path):
    mvtec_ad(tmp_path)
    makers.write_png(tmp_path / "test" / "hole" / "000.png", makers.picture())
    other = np.zeros((makers.HEIGHT, makers.WIDTH), np.uint8)
    other[0, 0] = 7
    makers.write_png(tmp_path / "ground_truth" / "hole" / "000_mask.png", other)
    found = drain(scan(tmp_path))
    parts = {ref.id: ref.load() for ref in found.refs}
    assert found.problems == ()
    assert np.argwhere(parts["test/hole/000"].truth).tolist() == [[0, 0]]
    assert parts["test/scratch/000"].truth.sum() == 12
    assert not parts["train/good/000"].truth.any()


def test_that_converted_visa_is_read_jpeg_pictures_with_masks_of_the_same_name(tmp_path):
    mvtec_ad(tmp_path)
    (tmp_path / "test" / "bad").mkdir()
    (tmp_path / "test" / "bad" / "000.JPG").write_bytes(makers.jpeg_bytes(makers.picture()))
    makers.write_png(tmp_path / "ground_truth" / "bad" / "000.png", makers.mask() // 255)
    found = drain(scan(tmp_path))
    bad = next(ref for ref in found.refs if ref.label == "bad").load()
    assert found.layout == "mvtec_ad"
    assert bad.truth.sum() == 12


def test_that_a_grey_picture_becomes_rgb_and_says_so(tmp_path):
    mvtec_ad(tmp_path)
    path = tmp_path / "train" / "good" / "000.png"
    makers.write_png(path, makers.picture()[..., 0])
    sample = drain(scan(tmp_path)).refs[0].load()
    assert sample.rgb.shape == (makers.HEIGHT, makers.WIDTH, 3)
    assert "grey picture" in sample.notes[0]


def test_that_a_missing_mask_is_a_problem_and_the_part_stays(tmp_path):
    mvtec_ad(tmp_path)
    (tmp_path / "ground_truth" / "scratch" / "001_mask.png").unlink()
    makers.write_png(tmp_path / "ground_truth" / "scratch" / "009_mask.png", makers.mask())
    found = drain(scan(tmp_path))
    said = sorted(problem.sentence for problem in found.problems)
    assert said[0].startswith("ground_truth/scratch/009: a mask without its picture")
    assert "test/scratch/001: defect type scratch but no mask" in said[1]
    assert "ground_truth/scratch/001_mask.png" in said[1]
    assert {ref.id: ref.load().truth for ref in found.refs}["test/scratch/001"] is None


def test_that_two_masks_for_one_picture_are_refused_by_name(tmp_path):
    mvtec_ad(tmp_path)
    makers.write_png(tmp_path / "ground_truth" / "scratch" / "000.png", makers.mask())
    found = drain(scan(tmp_path))
    assert any("same part name as" in problem.problem for problem in found.problems)


def test_that_without_ground_truth_the_plain_reader_takes_it_and_this_one_says_what_is_missing(
    tmp_path,
):
    makers.write_png(tmp_path / "train" / "good" / "000.png", makers.picture())
    makers.write_png(tmp_path / "test" / "cut" / "000.png", makers.picture())
    assert drain(scan(tmp_path)).layout == "folder"
    asked = drain(scan(tmp_path, "mvtec_ad"))
    assert [problem.path for problem in asked.problems] == ["ground_truth"]


@pytest.mark.parametrize("other", ["000.depth.png", "000.npy"])
def test_that_pictures_beside_depth_or_clouds_stay_with_the_plain_reader(other, tmp_path):
    for split, label in (("train", "good"), ("test", "scratch")):
        makers.write_png(tmp_path / split / label / "000.color.png", makers.picture())
        (tmp_path / split / label / other).write_bytes(b"x")
    makers.write_png(tmp_path / "ground_truth" / "scratch" / "000_mask.png", makers.mask())
    found = drain(scan(tmp_path))
    assert found.layout == "folder"


def test_that_a_root_of_categories_names_them(tmp_path):
    mvtec_ad(tmp_path / "bottle")
    mvtec_ad(tmp_path / "cable")
    with pytest.raises(InputError) as caught:
        drain(scan(tmp_path))
    assert "2 categories found below" in caught.value.message
    assert "bottle, cable" in caught.value.cure


def test_that_a_single_picture_finds_its_category(tmp_path):
    mvtec_ad(tmp_path)
    picture = tmp_path / "test" / "scratch" / "001.png"
    found = drain(scan_paths([picture]))
    assert [ref.id for ref in found.refs] == ["test/scratch/001"]
    assert found.root == str(tmp_path)


def test_that_visa_takes_its_split_from_the_table_and_any_class_number_is_a_defect(tmp_path):
    found = drain(scan(visa(tmp_path)))
    assert found.layout == "visa"
    assert labels(found) == {
        "Normal/0000": ("train", "good"),
        "Normal/0001": ("train", "good"),
        "Normal/0002": ("test", "good"),
        "Anomaly/000": ("test", "bad"),
    }
    assert found.refs[-1].load().truth.sum() == 12
    assert found.problems == ()


def test_that_visa_names_defect_types_where_the_annotation_table_lies(tmp_path):
    root = visa(tmp_path)
    makers.write_png(root / "Data/Images/Anomaly/001.png", makers.picture())
    (root / "image_anno.csv").write_text(
        "image,label,mask\n"
        "candle/Data/Images/Normal/0000.png,normal,\n"
        "candle/Data/Images/Anomaly/000.png,chunk of wax missing,x\n"
        'candle/Data/Images/Anomaly/001.png,"chunk of wax missing,melted",x\n'
    )
    found = drain(scan(root))
    assert [ref.label for ref in found.refs if ref.id.startswith("Anomaly")] == [
        "chunk of wax missing",
        "combined",
    ]
    assert labels(found)["Anomaly/001"][0] == "unlisted"
    assert "pictures that 1cls.csv does not name: 1, split unlisted" in found.notes
    assert any(
        "Anomaly/001: defect type combined but no mask" in p.sentence for p in found.problems
    )


def test_that_visa_without_its_table_says_what_it_did_instead(tmp_path):
    root = visa(tmp_path)
    (tmp_path / "split_csv" / "1cls.csv").unlink()
    found = drain(scan(root))
    assert {split for split, label in labels(found).values() if label == "good"} == {"train"}
    assert "no such table" in found.problems[0].problem


def test_that_visa_in_a_renamed_folder_is_refused_with_the_cure(tmp_path):
    root = visa(tmp_path)
    root.rename(tmp_path / "kerze")
    with pytest.raises(InputError) as caught:
        drain(scan(tmp_path / "kerze"))
    assert "holds no pictures of kerze" in caught.value.message
    assert "name" in caught.value.cure


def test_that_pictures_listed_but_absent_are_counted(tmp_path):
    root = visa(tmp_path)
    (root / "Data/Images/Normal/0001.png").unlink()
    (problem,) = drain(scan(root)).problems
    assert "are not here: 1, the first normal/0001" in problem.problem
