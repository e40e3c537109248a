"""The embedded broker: every message once, at once, and never half of one."""

import json
import os
import select
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from kombu import Connection, Consumer, Exchange, Producer, Queue

from conversations.models import State
from dashboard.doorbell import Bells, Transport
from tests.builders import save, settled
from tests.genesys import Sandbox
from tests.processes import Process, until

QUEUE = Queue("lanes", routing_key="lanes")


def connect(folder: Path) -> Connection:
    return Connection("localhost", transport=Transport, transport_options={"folder": str(folder)})


def publish(folder: Path, number: int) -> None:
    with connect(folder) as connection:
        Producer(connection).publish(
            {"lane": number}, routing_key="lanes", declare=[QUEUE], serializer="json"
        )


class Reader(threading.Thread):
    """A consumer in a thread of its own, with a connection of its own, as another process would have."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.seen, self.at = folder, list[int](), list[float]()
        self.ending = threading.Event()
        self.ready = threading.Event()

    def run(self) -> None:
        with (
            connect(self.folder) as connection,
            Consumer(connection, [QUEUE], callbacks=[self.take]),
        ):
            while not self.ending.is_set():
                try:
                    connection.drain_events(timeout=0.2)
                except TimeoutError:
                    self.ready.set()

    def take(self, body: dict[str, int], message: object) -> None:
        self.at.append(time.monotonic())
        self.seen.append(body["lane"])
        message.ack()  # type: ignore[attr-defined]


@pytest.fixture
def readers(tmp_path: Path) -> Iterator[list[Reader]]:
    readers = [Reader(tmp_path / "broker") for _ in range(2)]
    for reader in readers:
        reader.start()
        assert reader.ready.wait(5)
    yield readers
    for reader in readers:
        reader.ending.set()
        reader.join()


class TestTheDoorbell:
    def test_gives_each_message_to_one_consumer(
        self, tmp_path: Path, readers: list[Reader]
    ) -> None:
        for number in range(40):
            publish(tmp_path / "broker", number)
        give_up = time.monotonic() + 10
        while sum(len(each.seen) for each in readers) < 40 and time.monotonic() < give_up:
            time.sleep(0.01)
        assert sorted(readers[0].seen + readers[1].seen) == list(range(40))

    def test_is_not_stopped_by_a_message_half_written_or_a_dead_consumer(
        self, tmp_path: Path, readers: list[Reader]
    ) -> None:
        folder = tmp_path / "broker"
        (folder / "0_x.lanes.msg.abc.aside").write_text('{"half":')
        os.mkfifo(folder / "1-dead.bell")
        publish(folder, 7)
        give_up = time.monotonic() + 10
        while not (readers[0].seen or readers[1].seen) and time.monotonic() < give_up:
            time.sleep(0.01)
        assert [*readers[0].seen, *readers[1].seen] == [7]
        assert not (folder / "1-dead.bell").exists()

    def test_keeps_messages_for_a_consumer_that_comes_later(self, tmp_path: Path) -> None:
        publish(tmp_path / "broker", 1)
        publish(tmp_path / "broker", 2)
        late = Reader(tmp_path / "broker")
        late.start()
        assert late.ready.wait(5)
        late.ending.set()
        late.join()
        assert late.seen == [1, 2]

    def test_folder_is_closed_to_others_and_holds_no_values(self, tmp_path: Path) -> None:
        publish(tmp_path / "broker", 3)
        assert (tmp_path / "broker").stat().st_mode & 0o077 == 0
        [message] = (tmp_path / "broker").glob("*.msg")
        assert json.loads(message.read_text())["body"]

    def test_binds_anew_what_a_power_cut_has_spoilt(self, tmp_path: Path) -> None:
        folder, exchange = tmp_path / "broker", Exchange("lanes")
        queue = Queue("lanes", exchange, routing_key="lanes")
        for number in range(2):
            with connect(folder) as connection:
                Producer(connection, exchange, "lanes").publish({"lane": number}, declare=[queue])
            (folder / "lanes.exchange").write_text("")
            Transport.global_state.clear()  # no process outlasts a power cut
        assert len(list(folder.glob("*.lanes.msg"))) == 2


@contextmanager
def ringing(bells: Bells) -> Iterator[None]:
    """While two others ring without a pause; what went wrong for them is raised."""
    over, errors = threading.Event(), list[OSError]()

    def ring() -> None:
        try:
            while not over.is_set():
                bells.ring()
        except OSError as error:
            errors.append(error)

    threads = [threading.Thread(target=ring) for _ in range(2)]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        over.set()
        for each in threads:
            each.join()
    assert not errors


class TestABell:
    def test_hangs_as_soon_as_it_is_there(self, tmp_path: Path) -> None:
        bells = Bells(tmp_path)
        with ringing(bells):
            for _ in range(300):
                bell = bells.hang()
                rung, _, _ = select.select([bell], [], [], 5)
                assert rung, "it was taken for that of a dead consumer"
                os.close(bell)

    def test_of_a_consumer_that_goes_stops_nobody_who_rings(self, tmp_path: Path) -> None:
        bells = Bells(tmp_path)
        before = _open_files()
        with ringing(bells):
            for _ in range(2000):
                os.close(bells.hang())
        assert _open_files() == before


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


#: What a power cut makes of a message that was not on the disk yet, and what else is none.
NO_MESSAGES = [
    b"",
    b"\0" * 500,
    b'{"body": "W1',
    b"{}",
    b"[]",
    b"null",
    b"7",
    b"\xff",
    b"[" * 100_000,
    b'{"body": "", "headers": {}, "properties": {}}',
    b'{"body": "", "headers": {}, "properties": null}',
]


class TestAWorker:
    def test_outlasts_files_that_hold_no_message(self, sandbox: Sandbox, worker: Process) -> None:
        folder, pid = settings.DATA_DIR / "broker", worker.pid
        for number, content in enumerate(NO_MESSAGES):
            name = f"{number:020d}_spoilt.{settings.QUEUE}.msg"
            (folder / name).write_bytes(content)
        edit = settled(save(sandbox.conversation(), {"tier": "gold"}))
        assert edit.state == State.CONFIRMED
        until(lambda: not list(folder.glob("*_spoilt.*")), what="they are put aside")
        assert worker.running()
        assert worker.pid == pid
        assert worker.output().count("message could not be read") == len(NO_MESSAGES)
