"""The faults by name: a sentence each and their parameters with defaults."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Kind = Literal["write", "answer", "event"]
CALLS: Final = ("write", "read", "list", "queues", "token", "channel", "subscribe", "any")


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave."""

    name: str
    kind: Kind
    sentence: str
    parameters: Mapping[str, Any]


def _write(name: str, sentence: str, **parameters: Any) -> Fault:
    return Fault(name, "write", sentence, parameters)


def _answer(name: str, sentence: str, **parameters: Any) -> Fault:
    return Fault(name, "answer", sentence, {"call": "write", **parameters})


def _event(name: str, sentence: str, **parameters: Any) -> Fault:
    return Fault(name, "event", sentence, parameters)


FAULTS: Final = (
    _write("never_stored", "The write is accepted and never stored."),
    _write(
        "stored_late", "The write is accepted and becomes readable only after `seconds`.", seconds=3
    ),
    _write("key_lost", "One key of the write is lost: `key`, or the first.", key=None),
    _write(
        "flow_overwrites",
        "The write is stored, and when a flow ends (or after `seconds`) its keys go back to "
        "`value`, or to what they were.",
        value=None,
        seconds=None,
    ),
    _write(
        "another_writer",
        "`seconds` after ours was stored somebody else writes `value` to the same keys.",
        value="someone else's",
        seconds=0.2,
    ),
    _write(
        "stored_other_case", "The values are stored under keys with upper and lower case swapped."
    ),
    _write(
        "stored_coerced",
        'JSON literals are stored as Python writes them ("true" as "True", "7" as "7.0"), '
        "other texts with the case of the first letter swapped.",
    ),
    _write(
        "conversation_ends",
        "The conversation ends as the write comes in; the write is accepted and never stored.",
    ),
    _write("stored_elsewhere", "The values are stored on another participant of the conversation."),
    _answer("bad_request", "400 bad.request; nothing is done.", lands=False),
    _answer("unauthorized", "401 bad.credentials; nothing is done.", lands=False),
    _answer("forbidden", "403 not.authorized; nothing is done.", lands=False),
    _answer("not_found", "404 not.found; nothing is done.", lands=False),
    _answer("client_timeout", "408 client.timeout; nothing is done.", lands=False),
    _answer("general_conflict", "409 general.conflict; nothing is done.", lands=False),
    _answer("too_large", "413 request.entity.too.large; nothing is done.", lands=False),
    _answer("unsupported_media", "415 unsupported.media.type; nothing is done.", lands=False),
    _answer("rate_limited", "429 with Retry-After; nothing is done.", lands=False, retry_after=2),
    _answer(
        "server_error", "500 internal.server.error; nothing is done unless `lands`.", lands=False
    ),
    _answer(
        "bad_gateway",
        "502 with an HTML body, as a proxy answers; nothing is done unless `lands`.",
        lands=False,
    ),
    _answer(
        "unavailable",
        "503 service.unavailable, with Retry-After when given; nothing is done unless `lands`.",
        lands=False,
        retry_after=None,
    ),
    _answer(
        "gateway_timeout",
        "504 request.timeout, although the call was carried out if `lands`.",
        lands=True,
    ),
    _answer("reset_before_landing", "The connection is reset (TCP RST) and nothing is done."),
    _answer(
        "reset_after_landing", "The call is carried out, then the connection is reset (TCP RST)."
    ),
    _answer(
        "hang",
        "No answer for `seconds`, then the line is cut; with `late_landing` the call is "
        "carried out that many seconds "
        "later all the same, with `lands` at once.",
        seconds=60,
        lands=False,
        late_landing=None,
    ),
    _answer("drip", "The true answer, one byte at a time, spread over `seconds`.", seconds=60),
    _answer(
        "truncated_json",
        "The call is carried out, and the JSON of the answer breaks off in the middle.",
    ),
    Fault(
        "stale_read",
        "answer",
        "Reads of the conversation show its participants and attributes of `seconds` ago.",
        {"seconds": 2},
    ),
    _event("event_lost", "The event is not sent."),
    _event("event_doubled", "The event is sent twice."),
    _event("event_late", "The event is sent `seconds` later, overtaken by newer ones.", seconds=2),
    _event(
        "events_shuffled",
        "Events are collected for `seconds` and then sent in reverse order.",
        seconds=0.5,
    ),
    _event("socket_dropped", "Instead of the event the sockets it was for are reset (TCP RST)."),
)

FAULT_BY_NAME: Final = {fault.name: fault for fault in FAULTS}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _is_text(value: object) -> bool:
    return isinstance(value, str)


_CHECKS: Final[Mapping[str, tuple[Callable[[object], bool], str]]] = {
    "seconds": (_is_number, "a number of seconds, 0 or more"),
    "late_landing": (_is_number, "a number of seconds, 0 or more, or null"),
    "retry_after": (_is_number, "a number of seconds, 0 or more, or null"),
    "lands": (lambda value: isinstance(value, bool), "true or false"),
    "value": (_is_text, "a text"),
    "key": (_is_text, "a text, or null"),
    "call": (lambda value: value in CALLS, "one of " + ", ".join(CALLS)),
}
_NULL_ALLOWED: Final = {"late_landing", "retry_after", "key"}


def complete(fault: Fault, given: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters, given ones checked; a ValueError names the first that is wrong."""
    for name, value in given.items():
        if name not in fault.parameters:
            known = ", ".join(fault.parameters) or "none"
            raise ValueError(f"{fault.name} has no parameter {name!r}. It has: {known}.")
        is_good, wanted = _CHECKS[name]
        may_be_null = name in _NULL_ALLOWED or fault.parameters[name] is None
        if not (is_good(value) or (value is None and may_be_null)):
            raise ValueError(f"{name} of {fault.name} must be {wanted}, not {value!r}.")
    return {**fault.parameters, **given}
