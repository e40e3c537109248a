"""The catalogue: which attributes staff find in the editor. For admins."""

import re
from copy import copy
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from conversations import board, catalogue
from conversations.catalogue import Draft, KeyTaken, Stale
from conversations.models import AttributeDefinition
from dashboard.catalogue_conflict import differences, take
from dashboard.catalogue_forms import TAKEN, CatalogueForm
from dashboard.form_errors import focus_first_error
from dashboard.forms import AttributeForm
from dashboard.people import StaffRequest, admins_only

PAGE = "dashboard/catalogue_entry.html"


@admins_only
@require_GET
def entries(request: StaffRequest) -> HttpResponse:
    """The page: every attribute in the order staff see them."""
    rows = [(each, catalogue.odd_blanks(each.key)) for each in catalogue.definitions()]
    return render(request, "dashboard/catalogue.html", {"entries": rows, **_everywhere(request)})


@admins_only
@require_http_methods(["GET", "POST"])
def new(request: StaffRequest) -> HttpResponse:
    """One more attribute; a link may bring its key."""
    return _edit(request, AttributeDefinition(key=request.GET.get("key", "")))


@admins_only
@require_http_methods(["GET", "POST"])
def entry(request: StaffRequest, pk: int) -> HttpResponse:
    """What the catalogue says about one attribute: 409 where somebody else has changed or removed it meanwhile."""
    definition = catalogue.definitions().filter(pk=pk).first()
    if definition is not None:
        return _edit(request, definition)
    if request.POST.get("was_key"):
        return _gone(request)
    raise Http404


@admins_only
@require_POST
def delete(request: StaffRequest, pk: int) -> HttpResponse:
    """Out of the catalogue; the page has asked."""
    definition = _as_seen(request, get_object_or_404(catalogue.definitions(), pk=pk))
    try:
        catalogue.remove(definition, by=request.user)
    except Stale:
        words = _("Somebody else has just changed “%(label)s”. Look at it before you remove it.")
        messages.warning(request, words % {"label": definition.label}, extra_tags="warn")
        return redirect("catalogue-entry", pk)
    words = _("Removed “%(label)s” from the catalogue.") % {"label": definition.label}
    messages.success(request, words, extra_tags="ok")
    return redirect("catalogue")


@admins_only
@require_POST
def preview(request: StaffRequest) -> HttpResponse:
    """The fragment: the field as staff will see it, and what it says to a value that is tried in it."""
    form = CatalogueForm(request.POST)
    form.is_valid()  # whatever is wrong is left at its default: half a form has a preview too
    return render(request, f"{PAGE}#preview", _preview(request, form.instance, request.POST))


def _edit(request: StaffRequest, definition: AttributeDefinition) -> HttpResponse:
    title = definition.label  # the form fills the row, valid or not
    if taken := request.POST.get("take"):
        return _take_theirs(request, definition, taken)
    bound = request.method == "POST"
    form = CatalogueForm(request.POST if bound else None, instance=_as_seen(request, definition))
    try:
        if bound and form.is_valid() and _save(request, form):
            words = _("Saved “%(name)s”.") % {"name": form.instance.label}
            messages.success(request, words, extra_tags="ok")
            return redirect("catalogue")
    except Stale:
        newest = catalogue.newest(definition)
        return _conflict(request, form, newest, title) if newest else _gone(request)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if bound else HTTPStatus.OK
    return _page(request, form, {"title": title}, status)


def _page(
    request: StaffRequest, form: CatalogueForm, more: dict[str, object], status: int
) -> HttpResponse:
    focus_first_error(form)
    definition = form.instance
    context = {
        "form": form,
        "definition": definition,
        "odd": catalogue.odd_blanks(definition.key),
        **_preview(request, definition),
        **_everywhere(request),
        **more,
    }
    return render(request, PAGE, context, status=status)


def _as_seen(request: StaffRequest, definition: AttributeDefinition) -> AttributeDefinition:
    """The entry in the version that the form showed; where it does not say which, the newest."""
    seen = request.POST.get("version", "")
    if re.fullmatch("[0-9]{1,9}", seen):
        definition.version = int(seen)
    return definition


def _take_theirs(request: StaffRequest, newest: AttributeDefinition, name: str) -> HttpResponse:
    """Of two versions: one more field as the other admin has it. Nothing is saved."""
    title, mine = newest.label, copy(newest)
    form = CatalogueForm(take(request.POST, name, newest), instance=mine)
    form.is_valid()
    return _conflict(request, form, newest, title, HTTPStatus.OK)


def _conflict(
    request: StaffRequest,
    form: CatalogueForm,
    newest: AttributeDefinition,
    title: str,
    status: int = HTTPStatus.CONFLICT,
) -> HttpResponse:
    form.instance.version = newest.version  # whoever saves now has seen this one
    more = {"title": title, "newest": newest, "differences": differences(form, newest)}
    return _page(request, form, more, status)


def _gone(request: StaffRequest) -> HttpResponse:
    """Removed meanwhile: what was typed becomes a new entry, if it is saved."""
    typed = request.POST.copy()
    typed["key"] = request.POST.get("was_key", "")
    form = CatalogueForm(typed)
    form.is_valid()
    return _page(request, form, {"title": form.instance.label, "gone": True}, HTTPStatus.CONFLICT)


def _save(request: StaffRequest, form: CatalogueForm) -> bool:
    try:
        catalogue.save(form.instance, by=request.user)
    except KeyTaken:
        form.add_error("key", TAKEN)
        return False
    return True


def _preview(
    request: StaffRequest, definition: AttributeDefinition, data: QueryDict | None = None
) -> dict[str, object]:
    draft = Draft.of(request.user, definition)
    return {"sample": AttributeForm(draft, {}, data).blocks[0], "draft": draft.definition}


def _everywhere(request: StaffRequest) -> dict[str, object]:
    return {"attention": board.needing_attention(request.user).count()}
