"""A caller of the sandbox for its own tests: signs in, asks, and looks behind the curtain."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from websockets.sync.client import ClientConnection, connect

Json = dict[str, Any]

V2 = "/api/v2"
DEMO_AGENT = "5a5a5a5a-0000-4000-8000-0000000000a1"


def until(condition: Callable[[], Any], *, seconds: float = 5.0, what: str = "it happens") -> Any:
    """Wait for a condition and give what it gave."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        assert time.monotonic() < deadline, f"waited {seconds} s in vain until {what}"
        time.sleep(0.01)


def today() -> str:
    """An interval that touches today and yesterday."""
    now = datetime.now(UTC)
    return f"{(now - timedelta(days=1)).isoformat()}/{now.isoformat()}"


def control(url: str, method: str, path: str, body: Any = None) -> Any:
    """A call under `/_sandbox` that must succeed; nobody needs to be signed in."""
    answer = requests.request(method, f"{url}/_sandbox/{path}", json=body, timeout=30)
    assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else None


class Caller:
    """One caller with a token and a connection of its own."""

    def __init__(self, url: str, client: str = "sandbox") -> None:
        self.url = url
        self.session = requests.Session()
        self.client = client
        self.sign_in()

    def sign_in(self) -> None:
        token = self.login(self.client, self.client).json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"

    def login(
        self, client: str, secret: str, grant: str = "client_credentials"
    ) -> requests.Response:
        return requests.post(
            f"{self.url}/oauth/token", auth=(client, secret), data={"grant_type": grant}, timeout=10
        )

    def api(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        """A call under `/api/v2`."""
        more.setdefault("timeout", 10)
        if body is not None:
            more["json"] = body
        return self.session.request(method, f"{self.url}{V2}{path}", **more)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """A call under `/_sandbox` that must succeed."""
        return control(self.url, method, path, body)

    # By hand.

    def make(self, **wish: Any) -> "Made":
        return self.make_many(1, **wish)[0]

    def make_many(self, count: int, **wish: Any) -> list["Made"]:
        raws = self.control("POST", "conversations", {"count": count, **wish})
        return [Made(self, raw) for raw in raws]

    def fault(self, name: str, **parameters: Any) -> Json:
        active: Json = self.control("POST", "faults", {"fault": name, **parameters})
        return active

    def turn(self, **switches: Any) -> None:
        self.control("POST", "switches", switches)

    def calls(self, **wanted: str) -> list[Json]:
        query = "&".join(f"{name}={value}" for name, value in wanted.items())
        calls: list[Json] = self.control("GET", f"calls?{query}")
        return calls

    # Notifications.

    def channel(self) -> Json:
        answer = self.api("POST", "/notifications/channels")
        assert answer.status_code == 200, answer.text
        channel: Json = answer.json()
        return channel

    def subscribe(self, channel: Json, *topics: str) -> requests.Response:
        ids = [{"id": topic} for topic in topics]
        return self.api("PUT", f"/notifications/channels/{channel['id']}/subscriptions", ids)

    @contextmanager
    def listening(self, *topics: str) -> Iterator["Ear"]:
        """A socket on a new channel with these topics."""
        channel = self.channel()
        assert self.subscribe(channel, *topics).ok
        with connect(channel["connectUri"], max_size=None) as socket:
            yield Ear(socket, channel)


class Ear:
    """What a socket hears."""

    def __init__(self, socket: ClientConnection, channel: Json) -> None:
        self.socket = socket
        self.channel = channel

    def hear(self, seconds: float = 5.0) -> Json:
        """The next frame."""
        frame: Json = json.loads(self.socket.recv(timeout=seconds))
        return frame

    def hear_until(self, fits: Callable[[Json], bool], seconds: float = 5.0) -> Json:
        """The next frame that fits."""
        deadline = time.monotonic() + seconds
        while True:
            frame = self.hear(max(0.01, deadline - time.monotonic()))
            if fits(frame):
                return frame

    def everything(self, quiet: float = 0.3) -> list[Json]:
        """All frames until it is quiet for a while."""
        frames = []
        while True:
            try:
                frames.append(self.hear(quiet))
            except TimeoutError:
                return frames

    def say(self, message: Json) -> None:
        self.socket.send(json.dumps(message))


class Made:
    """A conversation made by hand."""

    def __init__(self, caller: Caller, raw: Json) -> None:
        self.caller = caller
        self.raw = raw
        self.id: str = raw["id"]
        self.path = f"/conversations/{self.id}"

    def participant(self, purpose: str = "customer") -> str:
        found: str = next(p["id"] for p in self.truth()["participants"] if p["purpose"] == purpose)
        return found

    def truth(self) -> Json:
        truth: Json = self.caller.control("GET", f"conversations/{self.id}")
        return truth

    def stored(self, participant: str | None = None) -> dict[str, str]:
        wanted = participant or self.participant()
        stored: dict[str, str] = next(
            p["attributes"] for p in self.truth()["participants"] if p["id"] == wanted
        )
        return stored

    def history(self) -> list[Json]:
        history: list[Json] = self.caller.control("GET", f"conversations/{self.id}/history")
        return history

    def move(self, what: str, **more: Any) -> Json:
        moved: Json = self.caller.control("POST", f"conversations/{self.id}/{what}", more)
        return moved

    def address(self, media: str = "", participant: str | None = None) -> str:
        view = f"/{media}" if media else ""
        return f"/conversations{view}/{self.id}/participants/{participant or self.participant()}/attributes"

    def patch(self, attributes: Any, **more: Any) -> requests.Response:
        return self.caller.api("PATCH", self.address(), {"attributes": attributes}, **more)

    def read(self) -> Json:
        answer = self.caller.api("GET", self.path)
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body

    def readable(self, purpose: str = "customer") -> dict[str, str]:
        """The attributes as the API shows them."""
        found: dict[str, str] = next(
            p["attributes"] for p in self.read()["participants"] if p["purpose"] == purpose
        )
        return found
