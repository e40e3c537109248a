"""The faults that are on: for whom, and how often still."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sandbox.faults.catalogue import FAULT_BY_NAME, FAULTS, Fault, Kind, complete

Json = dict[str, Any]
_NOT_PARAMETERS = {"fault", "conversation", "participant", "times"}


@dataclass(slots=True)
class ActiveFault:
    """A fault somebody asked for."""

    id: int
    fault: Fault
    conversation: str | None
    participant: str | None
    times: int | None
    parameters: Json
    hits: int = 0

    @property
    def name(self) -> str:
        """The fault's name."""
        return self.fault.name

    def body(self) -> Json:
        """How it is listed; `times` counts down to the last hit."""
        return {
            "id": self.id,
            "fault": self.name,
            "conversation": self.conversation,
            "participant": self.participant,
            "times": self.times,
            "hits": self.hits,
            **self.parameters,
        }


@dataclass(slots=True)
class Faults:
    """What is asked for now; the oldest fitting request is taken first."""

    _active: list[ActiveFault] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: count(1))

    def add(self, raw: Json) -> ActiveFault:
        """Take a request in, or say with a ValueError what is wrong with it."""
        name = raw.get("fault")
        if not isinstance(name, str) or name not in FAULT_BY_NAME:
            raise ValueError(f"There is no fault {name!r}. There are: {', '.join(FAULT_BY_NAME)}.")
        fault = FAULT_BY_NAME[name]
        given = {key: value for key, value in raw.items() if key not in _NOT_PARAMETERS}
        active = ActiveFault(
            id=next(self._ids),
            fault=fault,
            conversation=_id("conversation", raw.get("conversation")),
            participant=_id("participant", raw.get("participant")),
            times=_times(raw.get("times")),
            parameters=complete(fault, given),
        )
        self._active.append(active)
        return active

    def take(
        self,
        kind: Kind,
        *,
        call: str | None = None,
        conversation: str | None = None,
        participant: str | None = None,
    ) -> ActiveFault | None:
        """The fault that hits here, if any; one that has hit its last time is gone afterwards."""
        for active in self._active:
            if active.fault.kind == kind and _fits(active, call, conversation, participant):
                active.hits += 1
                if active.times is not None:
                    active.times -= 1
                    if active.times == 0:
                        self._active.remove(active)
                return active
        return None

    def clear(self) -> None:
        """Behave again."""
        self._active.clear()

    def describe(self) -> Json:
        """All faults there are, and those that are on."""
        return {
            "faults": [
                {
                    "name": f.name,
                    "kind": f.kind,
                    "sentence": f.sentence,
                    "parameters": dict(f.parameters),
                }
                for f in FAULTS
            ],
            "active": [active.body() for active in self._active],
        }


def _id(name: str, value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} must be an id or null, not {value!r}.")
    return value


def _times(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(
            f"times must be a whole number from 1, or null for until cleared, not {value!r}."
        )
    return value


def _fits(
    active: ActiveFault, call: str | None, conversation: str | None, participant: str | None
) -> bool:
    if active.conversation is not None and active.conversation != conversation:
        return False
    if active.participant is not None and active.participant != participant:
        return False
    if active.name == "stale_read":
        return call == "read"
    return call is None or active.parameters["call"] in (call, "any")
