"""CLIP's image and text towers, ViT-B/16-plus at 240 pixels: what InCTRL sees and reads.

Patch embeddings are the raw outputs of three blocks; the image embedding is the class token behind the
last norm and projection, in the space that texts share. Frozen, never downloaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from inspector_core.features.weights.catalogue import entry_of
from inspector_core.features.weights.store import load, sha256

if TYPE_CHECKING:
    from torch import Tensor

NETWORK = "clip_vit_b_16_plus_240.laion400m_e32"
"""Its name in the weights registry."""
BLOCKS = (7, 9, 11)
"""Whose outputs are taken, counted from 1; of 12."""
SIDE = 240
"""Pixels of the square picture it was trained on."""
_TEXTS_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class View:
    """What the image tower gives for B pictures.

    patches : (L, B, P, C) float32, class token left out.   images : (B, D) float32.
    """

    patches: Tensor
    images: Tensor


class Towers:
    """Both towers of one CLIP on one device; texts are read by words, pictures by batch."""

    def __init__(self, clip: Any, device: str) -> None:
        import torch

        self.device = device
        self._clip = clip.to(device).eval().requires_grad_(False)
        entry = entry_of(NETWORK)
        self._mean, self._std = (
            torch.tensor(values, device=device).reshape(1, 3, 1, 1)
            for values in (entry.mean, entry.std)
        )

    def on(self, device: str) -> Towers:
        """These towers, moved to a device."""
        if device != self.device:
            self._clip.to(device)
            self._mean, self._std = self._mean.to(device), self._std.to(device)
            self.device = device
        return self

    def view(self, pictures: Tensor) -> View:
        """Patch and image embeddings of (B, 3, 240, 240) float32 pictures in 0..1."""
        import torch

        with torch.inference_mode():
            batch = (pictures.to(self.device) - self._mean) / self._std
            found = self._clip.visual.forward_intermediates(
                batch,
                indices=[block - 1 for block in BLOCKS],
                normalize_intermediates=False,
                output_fmt="NLC",
            )
            return View(torch.stack(found["image_intermediates"]), found["image_features"])

    def read(self, texts: Sequence[str]) -> Iterator[Tensor]:
        """Embeddings of the texts, (n, D) for a few of them at a time.

        A token sees only those before it and the last one speaks for the text, so the empty places
        behind the longest text are left out; the embeddings are those of the full length.
        """
        import torch

        tokens = _tokenizer()(list(texts))
        for start in range(0, len(tokens), _TEXTS_AT_ONCE):
            some = tokens[start : start + _TEXTS_AT_ONCE]
            length = int(some.argmax(dim=1).max()) + 1
            with torch.inference_mode():
                yield self._read(some[:, :length].to(self.device))

    def _read(self, tokens: Tensor) -> Tensor:
        import torch

        clip, length = self._clip, tokens.shape[1]
        ahead = torch.full((length, length), -torch.inf, device=self.device).triu_(1)
        words = clip.token_embedding(tokens) + clip.positional_embedding[:length]
        words = clip.ln_final(clip.transformer(words, attn_mask=ahead))
        last = words[torch.arange(len(words), device=self.device), tokens.argmax(dim=1)]
        return torch.as_tensor(last @ clip.text_projection)


def network() -> tuple[str, str]:
    """Name and SHA-256 of the towers' weights on this machine; WeightsError when they are missing."""
    return NETWORK, sha256(NETWORK)


def open_towers(*, reading: bool = True) -> Towers:
    """The towers on the CPU with the weights of the registry; WeightsError says how to get them.

    reading : keep the text tower, 90 of the 208 million weights.
    """
    import torch

    from inspector_core.features.networks import open_clip_module

    tensors = load(NETWORK)
    library = open_clip_module()
    with torch.device("meta"):  # nothing is drawn at random only to be replaced
        clip = library.CLIP(**library.get_model_config(entry_of(NETWORK).model))
    clip.attn_mask = None  # the one buffer without weights; `read` makes its own
    clip.load_state_dict(tensors, strict=True, assign=True)
    if not reading:
        clip.transformer = clip.token_embedding = None
    return Towers(clip.float(), "cpu")


@cache
def _tokenizer() -> Any:
    """Words to token numbers; its vocabulary lies in the package."""
    from inspector_core.features.networks import open_clip_module

    return open_clip_module().SimpleTokenizer()
