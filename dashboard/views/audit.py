"""The audit: who changed what, when, and what became of it. For admins."""

from typing import cast

import structlog
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from conversations import audit as records
from conversations import board
from dashboard.audit_form import AuditForm
from dashboard.people import StaffRequest, admins_only

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


@admins_only
@require_GET
def audit(request: StaffRequest) -> HttpResponse:
    """The page: one line for each attribute of each edit, the newest first."""
    form = AuditForm(request.GET)
    asked = form.asked
    before = request.GET.get("before", "")
    page = records.page(request.user, asked, before) if asked else records.Page([], "")
    query = request.GET.copy()
    query.pop("before", None)
    context = {
        "form": form,
        "page": page,
        "filtered": form.narrows,
        "query": query.urlencode(),
        "attention": board.needing_attention(request.user).count(),
    }
    return render(request, "dashboard/audit.html", context)


@admins_only
@require_GET
def download(request: StaffRequest) -> HttpResponse:
    """All of what the filters find, as a file; where they cannot be used, the page says so."""
    asked = AuditForm(request.GET).asked
    if asked is None:
        return redirect(f"{reverse('audit')}?{request.GET.urlencode()}")
    log.info("audit taken", by=request.user.pk)
    answer = StreamingHttpResponse(
        records.to_csv(request.user, asked), content_type="text/csv; charset=utf-8"
    )
    name = f"midcall-audit-{timezone.localdate():%Y-%m-%d}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return cast(HttpResponse, answer)  # what Django makes of both is the same
