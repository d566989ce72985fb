"""A Dask cluster gives what this process gives, also when a worker dies; without one there is a sentence."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import threading
import time

import numpy as np
import pytest

from inspector_core import __version__, engine
from inspector_core.benchmark import cluster
from inspector_core.benchmark.output import timeless
from inspector_core.benchmark.remote import inspect_on
from inspector_core.cli.main import run
from inspector_core.data.scan import scan
from inspector_core.errors import Cancelled, DeviceError, SettingError
from inspector_core.progress import drain
from inspector_core.store import ResultStore
from tests.core.benchmark.conftest import QUICK, jobs_of, run_all


@pytest.fixture(scope="module")
def dask_cluster():
    distributed = pytest.importorskip("distributed", reason="needs the extra `cluster` (Dask)")
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
        silence_logs=50,
    ) as started:
        yield started


@pytest.fixture
def address(dask_cluster):
    return dask_cluster.scheduler_address


def without_times(ran):
    return [timeless(document) for document in ran.documents]


def test_that_two_workers_give_what_this_process_gives(pictures, tmp_path, address):
    jobs = jobs_of(pictures, tmp_path, shots=(2,))
    here = run_all(jobs, tmp_path / "here")
    there = run_all(jobs, tmp_path / "there", cluster=address)
    assert there.failed == ()
    assert without_times(there) == without_times(here)
    assert [(tmp_path / "there" / "jobs" / f"{job.name}.npz").read_bytes() for job in jobs] == [
        (tmp_path / "here" / "jobs" / f"{job.name}.npz").read_bytes() for job in jobs
    ]


def test_that_a_worker_that_reads_other_parts_fails_its_job_with_a_sentence(
    pictures, tmp_path, address
):
    jobs = jobs_of(pictures, tmp_path)
    path = pictures / "nut" / "train" / "good" / "000.png"
    path.write_bytes(path.read_bytes() + b"\0")
    ran = run_all(jobs, tmp_path / "out", cluster=address)
    assert [job.class_name for job, _ in ran.failed] == ["nut"]
    assert "every machine must see the same folder" in ran.failed[0][1]
    assert len(ran.documents) == 1


def test_that_a_folder_that_workers_cannot_read_is_refused_before_any_work(
    pictures, tmp_path, address
):
    jobs = jobs_of(pictures, tmp_path)
    pictures.rename(tmp_path / "moved")
    with pytest.raises(DeviceError) as caught:
        run_all(jobs, tmp_path / "out", cluster=address)
    assert "cannot read" in caught.value.message
    assert "at the same path" in caught.value.cure


def test_that_inspecting_there_gives_the_same_results_in_the_same_order(
    pictures, tmp_path, address
):
    parts = drain(scan(pictures / "nut"))
    recipe = drain(
        engine.learn(parts, tmp_path / "recipe", detector="btf", settings=QUICK, device="cpu")
    )
    refs = parts.refs  # more than one chunk
    stores = [ResultStore.create(tmp_path / name, recipe.sha256) for name in ("here", "there")]
    here = drain(engine.inspect(refs, recipe, store=stores[0], device="cpu"))
    words = (address, refs, tmp_path / "recipe")
    steps = []
    there = drain(inspect_on(*words, recipe.sha256, store=stores[1], device="cpu"), steps.append)
    done = [step.result for step in steps if isinstance(step, engine.Inspected)]
    assert [result.id for result in there] == [result.id for result in done] == [r.id for r in refs]
    for one, other in zip(here, there, strict=True):
        assert (one.verdict, one.scores, one.p_value) == (
            other.verdict,
            other.scores,
            other.p_value,
        )
        assert [d.bbox_px for d in one.defects] == [d.bbox_px for d in other.defects]
        kept = [store.maps(one.id).arrays() for store in stores]
        assert kept[0].keys() == kept[1].keys()
        for name, values in kept[0].items():
            np.testing.assert_array_equal(values, kept[1][name])
    with pytest.raises(DeviceError) as caught:
        drain(inspect_on(*words, "0" * 64, device="cpu"))
    assert "holds another recipe on this worker" in caught.value.message


def test_that_the_command_prints_the_same_document(pictures, tmp_path, address, capsys):
    learnt = ("learn", "--detector", "btf", "--set", "cells=8", "--device", "cpu", "--quiet")
    assert run([*learnt, str(pictures / "nut"), "--out", str(tmp_path / "recipe")]) == 0
    words = [
        "inspect",
        str(pictures / "nut"),
        "--recipe",
        str(tmp_path / "recipe"),
        "--device",
        "cpu",
    ]
    documents = []
    for extra in ([], ["--cluster", address]):
        capsys.readouterr()
        assert run([*words, *extra, "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        for part in document["parts"]:
            del part["timings_s"]
        documents.append(document["parts"])
    assert documents[0] == documents[1]


def test_that_cancelling_takes_back_what_was_handed_out(pictures, tmp_path, address):
    jobs = jobs_of(pictures, tmp_path, seeds=range(6))
    out = tmp_path / "out"
    with pytest.raises(Cancelled):
        run_all(jobs, out, cluster=address, stop=lambda: bool([*out.glob("jobs/*.json")]))
    assert len([*out.glob("jobs/*.json")]) < len(jobs)
    with cluster.connected(address) as client:
        until = time.monotonic() + 10
        while any(client.processing().values()) and time.monotonic() < until:
            time.sleep(0.05)
        assert not any(client.processing().values())


@pytest.mark.heavy
def test_that_it_goes_on_when_a_worker_is_killed(pictures, tmp_path, dask_cluster):
    jobs = jobs_of(pictures, tmp_path, seeds=(0, 1, 2, 3), shots=("all", 2))
    here = run_all(jobs, tmp_path / "here")
    out = tmp_path / "there"
    killed = []

    def kill_one():
        while not list(out.glob("jobs/*.json")):
            time.sleep(0.01)
        worker = next(iter(dask_cluster.workers.values()))
        killed.append(worker.pid)
        os.kill(worker.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_one, daemon=True)
    killer.start()
    there = run_all(jobs, out, cluster=dask_cluster.scheduler_address)
    killer.join()
    assert killed
    assert there.failed == ()
    assert without_times(there) == without_times(here)


def test_that_a_word_that_is_no_address_is_refused():
    with (
        pytest.raises(SettingError, match="is no address"),
        cluster.connected("10.0.0.5"),
    ):
        pass


def test_that_a_missing_dask_is_said_with_the_cure(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(DeviceError) as caught, cluster.connected("tcp://127.0.0.1:1"):
        pass
    assert "not installed here" in caught.value.message
    assert "relief-inspector[cluster]" in caught.value.cure


def test_that_nobody_answering_is_said_in_time(monkeypatch):
    pytest.importorskip("distributed", reason="needs the extra `cluster` (Dask)")
    monkeypatch.setattr(cluster, "PATIENCE_S", 0.5)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(DeviceError) as caught, cluster.connected(address):
            pass
    assert time.monotonic() - started < 5
    assert f"no cluster answers at {address}" in caught.value.message
    assert "dask scheduler" in caught.value.cure


class FakeClient:
    """A cluster whose workers report what a test wants."""

    def __init__(self, **reports):
        self.reports = reports

    def nthreads(self):
        return self.reports

    def run(self, function, *arguments, on_error):
        assert on_error == "return"
        return self.reports


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (ModuleNotFoundError("inspector_core"), "cannot run this program (ModuleNotFoundError"),
        (("0.0.9", []), f"has version 0.0.9, this machine {__version__}"),
        ((__version__, ["/parts"]), "cannot read /parts"),
    ],
)
def test_that_a_worker_that_cannot_do_the_work_is_named(report, said):
    client = FakeClient(one=(__version__, []), two=report)
    with pytest.raises(DeviceError) as caught:
        drain(cluster.checked(client, ["/parts"]))
    assert f"the worker two {said}" in caught.value.message


def test_that_a_cluster_without_workers_is_said(monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE_S", 0.2)
    with pytest.raises(DeviceError, match="the cluster has no workers"):
        drain(cluster.checked(FakeClient(), []))
