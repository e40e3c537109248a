"""A server between us and the sandbox, which changes what it answers: bytes no sandbox would send."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
from django.conf import settings
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from conversations.genesys import Client, Config

#: Method and path of a call, and the body of its answer: gives the body we get instead.
Twist = Callable[[str, str, bytes], bytes]
#: What is said on a line; the line ends with it.
Speak = Callable[[ServerConnection], object]


@contextmanager
def between(twist: Twist) -> Iterator[Config]:
    """The way to the sandbox through such a server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(twist))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield replace(settings.GENESYS, api_url=f"http://127.0.0.1:{server.server_address[1]}")
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def twisted(twist: Callable[[bytes], bytes]) -> Iterator[Client]:
    """A client whose reads of single conversations are changed on their way."""

    def reads_only(method: str, path: str, body: bytes) -> bytes:
        read = method == "GET" and path.startswith("/api/v2/conversations/")
        return twist(body) if read else body

    with between(reads_only) as config:
        yield Client(config)


@contextmanager
def line_to(speak: Speak, opening: Callable[[], object] = lambda: None) -> Iterator[Client]:
    """A client whose channels lead to a socket of ours, with what happens while one is being opened."""

    def until_gone(line: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            speak(line)

    with serve(until_gone, "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"ws://127.0.0.1:{server.socket.getsockname()[1]}"

        def lead_here(method: str, path: str, body: bytes) -> bytes:
            if method != "POST" or not path.endswith("/channels"):
                return body
            opening()
            return json.dumps(json.loads(body) | {"connectUri": address}).encode()

        with between(lead_here) as config:
            yield Client(config)
        server.shutdown()


def _handler(twist: Twist) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            answer = requests.request(
                self.command,
                settings.GENESYS.api_url + self.path,
                data=self.rfile.read(size),
                headers={k: v for k, v in self.headers.items() if k not in {"Host", "Connection"}},
                timeout=10,
            )
            body = twist(self.command, self.path, answer.content) if answer.ok else answer.content
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower().startswith("inin-"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = _pass_on  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Nothing: the sandbox keeps the log of calls."""

    return Handler
