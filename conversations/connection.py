"""The one Genesys client of this process, made from settings, and the token all processes share."""

import base64
import functools
import hashlib
import time
from collections.abc import Callable

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings

from conversations.edits.reasons import because
from conversations.genesys import Client, GenesysError, NotSent, Token, Trouble
from conversations.models import AccessToken, clock

#: One process fetches the token; the others give it this long.
RENEWAL_SECONDS = 15.0


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
        if row is None or not row.sealed:
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
            current = self.load()
            if current is not None and current != old:
                return current
        raise NotSent(Trouble.SIGNING_IN, code="login")

    def _take_turn(self) -> bool:
        now = clock.now()
        turn = AccessToken.objects.filter(pk=self._client_id, renewing_until__lt=now)
        return bool(turn.update(renewing_until=now + RENEWAL_SECONDS))

    def _fetch(self, old: Token | None, fetch: Callable[[], Token]) -> Token:
        row = AccessToken.objects.filter(pk=self._client_id)
        try:
            current = self.load()
            if current is not None and current != old and current.fresh():
                return current  # it was renewed while we waited for our turn
            try:
                token = fetch()
            except GenesysError as error:
                row.update(refused_at=clock.now(), refusal=because(error))
                raise
            sealed = self._box.encrypt(token.value.encode()).decode()
            row.update(sealed=sealed, expires_at=token.expires_at, fetched_at=clock.now())
            return token
        finally:
            row.update(renewing_until=0)
