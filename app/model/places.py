"""Where the window keeps its own files: preferences, recipes it learnt, results of this run, log."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import platformdirs

_NAME = "relief-inspector"
_RUN = "run-"
_STALE_S = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Places:
    """Folders of one user; tests pass their own.

    config : preferences and recent folders.   recipes : what "Learn" writes when nothing else is said.
    logs : the log file.   scratch : stored maps of the parts inspected in this run.
    """

    config: Path
    recipes: Path
    logs: Path
    scratch: Path

    @classmethod
    def of_user(cls) -> Places:
        """The platform's folders for this user."""
        return cls(
            Path(platformdirs.user_config_dir(_NAME, appauthor=False)),
            Path(platformdirs.user_data_dir(_NAME, appauthor=False)) / "recipes",
            Path(platformdirs.user_log_dir(_NAME, appauthor=False)),
            Path(platformdirs.user_cache_dir(_NAME, appauthor=False)),
        )

    def scratch_folder(self) -> tempfile.TemporaryDirectory[str]:
        """A folder of this run's own; what a killed run left behind a week ago is removed."""
        self.scratch.mkdir(parents=True, exist_ok=True)
        for left in self.scratch.glob(f"{_RUN}*"):
            if time.time() - left.stat().st_mtime > _STALE_S:
                shutil.rmtree(left, ignore_errors=True)
        return tempfile.TemporaryDirectory(
            prefix=_RUN, dir=self.scratch, ignore_cleanup_errors=True
        )
