"""One conversation through the eyes of one person: whom they write to, what is held, what became of edits."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from uuid import UUID

from django.utils.translation import gettext as _

from conversations import access, workers
from conversations.catalogue import Sight
from conversations.diagnosis import words
from conversations.diagnosis.words import Answer
from conversations.edits import conflicts, story, telling
from conversations.edits.conflicts import Clash
from conversations.edits.story import EditLine
from conversations.edits.telling import Light, Told
from conversations.models import (
    AttributeEdit,
    Conversation,
    Diagnosis,
    EditLane,
    Participant,
    State,
    User,
)
from conversations.models.clock import carried_now
from conversations.workers import Watch

#: Edits of a conversation that its page lists; all of them stand under Edits.
HISTORY = 50
#: Participants whose attributes no flow sets (API.md 4.4).
STAFF = frozenset({"agent", "user"})


@dataclass(frozen=True, slots=True)
class Line:
    """One attribute as a person reads it."""

    key: str
    label: str
    value: str
    told: Told | None
    #: What a field that nobody touched should hold; None: leave it alone.
    now: str | None
    #: Why the newest edit of it did not stick, where it did not and somebody has yet to decide.
    why: Answer | None = None


@dataclass
class Desk:
    """What lies before a person who has opened a conversation."""

    user: User
    conversation: Conversation
    participants: list[Participant]
    #: Whom edits are for; None: there is nobody to write to.
    chosen: Participant | None
    sight: Sight = field(init=False)

    def __post_init__(self) -> None:
        self.sight = Sight(self.user)

    @property
    def why_not(self) -> str:
        """Empty if attributes may be changed here; else why not."""
        if self.chosen is None:
            return _("This interaction has no participant to write to yet.")
        return access.may_change(self.user, self.conversation)

    @property
    def default(self) -> Participant | None:
        """Whom edits are for unless somebody chooses another."""
        return access.default_participant(self.participants)

    @property
    def by_default(self) -> bool:
        """The chosen participant is the one that is written to unless somebody chooses another."""
        return self.default is not None and self.default == self.chosen

    @property
    def flow_may_overwrite(self) -> bool:
        """A running flow works on a copy of the customer's attributes, and writes it back at its end (API.md 4.5)."""
        staff = self.chosen is not None and self.chosen.purpose in STAFF
        return self.conversation.flow_running and not staff

    @property
    def held(self) -> dict[str, str] | None:
        """What the chosen participant's attributes hold as far as we know; None: not at all."""
        if self.chosen is None or not self.chosen.attributes_known:
            return None
        attributes: dict[str, str] = self.chosen.attributes
        return attributes

    @cached_property
    def edits(self) -> list[AttributeEdit]:
        """All edits of the conversation, the newest first."""
        rows = AttributeEdit.objects.filter(lane__conversation_id=self.conversation.pk)
        rows = rows.select_related("by", "lane").prefetch_related("changes")
        return list(rows.order_by("-created_at", "-seq"))

    @property
    def history(self) -> list[EditLine]:
        return [story.line(each, self.sight) for each in self.edits[:HISTORY]]

    @property
    def light(self) -> Light:
        return telling.light(self.edits, self._watch)

    @property
    def busy(self) -> bool:
        """Something is unproven: the page should ask often."""
        return any(each.is_open for each in self.edits)

    @cached_property
    def _watch(self) -> Watch | None:
        """Asked only where something waits for a worker."""
        return workers.watch() if self.busy else None

    @cached_property
    def told(self) -> dict[str, Told]:
        """What to say about each attribute of the chosen participant that was ever edited here."""
        lane = self._lane
        if lane is None:
            return {}
        due_in = max(0.0, lane.due_at - carried_now()) if lane.due_at else None
        found: dict[str, Told] = {}
        own = [each for each in self.edits if each.lane_id == lane.pk]
        for edit in own:
            behind = any(each.doubtful and each.seq < edit.seq for each in own)
            readable = [each for each in edit.changes.all() if self.sight.may_read(each.key)]
            newest = [each for each in readable if each.key not in found]
            clash = self._clash(edit) if newest else None
            for change in newest:
                change.edit = edit
                found[change.key] = telling.tell(
                    change,
                    self.sight,
                    self.held,
                    behind=behind,
                    due_in=due_in,
                    watch=self._watch,
                    clash=clash,
                )
        return found

    def _clash(self, edit: AttributeEdit) -> Clash | None:
        """The edit taken apart, if it is in conflict; where nothing may be saved, nothing can be sent after all."""
        clash = conflicts.take_apart(edit, telling.seen(edit, self.held))
        return replace(clash, kept_back=()) if clash and self.why_not else clash

    @cached_property
    def others(self) -> list[tuple[str, str]]:
        """Attributes that are not in the catalogue, by name."""
        _, names = self.sight.known(self.held or {})
        return [(key, (self.held or {})[key]) for key in names]

    @property
    def lines(self) -> list[Line]:
        """Every attribute this person may read, those of the catalogue first."""
        held = self.held or {}
        ours, others = self.sight.known([*held, *self.told])
        return [
            Line(
                key,
                self.sight.label(key),
                self.sight.show(key, held.get(key, "")),
                self.told.get(key),
                self._settled_value(key) if self.sight.may_edit(key) else None,
                self._why(key),
            )
            for key in [*ours, *others]
        ]

    def _settled_value(self, key: str) -> str | None:
        """What a field that nobody touched should hold; None while it keeps what a person wished for: an edit of ours
        is on its way, or did not get there and nobody has decided yet."""
        if self.held is None or (key in self.told and _wished_for(self.told[key].edit)):
            return None
        return self.held.get(key, "")

    def _why(self, key: str) -> Answer | None:
        told = self.told.get(key)
        if told is None or not told.edit.unresolved or told.state == State.CONFIRMED:
            return None
        diagnosis = self._diagnoses.get(told.edit.pk)
        return words.answer(diagnosis, told.edit, self.sight).about(key) if diagnosis else None

    @cached_property
    def _diagnoses(self) -> dict[UUID, Diagnosis]:
        wanted = {each.edit.pk for each in self.told.values() if each.edit.unresolved}
        return Diagnosis.objects.in_bulk(wanted) if wanted else {}

    @cached_property
    def _lane(self) -> EditLane | None:
        if self.chosen is None:
            return None
        wanted = self.chosen.participant_id
        return next((each.lane for each in self.edits if each.lane.participant_id == wanted), None)


def _wished_for(edit: AttributeEdit) -> bool:
    return edit.is_open or (edit.unresolved and edit.state != State.REVERTED)


def open_desk(
    user: User, conversation: Conversation, participant_id: UUID | None = None
) -> Desk | None:
    """The conversation with the participant that was asked for, or the default one; None if it is not in it."""
    parties = list(conversation.participants.all())
    if participant_id is None:
        return Desk(user, conversation, parties, access.default_participant(parties))
    chosen = next((each for each in parties if each.participant_id == participant_id), None)
    return Desk(user, conversation, parties, chosen) if chosen else None
