"""What a diagnosis is made of: causes, each with the keys it is about and what proves it."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Self

Parameter = str | int | float | bool | None


class Cause(StrEnum):
    """Every cause that can be named; the words for each are in `words.py`."""

    # What became of the value.
    ARRIVED_LATE = "arrived_late"
    READ_LATE = "read_late"
    OTHER_PARTICIPANT = "other_participant"
    OTHER_CASE = "other_case"
    COERCED = "coerced"
    CHANGED_HERE = "changed_here"
    FLOW_ENDED = "flow_ended"
    OTHER_WRITER = "other_writer"
    CONVERSATION_ENDED = "conversation_ended"
    # What Genesys answered.
    NO_RIGHT_TO_READ = "no_right_to_read"
    NO_RIGHT_TO_WRITE = "no_right_to_write"
    NOT_KNOWN_THERE = "not_known_there"
    REFUSED = "refused"
    SIGN_IN_REFUSED = "sign_in_refused"
    THROTTLED = "throttled"
    GENESYS_TROUBLE = "genesys_trouble"
    NO_ANSWER = "no_answer"
    # What we did ourselves.
    NO_WORKER = "no_worker"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """A cause with its evidence. Parameters hold ids, moments (epoch seconds), counts and keys, never a value."""

    cause: Cause
    #: The attributes it is about; empty: the edit as a whole.
    keys: tuple[str, ...] = ()
    parameters: dict[str, Parameter] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.cause.value,
            "keys": list(self.keys),
            "parameters": self.parameters,
        }

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Self:
        return cls(Cause(raw["code"]), tuple(raw["keys"]), dict(raw["parameters"]))


def together(findings: Iterable[Finding], keys: Collection[str]) -> list[Finding]:
    """Findings of one key each, joined where cause and evidence are the same; in order. `keys`: all of the edit's."""
    merged: list[Finding] = []
    for each in findings:
        for at, known in enumerate(merged):
            if (known.cause, known.parameters) == (each.cause, each.parameters):
                merged[at] = Finding(known.cause, (*known.keys, *each.keys), known.parameters)
                break
        else:
            merged.append(each)
    return [
        Finding(each.cause, () if set(each.keys) == set(keys) else each.keys, each.parameters)
        for each in merged
    ]
