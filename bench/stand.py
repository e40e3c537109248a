"""The stand a measurement runs on: a database of its own, sandbox, processes of the product, and where results go."""

import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NoReturn

from django.conf import settings
from django.core.management import call_command

from bench import environment  # noqa: F401 - before what follows
from conversations import checkup
from tests import profile
from tests.genesys import Sandbox
from tests.processes import Process, answers, until

RESULTS = Path(__file__).parent / "results"
SITE = f"http://127.0.0.1:{os.environ['PORT']}"


@dataclass(frozen=True)
class Figure:
    """One measured figure beside its floor, both in milliseconds, and the ratio that was aimed at."""

    name: str
    median: float
    p99: float
    floor_median: float
    floor_p99: float
    goal_median: float | None = None
    goal_p99: float | None = None
    #: Where the time goes.
    note: str = ""

    @property
    def ratio(self) -> float:
        return self.median / self.floor_median

    @property
    def ratio_p99(self) -> float:
        return self.p99 / self.floor_p99

    @property
    def reached(self) -> bool:
        return (self.goal_median is None or self.ratio <= self.goal_median) and (
            self.goal_p99 is None or self.ratio_p99 <= self.goal_p99
        )

    @classmethod
    def of(
        cls,
        name: str,
        measured: Sequence[float],
        floor: Sequence[float],
        *,
        goal_median: float | None = None,
        goal_p99: float | None = None,
        note: str = "",
    ) -> "Figure":
        """From seconds."""
        (median, p99), (floor_median, floor_p99) = _points(measured), _points(floor)
        return cls(name, median, p99, floor_median, floor_p99, goal_median, goal_p99, note)

    def line(self) -> str:
        goal = f"goal {self.goal_median:.2f}" if self.goal_median else ""
        goal += f" / {self.goal_p99:.2f}" if self.goal_p99 else ""
        mark = "" if self.reached else "  MISSED"
        return (
            f"{self.name:44} {self.median:8.1f} {self.p99:8.1f}   {self.floor_median:8.1f} "
            f"{self.floor_p99:8.1f}   {self.ratio:5.2f} {self.ratio_p99:5.2f}  {goal}{mark}  {self.note}"
        )


@dataclass(frozen=True)
class Count:
    """One measured number and its limit."""

    name: str
    value: float
    goal: float
    #: The goal is the least that is good enough, rather than the most.
    at_least: bool = False
    note: str = ""

    @property
    def reached(self) -> bool:
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def line(self) -> str:
        sign = ">=" if self.at_least else "<="
        mark = "" if self.reached else "  MISSED"
        return f"{self.name:60} {self.value:8.3f}   goal {sign} {self.goal:g}{mark}  {self.note}"


def _points(seconds: Sequence[float]) -> tuple[float, float]:
    """Median and 99th percentile, in milliseconds."""
    ordered = sorted(1000 * each for each in seconds)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]


@contextmanager
def processes(*names: str, sandbox: str) -> Iterator[Sandbox]:
    """The sandbox with these options, and processes of the Procfile beside it, on a fresh database."""
    call_command("migrate", verbosity=0)
    with tempfile.TemporaryDirectory(prefix="midcall-bench-") as logs:
        yield from _running(names, sandbox, Path(logs))


def _running(names: Sequence[str], sandbox: str, logs: Path) -> Iterator[Sandbox]:
    started = [Process("sandbox", logs / "sandbox.log", more=sandbox).start()]
    try:
        until(
            answers(f"{settings.GENESYS.api_url}/_sandbox/faults"), 20, what="the sandbox answers"
        )
        started += [
            Process(name, logs / f"{name}-{number}.log").start()
            for number, name in enumerate(names)
        ]
        if "worker" in names:
            until(_worker_is_alive, 30, what="a worker is alive")
        if "web" in names:
            until(answers(f"{SITE}/healthz"), 30, what="the website answers")
        if "listen" in names:
            until(_feed_is_heard, 60, what="the feed is heard")
        yield Sandbox(settings.GENESYS.api_url)
    finally:
        for process in reversed(started):
            process.end()


@contextmanager
def one(name: str) -> Iterator[Process]:
    """One more process of the Procfile."""
    with tempfile.TemporaryDirectory(prefix="midcall-bench-") as logs:
        process = Process(name, Path(logs) / f"{name}.log").start()
        try:
            yield process
        finally:
            process.end()


def _worker_is_alive() -> bool:
    return checkup.worker().ok


def _feed_is_heard() -> bool:
    return checkup.feed().ok


def keep(name: str, figures: Sequence[Figure | Count]) -> None:
    """Write the figures where the last run of each measurement is kept."""
    RESULTS.mkdir(exist_ok=True)
    content = {
        "measured": time.strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "profile": profile.PROFILE,
        "figures": [_content(each) for each in figures],
    }
    path = RESULTS / f"{name}-{profile.PROFILE}.json"
    path.write_text(json.dumps(content, indent=2) + "\n")


def _content(figure: Figure | Count) -> dict[str, object]:
    ratio = (
        {"ratio": figure.ratio, "ratio_p99": figure.ratio_p99} if isinstance(figure, Figure) else {}
    )
    return {**asdict(figure), **ratio, "reached": figure.reached}


def run(name: str, measure: Callable[[], Sequence[Figure | Count]]) -> NoReturn:
    """Measure, print, keep; the exit status says whether every goal was reached."""
    figures = measure()
    keep(name, figures)
    for figure in figures:
        print(f"{profile.PROFILE:9} {figure.line()}", flush=True)
    sys.exit(not all(figure.reached for figure in figures))
