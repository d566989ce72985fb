"""What words say about a picture: CLIP's similarity to texts about whole and damaged objects.

The texts are the compositional prompts of WinCLIP (arXiv 2303.14814) in the order of InCTRL's code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

TEMPERATURE = 100.0
_NORMAL = (
    "{}",
    "flawless {}",
    "perfect {}",
    "unblemished {}",
    "{} without flaw",
    "{} without defect",
    "{} without damage",
)
_ANOMALOUS = ("damaged {}", "{} with flaw", "{} with defect", "{} with damage")
_TEMPLATES = (
    "a cropped photo of the {}.",
    "a cropped photo of a {}.",
    "a close-up photo of a {}.",
    "a close-up photo of the {}.",
    "a bright photo of a {}.",
    "a bright photo of the {}.",
    "a dark photo of a {}.",
    "a dark photo of the {}.",
    "a jpeg corrupted photo of a {}.",
    "a jpeg corrupted photo of the {}.",
    "a blurry photo of the {}.",
    "a blurry photo of a {}.",
    "a photo of the {}.",
    "a photo of a {}.",
    "a photo of a small {}.",
    "a photo of the small {}.",
    "a photo of a large {}.",
    "a photo of the large {}.",
    "a photo of a {} for visual inspection.",
    "a photo of the {} for visual inspection.",
    "a photo of a {} for anomaly detection.",
    "a photo of the {} for anomaly detection.",
)
_SEMANTIC = frozenset(
    (
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
        "animal",
    )
)  # fmt: skip
"""Classes where "anomalous" means another kind of object, not a damaged one (CIFAR)."""


def texts(name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Texts about the whole and about the damaged object (154 and 88; one each for CIFAR's classes).

    name : what a person would call the part; underscores become spaces.
    """
    said = name.replace("_", " ")
    if said in _SEMANTIC:
        purpose = "for anomaly detection."
        return (f"a photo of {said} {purpose}",), (f"a photo without {said} {purpose}",)
    normal, anomalous = (
        tuple(template.format(state.format(said)) for state in states for template in _TEMPLATES)
        for states in (_NORMAL, _ANOMALOUS)
    )
    return normal, anomalous


def mean_direction(embeddings: Tensor) -> Tensor:
    """(N, D) embeddings of texts to one (D,) direction: the mean of their directions, of length 1."""
    units = embeddings / embeddings.norm(dim=-1, keepdim=True)
    mean = units.mean(dim=0)
    return mean / mean.norm()


def text_score(images: Tensor, normal: Tensor, anomalous: Tensor) -> Tensor:
    """s_a, (B,) in 0..1: how much more the pictures look like "damaged" than like "whole".

    images : (B, D) embeddings in CLIP's shared space.   normal, anomalous : (D,) `mean_direction`s.
    """
    import torch

    units = images / images.norm(dim=-1, keepdim=True)
    cosines = torch.stack([units @ normal, units @ anomalous], dim=1)
    return (TEMPERATURE * cosines).softmax(dim=1)[:, 1]
