"""The product's processes in a storm, and whoever starts them again: in production that is systemd or Kubernetes."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from tests.builders import thaw
from tests.chaos.gate import Gate
from tests.processes import Process

#: A supervisor needs a moment to notice.
RESTART_SECONDS = 0.5
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
WRONG_BY_SECONDS = 420


class Crew(threading.Thread):
    """Keeps every process of it running, until the end."""

    def __init__(self, logs: Path, workers: int, environment: Mapping[str, str]) -> None:
        super().__init__(name="supervisor", daemon=True)
        self._over = threading.Event()
        self._lock = threading.Lock()
        self.workers = [
            Process("worker", logs / f"worker-{number}.log", LOG_LEVEL="INFO")
            for number in range(workers)
        ]
        # The first worker reaches Genesys through a door that can be shut.
        self.gate = Gate(urlsplit(settings.GENESYS.api_url).port or 80)
        self.gate.start()
        self.workers[0].add_environment(GENESYS_API_URL=f"http://127.0.0.1:{self.gate.port}")
        self.listener = Process("listen", logs / "listen.log")
        self.web = Process("web", logs / "web.log")
        for each in self.everybody:
            each.add_environment(**environment)
        self.exits: Counter[str] = Counter()
        self._killed: set[Process] = set()

    @property
    def everybody(self) -> list[Process]:
        return [*self.workers, self.listener, self.web]

    def give_wrong_clock(self, worker: Process) -> None:
        """This worker's clock is minutes ahead from its next start on."""
        worker.add_environment(LD_PRELOAD=str(FAKETIME), FAKETIME=f"+{WRONG_BY_SECONDS}s")

    def run(self) -> None:
        while not self._over.wait(0.1):
            with self._lock:
                for each in self.everybody:
                    if not each.running():
                        self._start_again(each)

    def _start_again(self, process: Process) -> None:
        if process in self._killed:
            self._killed.discard(process)
        elif process.ended_with() is not None:
            self.exits[process.name] += 1
        time.sleep(RESTART_SECONDS)
        process.start()

    def kill(self, *victims: Process) -> bool:
        """kill -9 of all of them at once; whether every one ran and is dead of just that."""
        with self._lock:
            alive = [each for each in victims if each.running()]
            for each in alive:
                os.killpg(each.pid, signal.SIGKILL)
            for each in alive:
                each.kill()
                self._killed.add(each)
            dead = [each for each in alive if each.ended_with() == -signal.SIGKILL]
        return len(dead) == len(victims)

    def thaw(self) -> None:
        thaw([each for each in self.everybody if each.running()])

    def end(self) -> None:
        self._over.set()
        self.join()
        for each in self.everybody:
            each.kill()
