"""The folder of pretrained weights on this machine: find, load, check, take in, fetch.

    <folder>/<name>.safetensors     the network under its own parameter names
    <folder>/<name>.json            where it came from, SHA-256 of both files

The folder is RELIEF_WEIGHTS, else the settings file's `weights`, else the user's data folder. Networks that
come with the program lie among its resources in the same form; a file of the folder takes their place.
Nothing is downloaded but by `fetch`, and nothing is used whose bytes changed since they were taken in.
"""

from __future__ import annotations

import os
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from inspector_core.assets import resource
from inspector_core.errors import DiskFullError, WeightsError
from inspector_core.features.weights.catalogue import Entry, catalogue, entry_of
from inspector_core.features.weights.fitting import candidates, fitted
from inspector_core.features.weights.reading import read_state, training_record
from inspector_core.files import (
    ensure_writable,
    read_json,
    sha256_file,
    shown,
    write_atomic,
    write_failure,
    write_json,
)
from inspector_core.progress import Job, Progress

if TYPE_CHECKING:
    from torch import Tensor

VARIABLE = "RELIEF_WEIGHTS"
FETCHING = "Fetching"
_BLOCK = 1 << 20
_PATIENCE_S = 30.0

Presence = Literal["present", "missing", "altered"]


@dataclass(frozen=True, slots=True)
class Status:
    """One network on this machine.

    origin : the file it was taken from, "" when it is not here.   checked : its bytes are those that
    its publisher names (False: nobody named any, or they were taken in with force).
    """

    entry: Entry
    presence: Presence
    path: Path
    origin: str = ""
    checked: bool = False


def folder() -> Path:
    """Where weights lie on this machine; it need not exist yet."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("relief-inspector", appauthor=False)) / "weights"


def find(name: str) -> Path | None:
    """The file of a network, None when it is not on this machine. Its bytes are not checked."""
    path = _path(entry_of(name))
    return path if path.is_file() and _record_path(path).is_file() else None


def sha256(name: str) -> str:
    """SHA-256 of the weights as they were taken in; WeightsError when they are missing."""
    return str(_record(entry_of(name), _required(name))["sha256"])


def load(name: str) -> dict[str, Tensor]:
    """Checked tensors of a network; WeightsError says how to get what is missing or altered."""
    entry, path = entry_of(name), _required(name)
    if sha256_file(path) != _record(entry, path)["sha256"]:
        raise WeightsError(
            f"{shown(path)} was changed since it was added", cure=f"add {name} again"
        )
    return fitted(entry, read_state(path), shown(path))


def how_to_get(entry: Entry) -> str:
    """The sentence's end that brings a missing network."""
    add = f"`relief weights add FILE --as {entry.name}`"
    if entry.url:
        return f"`relief weights fetch {entry.name}` loads it, or {add} takes a file you have"
    return f"{add} takes it from a file ({entry.page})"


def status() -> tuple[Status, ...]:
    """Every network of the catalogue and whether it is here; bytes are not read (see `verify`)."""
    return tuple(_status(entry) for entry in catalogue().values())


def verify(name: str) -> Status:
    """Read a network's bytes and compare names, shapes and SHA-256; WeightsError when it is missing."""
    entry, path = entry_of(name), _required(name)
    found = _status(entry)
    try:
        load(name)
    except WeightsError:
        return Status(entry, "altered", path, found.origin, False)
    return found


def add(file: Path, name: str | None = None, *, force: bool = False) -> Status:
    """Take weights from a file into the folder, converted to safetensors under the network's names.

    name : which network it is; found out from file name, bytes or layout when not given.
    force : take bytes that differ from the published ones, and replace weights that are here.
    Raises WeightsError for another network, a pickle with code, altered bytes; OutputError.
    """
    digest = sha256_file(file) if file.is_file() else ""
    entry = entry_of(name) if name else _recognised(file, digest)
    if find(entry.name) is not None and not force:
        if _is_shipped(entry):
            raise WeightsError(
                f"{entry.name} comes with the program", cure="use --force to use yours instead"
            )
        raise WeightsError(
            f"{entry.name} is here already ({shown(_path(entry))})", cure="use --force"
        )
    path = folder() / f"{entry.name}.safetensors"
    checked = bool(entry.sha256) and digest.startswith(entry.sha256)
    if entry.sha256 and not checked and not force and entry.file_matches(file.name):
        raise WeightsError(
            f"{shown(file)} has not the published bytes (SHA-256 {digest[:12]}…)",
            cure="load it again, or use --force where you know why",
        )
    tensors = fitted(entry, read_state(file, entry.container), shown(file))
    told = training_record(file)
    _write(
        entry,
        path,
        tensors,
        told,
        {"origin": file.name, "origin_sha256": digest, "checked": checked},
    )
    return _status(entry)


def fetch(name: str, *, force: bool = False) -> Job[Status]:
    """Load a network from its publisher and take it in. The only function that opens a connection.

    Yields progress in bytes. Raises WeightsError when nobody offers the file for loading, the address
    does not answer, or the bytes are not the published ones.
    """
    entry = entry_of(name)
    if not entry.url:
        raise WeightsError(
            f"{name} cannot be fetched: its publisher gives no plain address",
            cure=f"load it by hand from {entry.page}, then `relief weights add FILE --as {name}`",
        )
    if find(name) is not None and not force:
        raise WeightsError(f"{name} is here already", cure="use --force to load it again")
    ensure_writable(folder())
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=folder()) as place:
        file = Path(place) / (entry.url.rpartition("/")[2] or "weights.pth")
        yield from _downloaded(entry, file)
        yield Progress(f"Checking {name}")
        if entry.sha256 and not sha256_file(file).startswith(entry.sha256):
            raise WeightsError(
                f"{entry.url} gave other bytes than its publisher names",
                cure="try again later; nothing was kept",
            )
        return add(file, name, force=True)


def _downloaded(entry: Entry, file: Path) -> Job[None]:
    try:
        with urllib.request.urlopen(entry.url, timeout=_PATIENCE_S) as answer:
            total = int(answer.headers.get("Content-Length") or 0)
            done = 0
            with file.open("wb") as stream:
                while block := answer.read(_BLOCK):
                    stream.write(block)
                    done += len(block)
                    yield Progress(f"{FETCHING} {entry.name}", done, total)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise WeightsError(
            f"{entry.url} does not answer ({reason})",
            cure=f"check the connection, or load it elsewhere and use "
            f"`relief weights add FILE --as {entry.name}`",
        ) from error
    except OSError as error:
        raise write_failure(file, error) from error


def _recognised(file: Path, digest: str) -> Entry:
    if not file.is_file():
        raise WeightsError(f"{shown(file)} is no file", cure="check its name")
    for entry in catalogue().values():
        if entry.sha256 and digest.startswith(entry.sha256):
            return entry
    named = [entry for entry in catalogue().values() if entry.file_matches(file.name)]
    fit = named if len(named) == 1 else candidates(read_state(file))
    if len(fit) == 1:
        return fit[0]
    known = ", ".join(entry.name for entry in fit or catalogue().values())
    problem = "fits several networks" if fit else "is none of the known networks"
    raise WeightsError(f"{shown(file)} {problem}", cure=f"name it with --as: {known}")


def _write(
    entry: Entry,
    path: Path,
    tensors: dict[str, Tensor],
    told: dict[str, str],
    origin: dict[str, Any],
) -> None:
    from safetensors.torch import save

    ensure_writable(path.parent)
    data = save({name: value.contiguous() for name, value in tensors.items()}, told or None)
    try:
        write_atomic(path, data)
        write_json(
            _record_path(path),
            {
                "name": entry.name,
                "sha256": sha256_file(path),
                **origin,
                "licence": entry.licence,
                "page": entry.page,
            },
        )
    except DiskFullError:
        path.unlink(missing_ok=True)
        raise


def _path(entry: Entry) -> Path:
    """A network's file: of this machine's folder, or the one that came with the program."""
    own = folder() / f"{entry.name}.safetensors"
    if not entry.shipped or own.is_file():
        return own
    return resource("weights", own.name)


def _is_shipped(entry: Entry) -> bool:
    return entry.shipped and _path(entry).parent != folder()


def _record_path(path: Path) -> Path:
    return path.with_suffix(".json")


def _required(name: str) -> Path:
    path = find(name)
    if path is None:
        raise WeightsError(
            f"the network {name} is not on this machine", cure=how_to_get(entry_of(name))
        )
    return path


def _record(entry: Entry, path: Path) -> dict[str, Any]:
    try:
        record: dict[str, Any] = read_json(_record_path(path))
        if isinstance(record["sha256"], str):
            return record
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise WeightsError(
        f"{shown(_record_path(path))} is damaged", cure=f"add {entry.name} again with --force"
    )


def _status(entry: Entry) -> Status:
    path = _path(entry)
    if find(entry.name) is None:
        return Status(entry, "missing", path)
    try:
        record = _record(entry, path)
    except WeightsError:
        return Status(entry, "altered", path)
    return Status(
        entry, "present", path, str(record.get("origin", "")), bool(record.get("checked"))
    )
