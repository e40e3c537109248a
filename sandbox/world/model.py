"""What a conversation is made of: participants, their legs, the segments of a leg, and its history.

Times are epoch seconds; `ended is None` means "still on", exactly as a missing `endTime` does in
Genesys Cloud.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal
from uuid import uuid4

from sandbox.world.organisation import Agent, Queue

Media = Literal["voice", "callback", "email", "message"]
Direction = Literal["inbound", "outbound"]
State = Literal["flow", "waiting", "alerting", "connected", "held", "wrapup", "ended"]

MEDIA: tuple[Media, ...] = ("voice", "callback", "email", "message")
PROVIDERS: dict[Media, str] = {
    "voice": "Edge",
    "callback": "PureCloud Callback",
    "email": "PureCloud Email",
    "message": "PureCloud Messaging",
}


def new_id() -> str:
    """An id nobody has seen before, also not before the last restart."""
    return str(uuid4())


@dataclass(slots=True)
class Segment:
    """What a leg was doing for a while, in the words of the REST shape (`Alert`, `Interact`,
    `Hold`, ...).
    """

    kind: str
    started: float
    ended: float | None = None
    how_ended: str | None = None
    disconnect: str | None = None


@dataclass(slots=True)
class Leg:
    """One communication of a participant: its call, callback, email or message."""

    media: Media
    direction: Direction
    state: str
    initial_state: str
    id: str = field(default_factory=new_id)
    segments: list[Segment] = field(default_factory=list)
    alerting: float | None = None
    connected: float | None = None
    ended: float | None = None
    held_since: float | None = None
    disconnect: str | None = None
    peer: str | None = None
    acw_state: str | None = None

    def open(self, kind: str, at: float) -> None:
        """End what the leg was doing and begin something else."""
        current = self.current
        if current is not None:
            current.ended = at
            if kind == "Interact" and current.kind in {"Alert", "System", "Scheduled"}:
                current.how_ended = "Interact"
        self.segments.append(Segment(kind, at))

    def end(self, at: float, disconnect: str) -> None:
        """Hang up; ending a leg twice changes nothing."""
        if self.ended is not None:
            return
        current = self.current
        if current is not None:
            current.ended, current.how_ended, current.disconnect = at, "Disconnect", disconnect
        self.state = "terminated" if self.media == "voice" else "disconnected"
        self.ended, self.disconnect, self.held_since = at, disconnect, None

    @property
    def current(self) -> Segment | None:
        """The segment going on now."""
        return self.segments[-1] if self.segments and self.segments[-1].ended is None else None


@dataclass(frozen=True, slots=True)
class Person:
    """The outside party of a conversation."""

    name: str
    phone: str
    email: str
    contact_id: str


@dataclass(slots=True)
class Wrapup:
    """What the agent noted in after-call work."""

    code: str
    name: str
    notes: str
    seconds: int
    ended: float


@dataclass(slots=True)
class WriteUnderway:
    """Attributes accepted but not readable yet."""

    attributes: dict[str, str | None]
    by: str
    then: Callable[[], None] | None


@dataclass(slots=True)
class Participant:
    """One party of a conversation."""

    purpose: str
    started: float
    name: str | None = None
    person: Person | None = None
    agent: Agent | None = None
    queue: Queue | None = None
    id: str = field(default_factory=new_id)
    connected: float | None = None
    ended: float | None = None
    legs: list[Leg] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    consulted_by: str | None = None
    acw_started: float | None = None
    acw_ended: float | None = None
    wrapup: Wrapup | None = None
    underway: deque[WriteUnderway] | None = None
    lands_not_before: float = 0.0

    @property
    def leg(self) -> Leg:
        """The newest leg."""
        return self.legs[-1]

    @property
    def is_on(self) -> bool:
        """Whether the party is still part of the conversation."""
        return self.ended is None

    @property
    def in_after_call_work(self) -> bool:
        """Whether the agent has hung up and still has to wrap up."""
        return self.acw_started is not None and self.acw_ended is None

    def leave(self, at: float, disconnect: str) -> None:
        """Hang up every leg."""
        if self.ended is None:
            self.ended = at
            for leg in self.legs:
                leg.end(at, disconnect)


@dataclass(slots=True)
class Flow:
    """An Architect flow that runs on a participant."""

    participant: str
    name: str
    started: float
    id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Transfer:
    """An entry of `recentTransfers`."""

    at: float
    to: Agent | None
    queue: Queue
    attended: bool
    id: str = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Stored:
    """One moment at which attributes became readable; None stands for "no longer there"."""

    at: float
    participant: str
    attributes: dict[str, str | None]
    by: str


@dataclass(slots=True)
class Conversation:
    """A conversation with everything that happened in it."""

    media: Media
    direction: Direction
    person: Person
    started: float
    id: str = field(default_factory=new_id)
    ended: float | None = None
    participants: list[Participant] = field(default_factory=list)
    queue: Queue | None = None
    flow: Flow | None = None
    transfers: list[Transfer] = field(default_factory=list)
    history: list[Stored] = field(default_factory=list)
    restated_at_flow_end: dict[tuple[str, str], str | None] = field(default_factory=dict)
    external_tag: str | None = None
    recording: bool = False
    has_unknown_members: bool = False
    by_hand: bool = False
    conference_started: float | None = None

    @property
    def is_live(self) -> bool:
        """Whether Genesys would show it without an `endTime`."""
        return self.ended is None

    @property
    def customer(self) -> Participant:
        """The first customer: the participant that holds the data."""
        return next(p for p in self.participants if p.purpose == "customer")

    @property
    def agents(self) -> Iterator[Participant]:
        """Everybody of the contact centre who was in it, in order."""
        return (p for p in self.participants if p.agent is not None)

    @property
    def agent(self) -> Participant | None:
        """The newest agent who is still on, or else in after-call work."""
        agents = list(self.agents)
        on = [p for p in agents if p.is_on] or [p for p in agents if p.in_after_call_work]
        return on[-1] if on else None

    def participant(self, participant_id: str) -> Participant | None:
        """The participant with this id."""
        return next((p for p in self.participants if p.id == participant_id), None)

    @property
    def state(self) -> State:
        """Where in its life it is, in one word."""
        agent = self.agent
        if self.ended is not None and not (agent and agent.in_after_call_work):
            return "ended"
        if agent is None:
            return "waiting" if self.queue else "flow"
        if agent.in_after_call_work:
            return "wrapup"
        if agent.leg.state in {"alerting", "contacting", "dialing"}:
            return "alerting"
        return "held" if agent.leg.held_since is not None else "connected"

    def attributes_at(self, participant_id: str, at: float) -> dict[str, str]:
        """The attributes that were readable at that time."""
        attributes: dict[str, str] = {}
        for stored in self.history:
            if stored.participant == participant_id and stored.at <= at:
                overlay(attributes, stored.attributes)
        return attributes


def overlay(attributes: dict[str, str], changes: dict[str, str | None]) -> None:
    """Apply changes in place; None removes a key."""
    for key, value in changes.items():
        if value is None:
            attributes.pop(key, None)
        else:
            attributes[key] = value
