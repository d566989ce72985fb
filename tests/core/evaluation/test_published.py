"""Published figures: as printed, with their source, and none that was not printed."""

from __future__ import annotations

import json
import subprocess
import sys
from statistics import fmean

import pytest

from inspector_core import detectors
from inspector_core.evaluation.published import (
    METRICS,
    STATUSES,
    class_key,
    published,
    published_set,
    published_sets,
)

ROUNDED = {
    ("eyecandies", "M3DM", "AUPRO@30%"),
    ("mvtec3d", "Shape-Guided, SDF alone", "I-AUROC"),
}
"""The printed mean differs from the mean of the classes by more than 0.001; the row says so."""
EVERY = [row for one in published_sets() for row in published(one.key, ablations=True)]


def named(row):
    return f"{row.dataset}-{row.method}-{row.metric}-{row.shots}"


def only(dataset, method, metric, shots=None):
    (row,) = [
        row
        for row in published(dataset, metric, ablations=True)
        if (row.method, row.shots) == (method, shots)
    ]
    return row


def test_that_no_row_comes_twice():
    names = [named(row) for row in EVERY]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("dataset", [one.key for one in published_sets()])
def test_that_every_row_is_complete(dataset):
    for row in published(dataset, ablations=True):
        assert row.status in STATUSES, row
        assert len(row.source) > 20, row
        assert (row.mean is None) == (row.status == "not available"), row
        has_area = row.metric.startswith("AUPRO") and row.mean is not None
        assert row.estimator in (("btf100", "cfm99", "unknown") if has_area else ("",)), row
        if row.metric in METRICS and row.mean is not None:
            assert all(0 < value <= 1 for value in (row.mean, *row.classes.values())), row


@pytest.mark.parametrize("dataset", [one.key for one in published_sets()])
def test_that_printed_means_are_those_of_the_classes(dataset):
    for row in published(dataset, ablations=True):
        if not row.classes:
            continue
        assert tuple(row.classes) == published_set(row.dataset).classes
        gap = abs(fmean(row.classes.values()) - row.mean)
        if (row.dataset, row.method, row.metric) in ROUNDED:
            assert gap > 0.001, row
            assert f"{row.mean} is printed" in row.note, row
        else:
            assert gap <= 0.001 + 1e-9, row


def test_that_detectors_named_here_are_written_as_in_the_registry():
    ours = set(detectors.DETECTORS)
    announced = {
        "ast",
        "cfm",
        "inctrl",
        "lsfa",
        "m3dm",
        "padim",
        "patchcore",
        "shape_guided",
        "spade",
    }
    assert {row.detector for row in EVERY if row.detector} <= ours | announced


def test_that_a_set_is_found_by_key_and_by_title():
    assert published("MVTec 3D-AD", "I-AUROC") == published("mvtec3d", "I-AUROC")
    assert published("my own parts") == ()
    assert only("eyecandies", "CFM", "I-AUROC").classes[class_key("CandyCane")] == 0.68
    assert class_key("LicoriceSandwich") == "licorice_sandwich"


def test_that_what_could_not_be_read_has_no_figure():
    for method in ("InCTRL", "RegAD", "CoOp"):
        row = only("mvtec_ad", method, "I-AUROC")
        assert (row.mean, row.status, dict(row.classes)) == (None, "not available", {})


@pytest.mark.parametrize(
    ("dataset", "method", "metric", "shots", "mean"),
    [
        ("mvtec_ad", "PatchCore, WideResNet-50, 224 px, 10 %", "I-AUROC", None, 0.992),
        ("mvtec_ad", "PaDiM, WideResNet-50, 550 channels", "P-AUROC", None, 0.973),
        ("mvtec_ad", "SPADE", "I-AUROC", None, 0.855),
        ("mvtec_ad", "WinCLIP+", "I-AUROC", 1, 0.931),
        ("visa", "WinCLIP", "P-AUROC", 0, 0.796),
        ("eyecandies", "PaDiM, WideResNet-50", "I-AUROC", None, 0.794),
        ("mvtec3d", "Shape-Guided", "AUPRO@30%", None, 0.976),
        ("mvtec3d", "Shape-Guided", "P-AUROC", None, 0.996),
        ("mvtec3d", "LSFA", "I-AUROC", None, 0.971),
        ("mvtec3d", "BTF, preprocessed data", "AUPRO@30%", None, 0.959),
        ("mvtec3d", "CFM-T", "P-AUROC", None, 0.99),
    ],
)
def test_that_figures_of_the_cards_stand_as_printed(dataset, method, metric, shots, mean):
    assert only(dataset, method, metric, shots).mean == mean


def test_that_reading_costs_nothing_until_it_is_asked_for():
    code = (
        "import sys, inspector_core.evaluation.published as p; "
        "print(p._content.cache_info().currsize)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


@pytest.fixture
def handbook(shared):
    return json.loads(shared("methods", "published_multimodal.json").read_text("utf-8"))


@pytest.mark.parametrize("dataset", ["mvtec3d", "eyecandies"])
def test_that_every_class_table_of_the_handbook_is_here(handbook, dataset):
    classes = handbook[f"{dataset}_classes"]
    for method, metrics in handbook[dataset].items():
        for metric, values in metrics.items():
            compare(only(dataset, method, metric), classes, values)


@pytest.mark.parametrize(
    ("table", "titles"),
    [
        ("mapping_networks_50_epochs", "CFM, {}, 50 epochs"),
        ("aggregation", {"2d": "CFM, picture map alone", "3d": "CFM, shape map alone",
                         "sum": "CFM, sum of the maps", "max": "CFM, larger of the maps",
                         "product": "CFM, product of the maps"}),
    ],
)  # fmt: skip
def test_that_every_variant_of_the_handbook_is_here(handbook, table, titles):
    for key, metrics in handbook[table].items():
        method = titles[key] if isinstance(titles, dict) else titles.format(key)
        for metric, values in metrics.items():
            if isinstance(values, list):
                compare(only("mvtec3d", method, metric), handbook["mvtec3d_classes"], values)
        if "fps" in metrics:
            assert only("mvtec3d", method, "frames_per_s").mean == metrics["fps"]
            assert only("mvtec3d", method, "memory_mb").mean == metrics["memory_MB"]


def test_that_few_shot_means_and_costs_of_the_handbook_are_here(handbook):
    few = handbook["few_shot"]
    for metric in ("I-AUROC", "P-AUROC", "AUPRO@30%", "AUPRO@1%"):
        for method, values in few[metric].items():
            for shots, mean in zip(few["parts"], values, strict=True):
                row = only("mvtec3d", method, metric, None if shots == "all" else shots)
                assert row.mean == mean
    for method, (speed, memory) in handbook["speed_memory_rtx4090"].items():
        assert only("mvtec3d", method, "frames_per_s").mean == speed
        assert only("mvtec3d", method, "memory_mb").mean == memory
    for method, figures in handbook["abstracts_only"].items():
        for key, mean in figures.items():
            metric = {"AUPRO": "AUPRO@30%"}.get(key, key.removesuffix(" mean"))
            assert only("mvtec3d", method, metric).mean == mean


def compare(row, classes, values):
    *each, mean = values
    assert row.mean == mean
    known = {name: value for name, value in zip(classes, each, strict=False) if value is not None}
    assert dict(row.classes) == known
