"""The process: it starts at once, says where it listens, and ends at once whatever hangs on it."""

import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from tests.sandbox.client import Caller, until
from tests.sandbox.definition import problems, reference
from tests.sandbox.process import ROOT, SandboxProcess


def test_it_is_there_in_well_under_a_second() -> None:
    begun = time.monotonic()
    with SandboxProcess() as process:
        assert requests.get(f"{process.url}/_sandbox/clock", timeout=5).ok
        assert time.monotonic() - begun < 2  # about 0.3; a busy machine gets some room
        assert len(Caller(process.url).control("GET", "conversations")) == 50


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_with_sockets_open_and_calls_hanging(number: signal.Signals) -> None:
    with SandboxProcess("--conversations", "5") as process:
        caller, waiting = Caller(process.url), Caller(process.url)
        made = waiting.make()
        caller.fault("hang")
        ended: list[str] = []

        def wait_in_vain() -> None:
            try:
                made.patch({"a": "b"}, timeout=30)
            except requests.ConnectionError:
                ended.append("call")

        hanging = threading.Thread(target=wait_in_vain)
        hanging.start()
        with connect(caller.channel()["connectUri"]) as listening:
            until(lambda: caller.calls(fault="hang"), what="the call hangs")
            begun = time.monotonic()
            assert process.end(number) == (0, "")
            assert time.monotonic() - begun < 1.5
            with pytest.raises(ConnectionClosed):
                listening.recv(timeout=5)
        hanging.join(5)
        assert ended == ["call"]


def test_a_port_in_use_gets_one_clear_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        run = subprocess.run(
            [sys.executable, "-m", "sandbox", "--port", str(port)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == (
        f"sandbox: port {port} on 127.0.0.1 is already in use; choose one with --port.\n"
    )


def test_it_imports_nothing_of_the_product_and_only_its_framework() -> None:
    names = {
        line.split()[1].partition(".")[0]
        for path in (ROOT / "sandbox").rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith(("import ", "from "))
    }
    allowed = set(sys.stdlib_module_names) | {"sandbox", "starlette", "uvicorn"}
    assert names <= allowed


def test_answers_are_taped(tmp_path: Path) -> None:
    tape = tmp_path / "tape.jsonl"
    with SandboxProcess("--conversations", "0", "--tape", str(tape)) as process:
        caller = Caller(process.url)
        made = caller.make()
        made.patch({"a": "b"})
        assert str(made.patch({"a": "b"}).status_code) in tape.read_text()  # line by line
        caller.fault("bad_gateway", times=1)
        made.patch({"a": "b"})
    assert "Bearer" not in tape.read_text()
    assert "502" in tape.read_text()
    if reference():
        assert problems(tape) == []


def test_a_caller_who_hangs_up_in_the_middle_has_not_called(sandbox: Caller) -> None:
    made = sandbox.make(attributes={"a": "1"})
    token = sandbox.session.headers["Authorization"]
    head = (
        f"PATCH /api/v2{made.address()} HTTP/1.1\r\nHost: x\r\nAuthorization: {token!s}\r\n"
        "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    )
    address = urlsplit(sandbox.url)
    with socket.create_connection((address.hostname or "", address.port or 0)) as line:
        line.sendall(head.encode() + b'{"attributes": {"a": "2"}}')
        until(lambda: sandbox.calls(conversation=made.id), what="the call has begun")
    assert made.patch({"b": "3"}).status_code == 202
    until(lambda: made.stored() == {"a": "1", "b": "3"}, what="only the whole call is stored")
    assert [call["status"] for call in sandbox.calls(conversation=made.id)] == [None, 202]


def test_small_answers_are_not_held_back() -> None:
    """A listening socket without its protocol named gets Nagle's algorithm: 40 ms for every answer with a body."""
    with SandboxProcess("--rate-limit", "10000") as process:
        caller = Caller(process.url)
        begun = time.monotonic()
        for _ in range(50):
            caller.api("GET", "/tokens/me")
        assert time.monotonic() - begun < 1
