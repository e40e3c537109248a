"""The access token: fetched, kept, shared between processes, renewed by one of them."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

#: Renew this long before the token ends: a call must not meet the end on its way.
MARGIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Token:
    value: str = field(repr=False)
    #: Epoch seconds.
    expires_at: float

    def fresh(self) -> bool:
        return self.expires_at - MARGIN_SECONDS > time.time()


class TokenStore(Protocol):
    """Where the processes of one deployment keep their common token."""

    def load(self) -> Token | None: ...

    def renew(self, old: Token | None, fetch: Callable[[], Token]) -> Token:
        """Replace `old`: one process fetches, the others wait for what it brings."""
        ...


class OwnToken:
    """A store for a single process: the doctor's trial sign-in, and tests of the wire alone."""

    def __init__(self) -> None:
        self._token: Token | None = None
        self._lock = threading.Lock()

    def load(self) -> Token | None:
        return self._token

    def renew(self, old: Token | None, fetch: Callable[[], Token]) -> Token:
        with self._lock:
            if self._token is None or self._token == old:
                self._token = fetch()
            return self._token
