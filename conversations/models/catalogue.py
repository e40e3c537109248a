"""The catalogue: which attributes exist, how they are edited, and by whom."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class AttributeDefinition(models.Model):
    """One attribute staff know by a label. Keys are case-sensitive (API.md 4.3)."""

    class Type(models.TextChoices):
        TEXT = "text", _("Text")
        LONG_TEXT = "long_text", _("Long text")
        CHOICE = "choice", _("Choice")
        NUMBER = "number", _("Number")
        DATE = "date", _("Date")
        YES_NO = "yes_no", _("Yes or no")

    class Audience(models.TextChoices):
        """Who: each includes those after it."""

        EVERYONE = "everyone", _("Everyone")
        SUPERVISORS = "supervisors", _("Supervisors and admins")
        ADMINS = "admins", _("Admins")
        NOBODY = "nobody", _("Nobody")

    key = models.TextField(unique=True)
    label = models.CharField(max_length=100)
    help = models.CharField(max_length=300, blank=True)
    type = models.CharField(max_length=10, choices=Type.choices, default=Type.TEXT)
    choices = models.JSONField(default=list, blank=True)
    max_length = models.PositiveIntegerField(default=1000)
    pattern = models.CharField(max_length=300, blank=True)
    pinned = models.BooleanField(default=False)
    order = models.PositiveSmallIntegerField(default=100)
    #: Shown as dots but for its last characters, everywhere but in the field of who may edit it.
    masked = models.BooleanField(default=False)
    seen_by = models.CharField(max_length=12, choices=Audience.choices, default=Audience.EVERYONE)
    edited_by = models.CharField(max_length=12, choices=Audience.choices, default=Audience.EVERYONE)

    #: Counts the changes: who saves says which one their form showed.
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        ordering = ("-pinned", "order", "label")

    def __str__(self) -> str:
        return self.label
