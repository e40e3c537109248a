"""`make run` keeps its processes running: what dies is started again, with words, and Ctrl-C ends all of it."""

import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.processes import ROOT, until
from tests.profile import free_port

#: They stand in for the processes of the Procfile; one has a child of its own, as the web server has.
PROCFILE = """\
web: sleep 1000 & exec sleep 1001
worker: exec sleep 1002
sandbox: [ -e fail ] && { rm fail; exit 3; }; exec sleep 1003
"""


#: No organisation is configured, whatever the environment of the tests says.
SANDBOX = {"GENESYS_REGION": "", "GENESYS_API_URL": ""}


class Supervised:
    """A folder in which `bin/supervise` runs."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._log = (place / "log").open("wb")
        ports = {"PORT": str(free_port()), "SANDBOX_PORT": str(free_port())}
        self.process = subprocess.Popen(
            [".venv/bin/python", "bin/supervise"],
            cwd=place,
            env={**os.environ, **ports, **SANDBOX},
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def said(self, pattern: str) -> Callable[[], re.Match[str] | None]:
        return lambda: re.search(pattern, (self._place / "log").read_text())

    def commands(self) -> dict[str, int]:
        """What runs in the folder, with the id of each process."""
        found = {}
        for each in psutil.process_iter(["cwd", "cmdline", "pid"]):
            if each.info["cwd"] == str(self._place):
                found[" ".join(each.info["cmdline"] or ())] = each.info["pid"]
        return found

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)
        self._log.close()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for folder in ("bin", "var"):
        (tmp_path / folder).mkdir()
    shutil.copy(ROOT / "bin" / "supervise", tmp_path / "bin" / "supervise")
    (tmp_path / ".venv").symlink_to(ROOT / ".venv")
    (tmp_path / "Procfile").write_text(PROCFILE)
    return tmp_path


@pytest.fixture
def supervised(place: Path) -> Iterator[Supervised]:
    running = Supervised(place)
    try:
        until(lambda: {f"sleep {each}" for each in range(1000, 1004)} <= set(running.commands()))
        yield running
    finally:
        running.end()


def test_what_is_killed_is_started_again_and_named_with_the_reason(supervised: Supervised) -> None:
    before = supervised.commands()["sleep 1002"]
    os.kill(before, signal.SIGKILL)
    until(supervised.said(r"exited: worker \(terminated by SIGKILL"), what="which died, and why")
    until(supervised.said(rf"spawned: 'worker' with pid (?!{before}\b)"), what="it starts again")
    until(lambda: supervised.commands().get("sleep 1002") not in (None, before))


def test_what_ends_by_itself_is_started_again_too(supervised: Supervised, place: Path) -> None:
    (place / "fail").touch()
    os.kill(supervised.commands()["sleep 1003"], signal.SIGTERM)
    until(supervised.said(r"exited: sandbox \(exit status 3; not expected\)"), what="why it ended")
    until(lambda: "sleep 1003" in supervised.commands(), what="it runs again")


def test_control_c_ends_all_of_it(supervised: Supervised) -> None:
    os.killpg(supervised.process.pid, signal.SIGINT)
    assert supervised.process.wait(30) == 0
    assert supervised.commands() == {}


@pytest.mark.parametrize(
    ("ports", "words"),
    [
        (("abc", "8085"), "PORT has to be a number from 1 to 65535, and is 'abc'"),
        (("0", "8085"), "PORT has to be a number"),
        (("{free}", "65536"), "SANDBOX_PORT has to be a number"),
        (("{free}", "{free}"), "PORT and SANDBOX_PORT are both"),
        (("{taken}", "{free}"), "port {taken} is not free; choose another, for example: PORT=9000"),
    ],
)
def test_ports_that_will_not_do_are_said_in_one_sentence(
    place: Path, ports: tuple[str, str], words: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        numbers = {"free": free_port(), "taken": server.getsockname()[1]}
        port, sandbox_port = (each.format(**numbers) for each in ports)
        done = subprocess.run(
            [".venv/bin/python", "bin/supervise"],
            cwd=place,
            env={**os.environ, **SANDBOX, "PORT": port, "SANDBOX_PORT": sandbox_port},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert line.startswith(f"midcall: {words.format(**numbers)}")
