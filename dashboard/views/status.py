"""How the deployment stands. For admins."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from conversations import board, connection_test, tasks, workers
from conversations import status as standing
from dashboard import polling
from dashboard.people import StaffRequest, admins_only

PAGE = "dashboard/status.html"
EVERY_SECONDS = 10.0
#: While a test is under way.
TESTING_SECONDS = 1.0


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


@admins_only
@require_POST
def test(request: StaffRequest) -> HttpResponse:
    """Have a worker test the connection; the page shows what it finds."""
    if connection_test.ask(request.user):
        tasks.test_connection()
    return redirect("status")


def _news(request: StaffRequest) -> dict[str, object]:
    sections, row = standing.sections(), connection_test.newest()
    testing = row is not None and row.pending
    if testing and connection_test.forgotten():
        tasks.test_connection()
    return {
        "sections": sections,
        "report": standing.report(sections),
        "testing": testing,
        "nobody": testing and not workers.watch().there,
        "wait": polling.wait(TESTING_SECONDS if testing else EVERY_SECONDS),
        "attention": board.needing_attention(request.user).count(),
    }
