"""judge(): which error, if any, an answer of Genesys stands for. Pure; the client only carries bytes."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conversations.genesys.errors import (
    GenesysError,
    NotSent,
    OutcomeUnknown,
    Rates,
    Refused,
    SignInRefused,
    Trouble,
)
from conversations.genesys.texts import IDENTITY, NAME, text

TOO_MANY = 429
UNAVAILABLE = 503
CONFLICT = 409

#: The refusals of API.md 8 that a person can act on; others are quoted as Genesys put them.
_REFUSALS = {
    403: Trouble.FORBIDDEN,
    404: Trouble.GONE,
    409: Trouble.STATE_CONFLICT,
    413: Trouble.TOO_LARGE,
    415: Trouble.NOT_UNDERSTOOD,
}


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """The parts of Genesys's error body we use (API.md 8; every member is optional)."""

    message: str = ""
    code: str = ""
    context_id: str = ""

    @classmethod
    def from_bytes(cls, body: bytes) -> "ErrorBody":
        """Read an error body; an intermediary's HTML or nothing at all gives an empty one."""
        try:
            raw = json.loads(body)
        except (ValueError, RecursionError):
            return cls()
        if not isinstance(raw, dict):
            return cls()
        context_id = text(raw.get("contextId"), IDENTITY)
        return cls(text(raw.get("message")), text(raw.get("code"), NAME), context_id)


def judge(status: int, headers: Mapping[str, str], body: bytes) -> GenesysError | None:
    """The error an answer stands for, or None where it is a success (2xx)."""
    if 200 <= status < 300:
        return None
    error = ErrorBody.from_bytes(body)
    known: dict[str, Any] = {
        "status": status,
        "code": error.code,
        "correlation_id": correlation_id(headers) or error.context_id,
        "retry_after": retry_after(headers, error.message),
        "rates": rates(headers),
    }
    if status == 401:
        return SignInRefused(Trouble.TOKEN_REFUSED, **known)
    if status == 408:
        return NotSent(Trouble.BUSY, **known)
    if status == TOO_MANY:
        return NotSent(Trouble.SLOW_DOWN, **known)
    if status == UNAVAILABLE and known["retry_after"] is not None:
        return NotSent(Trouble.AWAY, **known)
    if status >= 500:
        return OutcomeUnknown(Trouble.ILL, **known)
    if status < 400:
        return Refused(Trouble.REDIRECTED, **known)
    return Refused(_refusal(status, error), message=error.message, **known)


def _refusal(status: int, error: ErrorBody) -> Trouble:
    if status == 403 and error.code.startswith("missing.") and error.message:
        return Trouble.MISSING_PERMISSION
    if status in _REFUSALS:
        return _REFUSALS[status]
    return Trouble.REFUSED if error.message else Trouble.REFUSED_WITHOUT_WORDS


def correlation_id(headers: Mapping[str, str]) -> str:
    """What Genesys support asks for: `ININ-Correlation-Id` (API.md 9), in newer answers maybe under another name."""
    found = headers.get("ININ-Correlation-Id") or headers.get("Genesys-Correlation-Id")
    return text(found, IDENTITY)


def retry_after(headers: Mapping[str, str], message: str = "") -> float | None:
    """Seconds to wait: the `Retry-After` header, else the number in the message of a 429 (API.md 8)."""
    seconds = _number(headers.get("Retry-After"))
    if seconds is None and (found := re.search(r"in \[(\d+)\] seconds", message)):
        seconds = float(found[1])
    return seconds


def rates(headers: Mapping[str, str]) -> Rates:
    """The `inin-ratelimit-*` headers (API.md 9)."""
    count = _number(headers.get("inin-ratelimit-count"))
    allowed = _number(headers.get("inin-ratelimit-allowed"))
    return Rates(
        count=None if count is None else int(count),
        allowed=None if allowed is None else int(allowed),
        reset=_number(headers.get("inin-ratelimit-reset")),
    )


def _number(text: str | None) -> float | None:
    """A number of seconds or calls that makes sense; a header may hold anything."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if 0 <= number < 1e7 else None
