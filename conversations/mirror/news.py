"""What a record changed, for whoever has to act on it."""

from dataclasses import dataclass, field
from uuid import UUID


@dataclass(slots=True)
class News:
    """What a record changed, for whoever has to act on it."""

    conversation_id: UUID
    #: Participants of which an attribute changed.
    changed: set[UUID] = field(default_factory=set)
    #: Participants for which an event showed what may be an echo.
    doubtful: set[UUID] = field(default_factory=set)
    #: The conversation is not over, as far as we know.
    live: bool = True
    #: The conversation, or a flow on it, ended with this record.
    ended: bool = False
    #: Staff are on it whose name only a read brings.
    unnamed: bool = False
