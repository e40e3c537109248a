"""Edits: the list, one edit with all that happened to it, and what a person can do about it."""

from collections.abc import Callable
from http import HTTPStatus
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from conversations import access, board, news, tasks, undo, workers
from conversations.catalogue import Sight
from conversations.diagnosis import words
from conversations.edits import accept, answers, story, telling, watch
from conversations.edits.accept import AnotherEdit, ChangedMeanwhile, Saved, Unacceptable
from conversations.models import AttributeEdit
from conversations.models.reason import name_keys
from dashboard import polling
from dashboard.filters import EditFilter
from dashboard.people import StaffRequest
from dashboard.place import page_behind
from dashboard.views import conversation as conversation_page

ROWS = 50
#: A page without a poll of its own asks for notices so often.
NOTICES_SECONDS = 20.0


@require_GET
def edits(request: StaffRequest) -> HttpResponse:
    """The page: every edit this person may see, the newest first."""
    tag = polling.tag(request)
    context = {**_list(request), "tag": tag, "heard": polling.heard()}
    return render(request, "dashboard/edits.html", context)


@require_GET
def rows(request: StaffRequest) -> HttpResponse:
    """The fragment: the rows and the next poller."""
    tag = polling.tag(request)
    if answer := polling.unchanged(request, tag):
        return answer
    return polling.fragment(
        request, "dashboard/edits.html#rows", {**_list(request), "tag": tag}, tag
    )


@require_GET
def edit(request: StaffRequest, edit_id: UUID) -> HttpResponse:
    """One edit and its timeline: every attempt, answer, look and event, without a value."""
    tag = polling.tag(request)
    context = {**_one(request, _visible(request, edit_id)), "tag": tag, "heard": polling.heard()}
    return render(request, "dashboard/edit.html", context)


@require_GET
def poll(request: StaffRequest, edit_id: UUID) -> HttpResponse:
    """The fragment of one edit."""
    tag = polling.tag(request)
    row = _visible(request, edit_id)
    if not row.is_open and (answer := polling.unchanged(request, tag)):
        return answer
    return polling.fragment(
        request, "dashboard/edit.html#news", {**_one(request, row), "tag": tag}, tag
    )


@require_http_methods(["GET", "POST"])
def answer(request: StaffRequest, edit_id: UUID, action: str) -> HttpResponse:
    """Write it again or in part, check again, withdraw it, leave things as they are, or undo it."""
    row = _visible(request, edit_id)
    if (
        request.method == "GET"
    ):  # after a sign-in in between: nothing is done by following an address
        return redirect("edit", row.pk)
    refusal = _why_not(request, row, action)
    follow = row
    if not refusal:
        follow, refusal = _act(request, row, action)
    if "notice" in request.POST:
        return _notice(request, refusal)
    if page_behind(request, request.htmx) == "conversation":
        return conversation_page.after_answer(request, row, refusal)
    if refusal:
        return render(
            request,
            "dashboard/refused.html",
            {"refusal": refusal, "edit": row},
            status=HTTPStatus.CONFLICT,
        )
    return redirect("edit", follow.pk)


@require_GET
def notices(request: StaffRequest) -> HttpResponse:
    """The poll of a page that has none of its own: seldom, and for the notice alone, which comes with every poll."""
    tag = polling.tag(request)
    if answer := polling.unchanged(request, tag):
        return answer
    context: dict[str, object] = {"tag": tag, "pause": polling.wait(NOTICES_SECONDS)}
    return polling.fragment(request, "dashboard/_notice_poll.html", context, tag)


def _notice(request: StaffRequest, refusal: str) -> HttpResponse:
    """The notice after somebody did something about it."""
    status = HTTPStatus.CONFLICT if refusal else HTTPStatus.OK
    context = {"not_done": refusal}
    return render(request, "dashboard/_changed_back.html", context, status=status)


def _act(request: StaffRequest, row: AttributeEdit, action: str) -> tuple[AttributeEdit, str]:
    """Which edit to look at from now on, and why the action was refused, if it was."""
    match action:
        case "again":
            return _write(request, row, answers.again)
        case "theirs":
            return _write(request, row, answers.keep_theirs)
        case "check":
            lane = watch.check_again(row)
            if lane is not None:
                tasks.nudge(lane)
            return row, ""
        case "withdraw":
            in_time = accept.withdraw(row)
            return row, "" if in_time else _("It was too late to withdraw it: it is being sent.")
        case "leave":
            answers.leave(row, by=request.user)
            return row, ""
        case "undo":
            return _undo(request, row)
        case "put-away" if row.by == request.user:
            news.put_away(row)
            return row, ""
    raise Http404


def _write(
    request: StaffRequest, row: AttributeEdit, save: Callable[..., Saved | None]
) -> tuple[AttributeEdit, str]:
    seen = {
        name.removeprefix("seen."): request.POST[name]
        for name in request.POST
        if name.startswith("seen.")
    }
    try:
        saved = save(row, by=request.user, seen=seen)
    except ChangedMeanwhile as meanwhile:
        words = _("Someone has just changed %(keys)s once more. Look at it, then try again.")
        return row, words % {"keys": name_keys(sorted(meanwhile.held))}
    except Unacceptable as error:
        return row, str(error)
    except AnotherEdit:
        return row, _(
            "This was written again already, and has changed since. Look at the newer edit."
        )
    if saved is None:
        return row, ""
    if saved.due:
        tasks.nudge(saved.edit.lane_id)
    return saved.edit, ""


def _undo(request: StaffRequest, row: AttributeEdit) -> tuple[AttributeEdit, str]:
    empty = request.POST.get("empty") == "1"
    try:
        saved = undo.carry_out(row, Sight(request.user), by=request.user, empty=empty)
    except ChangedMeanwhile as meanwhile:
        words = _("Someone has just changed %(keys)s. Look at it before you undo anything.")
        return row, words % {"keys": name_keys(sorted(meanwhile.held))}
    except Unacceptable as error:
        return row, str(error)
    except AnotherEdit:
        return row, _("This is being undone already.")
    if saved.due:
        tasks.nudge(saved.edit.lane_id)
    return saved.edit, ""


def _visible(request: StaffRequest, edit_id: UUID) -> AttributeEdit:
    row = access.edits(request.user).select_related("lane", "by").filter(pk=edit_id).first()
    if row is None:
        raise Http404
    return row


def _why_not(request: StaffRequest, row: AttributeEdit, action: str = "again") -> str:
    """Empty if this person may act on the edit: they could make it now, or it is their own, to look at or leave."""
    user, sight = request.user, Sight(request.user)
    if action in ("leave", "check", "put-away") and row.by == user:
        return ""
    target = access.conversations(user).filter(pk=row.lane.conversation_id).first()
    if target is None:
        return _("This interaction is no longer yours. Ask a supervisor to look at it.")
    if why := access.may_change(user, target):
        return why
    keys = [each.key for each in row.changes.all() if not sight.may_edit(each.key)]
    return _("You may not change %(keys)s.") % {"keys": name_keys(keys)} if keys else ""


def _why(row: AttributeEdit, sight: Sight) -> words.Answer | None:
    """Why it did not stick; None where there is nothing to ask."""
    found = access.diagnosis_of(row)
    return words.answer(found, row, sight) if found else None


def _undoing(request: StaffRequest, row: AttributeEdit, sight: Sight) -> dict[str, object]:
    """What can be taken back, for whoever may change it."""
    if not undo.undoable(row) or _why_not(request, row, "undo"):
        return {"undo": None}
    planned = undo.plan(row, sight)
    empty = undo.no_earlier_value(planned.empty) if planned.empty else ""
    return {"undo": planned, "no_earlier_value": empty}


def _list(request: StaffRequest) -> dict[str, object]:
    visible = access.edits(request.user).select_related("lane", "by").prefetch_related("changes")
    filtered = EditFilter(request.GET, queryset=visible, request=request)
    chosen = filtered.qs if filtered.is_valid() else visible.none()
    before = request.GET.get("before", "")
    # What changed back comes first; it stands in its place as well where that is on another page.
    first = [] if before else news.first(chosen)
    page = story.page(chosen, before, ROWS)
    rest = [each for each in page.edits if each not in first]
    sight = Sight(request.user)
    watch = workers.watch()
    ids = {each.lane.conversation_id for each in [*first, *rest]}
    held = access.conversations(request.user).in_bulk(ids)
    return {
        "filter": filtered,
        "stuck": next(filter(None, (telling.in_vain(e, watch) for e in [*first, *rest])), ""),
        "edits": [
            (story.line(each, sight), held.get(each.lane.conversation_id))
            for each in [*first, *rest]
        ],
        "older": page.older,
        "query": request.GET.urlencode(),
        "filtered": any(request.GET.get(name) for name in EditFilter.base_filters),
        "attention": board.needing_attention(request.user).count(),
        "wait": polling.wait(),
    }


def _one(request: StaffRequest, row: AttributeEdit) -> dict[str, object]:
    sight = Sight(request.user)
    why_not = _why_not(request, row) if row.is_open or row.unresolved else ""
    held = access.attributes_of(row) if row.unresolved else None
    line = story.line(row, sight, held)
    steps = story.steps(row, sight, line.seen, may_write=not why_not)
    return {
        "edit": row,
        "stuck": telling.in_vain(row, workers.watch()) if row.is_open else "",
        "line": line,
        "timeline": story.timeline(row, sight),
        "steps": [each for each in steps if not _why_not(request, row, each.action)],
        "why_not": why_not if steps else "",
        "why": _why(row, sight),
        **_undoing(request, row, sight),
        "address": reverse("conversation", args=[row.lane.conversation_id]),
        "attention": board.needing_attention(request.user).count(),
        "wait": polling.eager(row.looks) if row.is_open else polling.wait(),
    }
