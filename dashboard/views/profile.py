"""What a person sets for themselves."""

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from conversations import board
from dashboard.form_errors import focus_first_error
from dashboard.people import StaffRequest
from dashboard.profile_forms import ProfileForm


@require_http_methods(["GET", "POST"])
def profile(request: StaffRequest) -> HttpResponse:
    """The page: looks, time zone, language and shortcuts of the person who asks."""
    form = ProfileForm(request.POST if request.method == "POST" else None, instance=request.user)
    if form.is_bound and form.is_valid():
        request.user.save(update_fields=list(form.fields))
        with translation.override(request.user.language or translation.get_language()):
            messages.success(request, _("Your profile is saved."), extra_tags="ok")
        return redirect("profile")
    focus_first_error(form)
    context = {"form": form, "attention": board.needing_attention(request.user).count()}
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "dashboard/profile.html", context, status=status)


@require_POST
def shortcuts(request: StaffRequest) -> HttpResponse:
    """Single keys on or off; back to where the person was."""
    request.user.shortcuts = request.POST.get("shortcuts") == "on"
    request.user.save(update_fields=["shortcuts"])
    back = request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure())
    return HttpResponseRedirect(back if safe else "/")
