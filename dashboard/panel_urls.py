"""Every URL of the panel. The names are those of the site: shared pages lead to the panel's own pages by them."""

from django.urls import path

from dashboard.urls import handler400, handler500, shared
from dashboard.views import panel

__all__ = ["handler400", "handler500", "urlpatterns"]

urlpatterns = [
    path("panel/", panel.home, name="board"),
    path("panel/rows", panel.rows, name="board-rows"),
    path("panel/sign-in/", panel.signed_out, name="login"),
    path("panel/sign-in/door", panel.door, name="panel-door"),
    path("panel/sign-in/fetch", panel.fetch, name="panel-fetch"),
    path("panel/sign-out", panel.sign_out, name="logout"),
    *shared("panel/", "panel/"),
]
