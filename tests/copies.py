"""A process that starts in a moment: a copy of one that has loaded everything and begun nothing.

A cold start is seconds of imports, and tests that kill a process or run a command by the dozen would spend their
minutes on them. The copy runs the very command, from its first line on; only what it imports is there already.
"""

import json
import os
import runpy
import select
import shlex
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
#: No command that is run to its end takes longer (seconds).
LONGEST_SECONDS = 120.0


class Copy:
    """As much of `subprocess.Popen` as is needed of a process that is not our own child."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._process = psutil.Process(pid)

    def poll(self) -> int | None:
        """None while it runs. How it ended only its parent knows; whoever asks here has killed it."""
        return None if self._process.is_running() else -signal.SIGKILL

    def wait(self, timeout: float) -> int | None:
        try:
            self._process.wait(timeout)
        except psutil.TimeoutExpired as error:
            raise subprocess.TimeoutExpired(str(self.pid), timeout) from error
        return self.poll()


class Original:
    """Has loaded what a command needs, and makes copies of itself that carry it out."""

    def __init__(self, command: str, environment: Mapping[str, str]) -> None:
        self.command = [each for each in shlex.split(command) if each != "exec"]
        if self.command[0].endswith("/python"):
            self.command.pop(0)
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "tests.copies", *self.command],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def copy(self, log: Path) -> Copy:
        """One that goes on by itself, with its output at the end of a file."""
        return Copy(self._ask(output=str(log), errors=str(log), wait=False))

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One with these arguments, to its end."""
        with NamedTemporaryFile("r") as output, NamedTemporaryFile("r") as errors:
            status = self._ask(arguments, output=output.name, errors=errors.name, wait=True)
            line = [*self.command, *arguments]
            return subprocess.CompletedProcess(line, status, output.read(), errors.read())

    def end(self) -> None:
        """The copies go on."""
        try:
            self._process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise

    def _ask(self, arguments: Sequence[str] = (), **wish: object) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps({'arguments': arguments, **wish})}\n")
        self._process.stdin.flush()
        answered, _, _ = select.select([self._process.stdout], [], [], LONGEST_SECONDS)
        if not answered:
            self._process.kill()
            raise subprocess.TimeoutExpired(self.command, LONGEST_SECONDS)
        return int(self._process.stdout.readline())


def main() -> None:
    sys.argv = sys.argv[1:]  # the settings look at it for the name of the process
    import django

    django.setup()
    import conversations.management.commands.listen  # noqa: F401 - what `manage.py` would load by name
    import dashboard.celery

    dashboard.celery.app.loader.import_default_modules()
    for line in sys.stdin:
        wish = json.loads(line)
        pid = os.fork()
        if pid == 0:
            become(wish)
        if wish["wait"]:
            answer = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        else:
            answer = pid
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for it: let it vanish
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def become(wish: Mapping[str, Any]) -> None:
    """Be what the command makes of a fresh process, in a group of its own; never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    sys.argv += wish["arguments"]
    nothing = os.open(os.devnull, os.O_RDONLY)
    output, errors = (
        os.open(wish[each], os.O_WRONLY | os.O_APPEND | os.O_CREAT) for each in ("output", "errors")
    )
    for number, target in ((nothing, 0), (output, 1), (errors, 2)):
        os.dup2(number, target)
    status: object = 1
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
        status = 0
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        status = end.code or 0
    except BaseException:  # noqa: BLE001 - told as Python itself would
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 1)


if __name__ == "__main__":
    main()
