"""The one Genesys client of this process, made from settings, and the token all processes share."""

import base64
import functools
import hashlib
import time
from collections.abc import Callable

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from conversations.edits.reasons import because
from conversations.genesys import Client, GenesysError, NotSent, SignInRefused, Token, Trouble
from conversations.models import AccessToken, clock

#: One process fetches the token; the others give it this long.
RENEWAL_SECONDS = 15.0
#: A refused sign-in is not tried again by anybody for so long, or for as long as Genesys asks: sign-ins are limited too
#: (API.md 2.1). However long it asks: a slip must not silence us for a day.
PAUSE_SECONDS, MAX_PAUSE_SECONDS = 5.0, 300.0


@functools.cache
def genesys() -> Client:
    """The client of this process."""
    return Client(settings.GENESYS, SharedToken(settings.GENESYS.client_id))


class SharedToken:
    """A `TokenStore` in the database, encrypted with the secret key: a copy of the database opens nothing."""

    def __init__(self, client_id: str) -> None:
        self._client_id = client_id
        digest = hashlib.sha256(b"genesys access token" + settings.SECRET_KEY.encode()).digest()
        self._box = Fernet(base64.urlsafe_b64encode(digest))

    def load(self) -> Token | None:
        row = AccessToken.objects.filter(pk=self._client_id).first()
        return self._open(row) if row is not None else None

    def _open(self, row: AccessToken) -> Token | None:
        if not row.sealed:
            return None
        try:
            return Token(self._box.decrypt(row.sealed.encode()).decode(), row.expires_at)
        except InvalidToken:  # the secret key was changed; the next renewal repairs it
            return None

    def renew(self, old: Token | None, fetch: Callable[[], Token]) -> Token:
        AccessToken.objects.get_or_create(pk=self._client_id)
        give_up = time.monotonic() + RENEWAL_SECONDS
        while time.monotonic() < give_up:
            if self._take_turn():
                return self._fetch(old, fetch)
            time.sleep(0.05)
            row = AccessToken.objects.get(pk=self._client_id)
            current = self._open(row)
            if current is not None and current != old:
                return current
            if row.refused_at > row.fetched_at and not row.refusal.says(Trouble.UNREACHABLE):
                raise _refused_lately(row)
        raise NotSent(Trouble.SIGNING_IN, code="login")

    def _take_turn(self) -> bool:
        now = clock.now()
        turn = AccessToken.objects.filter(pk=self._client_id, renewing_until__lt=now)
        return bool(turn.update(renewing_until=now + RENEWAL_SECONDS))

    def _fetch(self, old: Token | None, fetch: Callable[[], Token]) -> Token:
        row = AccessToken.objects.filter(pk=self._client_id)
        pause_until = 0.0
        try:
            current = self.load()
            if current is not None and current != old and current.fresh():
                return current  # it was renewed while we waited for our turn
            token = fetch()
            sealed = self._box.encrypt(token.value.encode()).decode()
            row.update(sealed=sealed, expires_at=token.expires_at, fetched_at=clock.now())
            return token
        except GenesysError as error:
            now = clock.now()
            pause_until = now + _pause(error)
            row.update(refused_at=now, refusal=because(error))
            raise
        finally:
            row.update(renewing_until=pause_until)


def _pause(error: GenesysError) -> float:
    if error.trouble == Trouble.UNREACHABLE:  # nobody there has counted it
        return 0.0
    return min(max(PAUSE_SECONDS, error.retry_after or 0.0), MAX_PAUSE_SECONDS)


def _refused_lately(row: AccessToken) -> NotSent:
    """What the last sign-in met, for those who would ask the same while it is not to be tried again."""
    said = row.refusal.sentences[0]
    status = said.facts.get("status")
    kind = SignInRefused if said.code == Trouble.CLIENT_REFUSED else NotSent
    return kind(
        Trouble(said.code),
        status=status if isinstance(status, int) else None,
        message=str(said.facts.get("message", "")),
        code="login",
        retry_after=max(0.0, min(row.renewing_until - clock.now(), PAUSE_SECONDS)),
    )
