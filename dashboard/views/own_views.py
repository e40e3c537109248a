"""What a person arranges on their board: saved views, and columns. Each answers with the board again."""

from http import HTTPStatus

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from conversations import saved_views
from conversations.catalogue import Sight
from conversations.models import SavedView
from conversations.saved_views import NameTaken, TooMany
from dashboard import addresses
from dashboard.columns import Columns
from dashboard.people import StaffRequest


class NameForm(forms.Form):
    """The name of a view."""

    name = forms.CharField(label=gettext_lazy("Name of the view"), max_length=60)


@require_http_methods(["GET", "POST"])
def new(request: StaffRequest) -> HttpResponse:
    """Keep the filters of an address under a name."""
    given = request.POST if request.method == "POST" else request.GET
    query = addresses.view(addresses.parsed(given.get("query", "")))
    form = NameForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            view = saved_views.save(request.user, form.cleaned_data["name"], query)
        except NameTaken:
            form.add_error("name", _("You already have a view of this name."))
        except TooMany:
            form.add_error(
                "name",
                _("You have %(most)d views, and there may be no more. Delete one first.")
                % {"most": saved_views.MOST},
            )
        else:
            messages.success(request, _("Saved the view “%(name)s”.") % {"name": view.name}, "ok")
            return _board(query)
    return _page(request, form, query=query)


@require_http_methods(["GET", "POST"])
def one(request: StaffRequest, pk: int) -> HttpResponse:
    """Another name for a view."""
    view = _own(request, pk)
    form = NameForm(request.POST if request.method == "POST" else {"name": view.name})
    if request.method == "POST" and form.is_valid():
        before = view.name
        try:
            saved_views.rename(view, form.cleaned_data["name"])
        except NameTaken:
            view.name = before
            form.add_error("name", _("You already have a view of this name."))
        else:
            messages.success(
                request, _("The view is called “%(name)s” now.") % {"name": view.name}, "ok"
            )
            return _board(view.query)
    return _page(request, form, view=view, query=view.query)


@require_POST
def delete(request: StaffRequest, pk: int) -> HttpResponse:
    """The page has asked."""
    view = _own(request, pk)
    saved_views.delete(view)
    messages.success(request, _("Deleted the view “%(name)s”.") % {"name": view.name}, "ok")
    return redirect("board")


@require_POST
def columns(request: StaffRequest) -> HttpResponse:
    """The columns of this person's board; back to where it was."""
    reset = "reset" in request.POST
    chosen = Columns.among(request.POST.getlist("column"), Sight(request.user))
    request.user.columns = None if reset else chosen.stored()
    request.user.save(update_fields=["columns"])
    return _board(addresses.written(addresses.parsed(request.POST.get("query", ""))))


def _own(request: StaffRequest, pk: int) -> SavedView:
    return get_object_or_404(saved_views.of(request.user), pk=pk)


def _board(query: str) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('board')}{'?' if query else ''}{query}")


def _page(request: StaffRequest, form: NameForm, **context: object) -> HttpResponse:
    wrong = request.method == "POST"
    status = HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK
    if wrong:
        form.fields["name"].widget.attrs.update(
            {"autofocus": True, "aria-invalid": "true", "aria-describedby": "e-name"}
        )
    return render(request, "dashboard/view.html", {"form": form, **context}, status=status)
