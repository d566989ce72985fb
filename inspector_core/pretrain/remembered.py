"""What the frozen towers said about parts and words, on disk: looked at once, however long training takes.

    <folder>/<part>.safetensors     patches (L, P, C) in half precision, image (D,) in single
    <folder>/words-<class>.safetensors    directions (2, D)

Half precision changes a residual by about a ten-millionth.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inspector_core.features.clip_towers import View
from inspector_core.files import ensure_writable, sha256_bytes, write_atomic
from inspector_core.types import FloatArray

if TYPE_CHECKING:
    from torch import Tensor

_KEY = "made-by.txt"


class Remembered:
    """A folder of views by part name.

    key : what they depend on (towers, framing); a folder made with another key is emptied.
    device : where `views` puts them.
    """

    def __init__(self, folder: Path, key: str, device: str = "cpu") -> None:
        self.folder, self.device = folder, device
        if folder.exists() and (
            not (folder / _KEY).is_file() or (folder / _KEY).read_text("utf-8") != key
        ):
            shutil.rmtree(folder)
        ensure_writable(folder)
        write_atomic(folder / _KEY, key.encode("utf-8"))

    def __contains__(self, name: str) -> bool:
        return self._path(name).is_file()

    def keep(self, name: str, patches: FloatArray, image: FloatArray) -> None:
        """Remember a part's patches (L, P, C) and image (D,)."""
        import torch
        from safetensors.torch import save

        tensors = {
            "patches": torch.from_numpy(patches).half().contiguous(),
            "image": torch.from_numpy(image).contiguous(),
        }
        write_atomic(self._path(name), save(tensors))

    def views(self, names: Sequence[str]) -> View:
        """Views of N parts: patches (L, N, P, C), images (N, D), float32."""
        import torch
        from safetensors.torch import load_file

        found = {name: load_file(self._path(name), device=self.device) for name in {*names}}
        patches = [found[name]["patches"].float() for name in names]
        return View(torch.stack(patches, dim=1), torch.stack([found[n]["image"] for n in names]))

    def keep_words(self, class_name: str, directions: FloatArray) -> None:
        """Remember the (2, D) directions of a class's texts."""
        import torch
        from safetensors.torch import save

        tensors = {"directions": torch.from_numpy(directions).contiguous()}
        write_atomic(self._path(_words(class_name)), save(tensors))

    def words(self, class_name: str) -> Tensor | None:
        """The (2, D) directions of a class's texts, None when not yet read."""
        from safetensors.torch import load_file

        path = self._path(_words(class_name))
        return load_file(path, device=self.device)["directions"] if path.is_file() else None

    def forget(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.safetensors"


def _words(class_name: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", class_name.lower())[:40]
    return f"words-{plain}-{sha256_bytes(class_name.encode('utf-8', 'replace'))[:8]}"
