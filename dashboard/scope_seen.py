"""What one person's board can and cannot know: counts of their part of what is live, and what of it goes unheard."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.core.cache import cache
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conversations import access, board, coverage
from conversations.board import Freshness
from conversations.coverage import Coverage, Unheard
from conversations.models import User
from conversations.models.clock import carried_now

#: Counted once in so long (seconds) for all who see the same.
KEEP_SECONDS = 5
#: Queues named at most in one sentence.
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Known:
    """Of one person's part."""

    coverage: Coverage
    unheard: Sequence[Unheard]
    #: None of it is heard: what they see is only as new as the newest read.
    deaf: bool

    @property
    def gaps(self) -> list[str]:
        """A sentence for each kind of what is not heard or not shown, in the words of who looks."""
        return [*_unheard(self.unheard), *_hidden(self.coverage)]

    @property
    def fresh(self) -> Freshness | None:
        """How old what they see may be; None: as fresh as the feed."""
        oldest = self.coverage.oldest_news
        if not self.deaf or not oldest:
            return None
        return Freshness(max(0.0, carried_now() - oldest), up=True, by_reading=True)


def known(user: User, eyes: str) -> Known:
    """`eyes`: what decides what this person sees."""
    found: Known | None = cache.get(f"known:{eyes}")
    if found is None:
        found = _known(user)
        cache.set(f"known:{eyes}", found, KEEP_SECONDS)
    return found


def _known(user: User) -> Known:
    queues = access.queues(user)
    unheard = coverage.unheard(queues)
    whole = access.sees_everything(user)
    counted = coverage.current() if whole else coverage.of(board.rows(user))
    return Known(counted, unheard, bool(queues) and len(unheard) == len(queues))


def _unheard(queues: Sequence[Unheard]) -> Iterator[str]:
    refused = [each.name for each in queues if each.refusal]
    if refused:
        words = ngettext(
            "Genesys refuses the events of the queue %(names)s: "
            "its interactions are only read, so news comes late and may be missing.",
            "Genesys refuses the events of the queues %(names)s: "
            "their interactions are only read, so news comes late and may be missing.",
            len(refused),
        )
        yield words % {"names": _named(refused)}
    others = [each.name for each in queues if not each.refusal]
    if others:
        words = ngettext(
            "The queue %(names)s is not followed live: its interactions are only read, so news comes late.",
            "The queues %(names)s are not followed live: their interactions are only read, so news comes late.",
            len(others),
        )
        yield words % {"names": _named(others)}


def _hidden(seen: Coverage) -> Iterator[str]:
    """Divisions have no names here."""
    divisions = sorted({division for division, _status, _count in seen.refused if division})
    count = sum(count for _division, _status, count in seen.refused)
    if not count:
        return
    words = ngettext(
        "Genesys refuses to show %(count)s of these interactions",
        "Genesys refuses to show %(count)s of these interactions",
        count,
    ) % {"count": count}
    if divisions:
        where = ngettext("division %(names)s", "divisions %(names)s", len(divisions))
        words = f"{words} ({where % {'names': _named(divisions)}})"
    yield f"{words}."


def _named(names: Sequence[str]) -> str:
    """The first few, and how many more."""
    shown = ", ".join(_("“%(name)s”") % {"name": name} for name in names[:MOST_NAMED])
    more = len(names) - MOST_NAMED
    if more <= 0:
        return shown
    return _("%(names)s and %(count)s more") % {"names": shown, "count": more}
