"""Times as Genesys Cloud writes them."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

Json = dict[str, Any]


def iso(at: float) -> str:
    """`2022-07-04T10:56:34.973Z`: UTC, milliseconds, cut and not rounded."""
    seconds, rest = divmod(int(at * 1000), 1000)
    return f"{_second(seconds)}.{rest:03d}Z"


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def present(**members: Any) -> Json:
    """Only the members that are not None: null values are left out, not sent as null (recorded)."""
    return {name: value for name, value in members.items() if value is not None}


def maybe(at: float | None) -> str | None:
    """The time as text, if there is one."""
    return None if at is None else iso(at)


def milliseconds(at: float) -> int:
    """The time as the detail events write it."""
    return int(at * 1000)
