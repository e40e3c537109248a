"""What nobody public knows about Genesys Cloud, and a few settings: each can be switched.

The numbers are those of "Open questions" (section 12) of the API reference; a client must not
depend on any of them.
"""

from dataclasses import dataclass, field, fields
from typing import Any

Json = dict[str, Any]


def _choice(
    default: str | bool, *others: str | bool, unknown: int | None = None, sentence: str
) -> Any:
    allowed = [default, *others]
    return field(
        default=default, metadata={"sentence": sentence, "unknown": unknown, "allowed": allowed}
    )


def _number(
    default: float, *, unknown: int | None = None, sentence: str, at_least: float = 0.0
) -> Any:
    metadata = {"sentence": sentence, "unknown": unknown, "at_least": at_least}
    return field(default=default, metadata=metadata)


def _limit(*, unknown: int, sentence: str) -> Any:
    return field(
        default=None,
        metadata={"sentence": sentence, "unknown": unknown, "at_least": 0, "optional": True},
    )


@dataclass(slots=True)
class Switches:
    """The switches with their defaults; `describe` and `turn` are what `/_sandbox/switches` shows
    and changes.
    """

    persist_delay_ms: float = _number(
        300,
        unknown=1,
        sentence="Milliseconds between the 202 and the moment a read shows the value.",
    )
    unknown_participant: str = _choice(
        "not_found",
        "accepted",
        "bad_request",
        unknown=2,
        sentence="Answer to a write on an unknown participant of a known conversation: 404, a"
        " 202 that stores nothing, or 400.",
    )
    ended_conversation_writes: str = _choice(
        "accepted",
        "not_found",
        "forbidden",
        unknown=2,
        sentence="Answer to a write on a conversation that has ended: 202 and stored, 404, or 403.",
    )
    division_check_on_write: bool = _choice(
        False,
        True,
        unknown=3,
        sentence="Whether a write needs a grant in a division of the conversation.",
    )
    non_string_values: str = _choice(
        "stringified",
        "rejected",
        "ignored",
        unknown=4,
        sentence="Numbers, booleans and nested objects as values: stored as JSON text, "
        "refused with 400, or left out.",
    )
    null_values: str = _choice(
        "ignored",
        "emptied",
        "removed",
        "rejected",
        unknown=4,
        sentence="A null as value: left out, stored as the empty string, removes the key, or "
        "refused with 400.",
    )
    empty_map: str = _choice(
        "accepted",
        "rejected",
        unknown=4,
        sentence="An empty attributes map: 202 with nothing stored, or 400.",
    )
    missing_attributes: str = _choice(
        "rejected",
        "accepted",
        unknown=4,
        sentence="A body without the member attributes: 400, or 202 with nothing stored.",
    )
    empty_key: str = _choice(
        "rejected",
        "accepted",
        unknown=4,
        sentence="The empty string as a key: refused with 400, or stored.",
    )
    max_attributes: float | None = _limit(
        unknown=5, sentence="Most attributes one participant may have; null for no limit."
    )
    max_key_length: float | None = _limit(
        unknown=5, sentence="Longest key in characters; null for no limit."
    )
    max_value_length: float | None = _limit(
        unknown=5, sentence="Longest value in characters; null for no limit."
    )
    max_attributes_bytes: float | None = _limit(
        unknown=5,
        sentence="Most bytes of keys and values one participant may have; null for no limit.",
    )
    limit_exceeded: str = _choice(
        "bad_request",
        "too_large",
        unknown=5,
        sentence="Answer when one of those limits is exceeded: 400 or 413.",
    )
    twin_body: str = _choice(
        "sent",
        "all",
        unknown=6,
        sentence="What the media twins return in the 202: what was sent, or all attributes "
        "with it.",
    )
    attribute_events: str = _choice(
        "at_once",
        "never",
        unknown=7,
        sentence="Whether a stored attribute raises an event on queue and user topics at "
        "once, or only shows in the next one.",
    )
    attributes_topic: str = _choice(
        "needs_permission",
        "open",
        "refused",
        unknown=8,
        sentence="v2.detail.events.conversation.{id}.attributes over a WebSocket: with "
        "conversation:communication:view, "
        "for everybody, or refused.",
    )
    refused_queues: float = _number(
        0, sentence="The topics of so many queues are refused, in the order of their names."
    )
    concurrent_writes: str = _choice(
        "last_wins",
        "first_wins",
        "either",
        unknown=9,
        sentence="Two writes to a key within the visibility window: the last accepted wins, "
        "the first, or now this, now that.",
    )
    failed_login_status: str = _choice(
        "401", "400", unknown=10, sentence="HTTP status of a login with a wrong client or secret."
    )
    ends_before_wrapup: bool = _choice(
        False,
        True,
        unknown=11,
        sentence="Whether the conversation has its endTime while an agent is still in "
        "after-call work.",
    )
    rate_window: str = _choice(
        "fixed",
        "sliding",
        unknown=12,
        sentence="Whether the rate limit's minute begins with the first call or slides.",
    )
    rate_limit: float = _number(
        300, at_least=1, sentence="Requests a minute and token; logins a minute and client."
    )
    latency_ms: float = _number(
        0, sentence="Milliseconds a call travels, half of them there, half back."
    )
    analytics_lag_seconds: float = _number(
        0, sentence="Seconds the analytics queries trail what really happens."
    )
    heartbeat_seconds: float = _number(
        30, at_least=0.01, sentence="Seconds between two heartbeats on a socket."
    )
    channel_seconds: float = _number(
        86400, at_least=0.01, sentence="Seconds a channel lives without a new subscription."
    )
    token_seconds: float = _number(
        86400, at_least=1, sentence="Seconds a token made from now on is good for."
    )
    policies_only_on_request: bool = _choice(
        False,
        True,
        sentence="Whether subjects/me leaves the policies of a role empty without "
        "includeFullRoles=true.",
    )

    def describe(self) -> list[Json]:
        """Every switch with its sentence, the allowed values, the default and the present value."""
        return [
            _description(f.name, f.default, dict(f.metadata), getattr(self, f.name))
            for f in fields(self)
        ]

    def turn(self, changes: Json) -> None:
        """Set switches by name, all of them or, with a ValueError, none."""
        known = {f.name: dict(f.metadata) for f in fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(
                    f"There is no switch {name!r}. There are: {', '.join(sorted(known))}."
                )
            _check(name, value, known[name])
        for name, value in changes.items():
            setattr(self, name, value)

    def restore(self, other: "Switches") -> None:
        """Take over all values of other switches."""
        for f in fields(self):
            setattr(self, f.name, getattr(other, f.name))


def _description(name: str, default: object, metadata: Json, value: object) -> Json:
    allowed = metadata.get("allowed") or _range(metadata)
    return {
        "name": name,
        "sentence": metadata["sentence"],
        "unknown": metadata["unknown"],
        "allowed": allowed,
        "default": default,
        "value": value,
    }


def _range(metadata: Json) -> str:
    number = f"a number, {metadata['at_least']:g} or more"
    return f"{number}, or null" if metadata.get("optional") else number


def _check(name: str, value: object, metadata: Json) -> None:
    allowed = metadata.get("allowed")
    if allowed is not None:
        good = any(value == a and type(value) is type(a) for a in allowed)
    elif value is None:
        good = bool(metadata.get("optional"))
    else:
        good = _is_number(value) and value >= metadata["at_least"]
    if not good:
        raise ValueError(f"{name} cannot be {value!r}; allowed: {allowed or _range(metadata)}.")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
