"""The product's own processes, as the Procfile starts them, with their output kept for when something fails."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from threading import current_thread, main_thread
from typing import ClassVar, Self, TypeVar

import requests

from tests.copies import Copy, Original

ROOT = Path(__file__).resolve().parent.parent
PROCFILE = {
    name.strip(): command.strip()
    for name, _, command in (
        line.partition(":") for line in (ROOT / "Procfile").read_text().splitlines()
    )
}


class Process:
    """One line of the Procfile, running in a process group of its own."""

    running_ones: ClassVar[list["Process"]] = []

    def __init__(self, name: str, log: Path, *, more: str = "", **environment: str) -> None:
        self.name, self.log = name, log
        self._command = f"{PROCFILE[name]} {more}"
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | Copy | None = None
        self._original: Original | None = None

    def start(self) -> Self:
        # Nothing outlives whoever started it, however that ended. The tie is to a thread, so only from the main one.
        tie = ["setpriv", "--pdeathsig", "KILL"] if current_thread() is main_thread() else []
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*tie, "/bin/sh", "-c", self._command],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running_ones.append(self)
        return self

    def start_again(self) -> None:
        """As `start`, in a fraction of the time: for what is killed by the dozen."""
        if self._original is None:
            self._original = Original(self._command, self._environment)
        self._process = self._original.copy(self.log)
        self.running_ones.append(self)

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was not started"
        return self._process.pid

    def running(self) -> bool:
        alive = self._process is not None and self._process.poll() is None
        if not alive and self in self.running_ones:
            self.running_ones.remove(self)
        return alive

    def ended_with(self) -> int | None:
        """The exit status, negative for a signal; None while it runs or before its first start."""
        return None if self._process is None else self._process.poll()

    def add_environment(self, **environment: str) -> None:
        """More environment from the next start on."""
        self._environment |= environment

    def signal(self, number: signal.Signals) -> None:
        os.killpg(self.pid, number)

    def freeze(self) -> None:
        """Stop every thread, and be sure that none runs any more."""
        self.signal(signal.SIGSTOP)
        threads = Path(f"/proc/{self.pid}/task")
        until(lambda: all(_is_stopped(each) for each in threads.iterdir()), what="frozen")

    def kill(self) -> None:
        """kill -9, and be sure that it is dead."""
        if self._process is not None and self.running():
            self.signal(signal.SIGKILL)
            self._process.wait(10)
            if self in self.running_ones:
                self.running_ones.remove(self)

    def end(self) -> None:
        if self._original is not None:
            self._original.end()
        if self._process is None or not self.running():
            return
        self.signal(signal.SIGTERM)
        try:
            self._process.wait(20)
            self.running_ones.remove(self)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def output(self) -> str:
        return self.log.read_text(errors="replace")


def _is_stopped(thread: Path) -> bool:
    """Also one that has ended since it was listed."""
    try:
        return (thread / "stat").read_text().rpartition(")")[2].split()[0] == "T"
    except (FileNotFoundError, ProcessLookupError):
        return True


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py as an operator does."""
    if not environment:
        return _manage_py().run(*arguments)
    return subprocess.run(
        [".venv/bin/python", "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@cache
def _manage_py() -> Original:
    return Original("manage.py", os.environ)


T = TypeVar("T")


def until(
    condition: Callable[[], T], seconds: float = 10.0, what: str = "", every: float = 0.02
) -> T:
    """Wait for a condition to become true, and return what it gave."""
    give_up = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        if time.monotonic() > give_up:
            raise AssertionError(f"not within {seconds} s: {what or condition}; last: {found!r}")
        time.sleep(every)


def answers(url: str, headers: Mapping[str, str] | None = None) -> Callable[[], bool]:
    """A condition: something answers there."""

    def asks() -> bool:
        try:
            return requests.get(url, headers=headers, timeout=1).status_code < 500
        except requests.RequestException:
            return False

    return asks
