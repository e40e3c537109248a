"""What nobody needs is deleted, in small batches, and nothing else."""

import uuid
from datetime import timedelta

import pytest
from django.conf import settings

from conversations import housekeeping
from conversations.models import AttributeEdit, Conversation, EditLane, State
from conversations.models.clock import moment, now
from tests.builders import Hands, save
from tests.genesys import Sandbox

pytestmark = pytest.mark.usefixtures("database")


def ended(days_ago: float) -> Conversation:
    at = moment(now()) - timedelta(days=days_ago)
    return Conversation.objects.create(
        id=uuid.uuid4(), phase=Conversation.Phase.ENDED, ended_at=at, phase_since=at
    )


def tidy_all() -> None:
    while housekeeping.tidy():
        pass


def test_a_conversation_stays_as_long_as_configured() -> None:
    days = settings.KEEP_CONVERSATIONS_DAYS
    old, young = ended(days + 1), ended(days - 1)
    tidy_all()
    assert not Conversation.objects.filter(pk=old.pk).exists()
    assert Conversation.objects.filter(pk=young.pk).exists()
    young.delete()


def test_one_batch_at_a_time() -> None:
    rows = [ended(400) for _ in range(housekeeping.BATCH + 5)]
    old = Conversation.objects.filter(pk__in=[each.pk for each in rows])
    assert housekeeping.tidy()
    assert old.count() == 5
    tidy_all()
    assert not old.exists()


def test_an_edit_that_waits_for_a_decision_keeps_its_conversation(
    sandbox: Sandbox, hands: Hands
) -> None:
    made = sandbox.conversation()
    sandbox.fault("never_stored", made)
    edit = save(made, {"tier": "gold"})
    hands.until_settled(edit)
    assert edit.state == State.NOT_PERSISTED
    long_ago = moment(now()) - timedelta(days=settings.KEEP_CONVERSATIONS_DAYS + 1)
    row = Conversation.objects.filter(pk=made.id)
    row.update(phase=Conversation.Phase.ENDED, ended_at=long_ago)
    tidy_all()
    assert row.exists()
    AttributeEdit.objects.filter(pk=edit.pk).update(unresolved=False)
    tidy_all()
    assert not row.exists()
    assert AttributeEdit.objects.filter(pk=edit.pk).exists()  # the audit is kept longer


def test_the_audit_goes_at_last_with_its_lane(sandbox: Sandbox, hands: Hands) -> None:
    made = sandbox.conversation()
    edit = save(made, {"tier": "gold"})
    hands.until_settled(edit)
    long_ago = moment(now()) - timedelta(days=settings.KEEP_EDITS_DAYS + 1)
    row = AttributeEdit.objects.filter(pk=edit.pk)
    row.update(settled_at=long_ago)
    tidy_all()
    assert row.exists()  # its conversation is still there
    Conversation.objects.filter(pk=made.id).delete()
    EditLane.objects.filter(pk=edit.lane_id).update(due_at=None)
    tidy_all()
    assert not row.exists()
    assert not EditLane.objects.filter(pk=edit.lane_id).exists()
