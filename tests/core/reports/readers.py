"""Reading reports back: text of a PDF page by page, cells of an HTML table, vertices of a PLY."""

from __future__ import annotations

import re
import zlib
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

_OBJECT = re.compile(rb"(\d+) 0 obj\n(.*?)\nendobj", re.S)
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\n?endstream", re.S)


def pdf_text(path: Path) -> list[str]:
    """The text of each page, one line per text object, through the fonts' own Unicode maps."""
    objects = {int(n): body for n, body in _OBJECT.findall(path.read_bytes())}
    fonts = _fonts(objects)
    pages = [body for body in objects.values() if re.search(rb"/Type /Page\b(?!s)", body)]
    return [_page_text(_content(objects, page), fonts) for page in pages]


def pdf_is_embedded(path: Path) -> bool:
    """Whether every font of the file travels with it."""
    data = path.read_bytes()
    return len(re.findall(rb"/Type /Font\b(?!D)", data)) == len(re.findall(rb"/FontFile2", data))


def _inflated(body: bytes) -> bytes:
    found = _STREAM.search(body)
    length = re.search(rb"/Length (\d+)", body)
    assert found
    assert length
    # by its length: the last byte of a packed stream may look like the line break after it
    data = body[found.start(1) : found.start(1) + int(length[1])]
    return zlib.decompress(data) if b"/FlateDecode" in body else data


def _content(objects: dict[int, bytes], page: bytes) -> bytes:
    number = re.search(rb"/Contents (\d+) 0 R", page)
    assert number
    return _inflated(objects[int(number[1])])


def _fonts(objects: dict[int, bytes]) -> dict[bytes, dict[int, str]]:
    """Font name in the content to byte → character."""
    found: dict[bytes, dict[int, str]] = {}
    for body in objects.values():
        name = re.search(rb"/Name /(F\d+\+\d+)", body)
        unicode_map = re.search(rb"/ToUnicode (\d+) 0 R", body)
        if name and unicode_map:
            text = _inflated(objects[int(unicode_map[1])]).decode("latin-1")
            found[name[1]] = _character_map(text)
    return found


def _character_map(text: str) -> dict[int, str]:
    table: dict[int, str] = {}
    for block in re.findall(r"beginbfrange\n(.*?)endbfrange", text, re.S):
        for low, _, codes in re.findall(r"<(\w+)> <(\w+)> \[(.*?)\]", block, re.S):
            for step, code in enumerate(re.findall(r"<(\w+)>", codes)):
                table[int(low, 16) + step] = bytes.fromhex(code).decode("utf-16-be")
    for block in re.findall(r"beginbfchar\n(.*?)endbfchar", text, re.S):
        for low, code in re.findall(r"<(\w+)> <(\w+)>", block):
            table[int(low, 16)] = bytes.fromhex(code).decode("utf-16-be")
    return table


def _page_text(content: bytes, fonts: dict[bytes, dict[int, str]]) -> str:
    lines = []
    for block in re.findall(rb"BT(.*?)ET", content, re.S):
        line, font = "", {}
        for name, string in re.findall(rb"/(F\d+\+\d+) [\d.]+ Tf|\(((?:\\.|[^\\)])*)\) Tj", block):
            if name:
                font = fonts[name]
            else:
                line += "".join(font.get(code, "?") for code in _unescaped(string))
        lines.append(line)
    return "\n".join(lines)


def _unescaped(string: bytes) -> bytes:
    named = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}

    def plain(found: re.Match[bytes]) -> bytes:
        code = found[1]
        return bytes([int(code, 8)]) if code.isdigit() else named.get(code, code)

    return re.sub(rb"\\([0-7]{1,3}|.)", plain, string, flags=re.S)


class Page(HTMLParser):
    """Tags, texts and table rows of an HTML report; complains about tags that do not match."""

    VOID = frozenset({"meta", "br", "rect", "image", "polyline", "polygon"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == [], f"never closed: {self._open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self._open[-1] == tag, f"</{tag}> closes <{self._open[-1]}>"
        self._open.pop()

    def handle_data(self, data):
        if "style" in self._open[-1:]:
            return
        self.texts.append(data)
        if "tr" in self._open and self.rows and self.rows[-1]:
            joint = " " if "small" in self._open[-1:] and data.strip() else ""
            self.rows[-1][-1] += joint + data.strip()


def ply(path: Path) -> tuple[list[str], np.ndarray]:
    """Header lines and vertices of a binary PLY, read by its own header."""
    head, _, body = path.read_bytes().partition(b"end_header\n")
    lines = head.decode("ascii").splitlines()
    kinds = {"float": "<f4", "uchar": "u1", "int": "<i4"}
    fields = [line.split()[1:] for line in lines if line.startswith("property")]
    vertices = np.frombuffer(body, np.dtype([(name, kinds[kind]) for kind, name in fields]))
    return lines, vertices
