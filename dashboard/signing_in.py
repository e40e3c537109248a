"""Who may sign in, and stay signed in."""

import math
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy, ngettext

from conversations.models import User
from dashboard import guessing


class Accounts(ModelBackend):
    """Our accounts, by name and password. Asked at every sign-in, and with every request for the session's person."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **more: Any,
    ) -> User | None:
        """Raises `ValidationError` where the name has to wait: every form to sign in with shows it, the admin's too."""
        if request is None or username is None:
            return self._judged(request, username, password, **more)
        address = _address(request)
        try:
            guessing.count(username, address)
        except guessing.TooMany as wait:
            raise ValidationError(_wait(wait.seconds), code="too_many") from wait
        user = self._judged(request, username, password, **more)
        if user is not None:
            guessing.forget(username, address)
        return user

    def user_can_authenticate(self, user: User | None) -> bool:  # type: ignore[override]
        known_to_all = user is not None and user.demo and not settings.SANDBOX
        return super().user_can_authenticate(user) and not known_to_all

    def _judged(self, *asked: Any, **more: Any) -> User | None:
        user: User | None = super().authenticate(*asked, **more)
        return user


class SignIn(AuthenticationForm):
    """Name and password, with our words."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": gettext_lazy(
            "Name and password do not belong together. Both are case-sensitive."
        ),
    }


def _wait(seconds: float) -> str:
    minutes = max(1, math.ceil(seconds / 60))
    words = ngettext(
        "Too many wrong passwords for this name. Try again in %(minutes)s minute.",
        "Too many wrong passwords for this name. Try again in %(minutes)s minutes.",
        minutes,
    )
    return words % {"minutes": minutes}


def _address(request: HttpRequest) -> str:
    """Where a request comes from. Behind a proxy we believe (it says whether it is https) that is what the proxy has
    added last; all before it anybody may have written."""
    said = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    if settings.SECURE_PROXY_SSL_HEADER and said:
        return said
    return str(request.META.get("REMOTE_ADDR", ""))
