"""What happens to every request: a sign-in is needed, zone and language are the person's own, logs know which it is."""

import re
import uuid
from collections.abc import Callable
from http import HTTPStatus
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import structlog
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone, translation

from dashboard.place import PANEL, in_panel

#: Where a session of the panel keeps what the desktop has said.
DESKTOP_LANGUAGE = "desktop_language"

GetResponse = Callable[[HttpRequest], HttpResponseBase]
View = Callable[..., HttpResponseBase]


class SignInRequired(LoginRequiredMiddleware):
    """Every page needs a sign-in. A fragment is told so with 401: a redirect would paint the sign-in into a table.
    So is a form, on a page that can send it again: with a redirect what was typed would be lost."""

    #: Who the page was made for, as its scripts say: somebody else may have signed in in another tab.
    PERSON = "Midcall-Person"

    def process_view(
        self, request: HttpRequest, view_func: View, args: tuple[object], kwargs: dict[str, object]
    ) -> HttpResponseBase | None:
        answer = super().process_view(request, view_func, args, kwargs)
        closed = getattr(view_func, "login_required", True)  # as Django's middleware asks it
        fragment = closed and bool(request.headers.get("HX-Request"))
        if fragment and request.headers.get(self.PERSON, str(request.user.pk)) != str(
            request.user.pk
        ):
            return HttpResponse(status=401, headers={"Cache-Control": "no-store"})
        if answer is not None and fragment:
            return HttpResponse(status=401, headers={"Cache-Control": "no-store"})
        if answer is not None and request.method == "POST":
            return _posted(request)
        return answer


def _posted(request: HttpRequest) -> HttpResponse:
    """To somebody whose session was over when they sent a form."""
    if request.resolver_match and request.resolver_match.url_name == "logout":
        return redirect("login")
    if in_panel(request):  # nothing typed is in its forms, and its door is on a page of its own
        return redirect_to_login(_came_from(request), resolve_url("login"))
    secret = {name for name in request.POST if re.search("password", name, re.IGNORECASE)}
    names = [each for each in request.POST if each not in {*secret, "csrfmiddlewaretoken"}]
    context = {
        "kept": [(name, each) for name in names for each in request.POST.getlist(name)],
        "left_out": bool(request.FILES) or any(request.POST[name] for name in secret),
    }
    page = render(request, "401.html", context, status=HTTPStatus.UNAUTHORIZED)
    page["Cache-Control"] = "no-store"
    return page


def _came_from(request: HttpRequest) -> str:
    """The address of the panel's page that holds the form; empty where the browser does not say."""
    return "".join(request.headers.get("Referer", "").partition(PANEL)[1:])


def own_zone(get_response: GetResponse) -> GetResponse:
    """Times of day in the zone of the person's profile, else in that of the browser, which says it in a cookie."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        chosen = getattr(request.user, "time_zone", "") or request.COOKIES.get("tz")
        try:
            timezone.activate(ZoneInfo(chosen or "UTC"))
        except (ZoneInfoNotFoundError, ValueError, OSError):  # a cookie may hold anything
            timezone.activate(ZoneInfo("UTC"))
        return get_response(request)

    return middleware


def own_language(get_response: GetResponse) -> GetResponse:
    """Words in the language of the desktop around the panel, else of the person's profile; without either, Django's
    middleware has asked the browser."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if chosen := request.session.get(DESKTOP_LANGUAGE) or getattr(request.user, "language", ""):
            translation.activate(chosen)
        return get_response(request)

    return middleware


def not_kept(get_response: GetResponse) -> GetResponse:
    """No page of a signed-in person is kept by the browser: going back must not show yesterday's values as live."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.user.is_authenticated and "Cache-Control" not in response:
            response["Cache-Control"] = "no-store"
        return response

    return middleware


def in_words(get_response: GetResponse) -> GetResponse:
    """What an address does not take is said with words: Django's own answer is a blank page."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        refused = isinstance(response, HttpResponseNotAllowed)
        if not refused or request.headers.get("HX-Request"):
            return response
        page = render(request, "405.html", status=HTTPStatus.METHOD_NOT_ALLOWED)
        page["Allow"] = response["Allow"]
        return page

    return middleware


def request_id(get_response: GetResponse) -> GetResponse:
    """An id on every log line of a request, from the proxy if it sent one."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-Id", "")
        name = given if re.fullmatch(r"[A-Za-z0-9-]{8,64}", given) else uuid.uuid4().hex
        # It stays until the next request: Django writes its own line once the middleware is through.
        structlog.contextvars.bind_contextvars(request=name)
        response = get_response(request)
        response["X-Request-Id"] = name
        return response

    return middleware
