"""The embedded broker: kombu's filesystem transport made safe for several processes, with a doorbell.

The stock transport has two faults for us. It lets a reader meet a half-written message, and the worker then exits
with an "unrecoverable" error: here every file is written aside and renamed. And it polls once a second: here every
consumer keeps a named pipe, publishers (and acknowledgements, which free a place) write one byte into each, and a
sleeping consumer wakes at once. A lost byte costs a second, a lost message costs a sweep: both are only nudges.
"""

import errno
import fcntl
import os
import select
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty
from typing import Any

import structlog
from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem, virtual
from kombu.utils.json import dumps, loads

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

NET_SECONDS = 1.0  # a consumer looks this often even when no bell rings


class Bells:
    """The pipes of a broker folder: one for each consumer, named so that a dead one can be told and removed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ring(self) -> None:
        """Wake every consumer; never block and never fail, whoever is listening or not."""
        for pipe in self.folder.glob("*.bell"):
            try:
                fd = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno == errno.ENXIO:  # nobody holds the other end: its consumer is gone
                    pipe.unlink(missing_ok=True)
                continue
            try:
                # Full: it is ringing already. Broken: its consumer has just gone.
                with suppress(BlockingIOError, BrokenPipeError):
                    os.write(fd, b"!")
            finally:
                os.close(fd)

    def hang(self) -> int:
        """Hang up a bell of our own; its file descriptor becomes readable when somebody rings."""
        pipe = self.folder / f"{os.getpid()}-{uuid.uuid4().hex[:8]}.bell"
        aside = pipe.with_suffix(".aside")
        os.mkfifo(aside, 0o600)
        # Read and write: with a writer of its own the pipe never reports end of file.
        fd = os.open(aside, os.O_RDWR | os.O_NONBLOCK)
        # Only now: who rings takes a bell that nobody holds for that of a dead consumer.
        aside.rename(pipe)
        return fd


class QoS(virtual.QoS):
    """Rings after an acknowledgement: a place is free, the next message may be fetched."""

    def ack(self, delivery_tag: str) -> None:
        super().ack(delivery_tag)
        self.channel.bells.ring()


class Channel(filesystem.Channel):
    """Messages are files `<time>_<uuid>.<queue>.msg`; the oldest name is fetched first."""

    QoS = QoS

    def __init__(self, connection: Any, **kwargs: Any) -> None:
        super().__init__(connection, **kwargs)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    @property
    def folder(self) -> Path:
        return Path(self.transport_options["folder"])

    @property
    def control_folder(self) -> Path:
        return self.folder

    @property
    def bells(self) -> Bells:
        return Bells(self.folder)

    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:
        name = f"{time.time_ns():020d}_{uuid.uuid4().hex}.{queue}.msg"
        self._write(self.folder / name, payload)
        self.bells.ring()

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for name in sorted(self._names(queue)):
            taken = self.folder / f"{name}.taken"
            try:
                (self.folder / name).rename(taken)  # of two consumers one succeeds
                payload = taken.read_bytes()
                taken.unlink()
            except OSError:
                continue
            if (message := _read(payload)) is not None:
                return message
            log.warning("message could not be read", file=name, bytes=len(payload))
        raise Empty

    def _size(self, queue: str) -> int:
        return len(self._names(queue))

    def _purge(self, queue: str) -> int:
        names = self._names(queue)
        for name in names:
            (self.folder / name).unlink(missing_ok=True)
        return len(names)

    def _names(self, queue: str) -> list[str]:
        return [name for name in os.listdir(self.folder) if name.endswith(f".{queue}.msg")]  # noqa: PTH208 - twice as fast as Path.iterdir, and run at every wake-up

    def get_table(self, exchange: str) -> list[Any]:
        """The bindings; none where the file holds none, as a power cut leaves files: who consumes binds anew."""
        try:
            return list(super().get_table(exchange))
        except (ValueError, TypeError):
            return []

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        binding = [routing_key or "", pattern or "", queue or ""]
        with self._locked():
            table = [list(known) for known in self.get_table(exchange)]
            if binding not in table:
                self._write(self._exchange_file(exchange), [binding, *table])

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / "bindings.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _write(self, path: Path, content: Any) -> None:
        aside = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}.aside")
        try:
            aside.write_text(dumps(content))
            aside.rename(path)
        except OSError as error:
            aside.unlink(missing_ok=True)
            raise ChannelError(f"Cannot write to the broker folder: {error.strerror}") from error


def _read(payload: bytes) -> dict[str, Any] | None:
    """The message in a file; None where there is none, as a power cut leaves files: an error would end the worker."""
    try:
        message = loads(payload)
        whole = message.keys() >= {"body", "headers", "properties"}
        return message if whole and "delivery_tag" in message["properties"] else None
    except (ValueError, TypeError, AttributeError, RecursionError):
        return None


class Transport(filesystem.Transport):
    """Waits for the bell where the stock transport sleeps."""

    Channel = Channel
    driver_type = driver_name = "doorbell"

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self._bell: int | None = None

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:
        """Deliver a message; `TimeoutError` where none is there once the time is over, or a bell or signal has rung."""
        if self._bell is None:
            self._bell = Bells(Path(self.client.transport_options["folder"])).hang()
            if _in_main_thread():
                # A worker told to stop does not sleep on: signals ring as well.
                signal.set_wakeup_fd(self._bell, warn_on_full_buffer=False)
        waited = False
        while not self._deliver_one(timeout):
            if waited and timeout is not None:
                raise TimeoutError
            patience = NET_SECONDS if timeout is None else min(timeout, NET_SECONDS)
            select.select([self._bell], [], [], patience)
            with suppress(BlockingIOError):
                os.read(self._bell, 4096)
            waited = True

    def _deliver_one(self, timeout: float | None) -> bool:
        deliver: Callable[..., Any] = self._deliver
        try:
            self.cycle.get(deliver, timeout=timeout)
        except Empty:
            return False
        return True

    def close_connection(self, connection: Any) -> None:
        super().close_connection(connection)
        if self._bell is not None:
            if _in_main_thread():
                signal.set_wakeup_fd(-1)
            os.close(self._bell)
            self._bell = None


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


TRANSPORT_ALIASES["doorbell"] = "dashboard.doorbell:Transport"
