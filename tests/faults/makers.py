"""Generators of good and of bad input files, small enough to reason about.

Encoders here are independent of the project's own writers: tifffile, Pillow and bytes by hand.
"""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image

HEIGHT, WIDTH = 20, 24
SIZE = (WIDTH, HEIGHT)


def picture(height=HEIGHT, width=WIDTH, seed=0):
    """(H, W, 3) uint8 noise on a ramp."""
    rng = np.random.default_rng(seed)
    ramp = np.linspace(40, 200, width)[None, :, None]
    return np.clip(ramp + rng.normal(0, 5, (height, width, 3)), 0, 255).astype(np.uint8)


def cloud_mm(height=HEIGHT, width=WIDTH, seed=0):
    """(H, W, 3) float64 mm: a wavy plane 400 mm away, 3 mm a pixel, a fifth of it missing (zeros)."""
    rng = np.random.default_rng(seed)
    v, u = np.mgrid[:height, :width].astype(float)
    x, y = 3 * (u - width / 2 + 0.5), 3 * (v - height / 2 + 0.5)
    z = 400 + np.sin(u / 3) + rng.normal(0, 0.02, (height, width))
    xyz = np.stack([x, y, z], axis=2)
    xyz[rng.random((height, width)) < 0.2] = 0
    return xyz


def mask(height=HEIGHT, width=WIDTH):
    """(H, W) uint8, a 3x4 defect of 255."""
    values = np.zeros((height, width), np.uint8)
    values[5:8, 6:10] = 255
    return values


def write_png(path, array, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, "PNG", **options)


def write_cloud(path, xyz_mm, unit=1000.0, dtype=np.float32, **options):
    """TIFF of the cloud divided by `unit` (1000: metres)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, (xyz_mm / unit).astype(dtype), **{"photometric": "rgb", **options})


def part(root: Path, name: str, split="test", label="dent", seed=0, gt=True):
    """One sound part in the MVTec 3D-AD layout; returns its folder."""
    folder = root / split / label
    write_png(folder / "rgb" / f"{name}.png", picture(seed=seed))
    write_cloud(folder / "xyz" / f"{name}.tiff", cloud_mm(seed=seed))
    if gt and split == "test":
        write_png(folder / "gt" / f"{name}.png", mask() * (label != "good"))
    return folder


def parts(root: Path, count=3, split="test", label="dent"):
    """Several sound parts 000, 001, ...; returns their folder."""
    for number in range(count):
        folder = part(root, f"{number:03d}", split, label, seed=number)
    return folder


def png_bytes(array, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG", **options)
    return buffer.getvalue()


def png_chunk(kind: bytes, content: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + checksum


def raw_png(width, height, bits, colour, rows: bytes, interlace=0) -> bytes:
    """A PNG by hand; `rows` are the filtered rows, each with its filter byte."""
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlace)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(rows))
        + png_chunk(b"IEND", b"")
    )


def png16(array, filters=None) -> bytes:
    """16-bit PNG of (H, W, C) uint16 with a filter per row, predicted byte by byte as the standard says."""
    height, width, channels = array.shape
    depth, size = 2 * channels, 2 * channels * width
    plain = array.astype(">u2").tobytes()
    filters = [0] * height if filters is None else filters
    out = bytearray()
    for row, kind in enumerate(filters):
        line = plain[row * size : (row + 1) * size]
        above = plain[(row - 1) * size : row * size] if row else bytes(size)
        out.append(kind)
        for index, value in enumerate(line):
            left = line[index - depth] if index >= depth else 0
            corner = above[index - depth] if index >= depth else 0
            out.append((value - _predicted(kind, left, above[index], corner)) & 255)
    return raw_png(width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], bytes(out))


def _predicted(kind, left, above, corner):
    base = left + above - corner
    to_left, to_above, to_corner = abs(base - left), abs(base - above), abs(base - corner)
    nearest = min((to_left, 0, left), (to_above, 1, above), (to_corner, 2, corner))[2]
    return [0, left, above, (left + above) // 2, nearest][kind]


def ply_bytes(xyz, rgb=None, form="binary_little_endian", comments=(), lists_first=False) -> bytes:
    """PLY of (N, 3) points, float32, optional uchar colours, optional element with lists before them."""
    header = ["ply", f"format {form} 1.0", *(f"comment {text}" for text in comments)]
    if lists_first:
        header += ["element patch 2", "property list uchar int indices", "property float weight"]
    header += [f"element vertex {len(xyz)}", *(f"property float {axis}" for axis in "xyz")]
    if rgb is not None:
        header += [f"property uchar {name}" for name in ("red", "green", "blue")]
    start = ("\n".join([*header, "end_header"]) + "\n").encode()
    if form == "ascii":
        lead = ["2 7 8 0.5", "1 9 0.25"] if lists_first else []
        rows = [
            " ".join([*(repr(float(v)) for v in point), *map(str, colour)])
            for point, colour in zip(xyz, [()] * len(xyz) if rgb is None else rgb, strict=True)
        ]
        return start + "\n".join(lead + rows).encode() + b"\n"
    order = "<" if "little" in form else ">"
    lead = b""
    if lists_first:
        lead = struct.pack(order + "BiifBif", 2, 7, 8, 0.5, 1, 9, 0.25)
    kinds = [(axis, order + "f4") for axis in "xyz"]
    kinds += [] if rgb is None else [(name, "u1") for name in ("red", "green", "blue")]
    table = np.empty(len(xyz), kinds)
    for column, axis in enumerate("xyz"):
        table[axis] = xyz[:, column]
    if rgb is not None:
        for column, name in enumerate(("red", "green", "blue")):
            table[name] = rgb[:, column]
    return start + lead + table.tobytes()


def pcd_bytes(xyz, width, height, form="binary", rgb=None) -> bytes:
    """PCD of (N, 3) points with padding and optional packed colours."""
    names, sizes, types, counts = "x y z _", "4 4 4 1", "F F F U", "1 1 1 4"
    if rgb is not None:
        names, sizes, types, counts = names + " rgb", sizes + " 4", types + " F", counts + " 1"
    header = (
        f"# .PCD v0.7 - Point Cloud Data file format\nVERSION 0.7\nFIELDS {names}\nSIZE {sizes}\n"
        f"TYPE {types}\nCOUNT {counts}\nWIDTH {width}\nHEIGHT {height}\n"
        f"VIEWPOINT 0 0 0 1 0 0 0\nPOINTS {len(xyz)}\nDATA {form}\n"
    ).encode()
    points = xyz.astype("<f4")
    padding = np.full((len(xyz), 4), 7, np.uint8)
    packed = None
    if rgb is not None:
        red, green, blue = rgb.astype(np.uint32).T
        packed = (red << 16 | green << 8 | blue).astype("<u4")
    if form == "ascii":
        rows = []
        for index, point in enumerate(points):
            words = [repr(float(value)) for value in point] + ["7"] * 4
            if packed is not None:
                words.append(repr(float(packed[index : index + 1].view("<f4")[0])))
            rows.append(" ".join(words))
        return header + "\n".join(rows).encode() + b"\n"
    columns = [points[:, axis].tobytes() for axis in range(3)] + [padding.tobytes()]
    columns += [] if packed is None else [packed.tobytes()]
    if form == "binary":
        kinds = [("p", "<f4", 3), ("_", "u1", 4)] + ([] if packed is None else [("c", "<u4")])
        table = np.empty(len(xyz), kinds)
        table["p"], table["_"] = points, padding
        if packed is not None:
            table["c"] = packed
        return header + table.tobytes()
    planes = b"".join(columns)
    body = lzf_bytes(planes)
    return header + struct.pack("<II", len(body), len(planes)) + body


def lzf_bytes(data: bytes) -> bytes:
    """LZF: literals, short, long and overlapping back references, found by the last three bytes."""
    out, literal, position, seen = bytearray(), bytearray(), 0, {}

    def flush():
        for start in range(0, len(literal), 32):
            piece = literal[start : start + 32]
            out.append(len(piece) - 1)
            out.extend(piece)
        literal.clear()

    while position < len(data):
        key = data[position : position + 3]
        start = seen.get(key, -1) if len(key) == 3 else -1
        seen[key] = position
        if start < 0 or position - start > 8192:
            literal.append(data[position])
            position += 1
            continue
        length = 3
        while (
            position + length < len(data)
            and length < 264
            and data[start + length] == data[position + length]
        ):
            length += 1
        flush()
        offset, code = position - start - 1, length - 2
        if code < 7:
            out.append(code << 5 | offset >> 8)
        else:
            out.extend((7 << 5 | offset >> 8, code - 7))
        out.append(offset & 255)
        position += length
    flush()
    return bytes(out)


def jpeg_bytes(array, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def exif(orientation: int) -> bytes:
    """EXIF block with an orientation tag."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()
