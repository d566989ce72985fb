"""A weights folder with seeded random networks, for tests: nothing is ever loaded from anywhere."""

from __future__ import annotations

import contextlib
import os

MOBILENET = "mobilenetv2_100.ra_in1k"


@contextlib.contextmanager
def random_weights(folder, *names, seed=0):
    """RELIEF_WEIGHTS points to a folder that holds these networks while the block runs."""
    import torch
    from safetensors.torch import save_file

    from inspector_core.features import weights
    from inspector_core.features.weights.catalogue import model_of

    before = os.environ.get("RELIEF_WEIGHTS")
    os.environ["RELIEF_WEIGHTS"] = str(folder / "weights")
    try:
        for name in names:
            with torch.random.fork_rng():
                torch.manual_seed(seed)
                network = model_of(weights.entry_of(name))
            save_file(network.state_dict(), folder / "random.safetensors")
            weights.add(folder / "random.safetensors", name)
            (folder / "random.safetensors").unlink()
        yield folder / "weights"
    finally:
        if before is None:
            os.environ.pop("RELIEF_WEIGHTS")
        else:
            os.environ["RELIEF_WEIGHTS"] = before
