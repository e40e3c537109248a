"""What the processes of one deployment share: signs of life and the access token."""

from django.conf import settings
from django.db import models

from conversations.models.reason import ReasonField


class Heartbeat(models.Model):
    """A process that is alive writes this every few seconds."""

    name = models.CharField(max_length=120, primary_key=True)
    kind = models.CharField(max_length=20)
    #: Epoch seconds.
    started_at = models.FloatField()
    at = models.FloatField()

    def __str__(self) -> str:
        return self.name


class AccessToken(models.Model):
    """The access token of one OAuth client, encrypted."""

    client_id = models.CharField(max_length=100, primary_key=True)
    sealed = models.TextField(blank=True)
    #: Epoch seconds.
    expires_at = models.FloatField(default=0)
    #: One process is fetching a new one until then.
    renewing_until = models.FloatField(default=0)
    #: When the newest one was given, and when and why one was last not given; 0: never.
    fetched_at = models.FloatField(default=0, db_default=0)
    refused_at = models.FloatField(default=0, db_default=0)
    refusal = ReasonField()

    def __str__(self) -> str:
        return self.client_id


class ConnectionTest(models.Model):
    """One row: the newest test of the connection. An admin asks, a worker tries, the page shows what it found.

    Moments are epoch seconds, 0 for never.
    """

    name = models.CharField(max_length=20, primary_key=True, default="main")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_at = models.FloatField(default=0)
    nudged_at = models.FloatField(default=0)
    #: By a worker; before `asked_at`: not yet.
    begun_at = models.FloatField(default=0)
    finished_at = models.FloatField(default=0)
    #: Of whoever asked: what is found is worded when it is found.
    language = models.CharField(max_length=10, blank=True)
    #: Name, whether it is well, words and remedy of each step.
    findings = models.JSONField(default=list)

    def __str__(self) -> str:
        return self.name

    @property
    def pending(self) -> bool:
        return self.asked_at > self.finished_at
