"""What a poll of the board costs the server: fifty rows of a hundred live conversations, fifty of ten thousand, and
"nothing new", beside an empty view.

The empty view stands behind the same sign-in, on the same server, and is asked in turn with the others over one
kept-alive connection, so that a change of the machine's speed meets all of them. Every poll for rows finds that
something has changed since, as on a busy board: nothing that was kept helps it.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from uuid import UUID

import requests
from django.db.models import F

from bench import stand
from bench.stand import SITE, Count
from conversations import scopes
from conversations.models import Conversation, Role, Scope, State
from tests.builders import a_user, session_of
from tests.crowd import Crowd
from tests.processes import PROCFILE

ROWS, FEW, MANY = 50, 100, 10_000
ROUNDS, BLOCKS = 60, 5
#: As many at once as the server has processes and one more, for this long (seconds).
AT_ONCE, RUSH_SECONDS = 3, 3.0
PATH = f"/rows?size={ROWS}"


class Poller:
    """A signed-in browser that only polls."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.cookies.set("sessionid", session_of(a_user(Role.ADMIN)))
        self._tag = ""
        self._session.headers.update({"HX-Request": "true", "Accept-Encoding": "br"})

    def ask(self, path: str, tag: str = "") -> tuple[requests.Response, float]:
        """The answer and how long it took (milliseconds)."""
        started = time.perf_counter()
        answer = self._session.get(f"{SITE}{path}", headers={"HX-PTag": tag})
        return answer, 1000 * (time.perf_counter() - started)

    def again(self) -> None:
        """Poll as a page does, with the tag of the answer before."""
        self._tag = self.ask(PATH, self._tag)[0].headers["HX-PTag"]

    def compressed(self, path: str) -> int:
        """The size of an answer as it travels."""
        with self._session.get(f"{SITE}{path}", stream=True) as answer:
            return len(answer.raw.read())


def main() -> Sequence[Count]:
    PROCFILE["web"] = PROCFILE["web"].replace("dashboard.wsgi", "bench.site")
    with stand.processes("web", sandbox="--conversations 0"):
        crowd = Crowd()
        few = crowd.come(FEW)
        crowd.come(MANY - FEW)
        crowd.edited(MANY // 10, State.CONFIRMED)
        return measure(Poller(), few)


def measure(poller: Poller, few: list[UUID]) -> list[Count]:
    same = nothing_new(poller)  # first: the database has nothing to clean up yet
    small, large = Polls(), Polls()
    for _ in range(BLOCKS):  # in turn, so that a change of the machine's speed meets both
        with only_these_live(few):
            small.more(poller)
        large.more(poller)
    return [
        Count(f"{ROWS} rows of {MANY}: milliseconds, median", large.median, 30, note=large.beside),
        Count(f"{ROWS} rows: bytes as they travel", poller.compressed(PATH), 4096),
        Count(
            f"{ROWS} rows of {MANY} live beside {FEW}: 95th percentile",
            large.p95 / small.p95,
            1.3,
            note=f"({large.p95:.1f} ms beside {small.p95:.1f} ms)",
        ),
        *same,
    ]


@contextmanager
def only_these_live(few: list[UUID]) -> Iterator[None]:
    """The others have ended, and come back after."""
    others = Conversation.objects.exclude(pk__in=few)
    others.update(phase=Conversation.Phase.ENDED)
    assert Conversation.objects.live().count() == FEW
    yield
    others.update(phase=Conversation.Phase.TALKING)


class Polls:
    """The times of many polls (milliseconds), in blocks: a burst of somebody else's work spoils one of them."""

    def __init__(self) -> None:
        self.blocks: list[list[float]] = []
        self.floor: list[float] = []

    def more(self, poller: Poller) -> None:
        """A block of polls, each after something changed."""
        block = []
        poller.ask(PATH)
        for _ in range(ROUNDS):
            something_changed()
            answer, took = poller.ask(PATH)
            assert answer.text.count("<tr") == ROWS, answer.text.count("<tr")
            block.append(took)
            self.floor.append(poller.ask("/empty")[1])
        self.blocks.append(block)

    @property
    def median(self) -> float:
        return statistics.median(each for block in self.blocks for each in block)

    @property
    def p95(self) -> float:
        return statistics.median(sorted(each)[int(0.95 * len(each))] for each in self.blocks)

    @property
    def beside(self) -> str:
        return f"empty view {statistics.median(self.floor):.2f} ms"


def something_changed() -> None:
    Scope.objects.get_or_create(name=scopes.EVERYTHING)
    Scope.objects.filter(name=scopes.EVERYTHING).update(version=F("version") + 1)


def nothing_new(poller: Poller) -> list[Count]:
    """Polls that are answered 304, one at a time and as many as the server takes."""
    same, empty = list[float](), list[float]()
    while len(same) < ROUNDS * BLOCKS:
        answer, _ = poller.ask(PATH)
        for _ in range(ROUNDS):
            again, took = poller.ask(PATH, answer.headers["HX-PTag"])
            if again.status_code != 304:  # a tag changes with time as well
                break
            same.append(took)
            empty.append(poller.ask("/empty")[1])
    floor = statistics.median(empty)
    beside = f"empty view {floor:.2f} ms"
    return [
        Count("nothing new: milliseconds, median", statistics.median(same), 5, note=beside),
        rush(),
    ]


def rush() -> Count:
    """The rate of 304s beside the rate of empty views, as many at a time as keep the server busy."""
    empty = rate(lambda poller: poller.ask("/empty"))
    same = rate(Poller.again)
    return Count(
        "nothing new: polls a second beside the empty view's",
        same / empty,
        0.5,
        at_least=True,
        note=f"({same:.0f} polls a second, empty views {empty:.0f})",
    )


def rate(ask: Callable[[Poller], object]) -> float:
    """How many a second, with several pollers at once."""

    def one(poller: Poller) -> int:
        until, done = time.monotonic() + RUSH_SECONDS, 0
        while time.monotonic() < until:
            ask(poller)
            done += 1
        return done

    pollers = [Poller() for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sum(pool.map(one, pollers)) / RUSH_SECONDS


if __name__ == "__main__":
    stand.run("board", main)
