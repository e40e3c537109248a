"""Where a page lives: on the site, or in the panel inside the Genesys desktop.

Both show the same views and templates. They differ in one thing, the table of addresses: a request to the panel has its
own (`panel_urls`), so every `reverse` and every `{% url %}` of a shared page leads to the panel again.
"""

from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django_htmx.middleware import HtmxDetails

#: Everything the panel needs lies under this, for its cookie does.
PANEL = "/panel/"
PANEL_URLS = "dashboard.panel_urls"


def in_panel(request: HttpRequest) -> bool:
    return request.path_info.startswith(PANEL)


def page_behind(request: HttpRequest, htmx: HtmxDetails) -> str:
    """The name of the page a fragment was asked for from; empty where it is none of ours."""
    path = (htmx.current_url_abs_path or "").partition("?")[0].partition("#")[0]
    try:
        return resolve(path, getattr(request, "urlconf", None)).url_name or ""
    except Resolver404:
        return ""


def context(request: HttpRequest) -> dict[str, object]:
    """For templates: `panel`."""
    return {"panel": in_panel(request)}
