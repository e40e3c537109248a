"""Edits that went out in one write: a key that several wanted is the newest one's, whatever becomes of the write."""

import pytest

from conversations import history, mirror
from conversations.connection import genesys
from conversations.edits import accept
from conversations.edits.accept import Wish
from conversations.history import Source
from conversations.models import AttributeEdit, Conversation, State, Verdict
from conversations.models.clock import now
from tests.builders import Hands, save, verdicts
from tests.genesys import Made, Sandbox
from tests.processes import until

pytestmark = pytest.mark.pipeline


def changed_their_mind(made: Made) -> tuple[AttributeEdit, AttributeEdit]:
    """Gold and a note are saved, and then silver again, which Genesys has held all the time."""
    wishes = {"tier": Wish("gold", "silver"), "note": Wish("hello", "")}
    first = accept.save(made.id, made.customer, wishes).edit
    return first, save(made, {"tier": "silver"}, baseline="gold")


def ever_held(sandbox: Sandbox, made: Made, key: str) -> set[str]:
    return {each["value"] for each in sandbox.history(made) if each["key"] == key}


@pytest.mark.parametrize("fault", ["general_conflict", "server_error", "reset_before_landing"])
def test_an_older_value_is_not_sent_because_of_another_key(
    sandbox: Sandbox, hands: Hands, made: Made, fault: str
) -> None:
    first, second = changed_their_mind(made)
    sandbox.fault(fault, made, times=1)
    for edit in (first, second):
        hands.until_settled(edit)
    assert (first.state, second.state) == (State.CONFIRMED, State.CONFIRMED)
    assert verdicts(first) == {"tier": Verdict.REPLACED, "note": Verdict.CONFIRMED}
    assert sandbox.attributes(made)["note"] == "hello"
    assert "gold" not in ever_held(sandbox, made, "tier")


def test_an_edit_goes_with_the_one_that_has_its_key_and_no_other(
    sandbox: Sandbox, hands: Hands, made: Made
) -> None:
    first, second = save(made, {"tier": "gold"}), save(made, {"tier": "platinum"})
    third = save(made, {"note": "hello"})
    sandbox.fault("reset_after_landing", made, times=1)
    hands.turn(third)
    until(lambda: sandbox.attributes(made)["tier"] == "platinum")
    sandbox.write(made, {"note": ""})
    for edit in (first, second, third):
        hands.until_settled(edit)
    assert (first.state, second.state) == (State.SUPERSEDED, State.CONFIRMED)
    assert "gold" not in ever_held(sandbox, made, "tier")


def test_an_edit_is_replaced_where_the_newer_value_is_there_though_another_key_is_not(
    sandbox: Sandbox, hands: Hands, made: Made
) -> None:
    first = save(made, {"tier": "gold"})
    second = save(made, {"tier": "platinum", "note": "hello"})
    sandbox.fault("reset_after_landing", made, times=1)
    hands.turn(second)
    until(lambda: sandbox.attributes(made)["tier"] == "platinum")
    sandbox.write(made, {"note": "theirs"})
    for edit in (first, second):
        hands.until_settled(edit)
    assert (first.state, second.state) == (State.SUPERSEDED, State.NOT_PERSISTED)
    assert not first.unresolved
    assert verdicts(first) == {"tier": Verdict.REPLACED}


def test_a_value_that_was_never_written_is_put_down_to_nobody_here(
    sandbox: Sandbox, hands: Hands, made: Made
) -> None:
    first, second = save(made, {"tier": "gold"}), save(made, {"tier": "platinum"})
    hands.until_settled(second)
    first.refresh_from_db()
    assert first.state == State.SUPERSEDED
    sandbox.write(made, {"tier": "gold"})
    mirror.record_read(genesys().conversation(made.id).value, now())
    row = Conversation.objects.get(pk=made.id)
    sighted = [each for each in history.of(row, list(row.participants.all())) if each.key == "tier"]
    assert [(each.value, each.edit) for each in sighted[-2:]] == [
        ("platinum", second),
        ("gold", None),
    ]
    assert sighted[-1].source != Source.OURS
