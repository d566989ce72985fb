"""Device logic on made-up machines: no graphics card is needed to test how one is used."""

from __future__ import annotations

import pytest

from inspector_core.device import Cost, Hardware, Plan, plan, resolve, with_fallback
from inspector_core.errors import DeviceError, SettingError

GB = 1 << 30
BARE = Hardware(cpu_free_bytes=8 * GB)
CARD = Hardware(("H200",), (4 * GB,), 8 * GB)


def test_that_auto_takes_the_card_where_there_is_one():
    assert resolve("auto", CARD) == "cuda:0"
    assert resolve("auto", BARE) == "cpu"
    assert resolve("cuda", CARD) == "cuda:0"


@pytest.mark.parametrize("wanted", ["cuda:0", "cuda"])
def test_that_a_missing_card_is_a_device_error(wanted):
    with pytest.raises(DeviceError, match="0 CUDA devices found") as caught:
        resolve(wanted, BARE)
    assert caught.value.exit_code == 6


@pytest.mark.parametrize("wanted", ["gpu", "cuda:x", "tpu:0"])
def test_that_an_unknown_device_is_a_usage_error(wanted):
    with pytest.raises(SettingError, match="is no device"):
        resolve(wanted, CARD)


def test_that_chunks_fill_the_free_memory_and_no_more():
    planned = plan(Cost(fixed_bytes=GB, row_bytes=1 << 20, rows=10_000), "auto", CARD)
    assert planned.device == "cuda:0"
    assert planned.chunk_rows == (int(4 * GB * 0.75) - GB) >> 20
    assert "portions" in planned.note


def test_that_small_work_is_done_in_one_go():
    planned = plan(Cost(row_bytes=100, rows=50), "auto", CARD)
    assert (planned.chunk_rows, planned.note) == (50, "")


def test_that_work_too_large_for_the_card_moves_to_the_cpu_and_says_so():
    planned = plan(Cost(fixed_bytes=5 * GB, row_bytes=1, rows=1), "cuda:0", CARD)
    assert planned.device == "cpu"
    assert "working on the CPU" in planned.note


def test_that_work_too_large_for_everything_is_refused_with_figures():
    with pytest.raises(DeviceError, match=r"needs 20\.0 GB .* 8\.0 GB are free"):
        plan(Cost(fixed_bytes=20 * GB, row_bytes=1), "auto", BARE)


def test_that_exhausted_memory_halves_the_chunks_then_moves_to_the_cpu():
    tried, said = [], []

    def work(current: Plan) -> str:
        tried.append((current.device, current.chunk_rows))
        if current.device != "cpu":
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return "done"

    assert with_fallback(work, Plan("cuda:0", 4), said.append) == "done"
    assert tried == [("cuda:0", 4), ("cuda:0", 2), ("cuda:0", 1), ("cpu", 4)]
    assert "working on the CPU" in said[-1]


def test_that_a_bug_is_not_mistaken_for_exhausted_memory():
    def work(_: Plan) -> None:
        raise RuntimeError("shapes do not match")

    with pytest.raises(RuntimeError, match="shapes"):
        with_fallback(work, Plan("cpu", 8), lambda _: None)


def test_that_memory_exhausted_on_the_cpu_ends_with_a_sentence():
    def work(_: Plan) -> None:
        raise MemoryError

    with pytest.raises(DeviceError, match="memory is exhausted"):
        with_fallback(work, Plan("cpu", 2), lambda _: None)
