"""The real web server under people on bad lines, and under those who mean it: it goes on answering everybody else."""

import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
import requests

from dashboard.intake import MOST_BYTES
from tests.processes import Process, answers, until
from tests.profile import free_port

pytestmark = pytest.mark.usefixtures("database")

SIGN_IN = "/accounts/login/"


@pytest.fixture
def site(start: Callable[..., Process]) -> str:
    port = str(free_port())
    start("web", PORT=port)
    address = f"http://127.0.0.1:{port}"
    until(answers(f"{address}/healthz"), 30, what="the web server answers")
    return address


@pytest.fixture
def lines(site: str) -> Iterator[Callable[[bytes], socket.socket]]:
    """Lines to the server, on each of which something has been said."""
    with ExitStack() as open_ones:

        def say(words: bytes) -> socket.socket:
            host, _, port = site.removeprefix("http://").partition(":")
            line = open_ones.enter_context(socket.create_connection((host, int(port)), 10))
            line.sendall(words)
            return line

        yield say


def posted(header: str, body: bytes = b"") -> bytes:
    head = f"POST {SIGN_IN} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n{header}\r\n\r\n"
    return head.encode() + body


def request_id(answer: bytes) -> str:
    found = re.search(rb"(?i)\r\nx-request-id: (.*?)\r\n", answer)
    assert found, answer
    return found[1].decode()


def read(logs: Path) -> str:
    return "".join(each.read_text(errors="replace") for each in logs.glob("web-*.log"))


class TestSlowLines:
    def test_stop_nobody_else(self, site: str, lines: Callable[[bytes], socket.socket]) -> None:
        for _ in range(40):
            lines(posted("Content-Length: 1000", b"a"))
            lines(f"POST {SIGN_IN} HTTP/1.1\r\nHost: loc".encode())
        time.sleep(0.5)
        for path in ("/healthz", SIGN_IN) * 3:
            assert requests.get(f"{site}{path}", timeout=2).status_code == 200

    def test_are_waited_for(self, lines: Callable[[bytes], socket.socket]) -> None:
        line = lines(posted("Content-Length: 6", b"abc"))
        time.sleep(0.5)
        line.sendall(b"def")
        assert b" 403 " in line.recv(100)  # nobody's form, but a whole one

    def test_that_break_off_reach_no_page(
        self, site: str, lines: Callable[[bytes], socket.socket]
    ) -> None:
        lines(posted("Content-Length: 1000", b"a")).close()
        assert requests.get(f"{site}/healthz", timeout=2).status_code == 200


class TestLargeBodies:
    def test_are_refused_before_they_come(self, lines: Callable[[bytes], socket.socket]) -> None:
        line = lines(posted(f"Content-Length: {MOST_BYTES + 1}"))
        answer = line.recv(2000)
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert "zu groß".encode() in answer + line.recv(2000)
        assert not line.recv(2000)  # hung up

    def test_are_refused_by_midcall_and_no_proxy(
        self, lines: Callable[[bytes], socket.socket], logs: Path
    ) -> None:
        """A page takes a refusal for one only with an id on it, and an operator finds that in the log."""
        too_large = f"Content-Length: {MOST_BYTES + 1}"
        given = lines(posted(f"X-Request-Id: from-the-proxy\r\n{too_large}")).recv(2000)
        assert request_id(given) == "from-the-proxy"
        made = request_id(lines(posted(f'X-Request-Id: "\r\n{too_large}')).recv(2000))
        assert re.fullmatch("[0-9a-f]{32}", made)
        until(lambda: all(each in read(logs) for each in ("from-the-proxy", made)))

    def test_of_no_stated_length_are_refused(self, lines: Callable[[bytes], socket.socket]) -> None:
        line = lines(posted("Transfer-Encoding: chunked", b"3\r\nabc\r\n"))
        assert line.recv(100).startswith(b"HTTP/1.1 411 ")

    def test_are_taken_up_to_the_limit(self, site: str) -> None:
        answer = requests.post(f"{site}{SIGN_IN}", data=b"a" * MOST_BYTES, timeout=10)
        assert answer.status_code == 403


def test_nothing_of_a_killed_server_goes_on(start: Callable[..., Process]) -> None:
    """Its workers would answer beside those of the next one, and outlast Ctrl-C."""
    port = str(free_port())
    server = start("web", PORT=port)
    until(answers(f"http://127.0.0.1:{port}/healthz"), 30, what="the web server answers")
    workers = psutil.Process(server.pid).children(recursive=True)
    assert workers
    os.kill(server.pid, signal.SIGKILL)
    until(lambda: not any(each.is_running() for each in workers), what="they end too")
