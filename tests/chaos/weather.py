"""Genesys on a bad day: faults for single conversations, now and then one for all."""

import random
import threading
from collections import Counter
from typing import Any
from uuid import UUID

from tests.genesys import Made, Sandbox

FAULTS: list[tuple[str, dict[str, Any]]] = [
    ("never_stored", {}),
    ("stored_late", {"seconds": 1.5}),
    ("stored_late", {"seconds": 8}),
    ("key_lost", {"key": "count"}),
    ("another_writer", {"seconds": 0.5}),
    ("flow_overwrites", {"seconds": 2}),
    ("stored_other_case", {}),
    ("stored_elsewhere", {}),
    ("bad_request", {}),
    ("forbidden", {}),
    ("not_found", {}),
    ("client_timeout", {}),
    ("general_conflict", {}),
    ("too_large", {}),
    ("server_error", {}),
    ("server_error", {"lands": True}),
    ("bad_gateway", {"lands": True}),
    ("gateway_timeout", {}),
    ("unavailable", {"retry_after": 1}),
    ("reset_before_landing", {}),
    ("reset_after_landing", {}),
    ("hang", {"seconds": 2, "lands": True}),
    ("hang", {"seconds": 2, "late_landing": 3}),
    ("hang", {"seconds": 2, "late_landing": 9}),
    ("truncated_json", {"call": "read"}),
    ("server_error", {"call": "read"}),
    ("unauthorized", {}),
    ("stale_read", {"seconds": 1}),
    ("event_lost", {}),
    ("event_doubled", {}),
    ("event_late", {"seconds": 2}),
    ("events_shuffled", {"seconds": 0.5}),
]


class Weather(threading.Thread):
    """Something goes wrong every so many seconds."""

    def __init__(
        self, sandbox: Sandbox, conversations: list[Made], every: float, seed: int
    ) -> None:
        super().__init__(name="weather", daemon=True)
        self._sandbox, self._conversations, self._every = sandbox, conversations, every
        self._dice = random.Random(seed)
        self._over = threading.Event()
        self.counts: Counter[str] = Counter()
        #: Where a write may land long after its caller gave up.
        self.late: set[UUID] = set()

    def run(self) -> None:
        while not self._over.wait(self._dice.expovariate(1 / self._every)):
            chance = self._dice.random()
            if chance < 0.02:
                self._sandbox.call("POST", "sockets/drop", {"how": "reset"})
                self.counts["sockets dropped"] += 1
            elif chance < 0.03:
                self._sandbox.call("POST", "tokens/revoke")
                self.counts["tokens revoked"] += 1
            elif chance < 0.05:
                self._sandbox.fault("rate_limited", times=1, retry_after=1)
                self.counts["rate_limited"] += 1
            else:
                self._one()

    def _one(self) -> None:
        name, parameters = self._dice.choice(FAULTS)
        made = self._conversations[int(len(self._conversations) * self._dice.random() ** 2)]
        if "late_landing" in parameters:
            self.late.add(made.id)
        self._sandbox.fault(name, made, times=self._dice.choice((1, 1, 2)), **parameters)
        self.counts[name] += 1

    def clear(self) -> None:
        self._over.set()
        if self.ident is not None:
            self.join()
        self._sandbox.clear_faults()
