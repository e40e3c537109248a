"""The attributes of a participant: what is taken over from a read, what from an event, and what they held when."""

from dataclasses import dataclass

from conversations.genesys.shapes import Participant as ShownParticipant
from conversations.mirror.news import News
from conversations.models import AttributeSighting, Conversation, FeedTopic, Participant

#: An event may be this late (seconds): a value held within this time proves nothing when an event shows it again.
ECHO_SECONDS = 60.0

Source = AttributeSighting.Source


def followed_for(row: Conversation, at: float) -> float:
    """For how many seconds before `at` we have heard every event of a conversation, without a gap."""
    topic = FeedTopic.objects.filter(pk=row.queue_id, since__gt=0).first() if row.queue_id else None
    if topic is None or not row.known_since:
        return 0.0
    return at - max(topic.since, row.known_since, row.queue_since)


def held_lately(participant: Participant, keys: set[str], before: float) -> dict[str, set[str]]:
    """The values each key held at any time in the `ECHO_SECONDS` before `before`; absent counts as the empty string."""
    since = before - ECHO_SECONDS
    held: dict[str, set[str]] = {key: set() for key in keys}
    entering: dict[str, str] = {}
    for key, value, at in (
        participant.sightings.filter(key__in=keys, at__lt=before)
        .order_by("at", "id")
        .values_list("key", "value", "at")
    ):
        if at <= since:
            entering[key] = value or ""
        else:
            held[key].add(value or "")
    for key, value in entering.items():
        held[key].add(value)
    return held


@dataclass(slots=True)
class Attributes:
    """Takes over attributes of one conversation's participants by the rules of this package."""

    row: Conversation
    at: float
    source: Source
    #: For how many seconds every event of the conversation has been heard; of no matter to a read none has overtaken.
    followed: float
    news: News
    sightings: list[AttributeSighting]

    def take(self, participant: Participant, party: ShownParticipant) -> None:
        """Take over what was shown of a participant. What was not shown stays; an event that keeps silent about
        attributes we hold puts them in doubt, as if they were missing."""
        shown = party.attributes
        silent = not party.attributes_shown
        if silent and (self.source is Source.READ or not participant.attributes_known):
            return
        if not participant.attributes_known:
            participant.attributes, participant.attributes_known = dict(shown), True
            self.news.changed.add(participant.participant_id)
            self.row.known_since = self.row.known_since or self.at
        elif self.source is Source.READ:
            self._apply(participant, self._by_read(participant, participant.attributes, shown))
        else:
            self._apply(participant, self._by_event(participant, participant.attributes, shown))

    def _by_read(
        self, participant: Participant, held: dict[str, str], shown: dict[str, str]
    ) -> dict[str, str | None]:
        """All that differs, but for keys about which something newer arrived after the read was asked for."""
        differing = {key for key in held.keys() | shown.keys() if held.get(key) != shown.get(key)}
        if differing and self.row.heard_at > self.at:
            rows = participant.sightings.filter(key__in=differing, at__gt=self.at)
            newer = set(rows.values_list("key", flat=True))
            # An event that showed what we hold has left no trace, and may be newer than the read as well.
            if newer or self.followed >= ECHO_SECONDS:
                self.news.newer.add(participant.participant_id)
            differing -= newer
        return {key: shown.get(key) for key in differing}

    def _by_event(
        self, participant: Participant, held: dict[str, str], shown: dict[str, str]
    ) -> dict[str, str | None]:
        """New keys, and new values of keys we have followed long enough to know that they are new. All else that
        differs, keys that are missing included, is a doubt; so is whatever an event says that arrived before what we
        hold was asked for."""
        new = shown.keys() - held.keys()
        differing = {key for key in shown.keys() & held.keys() if shown[key] != held[key]}
        if self.at < self.row.asked_at:
            if new or differing:
                self.news.doubtful.add(participant.participant_id)
            return {}
        changes: dict[str, str | None] = {key: shown[key] for key in new}
        if differing and self.followed >= ECHO_SECONDS:
            lately = held_lately(participant, differing, self.at)
            changes |= {key: shown[key] for key in differing if shown[key] not in lately[key]}
        missing = {key for key in held.keys() - shown.keys() if held[key]}
        if missing or differing - changes.keys():
            self.news.doubtful.add(participant.participant_id)
        return changes

    def _apply(self, participant: Participant, changes: dict[str, str | None]) -> None:
        if not changes:
            return
        before = participant.attributes
        after = {**before, **changes}
        participant.attributes = {key: value for key, value in after.items() if value is not None}
        self.news.changed.add(participant.participant_id)
        # The values we started with get their row only now: most never change.
        told = set(participant.sightings.filter(key__in=changes).values_list("key", flat=True))
        for key in changes.keys() - told:
            self._sight(participant, key, before.get(key), self.row.known_since, Source.READ)
        for key, value in changes.items():
            self._sight(participant, key, value, self.at, self.source)

    def _sight(
        self, participant: Participant, key: str, value: str | None, at: float, source: Source
    ) -> None:
        row = AttributeSighting(participant=participant, key=key, value=value, at=at, source=source)
        self.sightings.append(row)
