"""Working through the list: what is done stays done, what fails is said, nothing is half-written."""

from __future__ import annotations

import json

import pytest

from inspector_core.benchmark import running, work
from inspector_core.benchmark.output import OutputFolder, timeless
from inspector_core.errors import Cancelled, OutputError
from inspector_core.files import read_json
from inspector_core.progress import drain
from tests.core.benchmark.conftest import jobs_of, run_all


@pytest.fixture
def jobs(pictures, tmp_path):
    return jobs_of(pictures, tmp_path, shots=(2,))


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_that_each_job_leaves_one_file_that_says_what_determined_it(jobs, tmp_path):
    out = tmp_path / "out"
    ran = run_all(jobs, out)
    assert [entry["name"] for entry in ran.documents] == [job.name for job in jobs]
    assert ran.failed == ()
    assert files(out / "jobs") == sorted(
        f"{job.name}{end}" for job in jobs for end in (".json", ".npz")
    )
    first = read_json(out / "jobs" / f"{jobs[0].name}.json")
    assert first["job"] == jobs[0].document()
    assert first["learnt"]["parts"] == 2
    assert first["evaluation"]["maps"]["fused"]["i_auroc"] == 1.0
    assert first["evaluation"]["parts"] == {"good": 2, "bad": 2}


def test_that_finished_jobs_are_not_done_again(jobs, tmp_path, monkeypatch):
    run_all(jobs, tmp_path / "out")
    monkeypatch.setattr(running, "steps", None)
    again = run_all(jobs, tmp_path / "out")
    assert again.kept == len(again.documents) == len(jobs)


def test_that_a_damaged_outcome_is_done_again(jobs, tmp_path):
    first = run_all(jobs, tmp_path / "out")
    path = tmp_path / "out" / "jobs" / f"{jobs[0].name}.json"
    path.write_bytes(path.read_bytes()[:100])
    again = run_all(jobs, tmp_path / "out")
    assert again.kept == len(jobs) - 1
    assert [timeless(entry) for entry in again.documents] == [
        timeless(entry) for entry in first.documents
    ]


def test_that_a_failed_job_is_kept_with_its_sentence_and_tried_again(jobs, pictures, tmp_path):
    path = pictures / "nut" / "train" / "good" / "000.png"
    whole = path.read_bytes()
    path.write_bytes(whole + b"\0")  # another size than when the list was made
    ran = run_all(jobs, tmp_path / "out")
    assert [job.class_name for job, _ in ran.failed] == ["nut"]
    assert "holds other parts than when the list of jobs was made" in ran.failed[0][1]
    assert len(ran.documents) == 1
    kept = json.loads((tmp_path / "out" / "failed" / f"{jobs[1].name}.json").read_text())
    assert kept["error"] == ran.failed[0][1]
    path.write_bytes(whole)
    again = run_all(jobs, tmp_path / "out")
    assert (again.kept, len(again.documents), again.failed) == (1, 2, ())
    assert files(tmp_path / "out" / "failed") == []


def test_that_other_weights_than_the_list_was_made_with_fail_the_job(jobs, tmp_path, monkeypatch):
    monkeypatch.setattr(work, "weights_of", lambda _: {"resnet18": "1" * 64})
    ran = run_all(jobs[:1], tmp_path / "out")
    assert "the pretrained networks of btf are not those of the list of jobs" in ran.failed[0][1]


def test_that_a_fault_of_the_program_fails_its_job_alone(jobs, tmp_path, monkeypatch):
    real = running.steps

    def sometimes(job, folder):
        if job is jobs[0]:
            raise KeyError("x")
        return real(job, folder)

    monkeypatch.setattr(running, "steps", sometimes)
    ran = run_all(jobs, tmp_path / "out")
    assert len(ran.documents) == len(jobs) - 1
    assert "a fault of the program (KeyError: 'x')" in ran.failed[0][1]


def test_that_cancelling_leaves_finished_jobs_and_nothing_half_made(jobs, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(Cancelled):
        drain(
            running.run(jobs, OutputFolder.prepared(out)), stop=lambda: len(files(out / "jobs")) > 0
        )
    assert len(files(out / "jobs")) == 2  # one job's two files
    assert files(out) == ["failed", "jobs", "suite.json"]


def test_that_progress_counts_jobs_and_says_how_many_are_finished_already(jobs, tmp_path):
    output = OutputFolder.prepared(tmp_path / "out")
    drain(running.run(jobs[:1], output))
    steps = []
    drain(running.run(jobs, output), steps.append)
    assert steps[0].note == "1 of 2 jobs are finished already"
    assert {step.total for step in steps} == {2}
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert steps[-1].done == 2
    assert any("2 shots, seed 0: learning" in step.stage for step in steps)


def test_that_recipes_are_removed_unless_they_are_kept(jobs, tmp_path):
    run_all(jobs[:1], tmp_path / "out")
    assert not (tmp_path / "out" / "recipes").exists()
    run_all(jobs[:1], tmp_path / "kept", keep_recipes=True)
    assert (tmp_path / "kept" / "recipes" / jobs[0].name / "recipe.json").exists()


def test_that_another_folder_is_refused_and_leftovers_of_a_killed_run_are_removed(jobs, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("x")
    with pytest.raises(OutputError, match="holds something else than a benchmark"):
        OutputFolder.prepared(tmp_path / "mine")
    out = OutputFolder.prepared(tmp_path / "out").folder
    (out / ".abc.tmp").mkdir()
    (out / "jobs" / ".abc.json.1234.tmp").write_text("{")
    OutputFolder.prepared(out)
    assert files(out / "jobs") == []
    assert files(out) == ["failed", "jobs", "suite.json"]


def test_that_suite_json_lists_every_job_and_the_few_shot_parts(jobs, tmp_path):
    output = OutputFolder.prepared(tmp_path / "out")
    output.write_suite(jobs)
    content = read_json(tmp_path / "out" / "suite.json")
    assert [entry["name"] for entry in content["jobs"]] == [job.name for job in jobs]
    assert content["shot_lists"][0]["learn"] == list(jobs[0].learn)
    assert len(content["shot_lists"]) == 2
