"""Who may sign in, and stay signed in."""

from django.conf import settings
from django.contrib.auth.backends import ModelBackend

from conversations.models import User


class Accounts(ModelBackend):
    """Our accounts, by name and password. Asked at every sign-in, and with every request for the session's person."""

    def user_can_authenticate(self, user: User | None) -> bool:  # type: ignore[override]
        known_to_all = user is not None and user.demo and not settings.SANDBOX
        return super().user_can_authenticate(user) and not known_to_all
