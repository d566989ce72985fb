"""Picture, cloud and mask on one pixel grid: resized where they show the same view, refused where not."""

from __future__ import annotations

import numpy as np

from inspector_core.data.decode import Unusable
from inspector_core.data.pictures import Picture, resized
from inspector_core.types import Array, BoolArray

_SAME_ASPECT = 0.005


def check_turn(picture: Picture, cloud: tuple[int, int]) -> None:
    """Raise Unusable unless the sizes prove that the cloud lies as the upright picture does."""
    stored, upright = picture.size, picture.upright().size
    if same_aspect(upright, cloud) and not same_aspect(stored, cloud):
        return
    raise Unusable(
        f"EXIF orientation {picture.orientation} turns the picture, the cloud may not be turned",
        "export the picture upright, without an orientation tag",
    )


def on_grid(picture: Picture, size: tuple[int, int]) -> tuple[Array, tuple[str, ...]]:
    if picture.size == size:
        return picture.rgb, picture.notes
    check_same_view(picture.size, size)
    width, height = picture.size
    note = f"picture resized from {width}x{height} to the cloud's {size[0]}x{size[1]}"
    return resized(picture.rgb, *size), (*picture.notes, note)


def check_same_view(picture: tuple[int, int], cloud: tuple[int, int]) -> None:
    """Raise Unusable where picture and cloud cannot show the same view."""
    if not same_aspect(picture, cloud):
        raise Unusable(
            f"picture {picture[0]}x{picture[1]}, cloud {cloud[0]}x{cloud[1]}: not the same view",
            "export both from the same view",
        )


def same_aspect(first: tuple[int, int], second: tuple[int, int]) -> bool:
    """True for (W, H) of the same shape within half a percent."""
    return abs(first[0] * second[1] / (first[1] * second[0]) - 1) <= _SAME_ASPECT


def fitted_mask(
    mask: BoolArray, size: tuple[int, int], picture: tuple[int, int] | None
) -> BoolArray:
    """The mask on the part's grid; raises Unusable where it fits neither the part nor its picture."""
    found = (mask.shape[1], mask.shape[0])
    if found == size:
        return mask
    check_mask_size(found, size, picture)
    from PIL import Image

    shrunk = Image.fromarray(mask.astype(np.float32)).resize(size, Image.Resampling.BOX)
    return np.asarray(np.asarray(shrunk) > 0)


def check_mask_size(
    mask: tuple[int, int], size: tuple[int, int], picture: tuple[int, int] | None
) -> None:
    """Raise Unusable for a mask of another size."""
    if mask not in (size, picture):
        raise Unusable(
            f"mask {mask[0]}x{mask[1]}, part {size[0]}x{size[1]}",
            "export the mask with the picture's size",
        )
