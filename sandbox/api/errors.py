"""`ErrorBody` and the errors of the published definition (API reference, section 8)."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

MAX_BODY_BYTES = 512_000
"""The platform-wide request limit (REPORTED)."""


class ApiError(Exception):
    """A refusal: becomes an `ErrorBody` whose contextId is the correlation id."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.pattern = message
        self.params = dict(params or {})
        self.headers = dict(headers or {})

    def body(self, correlation_id: str) -> Json:
        """The members every recorded error has; `messageWithParams` only where there are
        parameters.
        """
        message = self.pattern
        for name, value in self.params.items():
            message = message.replace("{" + name + "}", value)
        body: Json = {"message": message, "code": self.code, "status": self.status}
        if self.params:
            body |= {"messageWithParams": self.pattern, "messageParams": self.params}
        return body | {"contextId": correlation_id, "details": [], "errors": []}


def bad_request(message: str) -> ApiError:
    """The request makes no sense."""
    return ApiError(400, "bad.request", message)


def invalid_value(value: object, kind: str, allowed: object) -> ApiError:
    """A member has a value it cannot have."""
    return ApiError(
        400,
        "invalid.value",
        "Value [{value}] is not valid for field type [{type}]. Allowable values are: {allowed}",
        {"value": str(value), "type": kind, "allowed": str(allowed)},
    )


def invalid_date(text: object) -> ApiError:
    """A date that is not ISO 8601."""
    return ApiError(
        400,
        "invalid.date",
        "Dates must be specified as ISO-8601 strings. For example: yyyy-MM-ddTHH:mm:ss.SSSZ. "
        "Not: {value}",
        {"value": str(text)},
    )


def authentication_required() -> ApiError:
    """No token came along."""
    return ApiError(
        401,
        "authentication.required",
        "No authentication bearer token specified in authorization header.",
    )


def bad_credentials() -> ApiError:
    """The token is wrong, expired or revoked."""
    return ApiError(401, "bad.credentials", "Invalid login credentials.")


def missing_permissions(permissions: tuple[str, ...], *, any_is_enough: bool = False) -> ApiError:
    """The client may not do this."""
    listed = {"permissions": ", ".join(permissions)}
    refusal = "Unable to perform the requested action."
    if any_is_enough:
        missing = "You must have at least one of the following permissions assigned: {permissions}"
        return ApiError(403, "missing.any.permissions", f"{refusal} {missing}", listed)
    missing = "You are missing the following permission(s): {permissions}"
    return ApiError(403, "missing.permissions", f"{refusal} {missing}", listed)


def conversation_forbidden(conversation_id: str) -> ApiError:
    """Refused for another reason; the wording is recorded."""
    return ApiError(
        403,
        "not.authorized",
        "Access to {type} {id} is forbidden.",
        {"id": conversation_id, "type": "Conversation"},
    )


def not_found() -> ApiError:
    """There is no such thing."""
    return ApiError(404, "not.found", "The requested resource was not found.")


def too_large() -> ApiError:
    """The body is over the limit."""
    return ApiError(
        413,
        "request.entity.too.large",
        "The request is over the size limit. Maximum bytes: {bytes}",
        {"bytes": str(MAX_BODY_BYTES)},
    )


def unsupported_media() -> ApiError:
    """The body is not JSON by its Content-Type."""
    return ApiError(
        415,
        "unsupported.media.type",
        "Unsupported Media Type - Unsupported or incorrect media type.",
    )


def rate_limited(seconds: int) -> ApiError:
    """Every 429 has had `Retry-After` and this code since November 2021 (CONFIRMED)."""
    return ApiError(
        429,
        "too.many.requests.retry.after",
        f"Rate limit exceeded the maximum. Retry the request in [{seconds}] seconds",
        headers={"Retry-After": str(seconds)},
    )
