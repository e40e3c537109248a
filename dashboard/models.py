"""What the site itself has to remember: sessions of the panel, sign-ins on their way into it, and wrong passwords."""

from typing import Any, cast

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.base_session import AbstractBaseSession
from django.contrib.sessions.models import Session
from django.db import models

#: Where a panel's session keeps the key of the site's session it came from.
GRANTED_BY = "granted_by"


class PanelSession(AbstractBaseSession):
    """A session of the panel. A table of its own: its keys are worth nothing to the site, and the other way round."""

    #: The site's session it was handed over from. It ends with that one: at a shared desk the next person would find
    #: the panel signed in as the one before.
    granted_by = models.ForeignKey(
        Session, on_delete=models.CASCADE, null=True, related_name="panels"
    )

    @classmethod
    def get_session_store_class(cls) -> "type[PanelStore]":
        return PanelStore


class PanelStore(SessionStore):
    """Keeps the panel's sessions as Django keeps the site's."""

    @classmethod
    def get_model_class(cls) -> type[PanelSession]:
        return PanelSession

    def create_model_instance(self, data: dict[str, Any]) -> PanelSession:
        row = cast(PanelSession, super().create_model_instance(data))
        row.granted_by_id = data.get(GRANTED_BY)
        return row


class Handover(models.Model):
    """A sign-in that is handed from a window of its own to the panel that asked for it, once."""

    #: Of the asking page.
    nonce = models.CharField(max_length=43, primary_key=True)
    #: Digest of the asking page's secret: nobody else is given the sign-in.
    asker = models.CharField(max_length=64)
    #: Who signed in in the window; nobody else may do so for this page.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="handovers"
    )
    #: The session in which they signed in; null once it has ended, and then there is nothing to fetch.
    granted_by = models.ForeignKey(Session, on_delete=models.SET_NULL, null=True, related_name="+")
    #: Epoch seconds.
    made_at = models.FloatField()
    #: Digest of the one-time code, if one was given, and until when (epoch seconds) it is good.
    code = models.CharField(max_length=64, blank=True)
    code_until = models.FloatField(default=0)
    #: The panel's digits were typed in the window: until when (epoch seconds) the panel may fetch the sign-in.
    confirmed_until = models.FloatField(default=0)
    #: Digits and codes that were tried.
    tries = models.PositiveSmallIntegerField(default=0)
    used = models.BooleanField(default=False)

    class Meta:
        indexes = (models.Index(fields=["user", "made_at"], name="handovers_of_a_person"),)

    def __str__(self) -> str:
        return self.nonce


class Guesses(models.Model):
    """Passwords that were tried for a name, from one address or from all, and were not the right one."""

    #: Digest of the name, with the address or without.
    key = models.CharField(max_length=64, primary_key=True)
    tries = models.PositiveSmallIntegerField(default=0)
    #: Epoch seconds.
    since = models.FloatField()

    class Meta:
        indexes = (models.Index(fields=["since"], name="guesses_by_time"),)

    def __str__(self) -> str:
        return self.key
