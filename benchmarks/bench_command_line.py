"""How long the command line takes to answer, beside a bare interpreter.

    python benchmarks/bench_command_line.py [--quick]

Budgets: `relief --help` within 0.3 s, median of the runs after one warm-up; a scan of 10,000 parts tells
its first rows within 0.3 s and all within 10 s.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from inspector_core.assets import sample_parts

ENTRY = "import sys; from app.__main__ import main; sys.exit(main(sys.argv[1:]))"
CASES = {
    "bare interpreter": ["pass"],
    "relief --help": [ENTRY, "--help"],
    "relief learn --help": [ENTRY, "learn", "--help"],
    "relief detectors": [ENTRY, "detectors"],
    "relief scan SAMPLE": [ENTRY, "scan", str(sample_parts())],
}


def seconds(words: list[str]) -> float:
    """Wall time of one run of the interpreter."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", *words], capture_output=True, check=True)
    return time.perf_counter() - started


def large_scan(count: int) -> tuple[float, float]:
    """Seconds to the first rows and to the end of a scan of so many parts (links to one part's files)."""
    from inspector_core.data.scan import Found, scan

    source = sample_parts() / "train" / "good"
    with tempfile.TemporaryDirectory() as root:
        for role in ("rgb", "xyz"):
            first = next(iter(sorted((source / role).iterdir())))
            folder = Path(root) / "train" / "good" / role
            folder.mkdir(parents=True)
            shutil.copyfile(first, folder / f"0{first.suffix}")
            for number in range(1, count):
                os.link(folder / f"0{first.suffix}", folder / f"{number}{first.suffix}")
        started, told = time.perf_counter(), 0.0
        for step in scan(Path(root)):
            if not told and isinstance(step, Found) and step.refs:
                told = time.perf_counter() - started
        return told, time.perf_counter() - started


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--quick", action="store_true", help="3 runs instead of 15")
    runs = 3 if options.parse_args().quick else 15
    print(
        f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {runs} runs"
    )
    print(f"{'':22}{'median s':>10}{'worst s':>10}{'ratio':>8}")
    baseline = 0.0
    for name, words in CASES.items():
        seconds(words)
        taken = [seconds(words) for _ in range(runs)]
        median = statistics.median(taken)
        baseline = baseline or median
        print(f"{name:22}{median:10.3f}{max(taken):10.3f}{median / baseline:8.1f}")
    large_scan(100)
    for number in range(3):
        told, whole = large_scan(10_000)
        print(f"10,000 parts, run {number + 1}: first rows {told:.2f} s, all {whole:.2f} s")


if __name__ == "__main__":
    main()
