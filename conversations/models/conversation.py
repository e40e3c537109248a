"""What Genesys showed us of its conversations. Written by `mirror.py` alone."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _


class Queue(models.Model):
    """A routing queue of the organisation."""

    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=255, blank=True)

    def __str__(self) -> str:
        return self.name or str(self.id)


class GenesysUser(models.Model):
    """A member of staff as Genesys names them. Events carry only their id (API.md 7.3), so a name once read is kept."""

    id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=255)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def live(self) -> "ConversationQuerySet":
        """Not over as far as we know: somebody is on, or in after-call work."""
        return self.exclude(phase=Conversation.Phase.ENDED)


class Conversation(models.Model):
    """The newest of what we know about one conversation. Moments of ours are epoch seconds, 0 for never."""

    class Phase(models.TextChoices):
        """What is going on, in the words of the board. From the participants' legs."""

        TALKING = "talking", _("Talking")
        ALERTING = "alerting", _("Alerting")
        HELD = "held", _("On hold")
        QUEUED = "queued", _("In queue")
        WRAPUP = "wrapup", _("Wrap-up")
        FLOW = "flow", _("In flow")
        ENDED = "ended", _("Ended")

    class Reading(models.IntegerChoices):
        """How much it matters to read it from Genesys now; the more the sooner."""

        NOT_WANTED = 0, "not wanted"
        #: Known from events alone.
        CHECK = 1, "to be checked"
        #: Its attributes are unknown, or may have changed while nobody listened.
        FILL = 2, "unknown or missed"
        #: An event, or the silence about it, put in doubt what we hold.
        DOUBT = 3, "in doubt"
        #: It has edits that are open or watched.
        EDITED = 4, "has edits"
        #: Somebody has it before their eyes.
        LOOKED_AT = 5, "looked at"

    id = models.UUIDField(primary_key=True)
    media = models.CharField(max_length=20, blank=True)
    direction = models.CharField(max_length=10, blank=True)
    phase = models.CharField(max_length=10, choices=Phase.choices, default=Phase.QUEUED)
    phase_since = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    #: As Genesys said. What we believe to be over because nobody is on has `phase` and `phase_since` alone.
    ended_at = models.DateTimeField(null=True)
    queue_id = models.UUIDField(null=True)
    queue_name = models.CharField(max_length=255, blank=True)
    customer = models.CharField(max_length=255, blank=True)
    agent = models.CharField(max_length=255, blank=True)
    division_ids = models.JSONField(default=list)
    #: A flow runs on one of its participants: what it sets itself may overwrite an edit when it ends (API.md 4.5).
    flow_running = models.BooleanField(default=False)
    #: When the newest answer we recorded was *asked for*; an answer asked for earlier changes nothing any more.
    asked_at = models.FloatField(default=0)
    #: When the newest event arrived.
    heard_at = models.FloatField(default=0)
    #: Since when we know its attributes, and since when it is in `queue_id`: how long we have followed it.
    known_since = models.FloatField(default=0)
    queue_since = models.FloatField(default=0)
    #: When a listing last had it.
    listed_at = models.FloatField(default=0)
    #: Whether somebody should read it, since when, and not before when: a read that failed waits, one under way is
    #: left to whoever makes it.
    reading = models.PositiveSmallIntegerField(
        choices=Reading.choices, default=Reading.NOT_WANTED, db_default=Reading.NOT_WANTED
    )
    reading_since = models.FloatField(default=0, db_default=0)
    read_after = models.FloatField(default=0, db_default=0)
    read_failures = models.PositiveSmallIntegerField(default=0, db_default=0)
    #: The status with which Genesys refuses to show it to us; null: it does not.
    read_refused = models.PositiveSmallIntegerField(null=True)
    #: Since when it is on the board.
    appeared_at = models.FloatField(default=0, db_default=0)
    #: What `indexing` wrote last of it, as a fingerprint; empty: nothing.
    indexed = models.CharField(max_length=16, blank=True, db_default="")

    objects = ConversationQuerySet.as_manager()

    class Meta:
        indexes = (
            models.Index(
                fields=["started_at", "id"],
                condition=~models.Q(phase="ended"),
                name="conversation_live_by_start",
            ),
            models.Index(
                fields=["-reading", "-started_at"],
                condition=models.Q(reading__gt=0),
                name="conversation_to_read",
            ),
            models.Index(
                fields=["ended_at"],
                condition=models.Q(phase="ended"),
                name="conversation_over",
            ),
            models.Index(
                fields=["queue_id", "started_at", "id"],
                condition=~models.Q(phase="ended"),
                name="conversation_live_by_queue",
            ),
            models.Index(
                fields=["appeared_at"],
                condition=~models.Q(phase="ended"),
                name="conversation_live_appeared",
            ),
        )

    def __str__(self) -> str:
        return str(self.id)

    @property
    def live(self) -> bool:
        return self.phase != self.Phase.ENDED

    @property
    def over_since(self) -> datetime | None:
        """When it ended: by Genesys, or else since when we believe so. None while it is live."""
        return None if self.live else self.ended_at or self.phase_since


class Participant(models.Model):
    """One party in a conversation, with its attributes as last shown."""

    class State(models.TextChoices):
        """What this party is doing, from its legs."""

        CONNECTED = "connected", _("Connected")
        HELD = "held", _("On hold")
        ALERTING = "alerting", _("Alerting")
        GONE = "gone", _("Gone")
        UNKNOWN = "", _("Unknown")

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="participants"
    )
    #: Genesys's id. The media views may list one more than once (API.md 4.4), hence a key of our own.
    participant_id = models.UUIDField()
    position = models.PositiveSmallIntegerField(default=0)
    purpose = models.CharField(max_length=20, blank=True)
    state = models.CharField(max_length=10, choices=State.choices, blank=True)
    name = models.CharField(max_length=255, blank=True)
    address = models.CharField(max_length=255, blank=True)
    user_id = models.UUIDField(null=True)
    queue_id = models.UUIDField(null=True)
    started_at = models.DateTimeField(null=True)
    connected_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    #: In after-call work: the conversation still is this agent's, though every leg may have ended.
    wrapping_up = models.BooleanField(default=False)
    attributes = models.JSONField(default=dict)
    #: False until an answer or event brought attributes: a listing never does.
    attributes_known = models.BooleanField(default=False)

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(
                fields=["conversation", "participant_id"], name="participant_once_in_a_conversation"
            ),
        )
        indexes = (
            models.Index(
                fields=["user_id"],
                condition=models.Q(ended_at=None) | models.Q(wrapping_up=True),
                name="participant_own",
            ),
        )

    def __str__(self) -> str:
        return self.name or self.purpose

    @property
    def on(self) -> bool:
        return self.ended_at is None


class AttributeSighting(models.Model):
    """A value of an attribute began to be seen: what it held before, and when, follows from the row before.

    Kept to tell news from an echo (a late event showing what the key held a minute ago proves nothing) and for the
    history of a conversation.
    """

    class Source(models.TextChoices):
        READ = "read", "read"
        EVENT = "event", "event"

    participant = models.ForeignKey(Participant, on_delete=models.CASCADE, related_name="sightings")
    key = models.TextField()
    #: Null: the key was gone.
    value = models.TextField(null=True)
    #: Epoch seconds: the moment the event arrived, or the read was asked for.
    at = models.FloatField()
    source = models.CharField(max_length=5, choices=Source.choices)

    class Meta:
        indexes = (models.Index(fields=["participant", "at"], name="sighting_by_time"),)
