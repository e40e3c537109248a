"""How things look: colour and icon of a state, a duration, an id made of an attribute's name."""

import json
import re
from collections.abc import Collection
from datetime import datetime
from functools import lru_cache

from django import template
from django.conf import settings
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from conversations import board, parties
from conversations.catalogue import Sight, odd_blanks
from conversations.edits import telling
from conversations.edits.story import EditLine
from conversations.models import AttributeEdit, Participant, State
from conversations.models.reason import name_keys
from dashboard.naming import slug

register = template.Library()
register.filter(slug)

#: Tone and icon of every state an edit can be in (the tone is a class of app.css, the icon a symbol of icons.svg).
LOOKS: dict[str, tuple[str, str]] = {
    State.QUEUED: ("idle", "clock"),
    State.SENDING: ("info", "send"),
    State.VERIFYING: ("info", "spinner"),
    State.CONFIRMED: ("ok", "check"),
    State.NOT_PERSISTED: ("warn", "triangle"),
    State.CONFLICT: ("conf", "swap"),
    State.REJECTED: ("bad", "cross"),
    State.FAILED: ("bad", "cross"),
    State.UNVERIFIABLE: ("idle", "eye-off"),
    State.REVERTED: ("conf", "back"),
    State.CANCELLED: ("idle", "minus"),
    State.SUPERSEDED: ("idle", "up"),
}
LIGHTS = {
    "wait": ("warn", "hourglass"),
    "lost": ("bad", "triangle"),
    "safe": ("ok", "check"),
    "none": ("idle", "minus"),
}
#: Icon and name of every channel, by the media names of the analytics (API.md 6.1).
MEDIA = {
    "voice": ("voice", _("Voice")),
    "callback": ("callback", _("Callback")),
    "email": ("email", _("Email")),
    "chat": ("message", _("Chat")),
    "message": ("message", _("Message")),
}


@register.simple_tag
def icon(name: str) -> SafeString:
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>',
        static("dashboard/icons.svg"),
        name,
    )


@register.simple_tag
def site_url(name: str, *arguments: object) -> str:
    """The address of a page on the site, from wherever it is asked for."""
    return reverse(name, settings.ROOT_URLCONF, arguments)


@register.simple_tag
def badge(state: str, words: str, key: str = "", name: str = "") -> SafeString:
    """A state as icon and words. With `key` it is announced under `name` when it becomes final."""
    tone, symbol = LOOKS[state]
    if state == State.QUEUED and words != str(State.QUEUED.label):
        symbol = "hourglass"
    final = state not in (State.QUEUED, State.SENDING, State.VERIFYING)
    told = (
        format_html(' data-tell="{}" data-name="{}"{}', key, name, " data-final" if final else "")
        if key
        else ""
    )
    return format_html(
        '<span class="badge {}" data-state="{}"{}>{}{}</span>',
        tone,
        state,
        told,
        icon(symbol),
        words,
    )


@register.filter
def as_row(row: board.Row, names: tuple[str, ...]) -> SafeString:
    """A line of the board, with these columns."""
    return _line(row, names, get_language())


@lru_cache(maxsize=20_000)
def _line(row: board.Row, names: tuple[str, ...], _language: str | None) -> SafeString:
    """Most are the same at the next poll, and for the next person: a fortieth of the time."""
    return render_to_string("dashboard/_conversation_row.html", {"row": row, "names": names})


@register.simple_tag
def transfer_light(light: telling.Light) -> SafeString:
    tone, symbol = LIGHTS[light.state]
    return format_html(
        '<p class="light {}" data-light="{}">{}{}</p>', tone, light.state, icon(symbol), light.words
    )


@register.filter
def media_icon(media: str) -> SafeString:
    symbol, name = MEDIA.get(media, ("flow", media.title() or _("Unknown")))
    return format_html("{} {}", icon(symbol), name)


@register.filter
def party(participant: Participant) -> str:
    """Who a participant is: the name, or what it does here."""
    return participant.name or participant.address or purpose(participant)


@register.filter
def purpose(participant: Participant) -> str:
    return parties.purpose(participant.purpose)


@register.filter
def locked_for(key: str, sight: Sight) -> bool:
    """The service's own attribute, and not this person's to change."""
    return sight.is_locked(key)


@register.filter
def named(keys: Collection[str]) -> str:
    """Names of attributes as part of a sentence."""
    return name_keys(keys)


@register.filter
def since(moment: datetime | None) -> str:
    """How long ago, as tick.js carries it on: 11:47."""
    if moment is None:
        return ""
    seconds = max(0, int((timezone.now() - moment).total_seconds()))
    hours, minutes = divmod(seconds // 60, 60)
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"


@register.filter
def iso(moment: datetime | None) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


@register.filter
def seen_as_json(told: telling.Told) -> str:
    """What the person is shown the keys to hold, posted with a step: it overwrites nothing they have not seen."""
    return json.dumps({f"seen.{key}": value for key, value in told.seen.items()})


@register.filter
def notice_values(line: EditLine) -> str:
    """The same for a step taken in a notice, which is answered with the notice."""
    return json.dumps({"notice": "1", **{f"seen.{key}": value for key, value in line.seen.items()}})


@register.filter
def marked(name: str) -> SafeString:
    """A name that keeps its own direction, and whose blanks can be seen where they matter: at its ends, several in a
    row, or nothing else."""
    odd = _("blanks only") if name and not name.strip() else odd_blanks(name)
    if not odd:
        return format_html('<bdi class="key">{}</bdi>', name)
    blank = re.compile(r"(^\s+|\s{2,}|\s+$)")
    pieces = format_html_join(
        "",
        "{}",
        (
            (format_html('<span class="blank">{}</span>', each) if place % 2 else each,)
            for place, each in enumerate(blank.split(name))
        ),
    )
    return format_html('<bdi class="key">{}</bdi> <span class="low">({})</span>', pieces, odd)


@register.filter
def isolate(text: str) -> str:
    """Part of a sentence that keeps its own direction."""
    return telling.isolated(str(text))


@register.filter
def took(edit: AttributeEdit) -> str:
    """How long an edit needed until it was settled."""
    if edit.settled_at is None:
        return ""
    seconds = (edit.settled_at - edit.created_at).total_seconds()
    return gettext("%(seconds)s s") % {"seconds": number_format(seconds, 1)}
