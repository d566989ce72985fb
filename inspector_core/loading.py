"""Parts decoded and prepared one ahead, so that reading overlaps with scoring."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from inspector_core.errors import InputError, InspectorError
from inspector_core.types import Registered, Sample, SampleRef

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A part as far as it could be loaded; `part()` gives it or raises the reason."""

    ref: SampleRef
    sample: Sample | None = None
    registered: Registered | None = None
    error: InspectorError | None = None
    timings_s: dict[str, float] = field(default_factory=dict)

    def part(self) -> Registered:
        """The prepared part; raises the InspectorError that stopped it."""
        if self.error is not None:
            raise self.error
        assert self.registered is not None
        return self.registered


def load(ref: SampleRef, prepare: Callable[[Sample], Registered]) -> Loaded:
    """Decode and prepare one part; every failure becomes a sentence in the result."""
    started = time.perf_counter()
    sample: Sample | None = None
    try:
        sample = ref.load()
        read = time.perf_counter()
        registered = prepare(sample)
    except InspectorError as error:
        return Loaded(ref, sample, None, error)
    except (OSError, MemoryError) as error:
        problem = (
            error.strerror if isinstance(error, OSError) and error.strerror else "no memory left"
        )
        return Loaded(ref, sample, None, InputError(f"{ref.id}: {problem}", cure="try again"))
    except Exception:
        log.exception("loading %s", ref.id)
        fault = InspectorError(f"{ref.id}: a fault of the program", cure="see the log file")
        return Loaded(ref, sample, None, fault)
    timings = {
        "read": round(read - started, 4),
        "register": round(time.perf_counter() - read, 4),
    }
    return Loaded(ref, sample, registered, None, timings)


def loaded(refs: Sequence[SampleRef], prepare: Callable[[Sample], Registered]) -> Iterator[Loaded]:
    """The parts in order; while one is worked on, the next is read in another thread."""
    if not refs:
        return
    pool = ThreadPoolExecutor(1, thread_name_prefix="relief-read")
    try:
        coming: Future[Loaded] = pool.submit(load, refs[0], prepare)
        for index in range(len(refs)):
            current = coming.result()
            if index + 1 < len(refs):
                coming = pool.submit(load, refs[index + 1], prepare)
            yield current
    finally:
        # who stops in the middle need not wait for a part that nobody wants any more
        pool.shutdown(wait=False, cancel_futures=True)
