"""The front door: every call comes in here, is signed in, counted, carried out, logged and taped."""

import asyncio
import http
import logging
import time
import uuid
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.api.call import Answer, Call, refused
from sandbox.api.errors import (
    MAX_BODY_BYTES,
    ApiError,
    authentication_required,
    bad_credentials,
    not_found,
    rate_limited,
    too_large,
)
from sandbox.api.rates import Standing, untouched
from sandbox.api.routes import Endpoint, find_endpoint
from sandbox.calls import LoggedCall
from sandbox.connection import transport_of
from sandbox.faults.answers import Wire, misbehave
from sandbox.state import Sandbox

log = logging.getLogger(__name__)

_ALWAYS = {
    "Strict-Transport-Security": "max-age=600; includeSubDomains",
    "Cache-Control": "no-cache, no-store, must-revalidate",
    "Pragma": "no-cache",
    "Expires": "0",
    "X-Cache": "Miss from cloudfront",
}
"""Recorded on a successful call."""


class Door:
    """The ASGI application for `/api/v2/` and `/oauth/`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One call from arrival to answer."""
        call, endpoint = _arrive(scope)
        logged = self._sandbox.calls.add(_logged(call, endpoint))
        travel = self._sandbox.switches.latency_ms / 2000
        try:
            complaint = await _read_body(call, Request(scope, receive))
        except ClientDisconnect:
            return
        if travel:
            await asyncio.sleep(travel)
        visit = _Visit(self._sandbox, call, endpoint, logged)
        wire = Wire(transport_of(scope), lambda: _gone(receive), visit.raw)
        answer = await visit.answer(wire, complaint)
        if answer is None:
            return
        if travel:
            await asyncio.sleep(travel)
        reply = visit.reply(answer)
        response = Response(reply.content, reply.status, reply.headers)
        await response(scope, receive, send)


def _arrive(scope: Scope) -> tuple[Call, Endpoint | None]:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    call = Call(
        method=scope["method"],
        path=scope["path"],
        headers=headers,
        query_string=scope["query_string"].decode("latin-1"),
        correlation_id=str(uuid.uuid4()),
    )
    found = find_endpoint(call.method, call.path)
    if found is None:
        return call, None
    call.params = found[1]
    return call, found[0]


def _logged(call: Call, endpoint: Endpoint | None) -> LoggedCall:
    return LoggedCall(
        method=call.method,
        path=call.path,
        at=call.received_at,
        correlation_id=call.correlation_id,
        call=endpoint.call if endpoint else "other",
        conversation=call.params.get("conversationId"),
        participant=call.params.get("participantId"),
    )


async def _read_body(call: Call, request: Request) -> ApiError | None:
    """Read the body; what is over the limit is thrown away, so that the answer gets through."""
    size = 0
    parts: list[bytes] = []
    async for part in request.stream():
        size += len(part)
        if size <= MAX_BODY_BYTES:
            parts.append(part)
    call.body = b"".join(parts)
    return too_large() if size > MAX_BODY_BYTES else None


async def _gone(receive: Receive) -> None:
    """Wait until the caller has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass


class _Visit:
    """One call being answered."""

    def __init__(
        self, sandbox: Sandbox, call: Call, endpoint: Endpoint | None, logged: LoggedCall
    ) -> None:
        self._sandbox = sandbox
        self._call = call
        self._endpoint = endpoint
        self._logged = logged
        self._standing: Standing | None = None

    async def answer(self, wire: Wire, complaint: ApiError | None) -> Answer | None:
        """The answer, true or not; None when the line was cut."""
        call = self._call
        try:
            self._sign_in()
            self._count()
            if complaint is not None:
                raise complaint
        except ApiError as error:
            return refused(error, call.correlation_id)
        kind = self._logged.call
        fault = self._sandbox.faults.take(
            "answer",
            call=kind,
            conversation=self._logged.conversation,
            participant=self._logged.participant,
        )
        if fault is None:
            return self._carry_out()
        self._logged.fault = fault.name
        return await misbehave(call, kind, fault, wire, self._carry_out)

    def _sign_in(self) -> None:
        call = self._call
        if not call.path.startswith("/api/"):
            return
        scheme, _, text = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not text:
            raise authentication_required()
        call.signed_in = self._sandbox.tokens.find(text.strip())
        if call.signed_in is None:
            raise bad_credentials()
        self._logged.client = call.signed_in.client.id

    def _count(self) -> None:
        token = self._call.signed_in
        if token is not None:
            self._standing = self._sandbox.rates.count(token.text)
            if self._standing.is_over:
                raise rate_limited(self._standing.reset)

    def _carry_out(self) -> Answer:
        """Do what was asked."""
        call, endpoint = self._call, self._endpoint
        try:
            if endpoint is None:
                raise not_found()
            refusal = endpoint.refusal(call)
            if refusal is not None:
                raise refusal
            answer = endpoint.handler(self._sandbox, call)
        except ApiError as error:
            answer = refused(error, call.correlation_id)
        except Exception:  # a bug becomes a 500, and a traceback on stderr
            log.exception("call failed method=%s path=%s", call.method, call.path)
            answer = refused(
                ApiError(500, "internal.server.error", "The sandbox has a bug."),
                call.correlation_id,
            )
        self._logged.fault = self._logged.fault or call.faulty_write
        self._logged.attributes = call.sent_attributes
        return answer

    def reply(self, answer: Answer) -> "_Reply":
        """What goes over the wire for an answer; from here on it counts as answered."""
        has_body = self._call.method != "HEAD" and answer.body is not None
        content = answer.content() if has_body else b""
        reply = _Reply(answer.status, self._headers(answer), content)
        self._logged.status, self._logged.answered_at = answer.status, time.time()
        self._sandbox.tape.answer(
            method=self._call.method,
            path=self._call.path,
            template=self._endpoint.template if self._endpoint else None,
            status=reply.status,
            headers=reply.headers,
            content=reply.content,
            fault=self._logged.fault,
            has_broken_body=answer.has_broken_body,
        )
        return reply

    def _headers(self, answer: Answer) -> dict[str, str]:
        """The headers of every answer, and the answer's own."""
        standing = self._standing or untouched(int(self._sandbox.switches.rate_limit))
        headers = {"ININ-Correlation-Id": self._call.correlation_id, **standing.headers()} | _ALWAYS
        if answer.body is not None:
            headers["Content-Type"] = answer.content_type
        return headers | answer.headers

    def raw(self, answer: Answer) -> bytes:
        """The bytes of an answer, for faults that send it themselves."""
        reply = self.reply(answer)
        last = {"Content-Length": str(len(reply.content)), "Connection": "close"}
        lines = [f"HTTP/1.1 {reply.status} {http.HTTPStatus(reply.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in (reply.headers | last).items()]
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + reply.content


@dataclass(frozen=True, slots=True)
class _Reply:
    """An answer as it goes over the wire."""

    status: int
    headers: dict[str, str]
    content: bytes
