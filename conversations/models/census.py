"""Which keys live conversations hold, and what admins did about the odd ones among them."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

#: A longer key cannot be put into the catalogue, so it is not counted either.
LONGEST_KEY = 200


class SeenKey(models.Model):
    """An attribute's name as live conversations hold it. Written by `census.py` alone; moments are epoch seconds."""

    key = models.CharField(max_length=LONGEST_KEY, primary_key=True)
    first_at = models.FloatField()
    last_at = models.FloatField()
    #: How many live conversations held it in the last complete round, and so far in the running one.
    live = models.PositiveIntegerField(default=0)
    counting = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("key",)

    def __str__(self) -> str:
        return self.key


class Census(models.Model):
    """One row: how far the counting of keys has come. Moments are epoch seconds, 0 for never."""

    name = models.CharField(max_length=20, primary_key=True, default="main")
    #: Since when keys are watched at all.
    began_at = models.FloatField(default=0)
    #: When the running round started; 0 between two rounds.
    started_at = models.FloatField(default=0)
    #: When the last round was complete, and how many conversations it covered.
    finished_at = models.FloatField(default=0)
    conversations = models.PositiveIntegerField(default=0)
    counting = models.PositiveIntegerField(default=0)
    #: The last conversation looked at in the running round, in the order of the board.
    after_start = models.DateTimeField(null=True)
    after_id = models.UUIDField(null=True)
    #: The next few are looked at then. Each turn has a number: two workers never count the same ones.
    next_at = models.FloatField(default=0)
    turn = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.name


class Remedy(models.Model):
    """What an admin did about a finding in the catalogue, with all that is needed to take it back."""

    class What(models.TextChoices):
        DECLARED = "declared", _("Declared")
        CORRECTED = "corrected", _("Key corrected")
        REMOVED = "removed", _("Removed")
        LEFT = "left", _("Left as it is")

    what = models.CharField(max_length=10, choices=What.choices)
    #: Which finding it answered.
    kind = models.CharField(max_length=12)
    key = models.TextField()
    other = models.TextField(blank=True)
    #: The entry of the catalogue: as it was made, or as it was before.
    entry = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "key", "other"],
                condition=models.Q(what="left", undone_at=None),
                name="left_as_it_is_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.what} {self.key}"
