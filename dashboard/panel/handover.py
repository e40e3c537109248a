"""Hand a sign-in from a window of its own to the panel that asked for it.

A cookie set in the window is not seen in the panel: browsers keep what is framed by another site apart. So the panel
makes an *ask* (signed; bound to a secret that the asking page alone holds), the window signs somebody in for it, and
the panel fetches that sign-in: with a one-time code the window hands over, or, where the window has lost the panel,
because the person has typed the digits the panel shows. Both are good for one minute, once, for the asking page only.

Nothing is kept of an ask before somebody has signed in for it, no session either: of ten panels that open at the same
moment each would be given another, and nine would be lost.
"""

import hashlib
import secrets
from dataclasses import dataclass

import structlog
from django.contrib.sessions.models import Session
from django.core import signing
from django.db.models import F, QuerySet, Sum
from django.utils.crypto import constant_time_compare, salted_hmac

from conversations.models import User
from conversations.models.clock import now
from dashboard.models import Handover, PanelStore

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

#: From showing the page to the end of the sign-in in the window.
ASK_SECONDS = 600
#: From the hand-over to its use.
GRANT_SECONDS = 60
#: Wrong codes or digits for one ask; then it is worth nothing.
TRIES = 5
#: Wrong digits of one person, over all asks of the last `ASK_SECONDS`.
TRIES_PER_PERSON = 15
#: Rows are kept so long, for whoever wants to know what happened.
KEPT_SECONDS = 86_400

SALT = "dashboard.panel.handover"


class Refused(Exception):
    """This ask is too old, used, tried too often, or somebody else's; a new one is needed."""


@dataclass(frozen=True, slots=True)
class Ask:
    nonce: str
    #: Digest of the asking page's secret.
    asker: str


def ask() -> tuple[str, str]:
    """A new ask, for the window to know, and its secret, for the asking page alone."""
    secret = secrets.token_urlsafe(32)
    return signing.dumps([secrets.token_urlsafe(32), _digest(secret)], salt=SALT), secret


def digits(asked: str) -> str:
    """The four digits of an ask: they stand in the panel, and the window wants to know them."""
    nonce = _read(asked).nonce
    return f"{int(salted_hmac(SALT, nonce).hexdigest(), 16) % 10_000:04}"


def is_good(asked: str) -> bool:
    try:
        return bool(_read(asked))
    except Refused:
        return False


def give(asked: str, user: User, session: str) -> str:
    """A one-time code for the panel, from the site's session of this key. Raises `Refused`."""
    code, until = secrets.token_urlsafe(32), now() + GRANT_SECONDS
    row = _begun(asked, user)
    if not row.update(code=_digest(code), code_until=until, granted_by=session):
        raise Refused
    return code


def confirm(asked: str, user: User, session: str, typed: str) -> bool:
    """Whether somebody typed the digits of the panel; if so it may fetch the sign-in. Raises `Refused`."""
    row = _begun(asked, user)
    recent = Handover.objects.filter(user=user, made_at__gt=now() - ASK_SECONDS)
    tried = recent.aggregate(all=Sum("tries"))["all"] or 0
    # Counted before it is judged: many guesses at the same moment are no way around it.
    if tried >= TRIES_PER_PERSON or not row.update(tries=F("tries") + 1):
        raise Refused
    if not constant_time_compare(typed, digits(asked)):
        log.warning("wrong digits for a panel", user=user.pk)
        return False
    _of(asked, user).update(confirmed_until=now() + GRANT_SECONDS, granted_by=session)
    return True


def fetch(asked: str, secret: str, code: str) -> Handover | None:
    """The sign-in for this panel, with who signed in; None while nobody has. Raises `Refused`."""
    wanted = _read(asked)
    if not constant_time_compare(wanted.asker, _digest(secret)):
        raise Refused
    rows = Handover.objects.filter(pk=wanted.nonce, asker=wanted.asker)
    ready = rows.filter(used=False, tries__lte=TRIES, user__is_active=True)
    ready = ready.exclude(granted_by=None)
    if code:
        ready = ready.filter(code=_digest(code), code_until__gt=now(), tries__lt=TRIES)
    else:
        ready = ready.filter(confirmed_until__gt=now())
    if ready.update(used=True):
        row = rows.select_related("user").get()
        log.info("signed in to the panel", user=row.user_id)
        _forget_old_ones()
        return row
    if code:
        rows.update(tries=F("tries") + 1)
    if code or rows.filter(used=True).exists():
        raise Refused
    return None


def take_back(session: str) -> None:
    """End the site's session a panel came from, and with it every panel it was handed to."""
    Session.objects.filter(pk=session).delete()


def _begun(asked: str, user: User) -> QuerySet[Handover]:
    """The ask as this person's, begun with the first of them who signs in for it."""
    wanted = _read(asked)
    Handover.objects.get_or_create(
        pk=wanted.nonce, defaults={"asker": wanted.asker, "user": user, "made_at": now()}
    )
    return _of(asked, user).filter(tries__lt=TRIES)


def _of(asked: str, user: User) -> QuerySet[Handover]:
    return Handover.objects.filter(pk=_read(asked).nonce, user=user, used=False)


def _read(asked: str) -> Ask:
    try:
        return Ask(*signing.loads(asked, salt=SALT, max_age=ASK_SECONDS))
    except (signing.BadSignature, TypeError) as error:
        raise Refused from error


def _forget_old_ones() -> None:
    Handover.objects.filter(made_at__lt=now() - KEPT_SECONDS).delete()
    PanelStore.clear_expired()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
