"""Everything one running sandbox holds."""

from dataclasses import dataclass
from pathlib import Path

from sandbox.api.rates import Rates
from sandbox.api.tokens import Tokens
from sandbox.calls import CallLog
from sandbox.faults.active import Faults
from sandbox.notifications.channels import Channels
from sandbox.notifications.feed import Feed
from sandbox.switches import Switches
from sandbox.tape import Tape
from sandbox.timers import Timers
from sandbox.world.world import World


@dataclass(frozen=True, slots=True)
class Options:
    """The command line."""

    host: str = "127.0.0.1"
    port: int = 8085
    conversations: int = 50
    seed: int = 1
    latency_ms: float = 0.0
    persist_delay_ms: float = 300.0
    rate_limit: int = 300
    tape: Path | None = None

    def switches(self) -> Switches:
        """The switches a fresh sandbox starts with."""
        return Switches(
            persist_delay_ms=self.persist_delay_ms,
            latency_ms=self.latency_ms,
            rate_limit=self.rate_limit,
        )


class Sandbox:
    """One pretend Genesys Cloud organisation; needs a running event loop."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.switches = options.switches()
        self.timers = Timers()
        self.tokens = Tokens()
        self.rates = Rates(self.switches)
        self.logins = Rates(self.switches)
        self.faults = Faults()
        self.calls = CallLog()
        self.tape = Tape(options.tape)
        self.channels = Channels(self.switches, self.tape)
        self.feed = Feed(self.channels, self.faults, self.switches)
        self.world = self._new_world(options.conversations, options.seed)

    def reset(self, conversations: int | None = None, seed: int | None = None) -> None:
        """A new world that behaves; tokens stay good, so that a client's next call is not its
        login.
        """
        self.world.close()
        self.timers.clear()
        self.timers.set_speed(1.0)
        self.faults.clear()
        self.switches.restore(self.options.switches())
        self.calls.clear()
        self.rates.forget()
        self.logins.forget()
        self.channels.close_all()
        self.feed.forget()
        self.world = self._new_world(
            self.options.conversations if conversations is None else conversations,
            self.options.seed if seed is None else seed,
        )

    def _new_world(self, conversations: int, seed: int) -> World:
        world = World(self.switches, self.timers, conversations, seed)
        world.populate()
        world.listeners.append(self.feed.hear)
        return world
