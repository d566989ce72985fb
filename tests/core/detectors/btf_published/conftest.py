"""What good plates taught, once for all files of this folder."""

from __future__ import annotations

import pytest

from tests.core.detectors.btf_published.plates import GOOD, learnt, without
from tests.core.detectors.random_weights import MOBILENET, random_weights


@pytest.fixture(scope="package", autouse=True)
def network(tmp_path_factory):
    with random_weights(tmp_path_factory.mktemp("networks"), MOBILENET):
        yield


@pytest.fixture(scope="package")
def full():
    return learnt()


@pytest.fixture(scope="package")
def alone():
    return learnt(network="none")


@pytest.fixture(scope="package")
def pictures():
    return learnt([without(sample, "xyz") for sample in GOOD])
