"""One request budget for all processes: nobody calls Genesys without having taken a call from it.

The limit is a number of requests a minute for the whole OAuth client (API.md 9), and whether Genesys counts in fixed
or sliding minutes is unknown. So the calls are spread (GCRA, one row, one statement): no 60 seconds anywhere ever hold
more than 90 % of what is allowed plus the burst, and the burst is at most the other 10 %.
"""

import enum
import time
from dataclasses import dataclass
from http import HTTPStatus

from django.conf import settings
from django.db import connection, transaction

from conversations.genesys import GenesysError, Rates
from conversations.models import RequestBudget, clock
from conversations.models.clock import sql_now

#: Seconds between two calls at the allowed rate, and how many may go at once after a quiet time.
_SPACING = "(60.0 / (0.9 * allowed))"
_BURST = "(CASE WHEN allowed < 100 THEN 0.1 * allowed ELSE 10.0 END)"
#: When Genesys says "slow down" and not for how long.
DEFAULT_BLOCK_SECONDS = 5.0
#: However long it says: its limits are counted by the minute, and a slip of one answer must not silence us for a day.
MAX_BLOCK_SECONDS = 300.0


class Use(enum.Enum):
    """What a call is for, in the order in which they get through when calls are short.

    A write that was made is proven before the next one is: else all would be sent, and none be known to have arrived.
    How far ahead of now (seconds) it may reserve a call, and which part of the burst it must leave to the others.
    """

    LOOK = (1.0, 0.0)
    WRITE = (0.7, 0.0)
    FEED = (0.0, 0.3)
    DIAGNOSIS = (0.0, 0.5)


@dataclass
class HeldBack(Exception):
    """No call is to be had now; ask again in so many seconds."""

    seconds: float
    #: Genesys itself asked for it, rather than our own care.
    by_genesys: bool
    #: Seconds between two calls.
    spacing: float = 0.0


@dataclass(frozen=True, slots=True)
class Standing:
    """The row of the budget, and what it means now."""

    row: RequestBudget
    #: Seconds for which Genesys still wants no call.
    held_back: float
    #: Which part of the calls that may go at once is used up; above 1 calls are being spread.
    used: float


def take(use: Use, calls: int = 1) -> float:
    """Take calls from the budget; returns the seconds to wait (at most about 1) before making the first.

    Raises `HeldBack` where that would be longer.
    """
    wait = _reserve(use, calls)
    if wait is None and not RequestBudget.objects.filter(pk=_client_id()).exists():
        _open_account()
        wait = _reserve(use, calls)
    if wait is None:
        raise _held_back(use)
    return max(0.0, wait)


def wait_for(use: Use) -> None:
    """Take one call, and sleep until it may be made, however long that is; for those who have nothing else to do."""
    while True:
        try:
            time.sleep(take(use))
            return
        except HeldBack as held:
            time.sleep(held.seconds)


def _reserve(use: Use, calls: int) -> float | None:
    now = sql_now()
    return _update(
        f"""
        UPDATE conversations_requestbudget
           SET tat = (CASE WHEN tat < {now} - {_BURST} * {_SPACING} THEN {now} - {_BURST} * {_SPACING} ELSE tat END)
                     + %s * {_SPACING},
               taken = taken + %s
         WHERE client_id = %s AND blocked_until < {now}
           AND tat <= {now} + %s - %s * {_BURST} * {_SPACING}
        RETURNING tat - {now}
        """,
        [calls, calls, _client_id(), *use.value],
    )


def give_back(calls: int = 1) -> None:
    """Return calls that were not made."""
    _update(
        f"""
        UPDATE conversations_requestbudget SET tat = tat - %s * {_SPACING}, returned = returned + %s
         WHERE client_id = %s RETURNING tat
        """,
        [calls, calls, _client_id()],
    )


def block(seconds: float | None) -> None:
    """Genesys said 429: nobody calls before so many seconds are over."""
    now = sql_now()
    until = f"{now} + %s"
    pause = DEFAULT_BLOCK_SECONDS if seconds is None else min(seconds, MAX_BLOCK_SECONDS)
    _update(
        f"""
        UPDATE conversations_requestbudget
           SET blocked_until = (CASE WHEN blocked_until > {until} THEN blocked_until ELSE {until} END),
               refusals = refusals + 1
         WHERE client_id = %s RETURNING tat
        """,
        [pause, pause, _client_id()],
    )


def heed(error: GenesysError) -> None:
    """Take from an answer that was no success what it says about the calls to come: a 429 anywhere is heard by all."""
    learn(error.rates)
    if error.status == HTTPStatus.TOO_MANY_REQUESTS:
        block(error.retry_after)


_allowed_heard: dict[str, int] = {}


def learn(rates: Rates) -> None:
    """Follow what Genesys's headers say is allowed, and what is left of it. Writes only when it is news."""
    client_id = _client_id()
    if rates.allowed and _allowed_heard.get(client_id) != rates.allowed:
        RequestBudget.objects.filter(pk=client_id).update(allowed=rates.allowed)
        _allowed_heard[client_id] = rates.allowed
    if rates.allowed and rates.count is not None and rates.reset is not None:
        _leave_to_others(rates.allowed, rates.count, rates.reset)


def _leave_to_others(allowed: int, count: int, reset: float) -> None:
    """Give out no more calls until Genesys's counter starts again than it has left.

    Our own calls alone never come near that, so where they would, somebody else uses the token too.
    """
    spacing = 60.0 / (0.9 * allowed)
    ahead = min(reset, 60.0) - max(0, allowed - count) * spacing
    if ahead <= -min(10.0, 0.1 * allowed) * spacing:  # no later than the burst reaches back anyway
        return
    now = sql_now()
    until = f"{now} + %s"
    _update(
        f"""
        UPDATE conversations_requestbudget SET tat = (CASE WHEN tat > {until} THEN tat ELSE {until} END)
         WHERE client_id = %s RETURNING tat
        """,
        [ahead, ahead, _client_id()],
    )


def _held_back(use: Use) -> HeldBack:
    now = sql_now()
    row = _query(
        f"""
        SELECT blocked_until - {now}, tat - {now} - %s + %s * {_BURST} * {_SPACING}, {_SPACING}
          FROM conversations_requestbudget WHERE client_id = %s
        """,
        [*use.value, _client_id()],
    )
    blocked, ahead, spacing = row or (0.0, 0.0, 0.0)
    return HeldBack(max(blocked, ahead, 0.01), by_genesys=blocked > 0, spacing=spacing)


def _open_account() -> None:
    """The row of this OAuth client, made when it is first needed."""
    RequestBudget.objects.get_or_create(
        client_id=_client_id(), defaults={"allowed": settings.REQUESTS_PER_MINUTE}
    )


def _client_id() -> str:
    client_id: str = settings.GENESYS.client_id
    return client_id


def _update(sql: str, parameters: list[str | float]) -> float | None:
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows = cursor.fetchall()
    return float(rows[0][0]) if rows else None


def _query(sql: str, parameters: list[str | float]) -> tuple[float, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        rows = cursor.fetchall()
    return tuple(float(each) for each in rows[0]) if rows else None


def standing() -> Standing | None:
    """Where the budget stands; None before the first call."""
    row = RequestBudget.objects.filter(pk=_client_id()).first()
    if row is None:
        return None
    now = clock.now()
    spacing = 60.0 / (0.9 * row.allowed)
    burst = min(10.0, 0.1 * row.allowed)
    return Standing(
        row,
        held_back=max(0.0, row.blocked_until - now),
        used=max(0.0, 1.0 + (row.tat - now) / (burst * spacing)),
    )
