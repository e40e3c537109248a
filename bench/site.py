"""The product's web server with two pages more, behind the same sign-in: the floors of a page, and of a save."""

from importlib import import_module

from django.conf import settings
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils import timezone

from dashboard.wsgi import application

__all__ = ["application", "urlpatterns"]


def empty(_request: HttpRequest) -> HttpResponse:
    """What is left when there is nothing but the sign-in."""
    return HttpResponse(b"")


def commit(request: HttpRequest) -> HttpResponse:
    """What is left of a save when there is nothing but one row to commit."""
    get_user_model().objects.filter(username=request.user.get_username()).update(
        last_login=timezone.now()
    )
    return HttpResponse(b"")


# Only now: the applications are loaded with `application`.
urlpatterns = [
    path("empty", empty),
    path("commit", commit),
    *import_module("dashboard.urls").urlpatterns,
]
settings.ROOT_URLCONF = __name__
