"""A folder of synthetic parts in the MVTec 3D-AD layout, with truth in mm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from inspector_core.data.writers import write_part
from inspector_core.errors import SettingError
from inspector_core.files import ensure_writable, new_folder, write_json
from inspector_core.progress import Job, Progress
from inspector_core.synthetic.camera import NOMINAL_DISTANCE_MM, intrinsics
from inspector_core.synthetic.families import FAMILIES
from inspector_core.synthetic.kinds import TYPES
from inspector_core.synthetic.part import VERSION, make_part
from inspector_core.synthetic.sensor import PROJECTOR_OFFSET_MM, Z_STEP_MM

SMALLEST, LARGEST = 64, 1600


@dataclass(frozen=True)
class Summary:
    """What was written.   parts : (split, label) to the number of parts."""

    family: str
    folder: Path
    size: int
    seed: int
    parts: Mapping[tuple[str, str], int]

    @property
    def total(self) -> int:
        """Number of parts."""
        return sum(self.parts.values())


def make(
    family: str,
    out: Path,
    *,
    count: int = 20,
    size: int = 400,
    seed: int = 0,
    validation: int | None = None,
    test_good: int | None = None,
    per_defect: int | None = None,
    force: bool = False,
) -> Job[Summary]:
    """Write a family's parts: train/good, validation/good, test/good, test/<defect>, truth, camera.

    count : good parts to learn from.   size : pixels a side.   force : replace an existing folder.
    validation, test_good, per_defect : parts to calibrate with, good ones to test, and defective
    ones of each type; by default 2/5, 3/5 and 2/5 of the count.
    The folder appears when it is complete. Raises SettingError for an unknown family or an
    impossible number, OutputError where the folder cannot be written.
    """
    numbers = {
        ("train", "good"): count,
        ("validation", "good"): _share(count, 0.4) if validation is None else validation,
        ("test", "good"): _share(count, 0.6) if test_good is None else test_good,
    }
    defective = _share(count, 0.4) if per_defect is None else per_defect
    numbers.update({("test", label): defective for label in TYPES})
    _check(family, size, seed, numbers)
    ensure_writable(out.parent)
    with new_folder(out, replace=force) as folder:
        yield from _write(family, folder, size, seed, numbers)
    return Summary(family, out, size, seed, numbers)


def _share(count: int, share: float) -> int:
    return max(1, round(count * share))


def _check(family: str, size: int, seed: int, numbers: Mapping[tuple[str, str], int]) -> None:
    if family not in FAMILIES:
        raise SettingError(
            f"there is no family {family!r}", cure=f"choose one of {', '.join(FAMILIES)}"
        )
    if not SMALLEST <= size <= LARGEST:
        raise SettingError(
            f"a picture of {size} pixels cannot be made",
            cure=f"choose a size from {SMALLEST} to {LARGEST}",
        )
    if numbers["train", "good"] < 1 or min(numbers.values()) < 0:
        raise SettingError("the number of parts is negative or zero", cure="ask for at least one")
    if seed < 0:
        raise SettingError(f"the seed {seed} is negative", cure="choose 0 or a positive number")


def _write(
    family: str, folder: Path, size: int, seed: int, numbers: Mapping[tuple[str, str], int]
) -> Iterator[Progress]:
    """Every part, then the three records about all of them."""
    truth: dict[str, object] = {}
    frames: dict[str, object] = {}
    total, done = sum(numbers.values()), 0
    for (split, label), number in numbers.items():
        for index in range(number):
            name = f"{index:03d}"
            yield Progress(f"Making {split}/{label}/{name}", done, total)
            part = make_part(family, seed=seed, split=split, label=label, index=index, size=size)
            mask = part.mask if split == "test" else None
            write_part(folder, split, label, name, part.rgb, part.xyz, mask)
            frames[f"{split}/{label}/{name}"] = part.frame
            if split == "test":
                truth[f"{label}/{name}"] = list(part.defects)
            done += 1
    write_json(folder / "truth.json", truth)
    write_json(folder / "frames.json", frames)
    (folder / "calibration").mkdir()
    write_json(folder / "calibration" / "camera_parameters.json", _camera(family, size, seed))
    yield Progress("Finishing", total, total)


def _camera(family: str, size: int, seed: int) -> dict[str, object]:
    camera = intrinsics(size)
    return {
        "model": "pinhole, no lens distortion",
        "image_width": camera.width,
        "image_height": camera.height,
        "fx": camera.fx,
        "fy": camera.fy,
        "cx": camera.cx,
        "cy": camera.cy,
        "pixel_centre": "integer coordinates",
        "unit_xyz": "m",
        "axes": "x right, y down, z forward",
        "projector_offset_m": [value / 1000 for value in PROJECTOR_OFFSET_MM],
        "z_step_m": Z_STEP_MM / 1000,
        "nominal_distance_m": NOMINAL_DISTANCE_MM / 1000,
        "generator": {"family": family, "seed": seed, "version": VERSION},
    }
