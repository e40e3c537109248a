"""Lanes that wait for a thread of a worker wait once, and none is forgotten."""

import threading
from collections.abc import Iterator

import pytest
from celery.concurrency.thread import TaskPool

from conversations.tasks import WaitingRoom
from tests.processes import until


class Busy:
    """A worker's only thread: it keeps the first lane until it may go on."""

    def __init__(self, pool: TaskPool) -> None:
        self._pool = pool
        self.room = WaitingRoom(pool, self._work)
        self.go_on, self.worked = threading.Event(), list[int]()
        self.room.attend(1)
        until(lambda: self.worked, what="its work has begun")

    def _work(self, lane_id: int) -> None:
        self.worked.append(lane_id)
        assert self.go_on.wait(10)

    def waiting(self) -> int:
        return int(self._pool.executor._work_queue.qsize())  # type: ignore[attr-defined]


@pytest.fixture
def busy() -> Iterator[Busy]:
    pool = TaskPool(1)
    busy = Busy(pool)
    yield busy
    busy.go_on.set()
    pool.on_stop()


class TestALane:
    def test_waits_once_however_often_it_is_found(self, busy: Busy) -> None:
        for _ in range(100):
            busy.room.attend(2)
            busy.room.attend(3)
        assert busy.waiting() == 2
        busy.room.attend(4)  # a new edit does not wait behind more than that
        busy.go_on.set()
        until(lambda: busy.worked == [1, 2, 3, 4], what="each had its turn")

    def test_comes_again_if_it_is_found_while_it_is_worked_on(self, busy: Busy) -> None:
        busy.room.attend(1)
        busy.room.attend(1)
        busy.go_on.set()
        until(lambda: busy.worked == [1, 1], what="it had another turn")
        until(lambda: not busy.waiting(), what="nobody waits")
        busy.room.attend(1)
        until(lambda: busy.worked == [1, 1, 1], what="and another one later")

    def test_may_come_again_after_it_was_not_let_in(self, busy: Busy) -> None:
        """A pool that ends takes nobody; whoever asked hears of it each time."""
        busy.go_on.set()
        busy._pool.on_stop()
        for _ in range(2):
            with pytest.raises(RuntimeError):
                busy.room.attend(5)
