"""A conversation somebody asked for by its id, which we did not hold."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.models.reason import ReasonField


class Lookup(models.Model):
    """One question to Genesys on behalf of a page: a worker reads the conversation once and writes the answer here."""

    class Answer(models.TextChoices):
        PENDING = "pending", _("Looking")
        FOUND = "found", _("Found")
        UNKNOWN = "unknown", _("Genesys does not know it")
        REFUSED = "refused", _("Could not be read")

    conversation_id = models.UUIDField(primary_key=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="lookups"
    )
    #: Epoch seconds: when it was asked for, and when the worker was nudged last.
    asked_at = models.FloatField()
    nudged_at = models.FloatField()
    answer = models.CharField(max_length=7, choices=Answer.choices, default=Answer.PENDING)
    #: Why it could not be read, for a person.
    reason = ReasonField()

    class Meta:
        indexes = (models.Index(fields=["by", "asked_at"], name="lookup_by_person"),)

    def __str__(self) -> str:
        return str(self.conversation_id)
