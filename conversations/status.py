"""How the deployment stands, for admins: what is known and how fresh, what cannot be seen and why, what waits.

Only our own rows are asked; nothing here calls Genesys (`checkup.py` does, for `manage.py doctor`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from conversations import budget, checkup, connection_test, coverage
from conversations.checkup import Finding
from conversations.coverage import Coverage
from conversations.models import (
    AccessToken,
    AttributeEdit,
    EditMove,
    Feed,
    FeedTopic,
    Heartbeat,
    Leadership,
    Queue,
    clock,
)
from conversations.models.clock import moment
from conversations.models.edit import OPEN

OK, WARN, BAD, IDLE = "ok", "warn", "bad", "idle"
#: Of a state, in plain text.
MARKS = {OK: "+", WARN: "~", BAD: "!", IDLE: "-"}
#: So many of the newest entries of timelines are looked through for an error.
LOOKED_THROUGH = 1000
#: A refusal that was followed by a sign-in is told of for so long (seconds).
A_DAY = 86400.0
#: Of what a test finds; the rest of it stands on the page anyway.
STEPS = {
    "database": gettext_lazy("Tested: database"),
    "broker": gettext_lazy("Tested: broker"),
    "sign-in": gettext_lazy("Tested: sign-in"),
    "permissions": gettext_lazy("Tested: permissions"),
}


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
        Section(_("Connection"), tuple(_connection())),
        Section(
            _("Edits"),
            (
                _of(_("Workers"), checkup.worker()),
                _of(_("Queue"), checkup.lanes()),
                Line(
                    _("On their way"),
                    IDLE,
                    str(AttributeEdit.objects.filter(state__in=OPEN).count()),
                ),
                Line(_("Broker"), IDLE, checkup.broker_kind()),
                _last_error(),
            ),
        ),
        Section(_("Live feed"), tuple(_feed())),
        Section(_("What is known"), tuple(_known(known))),
        Section(_("What cannot be seen"), tuple(_unseen(known))),
        Section(_("Calls to Genesys"), tuple(_calls())),
    ]


def report(sections: Iterable[Section]) -> str:
    """All of it as plain text to hand on; nothing here is a secret."""
    lines = [f"Midcall, {moment(clock.now()):%Y-%m-%d %H:%M:%S} UTC"]
    for section in sections:
        lines += ["", section.name]
        for each in section.lines:
            since = f" ({each.since.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC)" if each.since else ""
            lines.append(f"  {MARKS[each.state]} {each.name}: {each.value}{since}")
            lines += [f"      {each.to_do}"] if each.to_do else []
    return "\n".join(lines)


def _connection() -> Iterator[Line]:
    genesys = settings.GENESYS
    yield Line(_("Address"), IDLE, f"{genesys.api_url}, {genesys.login_url}")
    yield _sign_in(AccessToken.objects.filter(pk=genesys.client_id).first())
    test = connection_test.newest()
    if test is None:
        yield Line(_("Test"), IDLE, _("not tested from here yet"))
    elif test.pending:
        begun = test.begun_at > test.asked_at
        words = _("A worker is testing…") if begun else _("Waiting for a worker…")
        yield Line(_("Test"), IDLE, words, moment(test.asked_at))
    else:
        steps = [each for each in test.findings if each["name"] in STEPS]
        well = all(each["ok"] for each in steps)
        words = _("everything is in place") if well else _("not everything is in place")
        yield Line(_("Test"), OK if well else BAD, words, moment(test.finished_at))
        for each in steps:
            state, name = OK if each["ok"] else BAD, str(STEPS[each["name"]])
            yield Line(name, state, each["detail"], to_do=each["remedy"])


def _sign_in(token: AccessToken | None) -> Line:
    name, now = _("Sign-in"), clock.now()
    if token is None or not (token.sealed or token.refused_at):
        return Line(name, IDLE, _("nobody has signed in yet"))
    if token.refused_at > token.fetched_at:
        to_do = _("Test the connection once it is put right.")
        return Line(name, BAD, str(token.refusal), moment(token.refused_at), to_do)
    valid = token.expires_at > now
    words = _("signed in") if valid else _("the token has ended; the next call signs in again")
    if token.refused_at > now - A_DAY:
        words = _("%(words)s; last refused: %(why)s") % {"words": words, "why": token.refusal}
    since = moment(token.fetched_at) if token.fetched_at else None
    return Line(name, OK if valid else IDLE, words, since)


def _last_error() -> Line:
    """Of the newest answers about edits. Not its words: they may name attributes."""
    name = _("Last error")
    recent = EditMove.objects.order_by("-pk").values_list("at", "status", "correlation_id")
    for at, status, request in recent[:LOOKED_THROUGH]:
        if status is not None and status >= HTTPStatus.BAD_REQUEST:
            words = _("Genesys answered %(status)s (request id %(id)s)")
            return Line(name, IDLE, words % {"status": status, "id": request or "?"}, at)
    return Line(name, OK, _("none of late"))


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
