"""What waits because calls are short waits without pushing."""

import pytest

from conversations.models import EditLane, RequestBudget, State
from conversations.models.clock import now
from tests.builders import Hands, save
from tests.genesys import Sandbox

pytestmark = pytest.mark.pipeline


def test_lanes_that_are_held_back_do_not_come_back_together(sandbox: Sandbox, hands: Hands) -> None:
    hands.until_settled(save(sandbox.conversation(), {"tier": "gold"}))
    before = RequestBudget.objects.values("tat", "allowed").get()
    edits = [save(made, {"tier": "gold"}) for made in sandbox.conversations(12)]
    RequestBudget.objects.update(tat=now() + 5, allowed=60)
    try:
        for edit in edits:
            assert hands.turn(edit).state == State.QUEUED
    finally:
        RequestBudget.objects.update(**before)
    due = EditLane.objects.filter(pk__in=[edit.lane_id for edit in edits])
    moments = sorted(each.due_at or 0 for each in due)
    assert moments[0] > now()
    assert moments[-1] - moments[0] > 1
    for edit in edits:
        hands.turn(edit)
