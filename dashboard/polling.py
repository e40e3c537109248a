"""The polling contract of the pages: a tag that says whether anything changed, a poller that comes with every answer.

The tag is asked first. Equal: 304 after the sign-in and one read, nothing is rendered. The age of the live feed travels
in a header of every answer, so that the chip is right after a 304 too.
"""

import hashlib
import random
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django_htmx.http import HttpResponseClientRefresh

from conversations import board, scopes
from conversations.board import Freshness
from dashboard.people import StaffRequest

CALM_SECONDS = 3.0
#: While something is unproven: ever less often.
EAGER_SECONDS = (0.5, 0.8, 1.3, 2.0, 3.0, 5.0, 8.0)


@dataclass(frozen=True, slots=True)
class Stamp:
    """How new what a page is about to show is."""

    #: Of what this person may see, from their counters.
    version: str
    #: The counters, and what else decides what is seen: equal for people who see the same.
    eyes: str
    #: Both together: equal while these people see no change.
    seen: str
    #: Of this address: equal for two people who are shown the same rows.
    shared: str
    #: Of this address, for this person.
    tag: str


def stamp(request: StaffRequest) -> Stamp:
    """Taken before what it stands for is read: a change in between is news, never lost."""
    user = request.user
    names = scopes.of(user)
    version = scopes.version(names)
    eyes = _hash(*names, user.role, user.may_edit, translation.get_language())
    seen = _hash(version, eyes)
    shared = _hash(seen, request.GET.urlencode(), user.columns)
    return Stamp(version, eyes, seen, shared, _hash(shared, *_own(request)))


def tag(request: StaffRequest) -> str:
    """Differs as soon as anything this person may see here has changed."""
    return stamp(request).tag


def _own(request: StaffRequest) -> tuple[object, ...]:
    return request.path, request.user.pk, timezone.get_current_timezone_name()


def _hash(*parts: object) -> str:
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]


def unchanged(
    request: StaffRequest, current: str, fresh: Freshness | None = None
) -> HttpResponse | None:
    """The answer for a page that has it all already."""
    if request.headers.get("HX-PTag") != current:
        return None
    return _finish(HttpResponse(status=304), current, fresh)


def fragment(
    request: StaffRequest,
    template: str,
    context: dict[str, object],
    current: str,
    *,
    status: int = 200,
    fresh: Freshness | None = None,
    notices: bool = True,
) -> HttpResponse:
    """The pieces of a page that may have changed, with its poller. `fresh`: of what it shows, by default the feed's.
    Without `notices` those wait for the next poll: for an answer that somebody waits for."""
    response = render(request, template, context, status=status)
    if notices:
        response.content += render(request, "dashboard/_back_news.html").content
    return _finish(response, current, fresh)


def anew(fresh: Freshness) -> HttpResponse:
    """The page is loaded again, under the address it has."""
    return _finish(HttpResponseClientRefresh(), "", fresh)


def wait(seconds: float = CALM_SECONDS) -> str:
    """How long (milliseconds) a page waits before it asks again; not all at the same moment."""
    return str(round(1000 * seconds * random.uniform(0.9, 1.1)))


def eager(polls: int) -> str:
    return wait(EAGER_SECONDS[min(polls, len(EAGER_SECONDS) - 1)])


def heard(fresh: Freshness | None = None) -> str:
    """How old what is shown may be, as live.js reads it."""
    fresh = fresh or board.freshness()
    if fresh.silence is None:
        return "never"
    how = "read" if fresh.by_reading else "live" if fresh.up else "down"
    return f"{fresh.silence:.1f} {how}"


def _finish(response: HttpResponse, current: str, fresh: Freshness | None) -> HttpResponse:
    response["HX-PTag"] = current
    response["Midcall-Heard"] = heard(fresh)
    response["Cache-Control"] = "no-store"
    response["Vary"] = "HX-Request, Cookie"
    return response
