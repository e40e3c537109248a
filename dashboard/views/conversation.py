"""One conversation: its facts, the editor, and what became of every edit."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect, replace_url

from conversations import access, board, editor, lookups, tasks, workers
from conversations.board import Freshness
from conversations.editor import Desk, Line
from conversations.edits import accept
from conversations.edits.accept import (
    AnotherEdit,
    ChangedMeanwhile,
    Saved,
    Unacceptable,
    Wish,
)
from conversations.models import (
    AttributeEdit,
    Conversation,
    Lookup,
    Participant,
    Reason,
    Says,
    User,
)
from conversations.models.reason import name_keys
from dashboard import polling, proposals
from dashboard.forms import AttributeForm, Block
from dashboard.people import StaffRequest
from dashboard.place import in_panel

PAGE = "dashboard/conversation.html"


@require_GET
def conversation(request: StaffRequest, conversation_id: UUID) -> HttpResponse:
    """The page. A conversation we do not hold is looked for, while the page says so."""
    tag = polling.tag(request)
    row = access.conversations(request.user).filter(pk=conversation_id).first()
    if row is None or not row.known_since:
        return _not_held(request, conversation_id, row)
    desk = _desk(request, row)
    proposed = proposals.read(request.GET, desk.sight, desk.held, desk.why_not)
    form = proposed.form if proposed else AttributeForm(desk.sight, desk.held)
    context = {**_context(request, desk, form), "proposals": proposed, "tag": tag}
    return render(request, PAGE, {**context, "heard": polling.heard(_freshness(row))})


@require_GET
def poll(request: StaffRequest, conversation_id: UUID) -> HttpResponse:
    """The fragment: whatever may have changed around the form, never the form."""
    tag = polling.tag(request)
    row = access.conversations(request.user).filter(pk=conversation_id).first()
    if row is None or not row.known_since:
        return _still_looking(request, conversation_id, row)
    if "looking" in request.GET:  # found: that page becomes the page of the conversation
        return polling.anew(_freshness(row))
    fresh = _freshness(row)
    if "open" not in request.GET and (answer := polling.unchanged(request, tag, fresh)):
        return answer
    desk = _desk(request, row)
    form = AttributeForm(desk.sight, desk.held)
    context = {**_context(request, desk, form), "tag": tag}
    return polling.fragment(request, f"{PAGE}#news", context, tag, fresh=fresh)


@require_POST
def save(request: StaffRequest, conversation_id: UUID) -> HttpResponse:
    """Save what was changed in the form: 409 where somebody else changed it too, 422 where it cannot be sent."""
    row = _visible(request, conversation_id)
    desk = _desk(request, row)
    form = AttributeForm.posted(desk.sight, desk.held, request.POST)
    if desk.why_not or desk.chosen is None:
        return _refuse(request, desk, form, desk.why_not)
    if forbidden := form.forbidden():
        words = _("You may not change %(keys)s. Nothing was saved.")
        return _refuse(request, desk, form, words % {"keys": name_keys(forbidden)})
    if "check" in request.GET:  # a marked field was left: judge, and save nothing
        form.full_clean()
        return _answer(request, desk, form)
    if not form.is_valid():
        return _answer(request, desk, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    wishes = {key: Wish(each.value, each.baseline) for key, each in form.changes().items()}
    try:
        saved = _save(desk.conversation.pk, desk.chosen, wishes, request.user, form)
    except ChangedMeanwhile as meanwhile:
        return _answer(request, desk, form, status=HTTPStatus.CONFLICT, clashes=meanwhile.held)
    except Unacceptable as error:
        return _refuse(request, desk, form, str(error))
    if saved.due:
        tasks.nudge(saved.edit.lane_id)
    if not request.htmx:
        return redirect(_address(desk))
    context = _saved(desk, form, wishes.keys())  # the desk has not looked at its edits yet
    fresh = board.freshness_of(desk.conversation)
    answer = polling.fragment(request, f"{PAGE}#answer", context, "", fresh=fresh, notices=False)
    if "set." in (request.htmx.current_url or ""):  # what a link proposed is saved, not proposed
        return replace_url(answer, _address(desk))
    return answer


def _save(
    conversation_id: UUID,
    participant: Participant,
    wishes: Mapping[str, Wish],
    by: User,
    form: AttributeForm,
) -> Saved:
    """Save under the id that came with the form: sent twice, it is one edit. Where that id was used for other values,
    the answer to the first sending never reached the page; this is a new edit then."""
    save = partial(
        accept.save, conversation_id, participant.participant_id, wishes, by=by, read=participant
    )
    try:
        return save(edit_id=form.edit_id)
    except AnotherEdit:
        return save()


@require_GET
def new_field(request: StaffRequest, conversation_id: UUID) -> HttpResponse:
    """One more field in the form, for an attribute that is not in the catalogue; or why there can be none."""
    desk = _desk(request, _visible(request, conversation_id))
    key = request.GET.get("key", "")
    if not desk.sight.may_name_keys or desk.why_not or not key.strip():
        raise Http404
    if why := proposals.why_left(key, desk.sight):
        return render(request, f"{PAGE}#fresh", {"why": why, "key": key})
    form = AttributeForm(desk.sight, desk.held, free=[key])
    if refusal := form.too_long(key):
        return render(request, f"{PAGE}#fresh", {"why": refusal, "key": key})
    block = next((each for each in form.blocks if each.key == key), None)
    if block is None:
        raise Http404
    line = next((each for each in desk.lines if each.key == key), None)
    context = {"block": block, "line": line, "desk": desk}
    return render(request, f"{PAGE}#fresh", context)


def after_answer(request: StaffRequest, edit: AttributeEdit, refusal: str) -> HttpResponse:
    """The pieces of the page after somebody did something about one of its edits."""
    row = access.conversations(request.user).filter(pk=edit.lane.conversation_id).first()
    if row is None:  # it is no longer theirs; their edit is
        return HttpResponseClientRedirect(reverse("edit", args=[edit.pk]))
    desk = editor.open_desk(request.user, row, edit.lane.participant_id)
    if desk is None:
        raise Http404
    form = AttributeForm(desk.sight, desk.held)
    status = HTTPStatus.CONFLICT if refusal else HTTPStatus.OK
    return _answer(request, desk, form, status=status, refusal=refusal)


# --- What the page is made of ---


def _freshness(row: Conversation) -> Freshness:
    """How old what we show is. Where no event would tell of a change, an open page has it read again and again."""
    lookups.before_eyes([row])
    if lookups.refresh(row):
        tasks.ask_for(row.pk)
    return board.freshness_of(row)


def _visible(request: StaffRequest, conversation_id: UUID) -> Conversation:
    row = access.conversations(request.user).filter(pk=conversation_id).first()
    if row is None:
        raise Http404
    return row


def _desk(request: StaffRequest, row: Conversation) -> Desk:
    wanted = request.POST.get("participant") or request.GET.get("participant")
    try:
        desk = editor.open_desk(request.user, row, UUID(wanted) if wanted else None)
    except ValueError:
        desk = None
    if desk is None:
        raise Http404
    return desk


def _context(
    request: HttpRequest, desk: Desk, form: AttributeForm, clashes: Mapping[str, str] | None = None
) -> dict[str, object]:
    polls = request.GET.get("n", "0")
    count = int(polls) + 1 if re.fullmatch("[0-9]{1,5}", polls) else 0
    lines = {each.key: each for each in desk.lines}
    for key, value in (clashes or {}).items():
        if key in lines:
            lines[key] = replace(lines[key], now=value)
    fields = [(block, lines.get(block.key)) for block in form.blocks]
    folded = [each for each in fields if _may_be_folded(*each)] if in_panel(request) else []
    if len(folded) == len(fields):
        folded = []
    return {
        "desk": desk,
        "conversation": desk.conversation,
        "form": form,
        "lines": lines.values(),
        "fields": fields,
        "unfolded": [each for each in fields if each not in folded],
        "folded": folded,
        "clashes": clashes,
        "attention": board.needing_attention(desk.user).count(),
        "polls": count,
        "wait": polling.eager(count) if desk.busy else polling.wait(),
    }


def _may_be_folded(block: Block, line: Line | None) -> bool:
    """In the little room of the panel: what is not pinned, and has nothing to say."""
    pinned = block.definition is not None and block.definition.pinned
    return not (pinned or block.changed or block.field.errors or (line and line.told))


def _answer(
    request: StaffRequest,
    desk: Desk,
    form: AttributeForm,
    *,
    status: int = HTTPStatus.OK,
    clashes: Mapping[str, str] | None = None,
    refusal: str = "",
) -> HttpResponse:
    """The answer to what was not saved: pieces of the page for htmx, else the page as a whole."""
    context = {**_context(request, desk, form, clashes), "refusal": refusal}
    context |= {"tag": "", "polls": 0, "wait": polling.eager(0)}
    if request.htmx:
        fresh = board.freshness_of(desk.conversation)
        return polling.fragment(request, f"{PAGE}#answer", context, "", status=status, fresh=fresh)
    return render(request, PAGE, {**context, "heard": polling.heard()}, status=status)


def _saved(desk: Desk, form: AttributeForm, keys: Collection[str]) -> dict[str, object]:
    """What the answer to a save shows: the person waits for it, and the next poll brings the rest in half a second."""
    return {
        "desk": desk,
        "conversation": desk.conversation,
        "form": form,
        "saved": keys,
        "lines": [each for each in desk.lines if each.key in keys],
        "fields": [(block, None) for block in form.blocks if block.key in keys],
        "tag": "",
        "polls": 0,
        "wait": polling.eager(0),
    }


def _refuse(request: StaffRequest, desk: Desk, form: AttributeForm, why: str) -> HttpResponse:
    form.full_clean()
    form.add_error(None, why)
    return _answer(request, desk, form, status=HTTPStatus.UNPROCESSABLE_ENTITY)


def _address(desk: Desk) -> str:
    address = reverse("conversation", args=[desk.conversation.pk])
    if desk.by_default or desk.chosen is None:
        return address
    return f"{address}?participant={desk.chosen.participant_id}"


# --- A conversation we do not hold ---


def _not_held(
    request: StaffRequest, conversation_id: UUID, row: Conversation | None
) -> HttpResponse:
    lookup = _look_up(request, conversation_id, row)
    if lookup is None:
        if access.edits(request.user).filter(lane__conversation_id=conversation_id).exists():
            messages.info(
                request,
                _("You are no longer on that interaction. What you saved is followed here."),
            )
            return redirect(f"{reverse('edits')}?conversation={conversation_id}")
        raise Http404
    context = {**_looking(lookup, conversation_id), "heard": polling.heard()}
    return render(request, "dashboard/looking.html", context)


def _still_looking(
    request: StaffRequest, conversation_id: UUID, row: Conversation | None
) -> HttpResponse:
    lookup = _look_up(request, conversation_id, row)
    if lookup is None and "looking" not in request.GET:
        raise Http404
    lookup = lookup or Lookup(conversation_id=conversation_id, answer=Lookup.Answer.UNKNOWN)
    context = {**_looking(lookup, conversation_id), "nobody": not workers.watch().there}
    return polling.fragment(request, "dashboard/looking.html#news", context, "")


def _looking(lookup: Lookup, conversation_id: UUID) -> dict[str, object]:
    return {"lookup": lookup, "conversation_id": conversation_id, "wait": polling.wait(1.0)}


def _look_up(
    request: StaffRequest, conversation_id: UUID, row: Conversation | None
) -> Lookup | None:
    """The question to Genesys; None where we hold the conversation and this person may not see it.

    The panel opens while the interaction begins: what is not there yet, or not theirs yet, is looked for with patience.
    """
    patient = in_panel(request) and ("looking" in request.GET or not request.htmx)
    hidden = row is None and access.holds(conversation_id)
    if hidden and not patient:
        return None
    try:
        lookup, due = lookups.ask(conversation_id, request.user, patient=patient)
    except lookups.TooMany:
        return Lookup(
            conversation_id=conversation_id,
            answer=Lookup.Answer.REFUSED,
            reason=Reason.of(Says.TOO_MANY_LOOKUPS),
        )
    if due:
        tasks.ask_for(conversation_id)
    if hidden and lookup.answer == Lookup.Answer.FOUND:  # there, and still not theirs
        lookup.answer = Lookup.Answer.UNKNOWN
    return lookup
