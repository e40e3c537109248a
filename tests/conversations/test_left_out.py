"""What holds its value already is left out of a call. Where that was believed and is not so, it is sent after all."""

from typing import Any

import pytest

from conversations.edits import accept
from conversations.edits.accept import Wish
from conversations.models import State, Verdict
from tests.builders import Hands, save, verdicts
from tests.genesys import Made, Sandbox

pytestmark = pytest.mark.pipeline


@pytest.fixture
def believed(sandbox: Sandbox, made: Made) -> Made:
    """We hold that the tier is silver, and have not heard that somebody changed it."""
    sandbox.write(made, {"tier": "theirs"})
    return made


def bodies(sandbox: Sandbox, made: Made) -> list[dict[str, Any]]:
    """What our calls wrote, but for the one before the test; nothing where the line broke before anything was read."""
    written = [each for each in sandbox.calls(made) if each["method"] == "PATCH"]
    return [each["attributes"] or {} for each in written[1:]]


def test_a_key_that_holds_its_value_is_left_out(sandbox: Sandbox, hands: Hands, made: Made) -> None:
    edit = hands.until_settled(save(made, {"tier": "silver", "note": "hello"}))
    assert (edit.state, edit.sends) == (State.CONFIRMED, 1)
    assert bodies(sandbox, made) == [{"note": "hello"}]


def test_a_key_that_was_believed_to_hold_its_value_is_sent_after_all(
    sandbox: Sandbox, hands: Hands, believed: Made
) -> None:
    edit = hands.until_settled(save(believed, {"tier": "silver", "note": "hello"}))
    assert (edit.state, edit.sends) == (State.CONFIRMED, 2)
    assert bodies(sandbox, believed) == [{"note": "hello"}, {"tier": "silver"}]
    assert sandbox.attributes(believed)["tier"] == "silver"


def test_and_so_is_an_edit_of_which_a_call_for_others_carried_nothing(
    sandbox: Sandbox, hands: Hands, believed: Made
) -> None:
    first, second = save(believed, {"tier": "silver"}), save(believed, {"note": "hello"})
    for edit in (first, second):
        hands.until_settled(edit)
        assert edit.state == State.CONFIRMED
    assert bodies(sandbox, believed) == [{"note": "hello"}, {"tier": "silver"}]


def test_though_nobody_answered_the_first_call(
    sandbox: Sandbox, hands: Hands, believed: Made
) -> None:
    sandbox.fault("reset_before_landing", believed, times=1)
    edit = hands.until_settled(save(believed, {"tier": "silver", "note": "hello"}))
    assert edit.state == State.CONFIRMED
    assert sandbox.attributes(believed)["tier"] == "silver"


@pytest.mark.parametrize("fault", [None, "client_timeout", "reset_before_landing"])
def test_nothing_that_an_edit_of_the_same_call_took_over_is_sent_with_it(
    sandbox: Sandbox, hands: Hands, believed: Made, fault: str | None
) -> None:
    """Whatever becomes of another sending: an older value must not be written over a newer one."""
    first = save(believed, {"tier": "silver", "note": "old"})
    second = hands.turn(save(believed, {"note": "new"}))
    if fault:
        sandbox.fault(fault, believed, times=1)
    for edit in (first, second):
        hands.until_settled(edit)
    assert second.state == State.CONFIRMED
    assert verdicts(first)["note"] == Verdict.REPLACED
    assert all(each.get("note") != "old" for each in bodies(sandbox, believed))


def test_it_is_not_fought_over(sandbox: Sandbox, hands: Hands, believed: Made) -> None:
    """The second call has carried the key: if it does not stick, that is said."""
    sandbox.fault("key_lost", believed, key="tier")
    edit = hands.until_settled(save(believed, {"tier": "silver", "note": "hello"}))
    assert (edit.state, edit.sends) == (State.NOT_PERSISTED, 2)
    assert verdicts(edit) == {"tier": Verdict.DIFFERENT, "note": Verdict.CONFIRMED}


def test_nor_sent_over_somebody_elses_value(sandbox: Sandbox, hands: Hands, believed: Made) -> None:
    """The form showed another value than the one that somebody has written since: that is theirs to decide."""
    sandbox.fault("reset_before_landing", believed, times=1)
    wishes = {"tier": Wish("silver", "bronze"), "note": Wish("hello", "")}
    edit = accept.save(believed.id, believed.customer, wishes).edit
    hands.until_settled(edit)
    assert (edit.state, edit.sends) == (State.NOT_PERSISTED, 1)
    assert sandbox.attributes(believed)["tier"] == "theirs"
    assert sandbox.methods(believed).count("GET") < 12
