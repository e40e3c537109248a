"""A world of ten thousand that goes on living: what it costs to keep up, and whether the board tells the truth.

Conversations begin, are transferred and end at about the pace of a contact centre, while the limit of calls is the real
one. Then the clock stops, and a moment later what the board says is held against what is stored.
"""

import statistics
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

from bench import stand
from bench.live import CALLS_A_MINUTE, CONVERSATIONS, Bare, delay, listed
from bench.stand import Count
from conversations.models import Conversation, Participant
from tests.genesys import Sandbox

#: Slower than the sandbox's own pace, at which nobody talks for more than two minutes: here they do for about five.
SPEED = 0.4
#: Living is watched for so long, and a write is timed from the sandbox to its row so often meanwhile.
SECONDS = 60.0
#: What was told last may take so long to its row.
GRACE_SECONDS = 2.0

Reading = Conversation.Reading


def measure() -> Sequence[Count]:
    options = f"--conversations {CONVERSATIONS} --rate-limit {CALLS_A_MINUTE}"
    with (
        stand.processes(sandbox=options) as sandbox,
        stand.one("listen"),
        stand.one("web"),
        stand.one("worker"),
    ):
        sandbox.call("POST", "clock", {"speed": SPEED})
        listed()
        bare = Bare()
        pace, delays = _live(sandbox, bare)
        sandbox.call("POST", "clock", {"speed": 0})
        time.sleep(GRACE_SECONDS)
        bare.close()
        return [*_pace(pace, delays), *_truth(sandbox)]


def _live(sandbox: Sandbox, bare: Bare) -> tuple[float, list[float]]:
    """Events a second, and the delays (milliseconds) of writes among them."""
    by_hand = sandbox.conversations(10)
    before, started = bare.frames, time.monotonic()
    delays = []
    for number in count():
        if time.monotonic() - started > SECONDS:
            break
        delays.append(delay(sandbox, by_hand[number % len(by_hand)], number))
    return (bare.frames - before) / (time.monotonic() - started), delays


def _pace(pace: float, delays: Sequence[float]) -> Sequence[Count]:
    ordered = sorted(delays)
    return [
        Count("events a second of a living world", pace, 100, at_least=True, note="as heard bare"),
        Count("event to board, living: median, milliseconds", statistics.median(ordered), 1000),
        Count("event to board, living: p99, milliseconds", ordered[int(0.99 * len(ordered))], 3000),
    ]


@dataclass(frozen=True)
class _Stored:
    """What the sandbox holds of a conversation."""

    live: bool
    in_queue: bool
    attributes: dict[UUID, dict[str, str]]


def _truth(sandbox: Sandbox) -> Sequence[Count]:
    """The board against what is stored, the clock standing still."""
    stored = {UUID(each["id"]): _stored(each) for each in sandbox.call("GET", "conversations")}
    board = set(Conversation.objects.live().values_list("pk", flat=True))
    told = {pk for pk, each in stored.items() if each.live and each.in_queue}
    over = {pk for pk in board if pk not in stored or not stored[pk].live}
    heard = set(Conversation.objects.filter(heard_at__gt=0).values_list("pk", flat=True))
    wrong = _wrong(stored, board & told)
    doubted = _doubted(wrong)
    note = f"of {len(told)} that are live in a queue"
    return [
        Count("live and not on the board", len(told - board), 0, note=note),
        Count(
            "on the board and over",
            len(over & heard),
            0,
            note=f"{note}; {len(over - heard)} more of which no topic tells, until the next listing",
        ),
        Count(
            "attributes otherwise than stored, and not known to be in doubt",
            len(wrong - doubted),
            0,
            note=f"{note}; {len(doubted)} known to be in doubt and waiting for a call",
        ),
    ]


def _stored(raw: dict[str, Any]) -> _Stored:
    attributes = {UUID(p["id"]): p["attributes"] for p in raw["participants"]}
    return _Stored(raw["live"], raw["queue"] is not None, attributes)


def _wrong(stored: dict[UUID, _Stored], among: Collection[UUID]) -> set[UUID]:
    """Conversations of which attributes are known, and not as they are stored."""
    known = Participant.objects.filter(attributes_known=True).values_list(
        "conversation_id", "participant_id", "attributes"
    )
    return {
        pk
        for pk, participant, held in known
        if pk in among and stored[pk].attributes.get(participant, held) != held
    }


def _doubted(conversations: Collection[UUID]) -> set[UUID]:
    wanted = Conversation.objects.filter(reading__gt=Reading.NOT_WANTED)
    return set(conversations) & set(wanted.values_list("pk", flat=True))


if __name__ == "__main__":
    stand.run("living", measure)
