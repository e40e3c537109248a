"""Every legal move of an edit, each reached through the sandbox by what really leads to it."""

from collections.abc import Callable

import pytest

from conversations.edits import accept, watch
from conversations.models import AttributeEdit, Participant, State
from conversations.models.edit import MOVES
from tests.builders import Hands, a_value, moves, save
from tests.genesys import Made, Sandbox
from tests.processes import until

pytestmark = pytest.mark.pipeline

Scenario = Callable[[Sandbox, Hands], AttributeEdit]
SCENARIOS: dict[tuple[State, State], Scenario] = {}


def leads(origin: State, to: State) -> Callable[[Scenario], Scenario]:
    def note(scenario: Scenario) -> Scenario:
        SCENARIOS[origin, to] = scenario
        return scenario

    return note


def a_conversation(sandbox: Sandbox, hands: Hands) -> Made:
    """A conversation whose attributes (tier = silver) we know."""
    made = sandbox.conversation(attributes={"tier": "silver"})
    hands.until_settled(save(made, {"tier": "silver"}))
    return made


@leads(State.QUEUED, State.SENDING)
@leads(State.SENDING, State.VERIFYING)
@leads(State.VERIFYING, State.CONFIRMED)
def all_is_well(sandbox: Sandbox, hands: Hands) -> AttributeEdit:
    return hands.until_settled(save(sandbox.conversation(), {"tier": a_value()}))


@leads(State.QUEUED, State.VERIFYING)
def nothing_to_send(sandbox: Sandbox, hands: Hands) -> AttributeEdit:
    made = a_conversation(sandbox, hands)
    edit = hands.until_settled(save(made, {"tier": "silver"}))
    assert (edit.look_only, edit.sends, edit.state) == (True, 0, State.CONFIRMED)
    return edit


@leads(State.QUEUED, State.CONFLICT)
def somebody_was_faster(sandbox: Sandbox, hands: Hands) -> AttributeEdit:
    made = a_conversation(sandbox, hands)
    edit = save(made, {"tier": "gold"}, baseline="silver")
    Participant.objects.filter(participant_id=made.customer).update(attributes={"tier": "bronze"})
    sends = len(sandbox.methods(made))
    hands.turn(edit)
    assert len(sandbox.methods(made)) == sends
    return edit


@leads(State.QUEUED, State.CANCELLED)
def taken_back(sandbox: Sandbox, hands: Hands) -> AttributeEdit:
    edit = save(sandbox.conversation(), {"tier": "gold"})
    assert accept.withdraw(edit)
    return edit


@leads(State.QUEUED, State.FAILED)
def no_worker_until_the_deadline(sandbox: Sandbox, hands: Hands) -> AttributeEdit:
    edit = save(sandbox.conversation(), {"tier": "gold"})
    hands.deadline_passes(edit)
    return hands.turn(edit)


@leads(State.SENDING, State.QUEUED)
def surely_not_sent(sandbox: Sandbox, hands: Hands) -> AttributeEdit:
    made = sandbox.conversation()
    sandbox.fault("client_timeout", made, times=1)
    edit = hands.turn(save(made, {"tier": "gold"}))
    assert (edit.state, edit.sends) == (State.QUEUED, 0)
    return edit


@leads(State.SENDING, State.REJECTED)
def refused(sandbox: Sandbox, hands: Hands) -> AttributeEdit:
    made = sandbox.conversation()
    sandbox.fault("forbidden", made)
    return hands.turn(save(made, {"tier": "gold"}))


@leads(State.SENDING, State.SUPERSEDED)
def overtaken_in_the_same_sending(sandbox: Sandbox, hands: Hands) -> AttributeEdit:
    made = sandbox.conversation()
    first, second = save(made, {"tier": "gold"}), save(made, {"tier": "platinum"})
    hands.until_settled(second)
    assert sandbox.methods(made).count("PATCH") == 1
    first.refresh_from_db()
    return first


@leads(State.VERIFYING, State.SUPERSEDED)
def overtaken_in_a_doubtful_sending(sandbox: Sandbox, hands: Hands) -> AttributeEdit:
    made = sandbox.conversation()
    sandbox.fault("gateway_timeout", made, times=1)
    first, second = save(made, {"tier": "gold"}), save(made, {"tier": "platinum"})
    hands.until_settled(second)
    first.refresh_from_db()
    return first


@leads(State.VERIFYING, State.QUEUED)
def a_doubtful_write_that_did_not_arrive(sandbox: Sandbox, hands: Hands) -> AttributeEdit:
    made = sandbox.conversation()
    sandbox.fault("reset_before_landing", made, times=1)
    edit = hands.until_settled(save(made, {"tier": "gold"}))
    assert (edit.state, edit.sends) == (State.CONFIRMED, 2)
    return edit


@leads(State.VERIFYING, State.NOT_PERSISTED)
def accepted_and_never_stored(sandbox: Sandbox, hands: Hands) -> AttributeEdit:
    made = sandbox.conversation()
    sandbox.fault("never_stored", made)
    return hands.until_settled(save(made, {"tier": "gold"}))


@leads(State.VERIFYING, State.UNVERIFIABLE)
def never_to_be_read(sandbox: Sandbox, hands: Hands) -> AttributeEdit:
    made = sandbox.conversation()
    sandbox.fault("forbidden", made, call="read")
    return hands.until_settled(save(made, {"tier": "gold"}))


@leads(State.NOT_PERSISTED, State.CONFIRMED)
def arrived_late(sandbox: Sandbox, hands: Hands) -> AttributeEdit:
    made = sandbox.conversation()
    sandbox.fault("never_stored", made)
    edit = hands.until_settled(save(made, {"tier": "gold"}))
    sandbox.write(made, {"tier": "gold"})
    watch.check_again(edit)
    return hands.turn(edit)


@leads(State.UNVERIFIABLE, State.CONFIRMED)
def readable_in_the_end(sandbox: Sandbox, hands: Hands) -> AttributeEdit:
    made = sandbox.conversation()
    edit = never_to_be_read_of(made, sandbox, hands)
    sandbox.clear_faults()
    watch.check_again(edit)
    return hands.turn(edit)


@leads(State.CONFIRMED, State.REVERTED)
def changed_since(sandbox: Sandbox, hands: Hands) -> AttributeEdit:
    made = a_conversation(sandbox, hands)
    edit = hands.until_settled(save(made, {"tier": "gold"}))
    sandbox.write(made, {"tier": "bronze"})
    watch.check_again(edit)
    return hands.turn(edit)


@leads(State.REVERTED, State.CONFIRMED)
def there_again(sandbox: Sandbox, hands: Hands) -> AttributeEdit:
    made = a_conversation(sandbox, hands)
    edit = hands.until_settled(save(made, {"tier": "gold"}))
    for value in ("bronze", "gold"):
        sandbox.write(made, {"tier": value})
        watch.check_again(edit)
        until(lambda: not hands.turn(edit).look_wanted)
    return edit


def never_to_be_read_of(made: Made, sandbox: Sandbox, hands: Hands) -> AttributeEdit:
    sandbox.fault("forbidden", made, call="read")
    return hands.until_settled(save(made, {"tier": "gold"}))


LEGAL = [(origin, to) for origin, targets in MOVES.items() for to in sorted(targets)]


@pytest.mark.parametrize(("origin", "to"), LEGAL)
def test_a_legal_move_is_made_when_it_should_be(
    origin: State, to: State, sandbox: Sandbox, hands: Hands
) -> None:
    edit = SCENARIOS[origin, to](sandbox, hands)
    assert (origin, to) in moves(edit)
    assert edit.is_open == (edit.settled_at is None)
