"""What happened in one conversation, and the evidence of it to hand on."""

from uuid import UUID

import structlog
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from conversations import access, board, evidence, timeline
from conversations.catalogue import Sight
from conversations.models import AttributeEdit, Conversation
from dashboard import polling
from dashboard.people import StaffRequest

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PAGE = "dashboard/history.html"


@require_GET
def history(request: StaffRequest, conversation_id: UUID) -> HttpResponse:
    """The page: every value with its source, and one timeline. `?key=` shows one attribute."""
    tag = polling.tag(request)
    context = {**_context(request, conversation_id), "tag": tag, "heard": polling.heard()}
    return render(request, PAGE, context)


@require_GET
def poll(request: StaffRequest, conversation_id: UUID) -> HttpResponse:
    """The fragment."""
    tag = polling.tag(request)
    if answer := polling.unchanged(request, tag):
        return answer
    context = {**_context(request, conversation_id), "tag": tag}
    return polling.fragment(request, f"{PAGE}#news", context, tag)


@require_GET
def of_conversation(request: StaffRequest, conversation_id: UUID) -> HttpResponse:
    """Everything about a conversation and the edits made on it, as one file."""
    row = _visible(request, conversation_id)
    edits = access.edits(request.user).filter(lane__conversation_id=row.pk)
    return _file(request, row, list(access.in_full(edits)), conversation_id)


@require_GET
def of_edit(request: StaffRequest, edit_id: UUID) -> HttpResponse:
    """One edit, with its conversation where this person may see that as well."""
    edits = list(access.in_full(access.edits(request.user).filter(pk=edit_id)))
    if not edits:
        raise Http404
    rows = access.conversations(request.user).filter(pk=edits[0].lane.conversation_id)
    return _file(request, rows.first(), edits, edit_id)


def _file(
    request: StaffRequest, row: Conversation | None, edits: list[AttributeEdit], about: UUID
) -> HttpResponse:
    with_values = request.GET.get("values") == "1"
    text = evidence.bundle(row, edits, Sight(request.user), with_values=with_values)
    log.info("evidence taken", about=str(about), by=request.user.pk, with_values=with_values)
    answer = HttpResponse(text, content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="midcall-evidence-{about}.json"'
    answer["Cache-Control"] = "no-store"
    return answer


def _visible(request: StaffRequest, conversation_id: UUID) -> Conversation:
    row = access.conversations(request.user).filter(pk=conversation_id).first()
    if row is None:
        raise Http404
    return row


def _context(request: StaffRequest, conversation_id: UUID) -> dict[str, object]:
    row = _visible(request, conversation_id)
    key = request.GET.get("key", "")
    edits = access.in_full(access.edits(request.user).filter(lane__conversation_id=row.pk))
    sight = Sight(request.user)
    return {
        "conversation": row,
        "key": key,
        "label": sight.label(key) if sight.may_read(key) else key,
        "chronicle": timeline.of(row, edits, sight, key),
        "query": request.GET.urlencode(),
        "attention": board.needing_attention(request.user).count(),
        "wait": polling.wait(),
    }
