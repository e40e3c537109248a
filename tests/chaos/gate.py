"""A door between one worker and Genesys. Shut, it lets nobody in and turns nobody away: who knocks waits on the step.

A worker that waits there has written down its intention and has not sent a byte. Frozen now and thawed much later, it
really writes then, whatever became of its lease. That moment cannot be met by chance: it lasts a millisecond.
"""

import socket
import threading
from contextlib import suppress

import psutil

from tests.chaos.servers import free_port


class Gate(threading.Thread):
    """Forwards connections to a port of this machine."""

    def __init__(self, target: int) -> None:
        super().__init__(name="gate", daemon=True)
        self.port, self._target = free_port(), target
        self._listening = socket.socket()
        self._listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listening.bind(("127.0.0.1", self.port))
        self._open = threading.Event()
        self._open.set()
        self._lines: set[socket.socket] = set()
        self._plug: list[socket.socket] = []

    def run(self) -> None:
        self._listening.listen(
            0
        )  # Linux keeps one waiting; the SYN of the next is dropped and sent again
        while True:
            self._open.wait()
            caller, _ = self._listening.accept()
            if self._open.is_set():
                threading.Thread(target=self._forward, args=(caller,), daemon=True).start()
            else:
                caller.close()

    def shut(self) -> None:
        """End all connections; who connects from now on hears nothing."""
        self._open.clear()
        for _ in range(
            3
        ):  # the first wakes the thread that is accepting, the second takes the waiting place
            trial = socket.socket()
            trial.settimeout(0.2)
            with suppress(OSError):
                trial.connect(("127.0.0.1", self.port))
            self._plug.append(trial)
        for line in list(self._lines):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def open(self) -> None:
        for each in self._plug:
            each.close()
        self._plug.clear()
        self._open.set()

    def somebody_waits(self, pid: int) -> bool:
        """Whether a thread of this process stands on the step."""
        return any(
            each.status == psutil.CONN_SYN_SENT and each.raddr and each.raddr.port == self.port
            for each in psutil.Process(pid).net_connections("tcp")
        )

    def _forward(self, caller: socket.socket) -> None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self._target)) as called:
            self._lines |= {caller, called}
            back = threading.Thread(target=_pour, args=(called, caller), daemon=True)
            back.start()
            _pour(caller, called)
            back.join()
            self._lines -= {caller, called}
        caller.close()


def _pour(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
