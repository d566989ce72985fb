"""What headers alone show to be wrong with a part, in the same sentences that loading it gives."""

from __future__ import annotations

from collections.abc import Mapping

from inspector_core.data.clouds import check_cloud_header
from inspector_core.data.decode import Unusable, check_size, name_in, not_an_image, unreadable
from inspector_core.data.grids import check_mask_size, check_same_view
from inspector_core.data.headers import PICTURES, Header, peek
from inspector_core.types import Problem

Size = tuple[int, int]


def header_problems(files: Mapping[str, str], root: str) -> tuple[Size | None, list[Problem]]:
    """(W, H) of a part, None where no header tells it, and the problems of its files."""
    headers: dict[str, Header] = {}
    problems: list[Problem] = []
    for role, path in files.items():
        if role not in _CHECKS:
            continue
        try:
            header = peek(path)
            _CHECKS[role](header)
            headers[role] = header
        except Unusable as refusal:
            problems.append(Problem(name_in(path, root), refusal.problem, refusal.cure))
        except OSError as error:
            problems.append(Problem(name_in(path, root), *unreadable(error)))
    sizes = {role: header.size for role, header in headers.items() if header.width}
    picture, cloud = sizes.get("rgb"), sizes.get("xyz") or sizes.get("depth")
    size = cloud or picture
    try:
        role = "rgb"
        if picture and cloud and headers["rgb"].kind != "jpeg":  # a JPEG may be turned by its EXIF
            check_same_view(picture, cloud)
        role = "truth"
        if size and "truth" in sizes:
            check_mask_size(sizes["truth"], size, picture)
    except Unusable as refusal:
        problems.append(Problem(name_in(files[role], root), refusal.problem, refusal.cure))
    return size, problems


def _picture(header: Header) -> None:
    if header.kind not in PICTURES:
        raise not_an_image(header.kind.encode())
    if header.width:
        check_size(header.width, header.height)


def _depth(header: Header) -> None:
    if header.kind != "npy":
        _picture(header)


def _mask(header: Header) -> None:
    if header.kind not in PICTURES:
        raise not_an_image(header.kind.encode())


_CHECKS = {"rgb": _picture, "xyz": check_cloud_header, "depth": _depth, "truth": _mask}
