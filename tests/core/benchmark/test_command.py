"""`relief benchmark`: documents, tables, exit codes, refusals before any work, and being killed."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from inspector_core.cli.main import run
from tests.conftest import ROOT
from tests.core.cli.conftest import follows

TABLES = ("benchmark.md", "benchmark.csv", "benchmark.html")
QUICK = ("--detector", "btf", "--set", "cells=8", "--device", "cpu")


@pytest.fixture
def relief(capsys):
    """Function from words to (exit code, stdout, stderr); stdout is parsed with --json."""

    def command(*words):
        capsys.readouterr()
        words = [str(word) for word in words]
        code = run(words)
        captured = capsys.readouterr()
        return code, json.loads(captured.out) if "--json" in words else captured.out, captured.err

    return command


def tables(out):
    return {name: (out / name).read_bytes() for name in (*TABLES, "suite.json")}


def test_that_it_writes_tables_and_a_document_that_follows_its_schema(relief, pictures, tmp_path):
    out = tmp_path / "out"
    words = ("benchmark", pictures, *QUICK, "--shots", "2", "--out", out)
    code, document, _ = relief(*words, "--json")
    assert code == 0
    follows(document, "relief-benchmark/1")
    assert [(job["class"], job["shots"]) for job in document["jobs"]] == [("bolt", 2), ("nut", 2)]
    assert document["summary"]["done"] == 2
    first = tables(out)
    assert "bolt" in first["benchmark.md"].decode("utf-8")
    assert (out / "times.csv").read_text().count("\n") == 3
    code, text, _ = relief(*words)
    assert code == 0
    assert "2 jobs: 2 done (2 before), 0 failed" in text
    assert tables(out) == first


def test_that_force_does_finished_jobs_again_with_the_same_tables(relief, pictures, tmp_path):
    out = tmp_path / "out"
    words = ("benchmark", pictures / "nut", *QUICK, "--out", out)
    relief(*words)
    first = tables(out)
    code, document, _ = relief(*words, "--force", "--json")
    assert (code, document["summary"]["done_before"]) == (0, 0)
    assert tables(out) == first


def test_that_compare_sets_two_detectors_side_by_side(relief, pictures, tmp_path):
    suite = tmp_path / "suite.toml"
    suite.write_text(
        'device = "cpu"\n[[dataset]]\nroot = "screws"\n'
        '[[detector]]\nname = "btf"\nsettings = { cells = 8 }\n'
        '[[detector]]\nname = "btf"\nsettings = { cells = 10 }\n'
    )
    words = ("benchmark", suite, "--out", tmp_path / "out", "--compare", "btf cells=8,btf cells=10")
    code, document, _ = relief(*words, "--json")
    assert code == 0
    assert [entry["class"] for entry in document["compare"]] == ["bolt", "nut"]
    figure = document["compare"][0]["metrics"]["i_auroc"]
    assert figure["interval"][0] <= figure["difference"] <= figure["interval"][1]
    code, text, _ = relief(*words)
    assert "first: btf cells=8   second: btf cells=10" in text


def test_that_a_failed_job_is_listed_and_ends_with_4(relief, pictures, tmp_path):
    (pictures / "nut" / "train" / "good" / "000.png").write_bytes(b"x")
    for name in ("001", "002", "003", "004"):
        (pictures / "nut" / "train" / "good" / f"{name}.png").write_bytes(b"x")
    code, text, _ = relief("benchmark", pictures, *QUICK, "--out", tmp_path / "out")
    assert code == 4
    assert "2 jobs: 1 done (0 before), 1 failed" in text
    assert "failed: nut, btf cells=8, seed 0: train/good/000.png" in text
    assert "nut" in (tmp_path / "out" / "benchmark.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--detector", "btf", "--set", "cell=3"), 2, "no setting named cell"),
        (("--detector", "btf", "--set", "cfm.cells=9"), 2, "cfm is not among the detectors"),
        (("--detector", "btf", "--set", "page=1"), 2, "add --layout NAME"),
        (("--detector", "btf", "--seeds", "1,x"), 2, "'x' is no seed"),
        (("--detector", "btf", "--shots", "0"), 2, "'0' is no number of shots"),
        (("--detector", "btf", "--shots", "5"), 3, "too few for 5 shots; ask for at most 4"),
        (("--detector", "btf", "--class", "screw"), 2, "has no class named screw"),
        (("--detector", "btf", "--layout", "visa"), 3, "no parts here and no classes"),
        (("--detector", "btf", "--compare", "btf,btf"), 2, "names no two detectors"),
        (("--detector", "btf", "--cluster", "here:1"), 2, "tcp://HOST:PORT"),
        (
            ("--detector", "btf", "--cluster", "tcp://a:1", "--keep-recipes"),
            2,
            "do not go together",
        ),
        ((), 2, "there is no detector"),
    ],
)
def test_that_impossible_wishes_are_refused(words, code, said, relief, pictures, tmp_path):
    found, _, err = relief("benchmark", pictures, "--out", tmp_path / "out", *words)
    assert found == code
    assert said in err


def test_that_a_setting_reaches_the_reader_or_one_detector(relief, pictures, tmp_path):
    words = ("benchmark", pictures / "nut", "--device", "cpu", "--out", tmp_path / "out", "--json")
    code, document, _ = relief(
        *words,
        "--detector",
        "btf",
        "--layout",
        "mvtec_ad",
        "--set",
        "page=0",
        "--set",
        "btf.cells=9",
    )
    assert code == 0
    assert document["jobs"][0]["given"] == {"cells": 9}


def test_that_a_suite_file_stands_alone(relief, pictures, tmp_path):
    suite = tmp_path / "suite.toml"
    suite.write_text('[[dataset]]\nroot = "screws"\n[[detector]]\nname = "btf"\n')
    code, _, err = relief("benchmark", suite, "--seeds", "1", "--out", tmp_path / "out")
    assert code == 2
    assert "--seeds beside a suite file" in err


def test_that_a_killed_run_goes_on_and_gives_the_same_tables(relief, pictures, tmp_path):
    words = [
        "benchmark",
        str(pictures / "nut"),
        *QUICK,
        "--shots",
        "2",
        "--seeds",
        "0,1,2,3,4",
        "--out",
    ]
    out = tmp_path / "killed"
    code = "import sys; from inspector_core.cli.main import run; sys.exit(run(sys.argv[1:]))"
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words, str(out), "--quiet"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    moment = random.Random().uniform(0, 0.3)
    while not list(out.glob("jobs/*.json")) and process.poll() is None:
        time.sleep(0.01)
    time.sleep(moment)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    finished = list(out.glob("jobs/*.json"))
    assert 1 <= len(finished) < 5, f"killed {moment:.3f} s after the first outcome"
    for path in finished:
        assert json.loads(path.read_bytes())["name"] == path.stem
    code, document, _ = relief(*words, out, "--json")
    assert code == 0
    assert document["summary"]["done_before"] == len(finished)
    assert [path.name for path in out.iterdir() if path.name.startswith(".")] == []
    relief(*words, tmp_path / "whole")
    assert tables(out) == tables(tmp_path / "whole")


def test_that_what_was_done_elsewhere_is_not_done_again(relief, pictures, tmp_path):
    words = ["benchmark", *QUICK, "--out"]
    relief(*words, tmp_path / "out", pictures)
    moved = shutil.copytree(pictures, tmp_path / "drive" / "screws")
    shutil.copytree(tmp_path / "out", tmp_path / "other")
    _, document, _ = relief(*words, tmp_path / "other", moved, "--json")
    assert document["summary"]["done_before"] == 2
