"""The panel inside the Genesys desktop: its door, the sign-in that comes through a window, the person's interactions.

The conversation and the edits are the site's own views under the panel's addresses.
"""

from http import HTTPStatus
from urllib.parse import urlencode
from uuid import UUID

from django.conf import settings
from django.contrib.auth import login, logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from conversations import board as rows_of
from conversations import finding
from conversations.catalogue import Sight
from dashboard import polling
from dashboard.middleware import DESKTOP_LANGUAGE, SignInRequired
from dashboard.models import GRANTED_BY
from dashboard.panel import handover
from dashboard.people import StaffRequest
from dashboard.place import PANEL

PAGE = "dashboard/panel.html"
#: A panel is no board: whoever may see more than this searches.
ROWS = 25
#: What the desktop calls the interaction, in newer and in older organisations.
IDS = ("conversationId", "gcConversationId", "pcConversationId")
TOKEN = "Midcall-Token"  # noqa: S105 - the name of a header


@login_not_required
@never_cache
@require_GET
def home(request: StaffRequest) -> HttpResponse:
    """Where the desktop opens the panel. Its parameters are anybody's: they choose what is shown, not to whom."""
    _keep_language(request)
    origin = _said(request, "gcHostOrigin")
    if origin and origin.rstrip("/").lower() != settings.GENESYS.apps_url:
        return render(request, "dashboard/panel_region.html", status=HTTPStatus.FORBIDDEN)
    if not request.user.is_authenticated:
        return _door(request, "dashboard/panel_signed_out.html", request.get_full_path())
    asked = next((said for said in (_said(request, name) for name in IDS) if said), "")
    for text in (asked, request.GET.get("q", "")):
        if known := _id(text):
            return redirect("conversation", known)
    tag = polling.tag(request)
    context = {**_own(request), "malformed": bool(asked), "tag": tag}
    return render(request, PAGE, {**context, "heard": polling.heard()})


@require_GET
def rows(request: StaffRequest) -> HttpResponse:
    """The fragment of the person's interactions."""
    tag = polling.tag(request)
    if answer := polling.unchanged(request, tag):
        return answer
    return polling.fragment(request, f"{PAGE}#rows", {**_own(request), "tag": tag}, tag)


@login_not_required
@never_cache
@require_GET
def signed_out(request: HttpRequest) -> HttpResponse:
    """For somebody whose panel showed another page when the session was over."""
    wanted = request.GET.get("next", "")
    safe = wanted.startswith(PANEL) and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return _door(request, "dashboard/panel_signed_out.html", wanted if safe else PANEL)


@login_not_required
@never_cache
@require_GET
def door(request: HttpRequest) -> HttpResponse:
    """The way in for a page that is open already; where its own person has come in meanwhile, the token of the session.

    Somebody else's session is no way in: the page would be refused with it again, and ask anew for ever.
    """
    person = request.headers.get(SignInRequired.PERSON, "")
    if request.user.is_authenticated and person in ("", str(request.user.pk)):
        return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={TOKEN: get_token(request)})
    return _door(request, "dashboard/_door.html", "")


@login_not_required
@never_cache
@csrf_exempt
@require_POST
def fetch(request: HttpRequest) -> HttpResponse:
    """Sign the panel in with what its window has got: 204; 202 while nobody has signed in there; 410 for a new ask.

    Nobody is signed in yet, so there is no session to keep a token in: who posts is known by the origin, which browsers
    always send with a post. Another panel of the same desktop must not sign this one in as somebody else.
    """
    here = [f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS]
    if request.headers.get("Origin") not in here:
        return HttpResponse(status=HTTPStatus.FORBIDDEN)
    asked, secret, code = (request.POST.get(name, "") for name in ("ask", "secret", "code"))
    try:
        granted = handover.fetch(asked, secret, code)
    except handover.Refused:
        return HttpResponse(status=HTTPStatus.GONE)
    if granted is None:
        return HttpResponse(status=HTTPStatus.ACCEPTED)
    login(request, granted.user)
    request.session[GRANTED_BY] = granted.granted_by_id
    return HttpResponse(status=HTTPStatus.NO_CONTENT, headers={TOKEN: get_token(request)})


@require_POST
def sign_out(request: StaffRequest) -> HttpResponse:
    """End the sign-in in the window as well: else it would let the next person in as this one, without a password."""
    granted_by = request.session.get(GRANTED_BY)
    logout(request)
    if granted_by:
        handover.take_back(granted_by)
    return redirect("login")


# --- The window, on the site ---


@never_cache
@require_http_methods(["GET", "POST"])
def window(request: StaffRequest) -> HttpResponse:
    """Somebody has signed in for a panel: hand it over with a code, or have them type what the panel shows."""
    asked = request.POST.get("ask") or request.GET.get("ask", "")
    context: dict[str, object] = {"ask": asked, "refused": not handover.is_good(asked)}
    if request.method == "POST" and not context["refused"]:
        try:
            context |= _handed_over(request, asked)
        except handover.Refused:
            context["refused"] = True
    return render(request, "registration/hand_over.html", context)


def _handed_over(request: StaffRequest, asked: str) -> dict[str, object]:
    session = request.session.session_key or ""
    if "digits" not in request.POST:
        return {"code": handover.give(asked, request.user, session)}
    typed = "".join(request.POST["digits"].split())
    right = handover.confirm(asked, request.user, session, typed)
    return {"confirmed": right, "wrong": not right}


# --- What the pages are made of ---


def _door(request: HttpRequest, template: str, back: str) -> HttpResponse:
    asked, secret = handover.ask()
    address = reverse("panel-window", urlconf=settings.ROOT_URLCONF)
    context = {
        "ask": asked,
        "secret": secret,
        "digits": handover.digits(asked),
        "window": f"{address}?{urlencode({'ask': asked})}",
        "back": back,
    }
    return render(request, template, context)


def _own(request: StaffRequest) -> dict[str, object]:
    user, sight = request.user, Sight(request.user)
    typed = request.GET.get("q", "").replace("\0", "").strip()  # PostgreSQL takes no such letter
    words = typed[: finding.MOST_CHARACTERS]
    visible = rows_of.rows(user)
    chosen = finding.search(visible, words, sight.not_to_find_by) if words else visible
    found = list(chosen.order_by("-started_at", "pk")[: ROWS + 1])
    return {
        "rows": rows_of.fill(found[:ROWS], sight),
        "more": len(found) > ROWS,
        "words": words,
        "cut": finding.MOST_CHARACTERS if words != typed else 0,
        "query": urlencode({"q": words}) if words else "",
        "attention": rows_of.needing_attention(user).count(),
        "wait": polling.wait(),
    }


def _said(request: HttpRequest, name: str) -> str:
    """A parameter of the address; a placeholder the desktop did not know says nothing."""
    value = request.GET.get(name, "").strip()
    return "" if value.startswith("{{") else value


def _id(text: str) -> UUID | None:
    """An id in the form Genesys writes it; the shorter and longer ways to write a UUID are none."""
    try:
        return UUID(text) if len(text) == 36 else None  # noqa: PLR2004
    except ValueError:
        return None


def _keep_language(request: HttpRequest) -> None:
    """The desktop's language, for all that follows; one we do not speak is the person's own or ours."""
    try:
        wanted = translation.get_supported_language_variant(_said(request, "langTag").lower())
    except LookupError:
        return
    translation.activate(wanted)
    if request.user.is_authenticated and request.session.get(DESKTOP_LANGUAGE) != wanted:
        request.session[DESKTOP_LANGUAGE] = wanted
