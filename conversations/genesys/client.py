"""One method for each endpoint of Genesys Cloud that we use, over pooled HTTP sessions.

No retries here: the edit's row remembers attempts better than a loop asleep in a worker. The one exception is the
access token, renewed once when it is refused.
"""

import json
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any, Generic, TypeVar
from uuid import UUID

import requests
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from conversations.genesys.config import Config
from conversations.genesys.deadline import DeadlineAdapter, within
from conversations.genesys.errors import (
    NotSent,
    OutcomeUnknown,
    Rates,
    SignInRefused,
    Trouble,
)
from conversations.genesys.replies import correlation_id, judge, rates, retry_after
from conversations.genesys.shapes import (
    Channel,
    Conversation,
    Grants,
    Json,
    ListedPage,
    QueuePage,
    Subscription,
    TokenInfo,
    Unreadable,
)
from conversations.genesys.texts import text
from conversations.genesys.token import OwnToken, Token, TokenStore

#: The largest answer we read. A conversation with 61 attributes is 20 KB; a page of 100 analytics records 1 MB.
MAX_ANSWER_BYTES = 16 * 1024 * 1024
#: What reading an answer may raise that is no JSON, too deep, or not what it should be.
UNREADABLE = (ValueError, TypeError, AttributeError, OverflowError, RecursionError)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What a successful call brought, with what support and the budget want to know of it."""

    value: T
    status: int
    correlation_id: str
    rates: Rates


class Client:
    """Genesys Cloud, for one organisation. Safe to share between threads: each has its own HTTP session.

    Every method may raise `NotSent`, `Refused` or `OutcomeUnknown`; exceptions of the HTTP library do not get out.
    """

    def __init__(self, config: Config, store: TokenStore | None = None) -> None:
        self.config = config
        self._store = store or OwnToken()
        self._token: Token | None = None
        self._local = threading.local()
        # Proxy and CA settings are read once: reading them for every call costs as much as the call's own overhead.
        self._environment = requests.Session().merge_environment_settings(
            config.api_url, {}, None, None, None
        )

    # --- Endpoints ---

    def set_attributes(
        self,
        conversation_id: UUID,
        participant_id: UUID,
        attributes: Mapping[str, str],
        *,
        timeout: float | None = None,
    ) -> Answer[None]:
        """Ask for attributes to be written. Success means *accepted*; only reading tells whether they were stored."""
        path = f"/api/v2/conversations/{conversation_id}/participants/{participant_id}/attributes"
        body = {"attributes": dict(attributes)}
        return self._call("PATCH", path, _nothing, json=body, timeout=timeout)

    def conversation(
        self, conversation_id: UUID, *, timeout: float | None = None
    ) -> Answer[Conversation]:
        """Read one conversation with every participant's attributes, live or ended."""
        path = f"/api/v2/conversations/{conversation_id}"
        return self._call("GET", path, _json(Conversation.from_json), timeout=timeout)

    def live_conversations(
        self,
        since: datetime,
        until: datetime,
        page: int,
        *,
        page_size: int = 100,
        oldest_first: bool = False,
        queue_ids: Collection[UUID] = (),
    ) -> Answer[ListedPage]:
        """One page of the conversations that started on the days touched and have not ended (API.md 6.1), the newest
        first unless asked otherwise; only those that were in one of these queues, if any are given.

        Use one fixed interval for a scan and go on until a page is empty: pages move while conversations start and end.
        """
        query: dict[str, object] = {
            "interval": f"{_iso(since)}/{_iso(until)}",
            "order": "asc" if oldest_first else "desc",
            "orderBy": "conversationStart",
            "paging": {"pageSize": page_size, "pageNumber": page},
            "conversationFilters": [
                {
                    "type": "and",
                    "predicates": [
                        {
                            "type": "dimension",
                            "dimension": "conversationEnd",
                            "operator": "notExists",
                        }
                    ],
                }
            ],
        }
        if queue_ids:
            query["segmentFilters"] = [
                {
                    "type": "or",
                    "predicates": [
                        {
                            "type": "dimension",
                            "dimension": "queueId",
                            "operator": "matches",
                            "value": str(each),
                        }
                        for each in queue_ids
                    ],
                }
            ]
        path = "/api/v2/analytics/conversations/details/query"
        return self._call("POST", path, _json(ListedPage.from_json), json=query)

    def queues(self, page: int, page_size: int = 100) -> Answer[QueuePage]:
        path = f"/api/v2/routing/queues?pageSize={page_size}&pageNumber={page}"
        return self._call("GET", path, _json(QueuePage.from_json))

    def token_info(self) -> Answer[TokenInfo]:
        return self._call("GET", "/api/v2/tokens/me", _json(TokenInfo.from_json))

    def grants(self) -> Answer[Grants]:
        path = "/api/v2/authorization/subjects/me?includeFullRoles=true"
        return self._call("GET", path, _json(Grants.from_json))

    def create_channel(self) -> Answer[Channel]:
        return self._call("POST", "/api/v2/notifications/channels", _json(Channel.from_json))

    def subscribe(self, channel: Channel, topics: Sequence[str]) -> Answer[list[Subscription]]:
        """Replace the channel's topics. A refused topic is told in the answer and does not refuse the others."""
        path = f"/api/v2/notifications/channels/{channel.id}/subscriptions?ignoreErrors=true"
        return self._call(
            "PUT", path, _json(_subscriptions), json=[{"id": topic} for topic in topics]
        )

    # --- Carrying bytes ---

    def _call(
        self,
        method: str,
        path: str,
        read: Callable[[bytes], T],
        *,
        json: object = None,
        timeout: float | None = None,
    ) -> Answer[T]:
        token = self._current_token()
        try:
            return self._send(method, path, read, json, timeout, token)
        except SignInRefused:
            if token == self._store.load():
                self._token = self._store.renew(token, self._fetch_token)
            else:  # another process has renewed it already
                self._token = self._store.load()
            return self._send(method, path, read, json, timeout, self._current_token())

    def _send(
        self,
        method: str,
        path: str,
        read: Callable[[bytes], T],
        body: object,
        timeout: float | None,
        token: Token,
    ) -> Answer[T]:
        headers = {"Authorization": f"Bearer {token.value}", "Accept": "application/json"}
        url = self.config.api_url + path
        status, fields, content = self._exchange(method, url, headers, timeout, json=body)
        if error := judge(status, fields, content):
            raise error
        identity = correlation_id(fields)
        try:
            value = read(content)
        except UNREADABLE as error:
            raise OutcomeUnknown(
                Trouble.UNREADABLE,
                status=status,
                correlation_id=identity,
                rates=rates(fields),
            ) from error
        return Answer(value, status, identity, rates(fields))

    def _exchange(
        self, method: str, url: str, headers: dict[str, str], timeout: float | None, **content: Any
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request and its whole answer, or `NotSent` (no connection) or `OutcomeUnknown` (no whole answer)."""
        limit = min(timeout or self.config.read_timeout, self.config.read_timeout)
        connect = min(self.config.connect_timeout, limit)
        try:
            with within(connect + limit):
                response = self._session.request(
                    method,
                    url,
                    headers=headers,
                    timeout=(connect, limit),
                    stream=True,
                    allow_redirects=False,
                    **content,
                )
                with response:
                    return response.status_code, response.headers, _read_all(response)
        except requests.exceptions.ConnectTimeout as error:
            raise NotSent(Trouble.UNREACHABLE, code="connect.timeout") from error
        except requests.exceptions.ConnectionError as error:
            if _never_connected(error):
                raise NotSent(Trouble.UNREACHABLE, code="no.connection") from error
            raise OutcomeUnknown(Trouble.CUT, code="cut") from error
        # Of a header that is none, such as where an answer sends us, `requests` may complain in words of its own.
        except (requests.exceptions.RequestException, OSError, *UNREADABLE) as error:
            raise OutcomeUnknown(Trouble.NO_ANSWER, code="no.answer") from error

    @property
    def verify(self) -> bool | str | None:
        """Whether, or by which file of certificates, the other end is checked; the same for the socket."""
        return self._environment["verify"]

    @property
    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = requests.Session()
            session.trust_env = False
            session.proxies = self._environment["proxies"]
            session.verify = self._environment["verify"]
            session.mount("http://", DeadlineAdapter())
            session.mount("https://", DeadlineAdapter())
        return session

    # --- The token ---

    def _current_token(self) -> Token:
        if self._token is None or not self._token.fresh():
            self._token = self._store.load()
        if self._token is None or not self._token.fresh():
            self._token = self._store.renew(self._token, self._fetch_token)
        return self._token

    def _fetch_token(self) -> Token:
        """Sign in (API.md 2.1). Nothing was asked of the API yet, so whatever goes wrong here is `NotSent`."""
        basic = f"{self.config.client_id}:{self.config.client_secret}".encode()
        headers = {"Authorization": f"Basic {b64encode(basic).decode()}"}
        form = {"grant_type": "client_credentials"}
        url = f"{self.config.login_url}/oauth/token"
        try:
            status, fields, content = self._exchange("POST", url, headers, None, data=form)
        except OutcomeUnknown as error:
            raise NotSent(Trouble.SIGN_IN_SILENT, code="login") from error
        if status != HTTPStatus.OK:
            raise _login_refusal(status, fields, content)
        try:
            raw = json.loads(content)
            value = raw["access_token"]
            if not value.isascii():  # it could not be sent
                raise Unreadable("no token")
            return Token(value, time.time() + float(raw["expires_in"]))
        except (KeyError, *UNREADABLE) as error:
            raise NotSent(Trouble.NO_TOKEN, code="login") from error


def _login_refusal(status: int, fields: Mapping[str, str], content: bytes) -> NotSent:
    """What a failed sign-in means: by the body's `error`, for its status is not certain (API.md 2.1, 12.10)."""
    try:
        raw = json.loads(content)
        kind = text(raw.get("error"))
        reason = text(raw.get("error_description")) or kind
        refused = kind in {"invalid_client", "unauthorized_client", "invalid_grant"}
    except UNREADABLE:
        reason, refused = "", False
    known: dict[str, Any] = {
        "status": status,
        "code": "login",
        "correlation_id": correlation_id(fields),
        "retry_after": retry_after(fields),
    }
    if refused:
        return SignInRefused(Trouble.CLIENT_REFUSED, message=reason, **known)
    return NotSent(Trouble.SIGN_IN_ILL, message=reason, **known)


def _nothing(_: bytes) -> None:
    """The body of an accepted write proves nothing (API.md 4.1), so nothing in it can go wrong."""


def _json(from_json: Callable[[Json], T]) -> Callable[[bytes], T]:
    return lambda content: from_json(json.loads(content))


def _subscriptions(raw: Json) -> list[Subscription]:
    return [Subscription.from_json(each) for each in raw.get("entities") or ()]


def _read_all(response: requests.Response) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(64 * 1024):
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise OSError("the answer is too large")
    return bytes(body)


def _never_connected(error: requests.exceptions.ConnectionError) -> bool:
    """Whether the request never left: no route, refused, no such host, a certificate we do not trust.

    A `ProxyError` alone does not say so: urllib3 makes one of every line that breaks behind a proxy, be it after the
    request was carried out.
    """
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    if isinstance(error, requests.exceptions.SSLError):
        return "CERTIFICATE_VERIFY_FAILED" in str(error)
    if isinstance(error, requests.exceptions.ProxyError):
        reason = getattr(reason, "original_error", reason)
        if type(reason) is OSError and str(reason).startswith("Tunnel connection failed"):
            return True  # http.client says so of a proxy that refuses to let us through
    return isinstance(
        reason, NewConnectionError | ConnectTimeoutError | ssl.SSLCertVerificationError
    )


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
