"""A call as an endpoint sees it, and the answer it gives."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from sandbox.api.errors import ApiError, bad_request, unsupported_media
from sandbox.api.tokens import Token

Json = dict[str, Any]


@dataclass(slots=True)
class Call:
    """One request under `/api/v2/` or `/oauth/`, already read and, for `/api/v2/`, signed in."""

    method: str
    path: str
    headers: Mapping[str, str]
    query_string: str
    correlation_id: str
    params: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    signed_in: Token | None = None
    received_at: float = field(default_factory=time.time)
    as_of: float | None = None
    faulty_write: str | None = None
    sent_attributes: Json | None = None

    @property
    def token(self) -> Token:
        """Whose call it is."""
        if self.signed_in is None:
            raise RuntimeError(f"{self.path} was reached without a token")
        return self.signed_in

    @property
    def query(self) -> dict[str, str]:
        """The query parameters, the last of each name."""
        return {name: values[-1] for name, values in parse_qs(self.query_string).items()}

    def flag(self, name: str) -> bool:
        """A boolean query parameter."""
        return self.query.get(name, "").lower() == "true"

    def number(self, name: str, default: int) -> int:
        """A whole number of the query, from 1."""
        text = self.query.get(name, str(default))
        if not text.isdecimal() or int(text) < 1:
            raise bad_request(f"{name} must be a positive number, not {text!r}.")
        return int(text)

    def form(self) -> dict[str, str]:
        """A form body, the last of each name."""
        text = self.body.decode("utf-8", "replace")
        return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}

    def json(self) -> Any:
        """The JSON body; an absent one is None, as is the `null` the official SDK sends for no
        body.
        """
        if not self.body.strip():
            return None
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise unsupported_media()
        try:
            body = json.loads(self.body, parse_constant=_refuse)
            if b"\\u" in self.body:
                json.dumps(body, ensure_ascii=False).encode()  # fails on half a surrogate pair
        except (ValueError, RecursionError):
            raise bad_request(
                "The request could not be understood by the server due to malformed syntax."
            ) from None
        return body

    def json_object(self) -> Json:
        """The JSON body where an object is required."""
        body = self.json()
        if not isinstance(body, dict):
            raise bad_request("The body must be a JSON object.")
        return body


def _refuse(constant: str) -> None:
    """NaN and Infinity are Python's, not JSON's."""
    raise ValueError(constant)


@dataclass(slots=True)
class Answer:
    """What goes back; `body` is JSON unless it is bytes, None is no body at all."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    has_broken_body: bool = False

    def content(self) -> bytes:
        """The bytes of the body."""
        if self.body is None:
            return b""
        if isinstance(self.body, bytes):
            return self.body
        return json.dumps(self.body, ensure_ascii=False, separators=(",", ":")).encode()


def refused(error: ApiError, correlation_id: str) -> Answer:
    """The `ErrorBody` of an error (API reference, section 8)."""
    return Answer(error.status, error.body(correlation_id), dict(error.headers))
