"""What the answer faults put in the place of the true answer."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from sandbox.api import errors
from sandbox.api.call import Answer, Call, refused
from sandbox.api.errors import ApiError
from sandbox.api.signin import login_error
from sandbox.connection import reset
from sandbox.faults.active import ActiveFault

Carry = Callable[[], Answer]
"""Carries the call out and gives the true answer."""


@dataclass(frozen=True, slots=True)
class Wire:
    """The connection a call came in on, as far as a fault needs it."""

    transport: asyncio.Transport
    gone: Callable[[], Awaitable[None]]
    raw: Callable[[Answer], bytes]


async def misbehave(
    call: Call, kind: str, fault: ActiveFault, wire: Wire, carry: Carry
) -> Answer | None:
    """What the caller gets; None when the line is cut instead."""
    if fault.name in _WIRE:
        return await _WIRE[fault.name](call, wire, carry, **fault.parameters)
    if fault.parameters["lands"]:
        carry()
    if fault.name == "bad_gateway":
        return Answer(502, _HTML, content_type="text/html", has_broken_body=True)
    error = _ERRORS[fault.name](call, fault.parameters)
    return (
        _login_refused(error)
        if kind == "token" and error.status < 500
        else refused(error, call.correlation_id)
    )


_HTML: Final = (
    b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
)


def _login_refused(error: ApiError) -> Answer:
    """Login errors have a shape of their own; a login over its limit is a 400 (REPORTED)."""
    if error.status == 429:
        return login_error(400, "invalid_request", "rate limit exceeded, try again later")
    if error.status == 401:
        return login_error(401, "invalid_client", "authentication failed")
    return login_error(400, "invalid_request", error.pattern)


def _unavailable(_call: Call, parameters: dict[str, Any]) -> ApiError:
    return ApiError(
        503, "service.unavailable", "Service Unavailable", headers=_retry_after(parameters)
    )


def _rate_limited(_call: Call, parameters: dict[str, Any]) -> ApiError:
    error = errors.rate_limited(int(parameters["retry_after"] or 0))
    error.headers = _retry_after(parameters)
    return error


def _retry_after(parameters: dict[str, Any]) -> dict[str, str]:
    seconds = parameters["retry_after"]
    return {} if seconds is None else {"Retry-After": f"{seconds:g}"}


_ERRORS: Final[dict[str, Callable[[Call, dict[str, Any]], ApiError]]] = {
    "bad_request": lambda _c, _p: errors.bad_request(
        "The request could not be understood by the server."
    ),
    "unauthorized": lambda _c, _p: errors.bad_credentials(),
    "forbidden": lambda c, _p: errors.conversation_forbidden(c.params.get("conversationId", "?")),
    "not_found": lambda _c, _p: errors.not_found(),
    "client_timeout": lambda _c, _p: ApiError(
        408, "client.timeout", "The client did not send the request in time."
    ),
    "general_conflict": lambda _c, _p: ApiError(
        409, "general.conflict", "The request conflicts with the current state."
    ),
    "too_large": lambda _c, _p: errors.too_large(),
    "unsupported_media": lambda _c, _p: errors.unsupported_media(),
    "rate_limited": _rate_limited,
    "server_error": lambda _c, _p: ApiError(
        500, "internal.server.error", "The server encountered an unexpected condition."
    ),
    "unavailable": _unavailable,
    "gateway_timeout": lambda _c, _p: ApiError(504, "request.timeout", "The request timed out."),
}


async def _cut(wire: Wire) -> None:
    reset(wire.transport)
    await wire.gone()


async def _reset_before_landing(_call: Call, wire: Wire, _carry: Carry, **_: Any) -> None:
    await _cut(wire)


async def _reset_after_landing(_call: Call, wire: Wire, carry: Carry, **_: Any) -> None:
    carry()
    await _cut(wire)


async def _hang(
    _call: Call,
    wire: Wire,
    carry: Carry,
    *,
    seconds: float,
    lands: bool,
    late_landing: float | None,
    **_: Any,
) -> None:
    if lands:
        carry()
    elif late_landing is not None:
        asyncio.get_running_loop().call_later(late_landing, carry)
    try:
        await asyncio.wait_for(wire.gone(), seconds)
    except TimeoutError:
        await _cut(wire)


async def _drip(_call: Call, wire: Wire, carry: Carry, *, seconds: float, **_: Any) -> None:
    """Past the server: head and body trickle, so that each single read of the client succeeds."""
    content = wire.raw(carry())
    loop = asyncio.get_running_loop()
    begun = loop.time()
    for number, byte in enumerate(content):
        due = begun + seconds * number / len(content)
        if due > loop.time():
            await asyncio.sleep(due - loop.time())
        if wire.transport.is_closing():
            break
        wire.transport.write(bytes([byte]))
    wire.transport.close()
    await wire.gone()


async def _truncated_json(_call: Call, _wire: Wire, carry: Carry, **_: Any) -> Answer:
    answer = carry()
    content = answer.content() or json.dumps({"attributes": {}}).encode()
    answer.body, answer.has_broken_body = content[: len(content) // 2], True
    return answer


async def _stale_read(call: Call, _wire: Wire, carry: Carry, *, seconds: float) -> Answer:
    call.as_of = time.time() - seconds
    return carry()


_WIRE: Final[dict[str, Callable[..., Awaitable[Answer | None]]]] = {
    "reset_before_landing": _reset_before_landing,
    "reset_after_landing": _reset_after_landing,
    "hang": _hang,
    "drip": _drip,
    "truncated_json": _truncated_json,
    "stale_read": _stale_read,
}
