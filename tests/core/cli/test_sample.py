"""`relief sample`: what is written, and what is refused."""

from __future__ import annotations

import os

import pytest

from inspector_core.cli import main
from inspector_core.synthetic import FAMILIES
from tests.core.cli.conftest import follows

SMALL = ("--count", "1", "--size", "64")


def test_that_a_sample_is_read_back_as_it_was_written(relief):
    words = ("sample", "--family", "tile", *SMALL, "--seed", "3", "--out", "tiles")
    code, document, _ = relief(*words, "--json")
    assert code == 0
    follows(document, "relief-sample/1")
    _, scan, _ = relief("scan", "tiles", "--json")
    assert scan["splits"] == document["splits"]
    assert scan["parts"] == document["parts"]


def test_that_an_existing_folder_is_replaced_only_with_force_and_only_if_it_is_a_sample(
    relief, tmp_path
):
    words = ("sample", "--family", "tile", *SMALL, "--quiet")
    (tmp_path / "tiles").mkdir()
    (tmp_path / "tiles" / "truth.json").write_text("{}")
    assert relief(*words, "--out", "tiles")[0] == 3
    assert os.listdir(tmp_path / "tiles") == ["truth.json"]
    assert relief(*words, "--out", "tiles", "--force")[0] == 0
    assert (tmp_path / "tiles" / "train").is_dir()
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").touch()
    code, _, err = relief(*words, "--out", "precious", "--force")
    assert code == 3
    assert "holds something else than synthetic parts" in err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--family", "car"], "there is no family 'car'; choose one of"),
        (["--family", "tile", "--size", "9"], "a picture of 9 pixels cannot be made"),
    ],
)
def test_that_impossible_samples_are_refused(words, said, relief):
    code, _, err = relief("sample", "--out", "x", "--quiet", *words)
    assert code == 2
    assert said in err


def test_that_help_names_every_family(capsys):
    main.run(["sample", "--help"])
    text = capsys.readouterr().out
    assert all(name in text for name in FAMILIES)
