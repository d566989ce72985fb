"""Adam beside torch's."""

from __future__ import annotations

import subprocess
import sys

import pytest

from inspector_core.detectors.cfm.adam import Adam


@pytest.mark.parametrize("rate", [1e-3, 0.1])
def test_that_steps_are_those_of_torch(rate):
    import torch

    generator = torch.Generator().manual_seed(0)
    mine = torch.randn(5, 3, generator=generator).requires_grad_()
    its = mine.detach().clone().requires_grad_()
    matrix = torch.randn(3, 3, generator=generator)
    ours, theirs = Adam([mine], rate), torch.optim.Adam([its], rate)
    for _ in range(20):
        for values in (mine, its):
            (values @ matrix).square().sum().backward()
        ours.step()
        theirs.step()
        theirs.zero_grad()
        torch.testing.assert_close(mine, its, atol=1e-6, rtol=1e-6)


def test_that_a_parameter_without_a_gradient_stays():
    import torch

    still = torch.ones(2, requires_grad=True)
    Adam([still]).step()
    assert still.tolist() == [1, 1]


def test_that_no_compiler_is_loaded():
    code = (
        "import sys, torch; from inspector_core.detectors.cfm.adam import Adam\n"
        "x = torch.ones(2, requires_grad=True); adam = Adam([x]); x.sum().backward(); adam.step()\n"
        "assert 'torch._dynamo' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
