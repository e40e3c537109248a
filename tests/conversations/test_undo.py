"""What an edit is taken back to: what Genesys held before it, and nothing that was never there."""

import pytest

from conversations import mirror, undo
from conversations.catalogue import Sight
from conversations.connection import genesys
from conversations.edits import accept
from conversations.models import AttributeEdit, Role, State
from conversations.models.clock import moment, now
from tests.builders import Hands, a_user, save
from tests.genesys import Made, Sandbox

pytestmark = [pytest.mark.pipeline, pytest.mark.brokerless]


def read(made: Made) -> Made:
    at = now()
    mirror.record_read(genesys().conversation(made.id).value, at)
    return made


@pytest.fixture
def known(sandbox: Sandbox, hands: Hands) -> Made:
    """A conversation that was seen before it is edited."""
    return read(sandbox.conversation(attributes={"tier": "silver"}))


def undone(edit: AttributeEdit, hands: Hands) -> AttributeEdit:
    admin = a_user(Role.ADMIN)
    saved = undo.carry_out(edit, Sight(admin), by=admin, empty=False)
    return hands.until_settled(saved.edit)


def test_a_wish_that_never_arrived_is_not_what_was_there(
    sandbox: Sandbox, hands: Hands, known: Made
) -> None:
    """The form had shown it, because it was on its way then."""
    accept.withdraw(save(known, {"tier": "gold"}, baseline="silver"))
    edit = hands.until_settled(save(known, {"tier": "platinum"}, baseline="gold"))
    [back] = undo.plan(edit, Sight(a_user(Role.ADMIN))).back
    assert (back.now, back.earlier) == ("platinum", "silver")
    assert undone(edit, hands).state == State.CONFIRMED
    assert sandbox.attributes(known)["tier"] == "silver"


def test_what_an_earlier_sending_brought_was_not_there_before(
    sandbox: Sandbox, hands: Hands, known: Made
) -> None:
    edit = hands.until_settled(save(known, {"tier": "gold"}, baseline="silver"))
    AttributeEdit.objects.filter(pk=edit.pk).update(sends=2, sent_at=moment(now()))
    edit.refresh_from_db()
    undone(edit, hands)
    assert sandbox.attributes(known)["tier"] == "silver"


def test_what_the_form_showed_is_believed_where_nobody_saw_more(
    sandbox: Sandbox, hands: Hands
) -> None:
    made = sandbox.conversation(attributes={"tier": "silver"})
    edit = hands.until_settled(save(made, {"tier": "gold"}, baseline="silver"))
    undone(edit, hands)
    assert sandbox.attributes(made)["tier"] == "silver"
