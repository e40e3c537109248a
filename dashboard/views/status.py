"""How the deployment stands. For admins."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from conversations import board
from conversations import status as standing
from dashboard import polling
from dashboard.people import StaffRequest, admins_only

PAGE = "dashboard/status.html"
EVERY_SECONDS = 10.0


@admins_only
@require_GET
def status(request: StaffRequest) -> HttpResponse:
    """The page."""
    return render(request, PAGE, {**_news(request), "heard": polling.heard()})


@admins_only
@require_GET
def poll(request: StaffRequest) -> HttpResponse:
    """The fragment: what it says now."""
    return polling.fragment(request, f"{PAGE}#news", _news(request), "")


def _news(request: StaffRequest) -> dict[str, object]:
    return {
        "sections": standing.sections(),
        "wait": polling.wait(EVERY_SECONDS),
        "attention": board.needing_attention(request.user).count(),
    }
