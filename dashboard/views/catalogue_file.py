"""The catalogue as a file, out and in. What comes in is shown before it is done. For admins."""

from http import HTTPStatus
from typing import Any

import structlog
from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from conversations import board, catalogue, catalogue_file
from conversations.catalogue import Stale
from conversations.catalogue_file import Line, Unreadable
from dashboard import catalogue_import
from dashboard.catalogue_import import Plan
from dashboard.people import StaffRequest, admins_only

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PAGE = "dashboard/catalogue_file.html"
#: Three hundred entries need a tenth of it.
MOST_BYTES = 1_000_000
#: A preview may be confirmed for so long (seconds); the catalogue will hardly have stayed the same for longer.
PREVIEW_SECONDS = 3600
#: What the preview hands to its own confirmation, signed: the file is kept nowhere meanwhile.
SALT = "catalogue import"

WRITERS = {
    "csv": ("text/csv; charset=utf-8", catalogue_file.to_csv),
    "json": ("application/json", catalogue_file.to_json),
}


@admins_only
@require_GET
def export(request: StaffRequest, kind: str) -> HttpResponse:
    """The whole catalogue as a download, named for today."""
    if kind not in WRITERS:
        raise Http404
    media, write = WRITERS[kind]
    name = f"midcall-catalogue-{timezone.localdate():%Y-%m-%d}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(write(catalogue.definitions()), content_type=media, headers=headers)


@admins_only
@require_http_methods(["GET", "POST"])
def upload(request: StaffRequest) -> HttpResponse:
    """The page: take a file, and show what it would do."""
    if request.method == "GET":
        return _page(request)
    others_meant = "others" in request.POST
    try:
        lines = catalogue_file.read(_content(request))
    except Unreadable as error:
        return _page(request, refusal=str(error), status=HTTPStatus.UNPROCESSABLE_ENTITY)
    return _preview(request, lines, others_meant=others_meant)


@admins_only
@require_POST
def confirm(request: StaffRequest) -> HttpResponse:
    """Do what the preview showed; if the catalogue is another by now, show it anew."""
    try:
        kept = _opened(request)
    except signing.BadSignature:
        words = _("This preview is too old. Choose the file again.")
        return _page(request, refusal=words, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    lines = [Line(number, values) for number, values in kept["lines"]]
    plan = catalogue_import.plan(lines, others_meant=kept["others"])
    if plan.seen != kept["seen"] or plan.problems:
        return _again(request, lines, kept)
    try:
        removed = plan.carry_out(request.POST.getlist("remove"), by=request.user)
    except Stale:
        return _again(request, lines, kept)
    counts = {
        "added": len(plan.added),
        "changed": len(plan.changed),
        "removed": removed,
    }
    log.info("catalogue imported", by=request.user.pk, **counts)
    words = _("Imported: %(added)d added, %(changed)d changed, %(removed)d removed.") % counts
    messages.success(request, words, extra_tags="ok")
    return redirect("catalogue")


def _content(request: StaffRequest) -> bytes:
    file = request.FILES.get("file")
    if file is None:
        raise Unreadable(_("Choose a file first."))
    if file.size is None or file.size > MOST_BYTES:
        words = _("This file is larger than %(most)d KB, which no catalogue is.")
        raise Unreadable(words % {"most": MOST_BYTES // 1000})
    return bytes(file.read())


def _again(request: StaffRequest, lines: list[Line], kept: dict[str, Any]) -> HttpResponse:
    words = _("The catalogue has changed since. Nothing was imported: look at the new preview.")
    return _preview(request, lines, others_meant=kept["others"], refusal=words)


def _preview(
    request: StaffRequest, lines: list[Line], *, others_meant: bool, refusal: str = ""
) -> HttpResponse:
    plan = catalogue_import.plan(lines, others_meant=others_meant)
    status = HTTPStatus.OK
    if plan.problems:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    elif refusal:
        status = HTTPStatus.CONFLICT
    sealed = "" if plan.problems else _sealed(request, plan, lines, others_meant=others_meant)
    return _page(request, plan=plan, refusal=refusal, sealed=sealed, status=status)


def _sealed(request: StaffRequest, plan: Plan, lines: list[Line], *, others_meant: bool) -> str:
    """For this person alone, and for this catalogue."""
    kept = {
        "by": request.user.pk,
        "seen": plan.seen,
        "others": others_meant,
        "lines": [(each.number, each.values) for each in lines],
    }
    return signing.dumps(kept, salt=SALT, compress=True)


def _opened(request: StaffRequest) -> dict[str, Any]:
    sealed = request.POST.get("sealed", "")
    kept: dict[str, Any] = signing.loads(sealed, salt=SALT, max_age=PREVIEW_SECONDS)
    if kept["by"] != request.user.pk:
        raise signing.BadSignature
    return kept


def _page(
    request: StaffRequest, *, status: HTTPStatus = HTTPStatus.OK, **facts: object
) -> HttpResponse:
    context = {
        "count": catalogue.definitions().count(),
        "attention": board.needing_attention(request.user).count(),
        "columns": ", ".join(catalogue_file.columns()),
        "others": "others" in request.POST,
        **facts,
    }
    return render(request, PAGE, context, status=status)
