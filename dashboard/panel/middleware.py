"""What is different for a request to the panel: its cookie and session, its token against forged posts, its headers."""

from http import HTTPStatus
from http.cookies import Morsel

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.http.response import HttpResponseBase
from django.middleware.csrf import CSRF_SESSION_KEY, CsrfViewMiddleware
from django.utils.cache import patch_vary_headers

from dashboard.middleware import GetResponse, View
from dashboard.models import PanelStore
from dashboard.place import PANEL, PANEL_URLS, in_panel

COOKIE = "panelsid"

# Python learns this attribute of cookies in 3.14; both names are stable since 3.1.
Morsel._reserved.setdefault("partitioned", "Partitioned")  # type: ignore[attr-defined]
Morsel._flags.add("partitioned")  # type: ignore[attr-defined]


class Sessions(SessionMiddleware):
    """The panel's session comes from a cookie of its own, which a frame of another site is sent and nothing else is."""

    def process_request(self, request: HttpRequest) -> None:
        if not in_panel(request):
            return super().process_request(request)
        request.session = PanelStore(request.COOKIES.get(COOKIE))
        return None

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        if not in_panel(request):
            return super().process_response(request, response)
        session = request.session
        patch_vary_headers(response, ("Cookie",))
        if session.is_empty():
            if COOKIE in request.COOKIES:
                _set(response, "", 0)
        elif session.modified and response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            try:
                session.save()
            except UpdateError as error:
                raise SessionInterrupted("The session ended while it was being used.") from error
            _set(response, session.session_key or "", session.get_expiry_age())
        return response


def _set(response: HttpResponse, key: str, seconds: int) -> None:
    """Secure in any case: no browser keeps a cookie of a frame without it (and all take 127.0.0.1 for secure)."""
    response.set_cookie(
        COOKIE,
        key,
        max_age=seconds,
        path=PANEL,
        secure=True,
        httponly=True,
        samesite="None",
    )
    response.cookies[COOKIE]["partitioned"] = True


class ForgedPosts(CsrfViewMiddleware):
    """In the panel the token lies in the session: a second cookie would have to be readable, and kept apart as well."""

    def process_view(
        self, request: HttpRequest, callback: View, args: tuple[object], kwargs: dict[str, object]
    ) -> HttpResponseForbidden | None:
        closed = getattr(callback, "login_required", True)
        if in_panel(request) and closed and not request.user.is_authenticated:
            return None  # the token is gone with the session, and `SignInRequired` lets nobody by
        return super().process_view(request, callback, args, kwargs)

    def _get_secret(self, request: HttpRequest) -> str | None:
        if in_panel(request):
            secret: str | None = request.session.get(CSRF_SESSION_KEY)
            return secret
        return super()._get_secret(request)  # type: ignore[misc,no-any-return]

    def _set_csrf_cookie(self, request: HttpRequest, response: HttpResponse) -> None:
        if not in_panel(request):
            super()._set_csrf_cookie(request, response)  # type: ignore[misc]
        elif request.session.get(CSRF_SESSION_KEY) != request.META["CSRF_COOKIE"]:
            request.session[CSRF_SESSION_KEY] = request.META["CSRF_COOKIE"]


class Policy(CSPMiddleware):
    """The panel may be framed, by the sites of the settings alone."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if in_panel(request) and not report_only:
            parts.replace = {**(parts.replace or {}), "frame-ancestors": settings.PANEL_ANCESTORS}
        return parts


def placed(get_response: GetResponse) -> GetResponse:
    """The addresses of the panel, and which windows may know of one another."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return panel(request) if in_panel(request) else site(request)

    def site(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if request.path_info.startswith("/accounts/"):
            # The panel opens the sign-in as a window and hears from it; Django's default cuts the two apart.
            response["Cross-Origin-Opener-Policy"] = "unsafe-none"
        return response

    def panel(request: HttpRequest) -> HttpResponseBase:
        request.urlconf = PANEL_URLS
        response = get_response(request)
        response.headers.pop("X-Frame-Options", None)  # it knows no list; `Policy` has one
        response["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups"
        return response

    return middleware
