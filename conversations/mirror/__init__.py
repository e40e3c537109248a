"""Record what Genesys showed us. A read replaces what was asked for earlier; an event only adds.

Events carry no time and no version and may be late, doubled or out of order (API.md 7.3). So an event never takes
anything away: it brings keys we did not have, and values a key has not held lately. One that shows a value the key held
a moment ago may be an echo; it changes nothing and is reported as a doubt, for somebody to read again.
"""

from conversations.mirror.attributes import ECHO_SECONDS, followed_for, held_lately
from conversations.mirror.listed import LAG_SECONDS, record_listed
from conversations.mirror.news import News
from conversations.mirror.reading import (
    Reading,
    any_to_read,
    could_not_read,
    is_refused,
    leave_to_others,
    take_next,
    want,
    want_missed,
)
from conversations.mirror.records import (
    UNRECORDABLE,
    Event,
    forget_live,
    known,
    record_events,
    record_read,
)

__all__ = [
    "ECHO_SECONDS",
    "LAG_SECONDS",
    "UNRECORDABLE",
    "Event",
    "News",
    "Reading",
    "any_to_read",
    "could_not_read",
    "followed_for",
    "forget_live",
    "held_lately",
    "is_refused",
    "known",
    "leave_to_others",
    "record_events",
    "record_listed",
    "record_read",
    "take_next",
    "want",
    "want_missed",
]
