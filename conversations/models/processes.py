"""What the processes of one deployment share: signs of life and the access token."""

from django.db import models


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

    def __str__(self) -> str:
        return self.client_id
