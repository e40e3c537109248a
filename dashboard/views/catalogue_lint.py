"""What is odd between the catalogue and the keys seen live, each with what can be done about it. For admins."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from conversations import board, catalogue, lint, remedies
from conversations.lint import Finding, Kind, Report
from conversations.models import Remedy
from conversations.models.clock import moment, now
from conversations.remedies import NotDone
from dashboard.people import StaffRequest, admins_only

ON_A_PAGE = 100
#: The worker that counts rests less than a minute between two rounds; after this time (seconds) it does not count.
STALE_SECONDS = 600.0
#: What can be done about one finding, by its address.
REMEDIES = {"declare": remedies.declare, "correct": remedies.correct, "remove": remedies.remove}


@dataclass(frozen=True)
class Row:
    finding: Finding
    #: Words for blanks nobody would see.
    odd: str
    first_at: datetime | None
    last_at: datetime | None


@admins_only
@require_GET
def findings(request: StaffRequest) -> HttpResponse:
    """The page: every finding, or those of one kind."""
    report = lint.report()
    kind = _kind(request.GET.get("kind", ""))
    page = _page(_shown(report, kind), request.GET.get("page", ""))
    context = {
        "rows": [_row(each) for each in page],
        "page": page,
        "kind": kind,
        "tabs": _tabs(report),
        "total": len(report.findings),
        "census": report.census,
        "as_of": moment(report.census.finished_at) if report.census.finished_at else None,
        "watched_since": moment(report.census.began_at) if report.census.began_at else None,
        "stale": now() - report.census.finished_at > STALE_SECONDS,
        **_just_done(request),
        **_everywhere(request),
    }
    return render(request, "dashboard/catalogue_lint.html", context)


@admins_only
@require_POST
def put_right(request: StaffRequest, action: str) -> HttpResponse:
    """Do something about one finding, or leave the chosen ones as they are; then on to the next."""
    report = lint.report()
    kind = _kind(request.POST.get("kind", ""))
    names = request.POST.getlist("finding") or request.POST.getlist("chosen")
    chosen = report.named(names)
    if not chosen:
        messages.info(request, _nothing_chosen(names), extra_tags="info")
        return _back(kind, None)
    following = _following(_shown(report, kind), chosen[-1])
    try:
        done = _act(request, action, chosen)
    except NotDone as error:
        messages.warning(request, str(error), extra_tags="warn")
        return _back(kind, None)
    if len(done) > 1:
        messages.success(request, _words(done), extra_tags="ok")
    return _back(kind, following, done=done[0].pk if len(done) == 1 else None)


@admins_only
@require_GET
def done(request: StaffRequest) -> HttpResponse:
    """The page: what was done about findings, by whom and when, and what can be taken back."""
    page = _page(remedies.done(), request.GET.get("page", ""))
    return render(
        request, "dashboard/catalogue_lint_done.html", {"page": page, **_everywhere(request)}
    )


@admins_only
@require_POST
def undo(request: StaffRequest, pk: int) -> HttpResponse:
    """Take one back."""
    remedy = get_object_or_404(remedies.done(), pk=pk)
    try:
        remedies.undo(remedy, by=request.user)
        words = _("Taken back: “%(key)s” is as it was before.") % {"key": remedy.key}
        messages.success(request, words, extra_tags="ok")
    except NotDone as error:
        messages.warning(request, str(error), extra_tags="warn")
    return redirect("catalogue-lint-done" if "list" in request.POST else "catalogue-lint")


def _act(request: StaffRequest, action: str, chosen: list[Finding]) -> list[Remedy]:
    if action == "leave":
        return remedies.leave(chosen, by=request.user)
    if action not in REMEDIES:
        raise Http404
    return [REMEDIES[action](chosen[0], by=request.user)]


def _nothing_chosen(names: list[str]) -> str:
    if names:
        return _("Somebody has put this right already.")
    return _("Nothing is chosen. Tick what is to be left as it is.")


def _words(done: list[Remedy]) -> str:
    if done[0].what == Remedy.What.LEFT:
        words = ngettext(
            "%(count)d finding is left as it is.",
            "%(count)d findings are left as they are.",
            len(done),
        )
        return words % {"count": len(done)}
    facts = {"key": done[0].key, "other": done[0].other}
    if done[0].what == Remedy.What.DECLARED:
        return _("“%(key)s” is in the catalogue now.") % facts
    if done[0].what == Remedy.What.CORRECTED:
        return _("The entry of “%(other)s” has the key “%(key)s” now.") % facts
    return _("“%(key)s” is out of the catalogue.") % facts


def _kind(name: str) -> str:
    return name if name in Kind.values else ""


def _shown(report: Report, kind: str) -> list[Finding]:
    return [each for each in report.findings if not kind or each.kind == kind]


def _tabs(report: Report) -> list[tuple[str, object, int]]:
    counts = [sum(each.kind == kind for each in report.findings) for kind in Kind]
    return [
        (kind.value, kind.label, count) for kind, count in zip(Kind, counts, strict=True) if count
    ]


def _page(rows: "object", number: str) -> Page:  # type: ignore[type-arg]
    return Paginator(rows, ON_A_PAGE).get_page(number)  # type: ignore[arg-type]


def _row(finding: Finding) -> Row:
    seen = finding.seen
    return Row(
        finding,
        catalogue.odd_blanks(finding.key),
        moment(seen.first_at) if seen else None,
        moment(seen.last_at) if seen else None,
    )


def _following(shown: list[Finding], last: Finding) -> Finding | None:
    """Where the eyes go next: the finding after this one, else the one before."""
    place = shown.index(last) if last in shown else -1
    around = [*shown[place + 1 : place + 2], *shown[max(0, place - 1) : place]]
    return around[0] if around else None


def _back(kind: str, following: Finding | None, done: int | None = None) -> HttpResponse:
    """To the list, with the focus where it was; keys.js moves it."""
    question = urlencode({name: each for name, each in (("kind", kind), ("done", done)) if each})
    address = reverse("catalogue-lint") + (f"?{question}" if question else "")
    return redirect(address + (f"#l{following.id}" if following else ""))


def _just_done(request: StaffRequest) -> dict[str, object]:
    """What this person did last, with the button that takes it back."""
    number = request.GET.get("done", "")
    if not (number.isascii() and number.isdigit() and len(number) < 19):  # noqa: PLR2004 - a 64-bit number
        return {}
    remedy = remedies.done().filter(pk=number, by=request.user, undone_at=None).first()
    return {"just_done": remedy, "words": _words([remedy])} if remedy else {}


def _everywhere(request: StaffRequest) -> dict[str, object]:
    return {"attention": board.needing_attention(request.user).count()}
