"""What every reader of the registry promises, whatever its layout."""

from __future__ import annotations

import hashlib
import os
from dataclasses import fields, is_dataclass

import numpy as np
import pytest

from inspector_core import settings
from inspector_core.data import readers
from inspector_core.data.parts import Loaded
from inspector_core.data.scan import scan
from inspector_core.errors import InspectorError
from inspector_core.progress import Progress, drain
from inspector_core.types import Problem, SampleRef
from tests.core.data import test_eyecandies
from tests.faults import makers


def mvtec3d(root):
    makers.parts(root, 3, "train", "good")
    makers.parts(root, 2)


def eyecandies(root):
    for index in ("000", "001", "002"):
        test_eyecandies.part(root, "train", index)
    test_eyecandies.part(root, "test_public", "01", ("dents",))


def folder(root):
    for name in ("a", "b", "c"):
        makers.write_png(root / "good" / "rgb" / f"{name}.png", makers.picture())
        makers.write_cloud(root / "good" / "xyz" / f"{name}.tiff", makers.cloud_mm())


def mvtec_ad(root):
    for name in ("000", "001"):
        makers.write_png(root / "train" / "good" / f"{name}.png", makers.picture())
        makers.write_png(root / "test" / "scratch" / f"{name}.png", makers.picture())
        makers.write_png(root / "ground_truth" / "scratch" / f"{name}_mask.png", makers.mask())


def visa(root):
    root = root / "candle"
    rows = ["object,split,label,image,mask"]
    for number, split in (("0000", "train"), ("0001", "train"), ("0002", "test")):
        makers.write_png(root / "Data/Images/Normal" / f"{number}.png", makers.picture())
        rows.append(f"candle,{split},normal,candle/Data/Images/Normal/{number}.png,")
    makers.write_png(root / "Data/Images/Anomaly/000.png", makers.picture())
    makers.write_png(root / "Data/Masks/Anomaly/000.png", makers.mask() // 100)
    rows.append(
        "candle,test,anomaly,candle/Data/Images/Anomaly/000.png,candle/Data/Masks/Anomaly/000.png"
    )
    table = root.parent / "split_csv" / "1cls.csv"
    table.parent.mkdir()
    table.write_text("\n".join(rows) + "\n")
    return root


SOUND = {
    "mvtec3d": mvtec3d,
    "eyecandies": eyecandies,
    "mvtec_ad": mvtec_ad,
    "visa": visa,
    "folder": folder,
}
PICTURES_ONLY = {"mvtec_ad", "visa"}


def weird_folders(root):
    """Folders that no reader should choke on."""
    (root / "empty").mkdir()
    (root / "file").write_text("x")
    (root / "files" / "train").mkdir(parents=True)
    (root / "files" / "train" / "good").write_text("a file where a folder is looked for")
    (root / "names" / "test").mkdir(parents=True)
    os.makedirs(os.fsencode(root / "names" / "test") + b"/\xff\xfe/rgb")
    (root / "loop").mkdir()
    (root / "loop" / "train").symlink_to(root / "loop")
    (root / "loop" / "data").symlink_to(root / "loop" / "data")
    (root / "garbage").mkdir()
    for name in ("a.png", "a.ply", "b.npy", "intrinsics.json", "000_info_depth.yaml"):
        (root / "garbage" / name).write_bytes(b"\x00\xff" * 50)
    (root / "deep").joinpath(*("d" * 40 for _ in range(6))).mkdir(parents=True)
    return [*sorted(root.iterdir()), root, root / "nothing", root / ("n" * 300)]


@pytest.fixture(params=readers.READERS)
def name(request):
    return request.param


@pytest.fixture
def sound(name, tmp_path):
    return SOUND[name](tmp_path) or tmp_path


def entries(name, root, options=None):
    reader = readers.load(name)
    return list(reader.refs(root, settings.build(reader.settings, options)))


def hashes(root):
    return {
        path: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_file()
    }


def test_that_it_declares_itself(name):
    reader = readers.load(name)
    assert reader.name == name
    assert reader.title
    assert is_dataclass(reader.settings)
    declared = settings.declared(reader.settings)
    assert [entry.name for entry in declared] == [entry.name for entry in fields(reader.settings)]
    assert all(entry.help.endswith(".") for entry in declared)
    assert settings.build(reader.settings) == reader.settings()


def test_that_claims_never_raise_and_give_a_reason(name, tmp_path):
    reader = readers.load(name)
    for weird in weird_folders(tmp_path):
        claim = reader.claims(weird)
        assert 0 <= claim.score <= 1
        assert claim.reason


def test_that_weird_folders_scan_or_end_in_a_sentence(name, tmp_path):
    for weird in weird_folders(tmp_path):
        sentences = []
        try:
            refs = drain(scan(weird, name)).refs
        except InspectorError as error:
            sentences.append((error.message, error.cure))
            refs = ()
        for ref in refs:
            with pytest.raises(InspectorError) as caught:
                ref.load()
            sentences.append((caught.value.message, caught.value.cure))
        assert sentences
        assert all(message and cure for message, cure in sentences)


def test_that_it_claims_its_own_layout_best(name, sound):
    scores = {other: readers.load(other).claims(sound).score for other in readers.READERS}
    assert max(scores, key=scores.__getitem__) == name
    assert drain(scan(sound)).layout == name


def test_that_ids_are_unique_and_the_order_is_the_same_each_time(name, sound):
    first, second = (
        [entry.id for entry in entries(name, sound) if isinstance(entry, SampleRef)] for _ in "ab"
    )
    assert first == second
    assert len(first) == len(set(first)) >= 3


def test_that_entries_are_references_problems_notes_and_progress(name, sound):
    kinds = {type(entry) for entry in entries(name, sound)}
    assert kinds <= {SampleRef, Problem, readers.Note, Progress}
    assert {SampleRef, Progress} <= kinds


def test_that_reading_is_deterministic_frozen_and_leaves_the_files_alone(name, sound):
    before = hashes(sound)
    for ref in drain(scan(sound)).refs:
        one, two = ref.load(), ref.load()
        assert (one.id, one.split, one.label) == (ref.id, ref.split, ref.label)
        assert one.notes == two.notes
        assert one.sources == two.sources
        assert one.sources
        for array in ("rgb", "xyz", "normals", "truth"):
            first, second = getattr(one, array), getattr(two, array)
            if first is None:
                assert second is None
                continue
            assert not first.flags.writeable
            np.testing.assert_array_equal(first, second)
    assert hashes(sound) == before


def test_that_coordinates_are_mm_in_front_of_the_camera(name, sound):
    for ref in drain(scan(sound)).refs:
        sample = ref.load()
        if name in PICTURES_ONLY:
            assert sample.xyz is None
            continue
        points = sample.xyz[sample.valid]
        assert points.dtype == np.float32
        assert points[:, 2].min() > 0
        assert 1 < np.linalg.norm(np.ptp(points, axis=0)) < 10_000


def test_that_sources_name_every_file_with_its_hash(name, sound):
    for ref in drain(scan(sound)).refs:
        for source in ref.load().sources:
            data = (sound / source.path).read_bytes()
            assert hashlib.sha256(data).hexdigest() == source.sha256


def test_that_the_first_part_tells_the_unit_for_all(name, sound):
    reader = readers.load(name)
    ref = next(entry for entry in entries(name, sound) if isinstance(entry, SampleRef))
    first = reader.first(ref)
    assert isinstance(first, Loaded)
    assert first.unit in (("",) if name in PICTURES_ONLY else ("m", "mm", "nominal"))


def test_that_a_part_broken_after_the_scan_raises_a_sentence(name, sound):
    refs = drain(scan(sound)).refs
    for role in ("rgb", "xyz", "depth"):
        if role in refs[0].files:
            path = refs[0].files[role]
            with open(path, "r+b") as file:
                file.truncate(os.path.getsize(path) // 2)
    with pytest.raises(InspectorError) as caught:
        refs[0].load()
    assert caught.value.cure
    assert refs[1].load().id == refs[1].id
