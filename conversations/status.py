"""How the deployment stands, for admins: what is known and how fresh, what cannot be seen and why, what waits.

Only our own rows are asked; nothing here calls Genesys (`checkup.py` does, for `manage.py doctor`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conversations import budget, checkup, coverage
from conversations.checkup import Finding
from conversations.coverage import Coverage
from conversations.models import Feed, FeedTopic, Heartbeat, Leadership, Queue, clock
from conversations.models.clock import moment

OK, WARN, BAD, IDLE = "ok", "warn", "bad", "idle"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing: how it stands, the value, since when, and what to do where it is not well."""

    name: str
    state: str
    value: str
    since: datetime | None = None
    to_do: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    name: str
    lines: tuple[Line, ...]


def sections() -> list[Section]:
    """All there is to say, most important first."""
    known = coverage.current()
    return [
        Section(
            _("Edits"), (_of(_("Workers"), checkup.worker()), _of(_("Queue"), checkup.lanes()))
        ),
        Section(_("Live feed"), tuple(_feed())),
        Section(_("What is known"), tuple(_known(known))),
        Section(_("What cannot be seen"), tuple(_unseen(known))),
        Section(_("Calls to Genesys"), tuple(_calls())),
    ]


def _of(name: str, finding: Finding) -> Line:
    return Line(name, OK if finding.ok else BAD, finding.detail, to_do=finding.remedy)


def _feed() -> Iterator[Line]:
    finding, row = checkup.feed(), Feed.objects.first()
    opened = moment(row.opened_at) if row and row.opened_at else None
    yield Line(_("Line"), OK if finding.ok else BAD, finding.detail, opened, finding.remedy)
    now = clock.now()
    alive = Heartbeat.objects.filter(kind="listen", at__gt=now - checkup.ALIVE_SECONDS).count()
    lead = Leadership.objects.filter(until__gt=now).exclude(holder="").first()
    if lead is None:
        yield Line(_("Listeners"), BAD, _("none leads"), to_do=_("Start one: manage.py listen."))
        return
    waiting = max(0, alive - 1)
    words = ngettext("one leads, %(count)s stands by", "one leads, %(count)s stand by", waiting)
    hint = "" if waiting else _("Start a second one, and it takes over when this one dies.")
    state = OK if waiting else IDLE
    yield Line(_("Listeners"), state, words % {"count": waiting}, moment(lead.since), hint)


def _known(known: Coverage) -> Iterator[Line]:
    if not known.at:
        yield Line(_("Live interactions"), IDLE, _("not counted yet"))
        return
    yield Line(_("Live interactions"), IDLE, str(known.live))
    words = _("%(known)s; %(doubtful)s may have changed meanwhile, %(unknown)s not seen yet")
    facts = {"known": known.known, "doubtful": known.doubtful, "unknown": known.unknown}
    complete = not known.doubtful and not known.unknown
    to_do = "" if complete else _("They are read as fast as the calls allow, edits first.")
    yield Line(_("Attributes known"), OK if complete else WARN, words % facts, to_do=to_do)
    words = _("%(events)s by events, %(reads)s by reading, %(listing)s only from the listing")
    facts = {"events": known.by_events, "reads": known.by_reads, "listing": known.by_listing}
    yield Line(_("Where it comes from"), IDLE, words % facts)
    oldest = moment(known.oldest_news) if known.oldest_news else None
    yield Line(_("Oldest news"), IDLE, "" if oldest else _("nothing is live"), oldest)
    row = Feed.objects.first()
    listed = moment(row.listed_at) if row and row.listed_at else None
    yield Line(
        _("Complete listing"), OK if listed else WARN, "" if listed else _("not yet"), listed
    )


def _unseen(known: Coverage) -> Iterator[Line]:
    names = dict(Queue.objects.values_list("pk", "name"))
    refused = FeedTopic.objects.exclude(refusal="")
    for each in refused:
        name = names.get(each.queue_id) or str(each.queue_id)
        to_do = _(
            "Give the OAuth client this permission. Until then its interactions are only read."
        )
        yield Line(_("Queue %(name)s") % {"name": name}, BAD, each.refusal, to_do=to_do)
    for name in _missing_queues(names):
        to_do = _("Correct LISTEN_QUEUES and restart the listeners.")
        yield Line(_("Queue %(name)s") % {"name": name}, BAD, _("there is none"), to_do=to_do)
    for division, status, count in known.refused:
        words = ngettext(
            "Genesys refuses to show %(count)s interaction (%(status)s)",
            "Genesys refuses to show %(count)s interactions (%(status)s)",
            count,
        )
        to_do = _("Give the OAuth client's role conversation:communication:view in this division.")
        name = _("Division %(id)s") % {"id": division} if division else _("No division")
        yield Line(name, BAD, words % {"count": count, "status": status}, to_do=to_do)
    if not refused and not known.refused:
        yield Line(_("Queues and divisions"), OK, _("nothing is refused"))


def _missing_queues(names: Mapping[UUID, str]) -> list[str]:
    """Named in the settings, and no queue bears that name: most likely a slip of the pen."""
    known = {str(pk) for pk in names} | {name.casefold() for name in names.values()}
    return [each for each in settings.LISTEN_QUEUES if each.casefold() not in known]


def _calls() -> Iterator[Line]:
    standing = budget.standing()
    if standing is None:
        yield Line(_("Budget"), IDLE, _("no call was made yet"))
        return
    allowed = _("%(allowed)s a minute are allowed; we make nine tenths of them at most")
    yield Line(_("Limit"), IDLE, allowed % {"allowed": f"{standing.row.allowed:.0f}"})
    if standing.held_back:
        words = _("Genesys asked us to wait for %(seconds)s s more")
        yield Line(_("Budget"), BAD, words % {"seconds": f"{standing.held_back:.0f}"})
    else:
        busy = standing.used > 1
        words = _("calls are being spread") if busy else _("calls go out at once")
        yield Line(_("Budget"), WARN if busy else OK, words)
    words = ngettext("%(count)s time", "%(count)s times", standing.row.refusals)
    yield Line(_("Told to slow down"), IDLE, words % {"count": standing.row.refusals})
