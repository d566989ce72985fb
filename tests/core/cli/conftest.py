"""A folder of tiny parts, a recipe learnt on it, and the command line run in this process."""

from __future__ import annotations

import json
import shutil

import jsonschema
import numpy as np
import pytest

from inspector_core import detectors, engine
from inspector_core.assets import resource
from inspector_core.cli.main import run
from inspector_core.data.writers import write_part
from inspector_core.device import Hardware
from inspector_core.progress import drain
from tests.contracts.tiny_parts import make

REGISTRY_DEFAULT = detectors.DEFAULT
FLAT = {"flat": "tests.core.flat_detector:Flat"}

SIZE = 80
"""Pixels on a side: small, for every command prepares the parts anew."""

PARTS = {
    ("train", "good"): [{}] * 6,
    ("validation", "good"): [{}] * 5,
    ("test", "good"): [{}] * 2,
    ("test", "dent"): [{"dent_mm": 1.5}] * 2,
}


def follows(document, name):
    """The document, once it says and follows the shipped schema "NAME/VERSION"."""
    assert document["schema"] == name
    schema = json.loads(resource("schemas", f"{name.replace('/', '-')}.json").read_text("utf-8"))
    jsonschema.validate(document, schema)
    return document


def write_block(root, split, label, name, seed, **options):
    """One tiny part in the same pose as all others, with noise of its own."""
    sample = make(0, **{"size": SIZE, **options})
    rng = np.random.default_rng(seed)
    rgb = np.clip(sample.rgb + rng.normal(0, 3, sample.rgb.shape), 0, 255).astype(np.uint8)
    xyz = sample.xyz + rng.normal(0, 0.01, sample.xyz.shape).astype(np.float32)
    write_part(root, split, label, name, rgb, xyz, sample.truth if split == "test" else None)


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    """Tiny parts in the MVTec 3D-AD layout: 6 learnt, 5 held out, 2 good and 2 dented to test."""
    root = tmp_path_factory.mktemp("tiny") / "block"
    seed = 0
    for (split, label), parts in PARTS.items():
        for number, options in enumerate(parts):
            seed += 1
            write_block(root, split, label, f"{number:03}", seed, **options)
    return root


@pytest.fixture
def own_copy(tiny_folder, tmp_path):
    """A copy of the parts that the test may damage."""
    return shutil.copytree(tiny_folder, tmp_path / "copy")


@pytest.fixture(scope="session")
def learnt(tiny_folder, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(detectors, "DETECTORS", FLAT)
        out = tmp_path_factory.mktemp("learnt") / "recipe"
        scan = drain(engine.scan(tiny_folder))
        drain(engine.learn(scan, out, detector="flat", machine=Hardware()))
    return out


@pytest.fixture
def recipe(learnt, tmp_path):
    """This test's own copy of the folder of a recipe learnt on the tiny parts."""
    return shutil.copytree(learnt, tmp_path / "recipe")


@pytest.fixture(autouse=True)
def surroundings(monkeypatch, tmp_path):
    """The flat detector alone, no graphics card, folders of this test's own."""
    monkeypatch.setattr(detectors, "DETECTORS", FLAT)
    monkeypatch.setattr(detectors, "DEFAULT", "flat")
    monkeypatch.setattr(engine, "hardware", Hardware)
    monkeypatch.setenv("RELIEF_DETECTOR", "flat")
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "xdg" / name))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def relief(capsys):
    """Function from words to (exit code, stdout, stderr); stdout is parsed with --json."""

    def command(*words, screen=None):
        capsys.readouterr()
        words = [str(word) for word in words]
        code = run(words, screen)
        captured = capsys.readouterr()
        out = json.loads(captured.out) if "--json" in words else captured.out
        return code, out, captured.err

    return command


@pytest.fixture
def registry_default():
    """The default detector as the registry has it outside these tests."""
    return REGISTRY_DEFAULT
