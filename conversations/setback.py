"""What to do when the database's clock is set back: its time is corrected, a snapshot comes back, a stand-by is behind.

Moments written before then lie in the future. A budget used up until next week, a lane due tomorrow, a conversation
read after now: nothing would be done until the clock has come there again. So they are brought back to where they can
have been written honestly.
"""

import time
from collections.abc import Callable
from functools import cache

import structlog
from django.apps import apps
from django.conf import settings
from django.db import models
from django.db.models import F

from conversations import budget
from conversations.models import AttributeEdit, lane
from conversations.models import diagnosis as diagnoses
from conversations.models.clock import Clock, moment, now
from conversations.models.edit import OPEN

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: A clock that is corrected by less (seconds) is left to itself.
LEAST_SECONDS = 2.0
#: How often the clock is compared.
COMPARE_SECONDS = 5.0
#: Numbers that are no moments, or none of the database's clock.
_OTHERS = {"RequestBudget.allowed", "Tally.total", "AccessToken.expires_at"}
#: The moments that may lie ahead, and how far (seconds): promises are brought back to now, and leases to their length.
_PROMISES = {
    "RequestBudget.tat": 180.0,
    "RequestBudget.blocked_until": budget.MAX_BLOCK_SECONDS,
    "EditLane.due_at": float(settings.EDIT_DEADLINE_SECONDS),
    "EditLane.late_look_at": 120.0,
    "Conversation.read_after": 660.0,
    "Diagnosis.due_at": 360.0,
    "Census.next_at": 60.0,
}
_LEASES = {
    "EditLane.lease_until": lane.LEASE_SECONDS,
    "Diagnosis.claimed_until": diagnoses.CLAIM_SECONDS,
    "Leadership.until": float(settings.FEED_LEASE_SECONDS),
    "AccessToken.renewing_until": budget.MAX_BLOCK_SECONDS,
}


class Comparison:
    """Compares the database's clock with this machine's monotonic one, every few seconds."""

    def __init__(self, ask: Callable[[], float] = now) -> None:
        self._ask = ask
        self._clock: Clock | None = None
        self._compared = 0.0

    def round(self) -> None:
        """Bring moments back where the clock has been set back since the last time, or before this process began."""
        if self._clock is not None and time.monotonic() - self._compared < COMPARE_SECONDS:
            return
        self._compared = time.monotonic()
        at = self._ask()
        if self._clock is None or self._clock.now() - at > LEAST_SECONDS:
            bring_back(at)
        self._clock = Clock(at)


def bring_back(at: float) -> None:
    """Let no moment lie further ahead of `at`, the database's now, than it can have been written."""
    for model, name, ahead, becomes in _moments():
        late = model._default_manager.filter(**{f"{name}__gt": at + ahead + LEAST_SECONDS})
        if late.exists():
            count = late.update(**{name: at + becomes})
            log.warning("moments ahead of the clock", what=f"{model.__name__}.{name}", count=count)
    # An edit was promised so many seconds, and not more for being saved in what is now the future.
    saved_ahead = AttributeEdit.objects.filter(created_at__gt=moment(at + LEAST_SECONDS))
    saved_ahead.filter(state__in=OPEN).update(
        deadline_at=F("deadline_at") - (F("created_at") - moment(at))
    )


@cache
def _moments() -> list[tuple[type[models.Model], str, float, float]]:
    """Every moment of ours: model, column, how far it may lie ahead, and where it is brought back to."""
    found = []
    for model in apps.get_app_config("conversations").get_models():
        for field in model._meta.get_fields():
            name = f"{model.__name__}.{field.name}"
            if not isinstance(field, models.FloatField) or name in _OTHERS:
                continue
            lease = _LEASES.get(name, 0.0)
            found.append((model, field.name, _PROMISES.get(name, lease), lease))
    return found
