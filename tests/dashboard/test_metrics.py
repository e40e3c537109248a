"""/metrics: what monitoring reads, the same from every process, and true."""

from collections.abc import Callable

import pytest
import requests
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from conversations.models import EditLane, EditMove, RequestBudget, Tally, tally
from conversations.models.clock import moment, now
from tests.builders import Hands, a_value, save, settled
from tests.genesys import Sandbox
from tests.processes import Process, answers, until

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.pipeline]

Figures = dict[str, float]


def read(text: str) -> Figures:
    """Samples by name and labels, as `name{label=value}`."""
    return {
        sample.name
        + "".join(f"{{{key}={value}}}" for key, value in sorted(sample.labels.items())): (
            sample.value
        )
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def asked() -> Figures:
    answer = Client().get("/metrics")
    assert answer.status_code == 200
    return read(answer.content.decode())


def grown(before: Figures, name: str) -> float:
    return asked()[name] - before.get(name, 0)


class TestMetrics:
    @pytest.mark.usefixtures("worker")
    def test_count_an_edit_from_saving_to_proof(self, sandbox: Sandbox) -> None:
        before = asked()
        edit = settled(save(sandbox.conversation(), {"tier": a_value()}))
        assert grown(before, "midcall_edits_accepted_total") >= 1
        assert grown(before, "midcall_edits_settled_total{state=confirmed}") >= 1
        assert grown(before, "midcall_edit_attempts_total") >= edit.attempts
        assert grown(before, "midcall_edit_confirmed_seconds_count") >= 1
        assert grown(before, "midcall_edit_confirmed_seconds_bucket{le=+Inf}") >= 1
        assert grown(before, "midcall_edit_confirmed_seconds_sum") > 0
        calls = grown(before, "midcall_budget_calls_taken_total")
        assert calls - grown(before, "midcall_budget_calls_returned_total") >= 2
        assert asked()["midcall_processes_alive{kind=worker}"] == 1
        assert asked()["midcall_heartbeat_age_seconds{kind=worker}"] < 15

    def test_tell_depth_and_age_of_the_queue(self, sandbox: Sandbox, hands: Hands) -> None:
        before = asked()
        edit = save(sandbox.conversation(), {"tier": a_value()})
        type(edit).objects.filter(pk=edit.pk).update(created_at=moment(now() - 500))
        EditLane.objects.filter(pk=edit.lane_id).update(due_at=now() - 400)
        assert grown(before, "midcall_edits_open{state=queued}") == 1
        assert asked()["midcall_oldest_open_edit_seconds"] >= 500
        assert asked()["midcall_lanes_due"] >= 1
        assert asked()["midcall_oldest_due_lane_seconds"] >= 400
        hands.until_settled(edit)
        assert grown(before, "midcall_edits_open{state=queued}") == 0

    def test_count_a_429_and_how_long_it_holds(self, sandbox: Sandbox, hands: Hands) -> None:
        made = sandbox.conversation()
        hands.until_settled(save(made, {"tier": a_value()}))
        before = asked()
        sandbox.fault("rate_limited", made, times=1, retry_after=7)
        edit = hands.turn(save(made, {"tier": a_value()}))
        assert grown(before, "midcall_rate_limited_total") == 1
        assert 0 < asked()["midcall_budget_blocked_seconds"] <= 7
        RequestBudget.objects.update(blocked_until=0)
        hands.turn(edit)

    def test_never_count_a_move_twice_or_forget_one(self, sandbox: Sandbox, hands: Hands) -> None:
        edit = hands.until_settled(save(sandbox.conversation(), {"tier": a_value()}))
        fresh = tally.totals()
        EditMove.objects.filter(edit=edit).update(at=moment(now() - 100))
        EditMove.objects.exclude(edit=edit).filter(at__gt=moment(now() - 70)).update(
            at=moment(now() - 70)
        )
        tally.catch_up()
        assert Tally.objects.get(pk="counted up to").total == EditMove.objects.latest("pk").pk
        after = tally.totals()
        tally.catch_up()
        counts = [name for name in fresh if name.startswith(("accepted", "sent", "settled"))]
        assert {name: after[name] for name in counts} == {name: fresh[name] for name in counts}
        assert tally.totals() == after

    def test_leave_young_moves_to_the_next_count(self, sandbox: Sandbox, hands: Hands) -> None:
        edit = hands.until_settled(save(sandbox.conversation(), {"tier": a_value()}))
        tally.catch_up()
        assert Tally.objects.get(pk="counted up to").total < edit.moves.earliest("pk").pk

    def test_count_what_the_sweep_rescues(
        self, sandbox: Sandbox, hands: Hands, start: Callable[..., Process]
    ) -> None:
        before = asked()
        edit = save(sandbox.conversation(), {"tier": a_value()})
        EditLane.objects.filter(pk=edit.lane_id).update(due_at=now() - 5)
        start("worker", more="--concurrency 2", CELERY_QUEUE="midcall-test-nobody-nudges")
        settled(edit)
        until(lambda: grown(before, "midcall_sweep_rescues_total") >= 1, what="a rescue is counted")

    def test_are_the_same_from_every_process_of_the_server(
        self, start: Callable[..., Process]
    ) -> None:
        from tests.profile import free_port

        port = free_port()
        start("web", PORT=str(port))
        url = f"http://127.0.0.1:{port}/metrics"
        until(answers(url), 20, what="the web server answers")
        told = [read(requests.get(url, timeout=5).text) for _ in range(6)]
        assert len({each["midcall_edits_accepted_total"] for each in told}) == 1

    def test_say_nothing_about_values_or_people(self, sandbox: Sandbox, hands: Hands) -> None:
        value = a_value()
        edit = hands.until_settled(save(sandbox.conversation(), {"a secret key": value}))
        text = Client().get("/metrics").content.decode()
        assert value not in text
        assert "a secret key" not in text
        assert str(edit.lane.conversation_id) not in text
