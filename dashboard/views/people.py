"""People: which accounts there are, what they may do, and who they are at Genesys. For admins."""

from http import HTTPStatus
from uuid import UUID

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from conversations import board, finding, staff
from conversations.models import User
from conversations.staff import LastAdmin, NameTaken, Stale
from dashboard.form_errors import focus_first_error
from dashboard.people import StaffRequest, admins_only
from dashboard.people_forms import TAKEN, PersonForm

ROWS = 100


@admins_only
@require_GET
def people(request: StaffRequest) -> HttpResponse:
    """The page: accounts by name."""
    typed = request.GET.get("q", "").replace("\0", "")  # PostgreSQL takes no such letter
    words = typed[: finding.MOST_CHARACTERS]
    page = Paginator(staff.everyone(words), ROWS).get_page(request.GET.get("page"))
    names = staff.genesys_names(each.genesys_user_id for each in page if each.genesys_user_id)
    context = {
        "page": page,
        "people": [(each, _genesys_name(each, names)) for each in page],
        "words": words,
        "cut": finding.MOST_CHARACTERS if words != typed else 0,
        **_everywhere(request),
    }
    return render(request, "dashboard/people.html", context)


@admins_only
@require_http_methods(["GET", "POST"])
def new(request: StaffRequest) -> HttpResponse:
    """One more account."""
    return _edit(request, User())


@admins_only
@require_http_methods(["GET", "POST"])
def person(request: StaffRequest, pk: int) -> HttpResponse:
    """One account."""
    return _edit(request, get_object_or_404(staff.everyone(), pk=pk))


def _edit(request: StaffRequest, user: User) -> HttpResponse:
    title = str(user)  # the form fills the row, valid or not
    posted = request.POST if request.method == "POST" else None
    seen = staff.fingerprint(user) if posted is None else posted.get("seen", "")
    form = PersonForm(posted, instance=user, by=request.user)
    try:
        if form.is_bound and form.is_valid() and _save(request, form, seen):
            words = _("Saved “%(name)s”.") % {"name": user}
            messages.success(request, words, extra_tags="ok")
            return redirect("people")
    except Stale:
        return _conflict(request, form, seen)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return _page(request, form, {"title": title, "seen": seen}, status)


def _conflict(request: StaffRequest, form: PersonForm, seen: str) -> HttpResponse:
    """What was typed, beside what somebody else has saved meanwhile: whoever saves it now has seen that."""
    newest = get_object_or_404(staff.everyone(), pk=form.instance.pk)
    form.ask_for_the_password()
    more = {
        "title": str(newest),
        "seen": staff.fingerprint(newest),
        "conflict": True,
        "differences": form.differences(newest, staff.changed(newest, seen)),
    }
    return _page(request, form, more, HTTPStatus.CONFLICT)


def _page(
    request: StaffRequest, form: PersonForm, more: dict[str, object], status: int
) -> HttpResponse:
    focus_first_error(form)
    context = {"form": form, **more, **_everywhere(request)}
    return render(request, "dashboard/person.html", context, status=status)


def _genesys_name(user: User, names: dict[UUID, str]) -> str:
    """Empty for nobody."""
    if user.genesys_user_id is None:
        return ""
    return names.get(user.genesys_user_id) or f"…{str(user.genesys_user_id)[-6:]}"


def _save(request: StaffRequest, form: PersonForm, seen: str) -> bool:
    password, queues = form.cleaned_data["password"], form.cleaned_data["queues"]
    try:
        staff.save(form.instance, queues, password=password, by=request.user, seen=seen)
    except LastAdmin:
        words = _("This is the last admin who may sign in. Make somebody else one first.")
        form.add_error(None, words)
        return False
    except NameTaken:
        form.add_error("username", TAKEN)
        return False
    if password and form.instance.pk == request.user.pk:
        update_session_auth_hash(request, form.instance)  # or they would be signed out
    return True


def _everywhere(request: StaffRequest) -> dict[str, object]:
    return {"attention": board.needing_attention(request.user).count()}
