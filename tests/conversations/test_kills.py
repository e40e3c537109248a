"""kill -9 of the worker, twenty times, while edits pour in: nothing lost, nothing out of order."""

import random
import time

import pytest
from pytest_django import Settings

from conversations.edits import reasons
from conversations.models import AttributeEdit, EditMove, State
from tests.builders import save, settled
from tests.genesys import Made, Sandbox
from tests.processes import Process

pytestmark = pytest.mark.pipeline

KILLS = 20
#: A killed worker's lanes are taken up again when its lease (30 s) has run out.
CALM_SECONDS = 60.0


def test_twenty_kills_lose_nothing_and_keep_the_order(
    sandbox: Sandbox, worker: Process, settings: Settings
) -> None:
    settings.EDIT_DEADLINE_SECONDS = 180.0
    dice = random.Random(20)
    sandbox.switch(latency_ms=300)
    lanes = sandbox.conversations(10)
    edits: list[tuple[Made, AttributeEdit]] = []
    victims = set()
    for _ in range(KILLS):
        for _ in range(dice.randint(2, 6)):
            made = dice.choice(lanes)
            edits.append((made, save(made, {"count": f"{len(edits):04d}"})))
        time.sleep(dice.uniform(0.05, 0.5))  # anywhere between the nudge and the proof
        victims.add(worker.pid)
        worker.kill()
        worker.start_again()
        time.sleep(dice.uniform(0.5, 1.5))
    assert len(victims) == KILLS
    sandbox.switch(latency_ms=0)
    for _, edit in edits:
        settled(edit, CALM_SECONDS)

    ids = [edit.pk for _, edit in edits]
    assert AttributeEdit.objects.filter(pk__in=ids).count() == len(edits)
    assert {edit.state for _, edit in edits} <= {State.CONFIRMED, State.SUPERSEDED}
    for made in lanes:
        saved = [edit.changes.get().value for owner, edit in edits if owner is made]
        seen = [each["value"] for each in sandbox.history(made) if each["key"] == "count"]
        assert seen == sorted(seen)
        assert sandbox.attributes(made).get("count") == (saved[-1] if saved else None)
    half_sent = EditMove.objects.filter(edit__in=ids, note=reasons.WORKER_DIED).count()
    assert half_sent >= 3, "the blows hit nothing"
