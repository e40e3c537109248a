"""What a participant is in a conversation, in words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: By Genesys's `purpose` (API.md 5.1).
PURPOSES: dict[str, str | Promise] = {
    "acd": _("Queue"),
    "ivr": _("IVR flow"),
    "botflow": _("Bot flow"),
    "workflow": _("Workflow"),
    "voicesurveyflow": _("Survey flow"),
    "customer": _("Customer"),
    "external": _("External party"),
    "agent": _("Agent"),
    "user": _("Colleague"),
}


def purpose(name: str) -> str:
    """The words for a purpose; one that Genesys has added since is shown as it is."""
    return str(PURPOSES.get(name, name or _("Unknown")))
