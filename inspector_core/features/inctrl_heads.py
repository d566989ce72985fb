"""The small trained part of InCTRL: an adapter and two heads over residuals (arXiv 2403.06495).

Weights are plain named tensors with the names of the published checkpoints (mala-lab/InCTRL@cc535d0),
so a published file, a self-trained one and a recipe hold the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspector_core.errors import WeightsError

if TYPE_CHECKING:
    from torch import Tensor

PATCHES = 225
"""15 x 15 of a picture of 240 pixels: the patch head weighs each place, no other grid will do."""
WIDTH = 640
"""Of the image embedding of ViT-B-16-plus-240."""
_REDUCTION = 4
_HIDDEN = (128, 64)
_MOMENTUM, _EPSILON = 0.1, 1e-5
_COUNTER = "num_batches_tracked"
_OWN = ("adapter.", "diff_head.", "diff_head_ref.")
_RUNNING = ("running_mean", "running_var")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the heads say about B queries.

    image_residual : (B, D), adapted prompts' mean minus adapted query.   image_score : (B,) s_i.
    holistic : (B,) phi.   final : (B,) s = (phi + s_p) / 2.   All scores in 0..1.
    """

    image_residual: Tensor
    image_score: Tensor
    holistic: Tensor
    final: Tensor


def layout(patches: int = PATCHES, width: int = WIDTH) -> dict[str, tuple[int, ...]]:
    """Name to shape of every tensor, as in the published checkpoints; `bn1` is declared there and unused."""
    shapes: dict[str, tuple[int, ...]] = {
        "adapter.fc.0.weight": (width // _REDUCTION, width),
        "adapter.fc.2.weight": (width, width // _REDUCTION),
    }
    for head, inputs in (("diff_head", patches), ("diff_head_ref", width)):
        sizes = (inputs, *_HIDDEN, 1)
        for number in (1, 2, 3):
            shapes[f"{head}.projection{number}.weight"] = (sizes[number], sizes[number - 1])
            shapes[f"{head}.projection{number}.bias"] = (sizes[number],)
        for number in (1, 2, 3):
            for name in ("weight", "bias", *_RUNNING):
                shapes[f"{head}.bn{number}.{name}"] = (sizes[number - 1],)
    return shapes


def is_running(name: str) -> bool:
    """Whether a tensor is a running statistic, which no gradient changes."""
    return name.endswith(_RUNNING)


def of_checkpoint(tensors: Mapping[str, Tensor], where: str) -> dict[str, Tensor]:
    """The heads' tensors of a checkpoint, float32; those of frozen towers beside them are left out.

    where : the file, for the sentence.   Raises WeightsError when a name or a shape is not that of
    InCTRL's heads.
    """
    own = {name: value for name, value in tensors.items() if name.startswith(_OWN)}
    own = {name: value for name, value in own.items() if not name.endswith(_COUNTER)}
    adapter, head = own.get("adapter.fc.0.weight"), own.get("diff_head.bn1.weight")
    if adapter is None or head is None:
        raise _no_heads(where, "adapter and heads are missing")
    expected = layout(len(head), adapter.shape[1])
    for name in sorted(expected.keys() ^ own.keys()):
        raise _no_heads(where, f"{name} is {'missing' if name in expected else 'unknown'}")
    for name, shape in expected.items():
        if tuple(own[name].shape) != shape:
            raise _no_heads(where, f"{name} is {tuple(own[name].shape)}, not {shape}")
    return {name: own[name].float() for name in expected}


def _no_heads(where: str, why: str) -> WeightsError:
    return WeightsError(
        f"{where} holds no heads of InCTRL ({why})",
        cure="name a file that `relief pretrain inctrl` wrote, or a published checkpoint of InCTRL",
    )


def initial(seed: int, patches: int = PATCHES, width: int = WIDTH) -> dict[str, Tensor]:
    """Untrained heads: uniform in +-1/sqrt(inputs) as torch's linear layers, neutral normalisation."""
    import torch

    generator = torch.Generator().manual_seed(seed)
    shapes = layout(patches, width)
    tensors = {}
    for name, shape in shapes.items():
        if ".bn" in name:
            ones = name.endswith((".weight", "running_var"))
            tensors[name] = torch.ones(shape) if ones else torch.zeros(shape)
            continue
        inputs = shapes[name.replace(".bias", ".weight")][1]
        uniform = torch.rand(shape, generator=generator)
        tensors[name] = (2 * uniform - 1) / inputs**0.5
    return tensors


def judge(
    weights: Mapping[str, Tensor],
    maps: Tensor,
    images: Tensor,
    prompt_images: Tensor,
    text_scores: Tensor,
    *,
    training: bool = False,
) -> Judgement:
    """Image residual, holistic and final score (equations 4 to 8; weights of the mean as in the code).

    maps : (B, P) residual maps M.   images : (B, D) image embeddings.   prompt_images : (K, B, D) of
    each query's prompts.   text_scores : (B,) s_a.
    training : normalise by the batch (B >= 2) and update the running statistics in place.
    """
    adapted_prompts = _adapter(weights, prompt_images).mean(dim=0)
    residual = adapted_prompts - _adapter(weights, images)
    image_score = _head(weights, "diff_head_ref", residual, training)
    raised = maps + (image_score + text_scores)[:, None]
    holistic = _head(weights, "diff_head", raised, training)
    final = (holistic + maps.amax(dim=1)) / 2
    return Judgement(residual, image_score, holistic, final)


def _adapter(weights: Mapping[str, Tensor], images: Tensor) -> Tensor:
    """psi: (..., D) to (..., D)."""
    narrow = (images @ weights["adapter.fc.0.weight"].T).relu()
    return (narrow @ weights["adapter.fc.2.weight"].T).relu()


def _head(weights: Mapping[str, Tensor], head: str, inputs: Tensor, training: bool) -> Tensor:
    """(B, N) to (B,) in 0..1: two hidden layers, each normalised after its ReLU, then a sigmoid."""
    from torch.nn.functional import batch_norm, linear

    values = inputs
    for number in (1, 2):
        layer = f"{head}.projection{number}"
        values = linear(values, weights[f"{layer}.weight"], weights[f"{layer}.bias"]).relu()
        norm = f"{head}.bn{number + 1}"
        values = batch_norm(
            values,
            weights[f"{norm}.running_mean"],
            weights[f"{norm}.running_var"],
            weights[f"{norm}.weight"],
            weights[f"{norm}.bias"],
            training=training,
            momentum=_MOMENTUM,
            eps=_EPSILON,
        )
    layer = f"{head}.projection3"
    values = linear(values, weights[f"{layer}.weight"], weights[f"{layer}.bias"])
    return values.squeeze(1).sigmoid()
