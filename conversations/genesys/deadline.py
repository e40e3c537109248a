"""An HTTP adapter that ends a whole answer at a deadline.

The read timeout of `requests` bounds one wait for bytes, so a server that drips a byte a second holds a caller for
ever. Here every read, of headers and body alike, waits at most until the deadline of the call.
"""

import http.client
import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_call = threading.local()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """All answers read inside, by this thread, end this many seconds from now with a timeout."""
    _call.ends = time.monotonic() + seconds
    try:
        yield
    finally:
        _call.ends = None


class _Reader(io.RawIOBase):
    """The socket's reader, with the time left of the call as its timeout."""

    def __init__(self, sock: Any, raw: io.RawIOBase) -> None:
        self._sock, self._raw = sock, raw
        self._ends: float | None = getattr(_call, "ends", None)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._ends is not None:
            left = self._ends - time.monotonic()
            if left <= 0:
                raise TimeoutError("the answer took too long")
            self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        super().close()
        self._raw.close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Reader(sock, self.fp.detach()))


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class DeadlineAdapter(HTTPAdapter):
    """Keeps one connection alive; its reads obey `within`."""

    def __init__(self) -> None:
        super().__init__(pool_connections=2, pool_maxsize=1)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, **kwargs)
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
        return manager
