"""Staff: who they are here, who they are at Genesys, and which queues are theirs."""

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from conversations.models.conversation import Queue


class Role(models.TextChoices):
    AGENT = "agent", _("Agent")
    SUPERVISOR = "supervisor", _("Supervisor")
    ADMIN = "admin", _("Admin")


class Theme(models.TextChoices):
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class Density(models.TextChoices):
    COMPACT = "compact", _("Compact")


class User(AbstractUser):
    """A member of staff. What a role may see and change is answered in `access.py`."""

    role = models.CharField(max_length=12, choices=Role.choices, default=Role.AGENT)
    #: The Genesys user this person is; an agent without one sees nothing.
    genesys_user_id = models.UUIDField(null=True, blank=True)
    #: A supervisor's queues; `all_queues` also covers those that do not exist yet.
    queues = models.ManyToManyField(Queue, blank=True, related_name="supervisors")
    all_queues = models.BooleanField(default=False)
    #: May change attributes; without it a person only watches.
    may_edit = models.BooleanField(default=True)
    #: Single keys are shortcuts on the pages (WCAG 2.1.4: they can be switched off).
    shortcuts = models.BooleanField(default=True)
    #: Empty: as the device says.
    theme = models.CharField(max_length=5, choices=Theme.choices, blank=True)
    density = models.CharField(max_length=7, choices=Density.choices, blank=True)
    #: A name of the zone database, and a language tag. Empty: as the browser says.
    time_zone = models.CharField(max_length=64, blank=True)
    language = models.CharField(max_length=10, blank=True)
    #: The columns of their board, by name; null: those everybody starts with.
    columns = models.JSONField(null=True, blank=True)
    #: Made by `manage.py demo`, with a password everybody knows: good only while the sandbox plays Genesys.
    demo = models.BooleanField(default=False, db_default=False, editable=False)

    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def set_password(self, raw_password: str | None) -> None:
        """An account that is given a password of its own is no demo account any more."""
        super().set_password(raw_password)
        self.demo = self.demo and raw_password == self.username
