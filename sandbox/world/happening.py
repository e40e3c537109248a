"""What listeners are told: something changed in a conversation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from sandbox.world.model import Conversation, Flow, Participant

Kind = Literal["moved", "attributes", "flow.start", "flow.end"]


@dataclass(frozen=True, slots=True)
class Happening:
    """One change; participant and attributes are there when attributes changed, the flow when one
    began or ended.
    """

    kind: Kind
    conversation: Conversation
    at: float
    participant: Participant | None = None
    attributes: Mapping[str, str | None] | None = None
    flow: Flow | None = None


Listener = Callable[[Happening], None]
