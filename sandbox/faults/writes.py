"""What the write faults do to a write that was answered with 202."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sandbox.faults.active import ActiveFault
from sandbox.world.ledger import Changes, Ledger
from sandbox.world.model import Conversation, Participant

OTHER_WRITER: Final = "other"


@dataclass(frozen=True, slots=True)
class Write:
    """Attributes on their way to a participant."""

    ledger: Ledger
    conversation: Conversation
    participant: Participant
    changes: Changes
    by: str
    end: Callable[[], None]
    """Ends the conversation."""

    def accept(self, changes: Changes | None = None, **how: Any) -> None:
        """Let the ledger take the write, or other changes instead of it."""
        taken = self.changes if changes is None else changes
        self.ledger.accept(self.conversation, self.participant, taken, self.by, **how)


def store(write: Write, fault: ActiveFault | None) -> None:
    """Store a write as it should be, or as the fault has it."""
    if fault is None:
        write.accept()
    else:
        _EFFECTS[fault.name](write, **fault.parameters)


def _never_stored(write: Write) -> None:
    """Nothing at all."""


def _stored_late(write: Write, seconds: float) -> None:
    write.accept(delay=seconds)


def _key_lost(write: Write, key: str | None) -> None:
    lost = key if key is not None else next(iter(write.changes), None)
    write.accept({k: v for k, v in write.changes.items() if k != lost})


def _flow_overwrites(write: Write, value: str | None, seconds: float | None) -> None:
    before = {key: write.participant.attributes.get(key) for key in write.changes}
    restated = before if value is None else dict.fromkeys(write.changes, value)

    def keep_for_flow_end() -> None:
        conversation = write.conversation
        for key, own in restated.items():
            conversation.restated_at_flow_end[write.participant.id, key] = own
        if seconds is not None:
            _later(seconds, lambda: write.ledger.restate_at_flow_end(conversation, time.time()))

    write.accept(then=keep_for_flow_end)


def _another_writer(write: Write, value: str, seconds: float) -> None:
    def overwrite() -> None:
        theirs = dict.fromkeys(write.changes, value)
        write.ledger.store(write.conversation, write.participant, theirs, OTHER_WRITER)

    write.accept(then=lambda: _later(seconds, overwrite))


def _stored_other_case(write: Write) -> None:
    write.accept({key.swapcase(): value for key, value in write.changes.items()})


def _stored_coerced(write: Write) -> None:
    write.accept({key: value and coerced(value) for key, value in write.changes.items()})


def coerced(text: str) -> str:
    """What a careless round trip through JSON and Python makes of a text."""
    try:
        literal = str(json.loads(text, parse_int=float))
    except ValueError:
        literal = text
    return literal if literal != text else text[:1].swapcase() + text[1:]


def _conversation_ends(write: Write) -> None:
    write.end()


def _stored_elsewhere(write: Write) -> None:
    others = [p for p in write.conversation.participants if p is not write.participant]
    if others:
        write.ledger.accept(write.conversation, others[0], write.changes, write.by)


def _later(seconds: float, do: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(seconds, do)


_EFFECTS: Final[dict[str, Callable[..., None]]] = {
    "never_stored": _never_stored,
    "stored_late": _stored_late,
    "key_lost": _key_lost,
    "flow_overwrites": _flow_overwrites,
    "another_writer": _another_writer,
    "stored_other_case": _stored_other_case,
    "stored_coerced": _stored_coerced,
    "conversation_ends": _conversation_ends,
    "stored_elsewhere": _stored_elsewhere,
}
