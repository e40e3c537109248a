"""What the tests stand on holds when something goes wrong, and leaves nothing frozen or running behind."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import copies
from tests.builders import frozen
from tests.chaos.storm import _clear_up
from tests.processes import Process, _is_stopped, until


def stands_still(process: Process) -> bool:
    return all(_is_stopped(each) for each in Path(f"/proc/{process.pid}/task").iterdir())


@pytest.mark.usefixtures("database", "sandbox_process")
def test_processes_go_on_though_one_could_not_be_frozen(start: Callable[..., Process]) -> None:
    well, dead = start("listen"), start("listen")
    dead.signal(signal.SIGKILL)
    until(dead.ended_with, what="it is dead, and nobody has taken it off the list")
    with pytest.raises(ProcessLookupError), frozen():
        pass
    until(lambda: not stands_still(well), what="the other one goes on")


def test_a_thread_that_has_ended_runs_no_more() -> None:
    assert _is_stopped(Path("/proc/self/task/0"))


def test_a_command_that_hangs_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(copies, "LONGEST_SECONDS", 0.01)  # loading alone takes longer
    original = copies.Original("manage.py", os.environ)
    with pytest.raises(subprocess.TimeoutExpired):
        original.run("check")
    original.end()


def test_a_storm_is_cleared_up_to_the_last_step() -> None:
    done = []

    def fail() -> None:
        raise ProcessLookupError

    with pytest.raises(ProcessLookupError):
        _clear_up(lambda: done.append(1), fail, lambda: done.append(2))
    assert done == [1, 2]
