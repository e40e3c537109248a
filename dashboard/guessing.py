"""Nobody finds a password by trying: after some wrong ones a name has to wait, at the address they came from.

By name and address together, for a whole call centre comes from one address, and who guesses elsewhere must not lock a
person out. Whoever has many addresses to guess from meets the far higher limit for a name from wherever it is tried.
"""

import hashlib
import json

import structlog
from django.db.models import F

from conversations.models import User
from conversations.models.clock import now
from dashboard.models import Guesses

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: From the first wrong password; then all is forgotten.
SECONDS = 600
TRIES = 10
TRIES_FROM_ANYWHERE = 100


class TooMany(Exception):
    """Too many wrong passwords; `seconds` from now another may be tried."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def count(name: str, address: str) -> None:
    """Count a try before it is judged: many at the same moment are no way around it. Raises `TooMany`."""
    Guesses.objects.filter(since__lte=now() - SECONDS).delete()
    for key, most in ((_key(name, address), TRIES), (_key(name), TRIES_FROM_ANYWHERE)):
        Guesses.objects.get_or_create(pk=key, defaults={"since": now()})
        row = Guesses.objects.filter(pk=key)
        if row.filter(tries__lt=most).update(tries=F("tries") + 1):
            continue
        if row.filter(tries=most).update(tries=F("tries") + 1):  # once, however often it goes on
            known = User.objects.filter(username=name).values_list("pk", flat=True).first()
            log.warning("too many wrong passwords, made to wait", user=known, address=address)
        since = row.values_list("since", flat=True).first() or now()
        raise TooMany(since + SECONDS - now())


def forget(name: str, address: str) -> None:
    """The right password was given."""
    Guesses.objects.filter(pk__in=[_key(name, address), _key(name)]).delete()


def _key(*parts: str) -> str:
    """What is typed as a name may be a password by mistake, so only a digest is kept."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
