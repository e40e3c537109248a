"""What machines ask: is the process up, would an edit saved now be sent, how is it going? Answered in English."""

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import override
from django.views.decorators.http import require_safe

from conversations import checkup
from conversations import metrics as figures


@login_not_required
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """The process is up."""
    return HttpResponse("ok\n", content_type="text/plain")


@login_not_required
@require_safe
def readyz(_request: HttpRequest) -> HttpResponse:
    """An edit saved now would be sent: database, a live worker, no overdue lane. The feed is only reported."""
    try:
        with override("en"):
            needed = [checkup.worker(), checkup.lanes()]
            reported = [checkup.feed()]
    except DatabaseError:
        return JsonResponse({"ready": False, "database": "not reached"}, status=503)
    ready = all(each.ok for each in needed)
    answer = {"ready": ready, **{each.name: each.detail for each in [*needed, *reported]}}
    return JsonResponse(answer, status=200 if ready else 503)


@login_not_required
@require_safe
def metrics(_request: HttpRequest) -> HttpResponse:
    """The figures of the whole deployment, whichever process is asked."""
    try:
        return HttpResponse(figures.page(), content_type=figures.CONTENT_TYPE)
    except DatabaseError:
        return HttpResponse(
            "the database cannot be reached\n", status=503, content_type="text/plain"
        )
