"""The log of calls: what was asked, answered and misbehaved; never a token, never a secret."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

KEPT = 20_000


@dataclass(slots=True)
class LoggedCall:
    """One call; `attributes` are those a write sent.

    `status` and `answered_at` stay None while it is under way, or when it is never answered.
    """

    method: str
    path: str
    at: float
    correlation_id: str
    call: str
    conversation: str | None = None
    participant: str | None = None
    client: str | None = None
    status: int | None = None
    answered_at: float | None = None
    fault: str | None = None
    attributes: Json | None = None

    def body(self) -> Json:
        """How it is listed."""
        return {name: getattr(self, name) for name in self.__slots__}


class CallLog:
    """The newest calls, oldest first."""

    def __init__(self) -> None:
        self._calls: deque[LoggedCall] = deque(maxlen=KEPT)

    def add(self, call: LoggedCall) -> LoggedCall:
        """Note a call when it arrives."""
        self._calls.append(call)
        return call

    def clear(self) -> None:
        """Forget all of them."""
        self._calls.clear()

    def newest(self, count: int) -> list[LoggedCall]:
        """The last ones, newest first."""
        return [call for call, _ in zip(reversed(self._calls), range(count), strict=False)]

    def find(self, **wanted: str | None) -> Iterator[LoggedCall]:
        """Those whose members have the wanted values; None asks for nothing."""
        asked = {name: value for name, value in wanted.items() if value is not None}
        return (
            call
            for call in self._calls
            if all(str(getattr(call, n)) == v for n, v in asked.items())
        )
