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
    #: Participants of whom we hold something newer than what was shown.
    newer: set[UUID] = field(default_factory=set)
    #: An event spoke of a participant without saying which.
    incomplete: bool = False
    #: The conversation is not over, as far as we know.
    live: bool = True
    #: The conversation, or a flow on it, ended with this record.
    ended: bool = False
    #: Staff are on it whose name only a read brings.
    unnamed: bool = False
    #: An event shows somebody on it, though it seemed to be over.
    contradicts: bool = False

    @property
    def wants_a_read(self) -> bool:
        """Only a read tells what is true, and soon."""
        return bool(self.doubtful) or self.incomplete or self.contradicts or self.unnamed
