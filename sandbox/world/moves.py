"""What can happen to a conversation, one function each; nobody else changes participants and legs.

A move only changes the model. Telling listeners and keeping the attributes' history is the
world's affair. The orders of legs, segments and reasons follow the recorded conversations.
"""

from sandbox.world.model import (
    Conversation,
    Direction,
    Flow,
    Leg,
    Media,
    Participant,
    Person,
    Transfer,
    Wrapup,
)
from sandbox.world.organisation import Agent, Queue

ALERTING_SECONDS = {"voice": 8, "callback": 30, "email": 60, "message": 30}
FLOW_PURPOSES: dict[Media, str] = {
    "voice": "ivr",
    "callback": "ivr",
    "email": "workflow",
    "message": "botflow",
}
FLOW_NAMES: dict[Media, str] = {
    "voice": "Main Menu",
    "callback": "Callback Menu",
    "email": "Inbound Mail",
    "message": "Welcome Bot",
}


def begin(conversation: Conversation, at: float) -> Participant:
    """The customer arrives."""
    media, direction = conversation.media, conversation.direction
    customer = Participant("customer", at, conversation.person.name, person=conversation.person)
    leg = _leg(conversation, direction, "connected", _initial_state(media))
    leg.open({"voice": "System", "callback": "Scheduled"}.get(media, "Interact"), at)
    if media in {"voice", "callback"}:
        leg.open("Interact", at)
    leg.connected = customer.connected = at
    customer.legs.append(leg)
    conversation.participants.append(customer)
    return customer


def _initial_state(media: Media) -> str:
    return {"voice": "offering", "callback": "scheduled"}.get(media, "connected")


def _leg(conversation: Conversation, direction: Direction, state: str, initial_state: str) -> Leg:
    """A leg whose peer is the customer's, as in every recorded conversation."""
    peer = next((p.leg.id for p in conversation.participants if p.purpose == "customer"), None)
    return Leg(conversation.media, direction, state, initial_state, peer=peer)


def enter_flow(conversation: Conversation, at: float) -> Flow:
    """An Architect flow greets the customer."""
    media = conversation.media
    participant = Participant(FLOW_PURPOSES[media], at, FLOW_NAMES[media])
    leg = _leg(conversation, conversation.direction, "connected", _initial_state(media))
    leg.open("System", at)
    leg.open("IVR", at)
    leg.connected = participant.connected = at
    participant.legs.append(leg)
    conversation.participants.append(participant)
    conversation.flow = Flow(conversation.customer.id, FLOW_NAMES[media], at)
    return conversation.flow


def leave_flow(conversation: Conversation, at: float) -> None:
    """The flow hands the customer over; its leg ends with `transfer`."""
    conversation.flow = None
    for participant in conversation.participants:
        if participant.purpose in FLOW_PURPOSES.values():
            participant.leave(at, "transfer")


def queue_up(conversation: Conversation, at: float, queue: Queue) -> Participant:
    """The customer waits in a queue: a new `acd` participant."""
    conversation.queue = queue
    conversation.customer.queue = queue
    name = None if conversation.media == "callback" else queue.name  # so recorded
    acd = Participant("acd", at, name, queue=queue)
    leg = _leg(
        conversation, conversation.direction, "connected", _initial_state(conversation.media)
    )
    leg.open("Scheduled" if conversation.media == "callback" else "Delay", at)
    leg.open("Interact", at)
    leg.connected = acd.connected = at
    acd.legs.append(leg)
    conversation.participants.append(acd)
    return acd


def alert(
    conversation: Conversation, at: float, agent: Agent, *, purpose: str = "agent"
) -> Participant:
    """An agent's desktop rings: a new participant each time, also for the same agent."""
    participant = Participant(purpose, at, agent.name, agent=agent, queue=conversation.queue)
    leg = _leg(conversation, conversation.direction, "alerting", "alerting")
    leg.open("Alert", at)
    leg.alerting = at
    participant.legs.append(leg)
    conversation.participants.append(participant)
    return participant


def miss(participant: Participant, at: float) -> None:
    """The agent did not answer: that leg ends with `system`, and nobody wraps up."""
    participant.leave(at, "system")


def connect(conversation: Conversation, at: float, participant: Participant) -> None:
    """The agent answers; the waiting `acd` leg ends with `transfer`."""
    participant.leg.open("Interact", at)
    participant.leg.state = "connected"
    participant.leg.connected = participant.connected = at
    for other in conversation.participants:
        if other.purpose == "acd":
            other.leave(at, "transfer")


def hold(participant: Participant, at: float) -> None:
    """The agent puts the customer on hold."""
    if participant.leg.held_since is None:
        participant.leg.open("Hold", at)
        participant.leg.held_since = at


def resume(participant: Participant, at: float) -> None:
    """The agent takes the customer back."""
    if participant.leg.held_since is not None:
        participant.leg.open("Interact", at)
        participant.leg.held_since = None


def transfer(conversation: Conversation, at: float, queue: Queue, to: Agent | None = None) -> None:
    """The agent passes the customer on to a queue, without waiting for anybody; `queue_up` comes
    next.
    """
    leaving = conversation.agent
    if leaving is not None:
        _leave_to_wrap_up(leaving, at, "transfer")
        _skip_after_call_work(leaving, at)
    for participant in conversation.participants:
        if participant.purpose == "acd":
            participant.leave(at, "transfer")
    conversation.transfers.append(Transfer(at, to, queue, attended=False))


def consult(conversation: Conversation, at: float, agent: Agent) -> Participant:
    """The agent asks a colleague, who joins as a participant of their own."""
    asking = conversation.agent
    colleague = alert(conversation, at, agent)
    colleague.consulted_by = asking.id if asking else None
    if asking is not None:
        hold(asking, at)
    return colleague


def hand_over(conversation: Conversation, at: float, to: Participant) -> None:
    """The asking agent leaves, the consulted colleague stays."""
    for participant in conversation.agents:
        if participant is not to and participant.is_on:
            _leave_to_wrap_up(participant, at, "transfer.consult")
            _skip_after_call_work(participant, at)
    if to.agent is not None and conversation.queue is not None:
        conversation.transfers.append(Transfer(at, to.agent, conversation.queue, attended=True))


def conference(conversation: Conversation, at: float, person: Person) -> Participant:
    """Another outside party joins: one more `customer`, without attributes (recorded)."""
    guest = Participant("customer", at, person.name, person=person, connected=at)
    began = "contacting" if conversation.media in {"voice", "callback"} else "connected"
    leg = _leg(conversation, "outbound", "connected", began)
    leg.open("Interact", at)
    leg.connected = at
    guest.legs.append(leg)
    conversation.participants.append(guest)
    if conversation.conference_started is None:
        conversation.conference_started = at
    return guest


def drop_guest(conversation: Conversation, at: float) -> None:
    """The newest additional outside party hangs up."""
    guests = [p for p in conversation.participants if p.purpose == "customer" and p.is_on]
    if len(guests) > 1:
        guests[-1].leave(at, "peer")


def hang_up(conversation: Conversation, at: float) -> None:
    """Everybody leaves; an agent who talked now has after-call work, with `endTime` already set."""
    last = conversation.agent
    for participant in conversation.participants:
        if participant is last and participant.connected is not None:
            _leave_to_wrap_up(participant, at, "client")
        else:
            participant.leave(at, "peer")


def _leave_to_wrap_up(participant: Participant, at: float, disconnect: str) -> None:
    participant.leave(at, disconnect)
    if participant.connected is not None and participant.acw_started is None:
        participant.acw_started = at
        participant.leg.acw_state = "pending"


def _skip_after_call_work(participant: Participant, at: float) -> None:
    if participant.in_after_call_work:
        participant.acw_ended = at
        participant.leg.acw_state = "skipped"


def finish(conversation: Conversation, at: float, wrapup_name: str | None) -> None:
    """After-call work is over and the conversation with it; without a wrap-up it was skipped."""
    hang_up(conversation, at)
    conversation.flow = None
    for participant in conversation.agents:
        if participant.in_after_call_work and wrapup_name is not None:
            _wrap_up(participant, at, wrapup_name)
        _skip_after_call_work(participant, at)
    if conversation.ended is None:
        conversation.ended = at


def _wrap_up(participant: Participant, at: float, name: str) -> None:
    started = participant.acw_started or at
    participant.acw_ended = at
    participant.leg.acw_state = "complete"
    participant.wrapup = Wrapup(
        code=name.lower().replace(" ", "-"),
        name=name,
        notes="",
        seconds=int(at - started),
        ended=at,
    )


def dial_out(conversation: Conversation, at: float, agent: Agent) -> Participant:
    """An agent calls a customer: a `user` participant first, then the `customer` (recorded)."""
    caller = Participant("user", at, agent.name, agent=agent)
    leg = Leg(conversation.media, "outbound", "contacting", "contacting")
    leg.open("Contacting", at)
    caller.legs.append(leg)
    customer = Participant("customer", at, conversation.person.name, person=conversation.person)
    customer.legs.append(Leg(conversation.media, "outbound", "dialing", "dialing"))
    customer.leg.open("Dialing", at)
    leg.peer = customer.leg.id
    conversation.participants += [caller, customer]
    return caller


def answered(conversation: Conversation, at: float) -> None:
    """The called customer picks up."""
    for participant in conversation.participants:
        participant.leg.open("Interact", at)
        participant.leg.state = "connected"
        participant.leg.connected = participant.connected = at
