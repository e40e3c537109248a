"""The client against the sandbox, and against servers that are worse than any sandbox."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import uuid4

import pytest
import requests
from django.conf import settings

from conversations.connection import SharedToken
from conversations.edits import reasons
from conversations.genesys import (
    Client,
    Config,
    GenesysError,
    NotSent,
    OutcomeUnknown,
    Refused,
    SignInRefused,
    Token,
    Trouble,
)
from conversations.models import AccessToken
from conversations.models.clock import now
from tests.conversations.between import twisted
from tests.genesys import Made, Sandbox
from tests.processes import until
from tests.profile import free_port

#: Fault, its parameters, and what it means for a write.
WRITES: list[tuple[str, dict[str, Any], type[GenesysError]]] = [
    ("bad_request", {}, Refused),
    ("forbidden", {}, Refused),
    ("not_found", {}, Refused),
    ("general_conflict", {}, Refused),
    ("too_large", {}, Refused),
    ("unsupported_media", {}, Refused),
    ("unauthorized", {}, SignInRefused),
    ("client_timeout", {}, NotSent),
    ("rate_limited", {"retry_after": 7}, NotSent),
    ("unavailable", {"retry_after": 7}, NotSent),
    ("unavailable", {}, OutcomeUnknown),
    ("server_error", {}, OutcomeUnknown),
    ("bad_gateway", {}, OutcomeUnknown),
    ("gateway_timeout", {}, OutcomeUnknown),
    ("reset_before_landing", {}, OutcomeUnknown),
    ("reset_after_landing", {}, OutcomeUnknown),
    ("hang", {"seconds": 30}, OutcomeUnknown),
]


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    return Client(settings.GENESYS)


@pytest.fixture
def hasty(sandbox: Sandbox) -> Client:
    return Client(replace(settings.GENESYS, connect_timeout=0.5, read_timeout=1.0))


@pytest.fixture
def made(sandbox: Sandbox) -> Made:
    return sandbox.conversation(attributes={"tier": "silver", "ANI ": ""})


class TestWriting:
    def test_is_accepted_with_what_support_asks_for(self, client: Client, made: Made) -> None:
        answer = client.set_attributes(made.id, made.customer, {"tier": "gold"})
        assert answer.status == 202
        assert answer.correlation_id
        assert answer.rates.allowed

    @pytest.mark.parametrize(("fault", "parameters", "kind"), WRITES)
    def test_that_fails_says_what_to_do_next(
        self,
        hasty: Client,
        sandbox: Sandbox,
        made: Made,
        fault: str,
        parameters: dict[str, Any],
        kind: type[GenesysError],
    ) -> None:
        sandbox.fault(fault, made, **parameters)
        with pytest.raises(GenesysError) as caught:
            hasty.set_attributes(made.id, made.customer, {"tier": "gold"})
        assert type(caught.value) is kind
        assert str(reasons.because(caught.value)).endswith(".")
        assert caught.value.retry_after == parameters.get("retry_after")
        assert caught.value.status is None or caught.value.correlation_id
        assert "gold" not in f"{caught.value}"


class TestReading:
    def test_shows_every_participant_with_its_attributes(self, client: Client, made: Made) -> None:
        read = client.conversation(made.id).value
        customer = next(each for each in read.participants if each.id == made.customer)
        assert customer.attributes == {"tier": "silver", "ANI ": ""}
        assert read.ended_at is None

    def test_of_an_unknown_conversation_is_refused(self, client: Client) -> None:
        with pytest.raises(Refused) as caught:
            client.conversation(uuid4())
        assert caught.value.status == 404

    def test_without_the_permission_names_it(self, sandbox: Sandbox, made: Made) -> None:
        limited = Client(replace(settings.GENESYS, client_id="limited", client_secret="limited"))
        with pytest.raises(Refused) as caught:
            limited.conversation(made.id)
        assert "conversation:communication:view" in str(reasons.because(caught.value))

    def test_of_half_an_answer_is_unknown(
        self, client: Client, sandbox: Sandbox, made: Made
    ) -> None:
        sandbox.fault("truncated_json", made, call="read")
        with pytest.raises(OutcomeUnknown):
            client.conversation(made.id)

    def test_of_an_answer_nested_without_end_is_unknown(self, sandbox: Sandbox, made: Made) -> None:
        deep = b'{"participants":' + b"[" * 200_000
        with twisted(lambda _: deep) as client, pytest.raises(OutcomeUnknown) as caught:
            client.conversation(made.id)
        assert caught.value.trouble == Trouble.UNREADABLE

    def test_of_a_dripping_answer_ends_at_the_deadline(
        self, hasty: Client, sandbox: Sandbox, made: Made
    ) -> None:
        sandbox.fault("drip", made, call="read", seconds=60)
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            hasty.conversation(made.id)
        assert time.monotonic() - started < 4

    def test_all_that_is_live_ends_with_an_empty_page(
        self, client: Client, sandbox: Sandbox, made: Made
    ) -> None:
        since, until = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1)
        found: set[object] = set()
        page = 1
        while listed := client.live_conversations(
            since, until, page, page_size=5
        ).value.conversations:
            found |= {each.id for each in listed}
            page += 1
        assert page > 2
        assert made.id in found


class TestSigningIn:
    def test_with_a_wrong_secret_is_said(self, sandbox: Sandbox) -> None:
        wrong = Client(replace(settings.GENESYS, client_secret="wrong"))
        with pytest.raises(SignInRefused) as caught:
            wrong.token_info()
        assert "GENESYS_CLIENT_SECRET" in str(reasons.because(caught.value))

    def test_is_renewed_once_when_the_token_is_revoked(
        self, client: Client, sandbox: Sandbox, made: Made
    ) -> None:
        client.conversation(made.id)
        sandbox.call("POST", "tokens/revoke")
        assert client.conversation(made.id).status == 200

    def test_is_not_tried_for_ever(self, client: Client, sandbox: Sandbox, made: Made) -> None:
        sandbox.fault("unauthorized", made, call="read")
        sandbox.call("DELETE", "calls")
        with pytest.raises(SignInRefused):
            client.conversation(made.id)
        assert [each["status"] for each in sandbox.calls(made)] == [401, 401]

    def test_at_a_service_in_trouble_changes_nothing(self, sandbox: Sandbox) -> None:
        sandbox.fault("server_error", call="token", times=1)
        with pytest.raises(NotSent):
            Client(settings.GENESYS).token_info()

    @pytest.mark.usefixtures("database")
    def test_is_shared_by_all_processes_and_kept_encrypted(
        self, sandbox: Sandbox, made: Made
    ) -> None:
        AccessToken.objects.all().delete()
        sandbox.call("DELETE", "calls")
        clients = [Client(settings.GENESYS, SharedToken("sandbox")) for _ in range(4)]
        threads = [threading.Thread(target=_read, args=(each, made)) for each in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        token = SharedToken("sandbox").load()
        assert len(_logins(sandbox)) == 1
        assert token is not None
        assert token.value not in AccessToken.objects.get(pk="sandbox").sealed
        assert token.value not in repr(token)

    @pytest.mark.usefixtures("database")
    def test_that_was_refused_is_not_tried_again_by_anybody_for_a_while(
        self, sandbox: Sandbox
    ) -> None:
        """Sign-ins have a limit of their own (API.md 2.1), and every lane that is due would try."""
        config = replace(settings.GENESYS, client_id=uuid4().hex, client_secret="wrong")
        clients = [Client(config, SharedToken(config.client_id)) for _ in range(3)]
        sandbox.call("DELETE", "calls")
        told = []
        for each in clients:
            with pytest.raises(SignInRefused) as caught:
                each.token_info()
            told.append((str(caught.value), caught.value.facts, caught.value.retry_after))
        row = AccessToken.objects.filter(pk=config.client_id)
        assert len(_logins(sandbox)) == 1
        assert [reason for reason, *_ in told[1:]] == ["SignInRefused status=401 code=login"] * 2
        assert all(facts == told[0][1] for _, facts, _ in told)
        assert all(wait and 0 < wait <= 5 for *_, wait in told[1:])
        row.update(renewing_until=now())
        with pytest.raises(SignInRefused):
            clients[0].token_info()
        assert len(_logins(sandbox)) == 2
        row.delete()

    @pytest.mark.usefixtures("database")
    def test_beyond_the_limit_waits_as_long_as_it_is_asked_to(self, sandbox: Sandbox) -> None:
        config = replace(settings.GENESYS, client_id=uuid4().hex)
        store = SharedToken(config.client_id)
        row = AccessToken.objects.filter(pk=config.client_id)

        def too_many() -> Token:
            raise NotSent(Trouble.SIGN_IN_ILL, status=400, code="login", retry_after=42)

        with pytest.raises(NotSent):
            store.renew(None, too_many)
        assert 40 < row.get().renewing_until - now() <= 42
        row.delete()


def _logins(sandbox: Sandbox) -> list[dict[str, Any]]:
    return [each for each in sandbox.calls() if each["path"] == "/oauth/token"]


def _read(client: Client, made: Made) -> None:
    from django.db import connection

    client.conversation(made.id)
    connection.close()


Serve = Callable[[socket.socket], None]


def _drip_headers(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        line.sendall(b"X-A: b\r\n")
        time.sleep(0.05)


def _endless_body(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
    while True:
        line.sendall(b"x" * 65536)


def _garbage(line: socket.socket) -> None:
    line.sendall(b"\x00\xff not http at all\r\n\r\n")


def _nowhere(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n")


def _unspeakable(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 302 Found\r\nLocation: \xff\xfe\r\nContent-Length: 0\r\n\r\n")


def _nothing(line: socket.socket) -> None:
    line.recv(1)


@contextmanager
def a_bad_server(serve: Serve) -> Iterator[Config]:
    """A server that takes the connection and the request, and then does its worst."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            while True:
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                with line:
                    try:
                        line.recv(65536)
                        serve(line)
                    except OSError:
                        continue

        threading.Thread(target=run, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        yield replace(settings.GENESYS, api_url=url, connect_timeout=0.5, read_timeout=1.0)


class _CuttingProxy(BaseHTTPRequestHandler):
    """Carries every request out, and of a write tells nobody what became of it."""

    def do_POST(self) -> None:
        answer = self._carry_out()
        self.send_response(answer.status_code)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def do_PATCH(self) -> None:
        self._carry_out()
        self.close_connection = True

    def _carry_out(self) -> requests.Response:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        wanted = {name: value for name, value in self.headers.items() if name != "Host"}
        with requests.Session() as direct:
            direct.trust_env = False
            return direct.request(self.command, self.path, data=body, headers=wanted, timeout=5)

    def log_message(self, *_: object) -> None:
        pass


def client_behind(proxy: str) -> Client:
    """Only this client: proxy settings are read once, when it is made."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("http_proxy", proxy)
        environment.setenv("no_proxy", "")
        return Client(settings.GENESYS)


class TestBehindAProxy:
    @pytest.fixture
    def proxy(self) -> Iterator[str]:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _CuttingProxy)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        server.server_close()

    def test_a_line_that_breaks_after_the_write_tells_nothing(
        self, sandbox: Sandbox, made: Made, proxy: str
    ) -> None:
        with pytest.raises(OutcomeUnknown):
            client_behind(proxy).set_attributes(made.id, made.customer, {"tier": "gold"})
        until(lambda: sandbox.attributes(made)["tier"] == "gold")

    def test_that_is_not_there_nothing_was_sent(self, made: Made) -> None:
        client = client_behind(f"http://127.0.0.1:{free_port()}")
        with pytest.raises(NotSent):
            client.set_attributes(made.id, made.customer, {"tier": "gold"})


class TestAServerThatMisbehaves:
    @pytest.mark.parametrize(
        "serve", [_drip_headers, _endless_body, _garbage, _nowhere, _unspeakable, _nothing]
    )
    def test_never_holds_us_and_never_fools_us(self, sandbox: Sandbox, serve: Serve) -> None:
        with a_bad_server(serve) as config:
            started = time.monotonic()
            with pytest.raises(OutcomeUnknown):
                Client(config).conversation(uuid4())
            assert time.monotonic() - started < 5

    def test_that_is_not_there_got_nothing(self, sandbox: Sandbox) -> None:
        config = replace(settings.GENESYS, api_url=f"http://127.0.0.1:{free_port()}")
        with pytest.raises(NotSent):
            Client(config).set_attributes(uuid4(), uuid4(), {"a": "b"})

    def test_that_has_no_address_got_nothing(self, sandbox: Sandbox) -> None:
        config = replace(settings.GENESYS, api_url="http://midcall.invalid")
        with pytest.raises(NotSent):
            Client(config).set_attributes(uuid4(), uuid4(), {"a": "b"})
