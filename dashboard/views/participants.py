"""The attributes of every participant of one conversation, to read."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from conversations import access, board, legs
from conversations.catalogue import Sight
from conversations.models import Conversation
from dashboard import polling
from dashboard.people import StaffRequest

PAGE = "dashboard/participants.html"


@require_GET
def participants(request: StaffRequest, conversation_id: UUID) -> HttpResponse:
    """The page: all of them in one table with the clashes marked, and each by itself."""
    tag = polling.tag(request)
    row = _visible(request, conversation_id)
    heard = polling.heard(board.freshness_of(row))
    return render(request, PAGE, {**_context(request, row), "tag": tag, "heard": heard})


@require_GET
def poll(request: StaffRequest, conversation_id: UUID) -> HttpResponse:
    """The fragment: both lists."""
    tag = polling.tag(request)
    row = _visible(request, conversation_id)
    fresh = board.freshness_of(row)
    if answer := polling.unchanged(request, tag, fresh):
        return answer
    context = {**_context(request, row), "tag": tag}
    return polling.fragment(request, f"{PAGE}#news", context, tag, fresh=fresh)


def _context(request: StaffRequest, row: Conversation) -> dict[str, object]:
    sight, parties = Sight(request.user), list(row.participants.all())
    attributes = legs.merged(parties, sight)
    return {
        "conversation": row,
        "attributes": attributes,
        "clashes": sum(each.clashes for each in attributes),
        "legs": legs.legs(parties, sight),
        "chosen": access.default_participant(parties),
        "attention": board.needing_attention(request.user).count(),
        "wait": polling.wait(),
    }


def _visible(request: StaffRequest, conversation_id: UUID) -> Conversation:
    row = access.conversations(request.user).filter(pk=conversation_id, known_since__gt=0).first()
    if row is None:
        raise Http404
    return row
