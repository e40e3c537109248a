"""Sites around the panel: a page with frames in it, as the agent desktop is one, on origins that are not Midcall's."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

from conversations.models import User
from dashboard.models import PanelStore
from tests.browser.conftest import Visitor
from tests.builders import session_of

#: As Genesys Cloud frames an integration of the type Interaction Widget.
SANDBOX = "allow-forms allow-modals allow-popups allow-same-origin allow-scripts allow-downloads"


class Desktop(BaseHTTPRequestHandler):
    """Any path answers with the page."""

    page: ClassVar[str] = ""
    headers_sent: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        body = self.page.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in self.headers_sent.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Nothing."""


def framing(*addresses: str, width: int = 400, hidden: bool = False) -> str:
    """A page with one frame an address; `hidden`: all but the first are not shown."""
    frames = [
        f'<iframe name="panel{n}" src="{escape(address)}" sandbox="{SANDBOX}" allow="clipboard-write"'
        f' width="{width}" height="820"{" hidden" if hidden and n else ""}></iframe>'
        for n, address in enumerate(addresses)
    ]
    return f"<!doctype html><title>Desktop</title>{''.join(frames)}"


@contextmanager
def served() -> Iterator[type[Desktop]]:
    """On the port the settings of the run know; `localhost`, `crm.localhost` and the like there are sites apart."""
    handler = type("Served", (Desktop,), {})
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["DESKTOP_PORT"])), handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield handler
    finally:
        server.shutdown()
        server.server_close()


def site(name: str = "localhost") -> str:
    return f"http://{name}:{os.environ['DESKTOP_PORT']}/"


def into_the_panel(visitor: Visitor, user: User) -> Visitor:
    """Signed in to the panel, as long as no other site is around it."""
    cookie: dict[str, object] = {
        "name": "panelsid",
        "value": session_of(user, PanelStore),
        "domain": "127.0.0.1",
    }
    cookie |= {"path": "/panel/", "secure": True, "httpOnly": True, "sameSite": "None"}
    visitor.context.add_cookies([cookie])  # type: ignore[list-item]
    return visitor
