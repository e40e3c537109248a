"""The database's clock is set back: what was written before lies in the future, and holds up nobody."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models import F

from conversations import budget, mirror
from conversations.budget import Use
from conversations.connection import genesys
from conversations.models import AttributeEdit, Conversation, EditLane, RequestBudget, State
from conversations.models.clock import moment, now
from conversations.setback import COMPARE_SECONDS, Comparison
from tests.builders import Hands, save, settled
from tests.genesys import Made, Sandbox
from tests.processes import Process

pytestmark = pytest.mark.pipeline

BACK = 600.0


def written_before(made: Made, lane_id: int) -> None:
    """What stands in the rows after a step back: moments of the clock as it was."""
    ahead = now() + BACK
    budget.take(Use.LOOK)
    RequestBudget.objects.update(tat=ahead)
    Conversation.objects.filter(pk=made.id).update(asked_at=ahead, heard_at=ahead)
    EditLane.objects.filter(pk=lane_id).update(due_at=ahead, nudged_at=ahead)


@pytest.mark.usefixtures("database")
def test_a_worker_that_starts_goes_on_at_once(
    sandbox: Sandbox, start: Callable[..., Process]
) -> None:
    made = sandbox.conversation(attributes={"tier": "silver"})
    mirror.record_read(genesys().conversation(made.id).value, now())
    edit = save(made, {"tier": "gold"}, baseline="silver")
    written_before(made, edit.lane_id)
    start("worker")
    settled(edit, settings.EDIT_DEADLINE_SECONDS - 2)
    assert edit.state == State.CONFIRMED
    assert sandbox.methods(made).count("GET") < 12  # and not without end
    row = Conversation.objects.get(pk=made.id).participants.get(participant_id=made.customer)
    assert row.attributes["tier"] == "gold"


def test_one_that_runs_notices(sandbox: Sandbox, hands: Hands, made: Made) -> None:
    edit = save(made, {"tier": "gold"}, baseline="silver")
    told = iter([now() + BACK, now() + BACK, now()])
    comparison = Comparison(lambda: next(told))
    comparison.round()
    written_before(made, edit.lane_id)
    comparison.round()  # so soon after the first it asks nobody
    for _ in range(2):
        comparison._compared -= COMPARE_SECONDS
        comparison.round()
    hands.until_settled(edit)
    assert edit.state == State.CONFIRMED
    assert sandbox.methods(made).count("GET") < 12


def test_an_edit_is_given_the_time_it_was_promised(
    sandbox: Sandbox, hands: Hands, made: Made
) -> None:
    edits = [save(made, {"tier": "gold"}), save(made, {"note": "n"})]
    at, hour = now(), timedelta(hours=1)
    row = AttributeEdit.objects.filter(pk=edits[0].pk)
    row.update(created_at=F("created_at") + hour, deadline_at=moment(at + 20) + hour)
    AttributeEdit.objects.filter(pk=edits[1].pk).update(deadline_at=moment(at + 900))
    Comparison().round()
    left = [AttributeEdit.objects.get(pk=each.pk).deadline_at.timestamp() - at for each in edits]
    assert left == pytest.approx([20, 900], abs=2)
    row.update(created_at=moment(at))
    hands.until_settled(edits[1])


def test_what_may_lie_ahead_stays(sandbox: Sandbox, hands: Hands, made: Made) -> None:
    edit = save(made, {"tier": "gold"}, baseline="silver")
    soon = now() + settings.EDIT_DEADLINE_SECONDS / 2
    EditLane.objects.filter(pk=edit.lane_id).update(due_at=soon, lease_until=now() + 20)
    before = EditLane.objects.values().get(pk=edit.lane_id)
    Comparison().round()
    assert EditLane.objects.values().get(pk=edit.lane_id) == before
    EditLane.objects.filter(pk=edit.lane_id).update(lease_until=0, due_at=1.0)
    hands.until_settled(edit)
