"""Is a worker there? Every page that shows something waiting asks, so the answer is kept for a moment."""

from dataclasses import dataclass

from django.core.cache import cache

from conversations.models import Heartbeat
from conversations.models.clock import carried_now

#: A process is alive if it gave a sign of life this recently (seconds); workers and listener give one every 5 s.
ALIVE_SECONDS = 15.0
#: Five hundred pages that show something open need not each ask.
KEEP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Watch:
    """Whether anybody works on edits at a moment (epoch seconds of the database)."""

    now: float
    there: bool


def watch() -> Watch:
    """As things stand now."""
    return Watch(carried_now(), bool(cache.get_or_set("worker", _there, KEEP_SECONDS)))


def _there() -> bool:
    return Heartbeat.objects.filter(kind="worker", at__gt=carried_now() - ALIVE_SECONDS).exists()
