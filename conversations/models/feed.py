"""The live feed: since when it is heard without a gap, what it covers, when it last said something."""

from django.db import models

from conversations.models.reason import ReasonField


class Feed(models.Model):
    """One row. Moments are epoch seconds, 0 for never."""

    name = models.CharField(max_length=20, primary_key=True, default="main")
    #: Since when events arrive without a gap; 0 while the line is down.
    opened_at = models.FloatField(default=0)
    #: The last frame of any kind, heartbeats included.
    heard_at = models.FloatField(default=0)
    #: The last complete listing of what is live.
    listed_at = models.FloatField(default=0)
    #: Why the line is down, for people; empty while it is up.
    trouble = ReasonField()
    #: What is known of all that is live, as the leader last counted it (`conversations.live.coverage`).
    coverage = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.name

    def silence(self, at: float) -> float:
        """For how many seconds nothing has been heard, at a moment of the database's clock."""
        return max(0.0, at - self.heard_at)


class FeedTopic(models.Model):
    """A queue the line follows, or was refused."""

    queue_id = models.UUIDField(primary_key=True)
    #: Epoch seconds since when without a gap; 0: not followed.
    since = models.FloatField(default=0)
    #: Why it was refused.
    refusal = models.TextField(blank=True)

    def __str__(self) -> str:
        return str(self.queue_id)


class Leadership(models.Model):
    """Which of several processes does what only one must do. Moments are epoch seconds of the database."""

    name = models.CharField(max_length=20, primary_key=True)
    #: Host, process and a number of its own; empty: nobody.
    holder = models.CharField(max_length=200, blank=True)
    since = models.FloatField(default=0)
    until = models.FloatField(default=0)

    def __str__(self) -> str:
        return f"{self.name}: {self.holder or 'nobody'}"
