"""The command line, as an operator or an integrator uses it: manage.py in a process of its own."""

import json
import re
import signal
import subprocess
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings

from conversations import checkup
from conversations.management.commands.demo import SANDBOX_AGENT
from conversations.models import AttributeDefinition, AttributeEdit, Conversation, State, User
from tests.builders import Hands, a_value, feed_put_back, freeze_idle, save, worked_off
from tests.genesys import Made, Sandbox
from tests.processes import Process, manage, until
from tests.profile import free_port


def edit(made: Made | str, *changes: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return manage("edit", str(made.id if isinstance(made, Made) else made), *changes, **environment)


def result(done: subprocess.CompletedProcess[str]) -> Any:
    return json.loads(done.stdout)


@pytest.mark.pipeline
@pytest.mark.usefixtures("worker")
class TestEdit:
    def test_waits_until_it_is_confirmed(self, sandbox: Sandbox) -> None:
        made, value = sandbox.conversation(attributes={"tier": "silver"}), a_value()
        done = edit(made, f"tier={value}", "case note=", "--wait", "--json")
        assert done.returncode == 0, done.stderr
        told = result(done)
        assert told["state"] == "confirmed"
        assert told["attempts"] == 1
        assert told["correlation_id"]
        assert told["changes"] == [
            {"key": "case note", "value": "", "verdict": "confirmed", "observed": ""},
            {"key": "tier", "value": value, "verdict": "confirmed", "observed": value},
        ]
        assert UUID(told["id"])
        assert sandbox.attributes(made) == {"tier": value, "case note": ""}

    def test_says_what_is_there_instead(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation(attributes={"tier": "silver"})
        sandbox.fault("never_stored", made)
        done = edit(made, "tier=gold", "--wait", "--json")
        told = result(done)
        assert done.returncode == 1
        assert told["state"] == "not_persisted"
        assert "tier" in told["reason"]
        assert told["changes"][0]["observed"] == "silver"

    def test_without_waiting_is_queued(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation()
        done = edit(made, "tier=gold", "--json")
        assert (done.returncode, result(done)["state"]) == (0, "queued")

    def test_writes_to_another_participant_when_told(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation()
        agent = made.participant("agent")
        done = edit(made, "team=a", "--participant", str(agent), "--wait")
        assert done.returncode == 0, done.stderr
        assert sandbox.attributes(made, agent) == {"team": "a"}

    def test_of_what_is_there_already_only_looks(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation(attributes={"tier": "gold", "case": "C-1"})
        done = edit(made, "tier=gold", "case=C-1", "--wait", "--json")
        assert (done.returncode, result(done)["state"]) == (0, "confirmed")
        assert "PATCH" not in sandbox.methods(made)

    def test_sends_only_what_is_not_there(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation(attributes={"tier": "gold"})
        sandbox.fault("key_lost", made, key="tier")  # would show if it were sent
        done = edit(made, "tier=gold", f"case={a_value()}", "--wait", "--json")
        assert (done.returncode, result(done)["state"]) == (0, "confirmed")

    def test_of_an_ended_conversation_is_proven_too(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation()
        sandbox.act(made, "end")
        assert edit(made, f"outcome={a_value()}", "--wait").returncode == 0

    @pytest.mark.parametrize("key", ["Tier", "TIER", " tier", "ti er"])
    def test_asks_about_a_key_that_differs_only_by_case_or_blanks(
        self, sandbox: Sandbox, key: str
    ) -> None:
        made = sandbox.conversation(attributes={"tier": "silver"})
        done = edit(made, f"{key}=gold", "--wait")
        assert done.returncode == 2
        assert "'tier'" in done.stderr
        assert "PATCH" not in sandbox.methods(made)
        assert edit(made, f"{key}=gold", "--wait", "--new-key").returncode == 0

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            (("not-an-id", "a=b"), "is not an id"),
            ((str(uuid4()), "a"), "KEY=VALUE"),
            ((str(uuid4()), "=b"), "KEY=VALUE"),
            ((str(uuid4()),), "KEY=VALUE"),
            ((str(uuid4()), "a=b"), "does not know this interaction"),
        ],
    )
    def test_used_wrongly_exits_2_with_words(
        self, sandbox: Sandbox, arguments: tuple[str, ...], words: str
    ) -> None:
        done = manage("edit", *arguments)
        assert done.returncode == 2
        assert words in done.stderr
        assert "Traceback" not in done.stderr
        assert not done.stdout

    def test_used_wrongly_stores_nothing(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation()
        for arguments in (
            ("a=1", "a=2"),
            ("a=b", "--participant", str(uuid4())),
            ("a=" + "x" * 100_000, "b=" + "x" * 100_000, "c=" + "x" * 100_000),
        ):
            done = edit(made, *arguments)
            assert (done.returncode, bool(done.stderr), done.stdout) == (2, True, "")
        assert not AttributeEdit.objects.filter(lane__conversation_id=made.id).exists()


class TestEditWithoutAWorker:
    def test_says_so_after_the_deadline(self, sandbox: Sandbox, database: None) -> None:
        made = sandbox.conversation()
        elsewhere = {"CELERY_QUEUE": "nobody-listens", "EDIT_DEADLINE_SECONDS": "2"}
        workers = [each for each in Process.running_ones if each.name == "worker"]
        until(lambda: freeze_idle(workers), 30, what="no worker works")
        try:
            done = edit(made, "tier=gold", "--wait", "--json", **elsewhere)
        finally:
            for each in workers:
                each.signal(signal.SIGCONT)
        assert done.returncode == 1
        assert "queued" in done.stdout or "No worker" in done.stdout


@pytest.mark.usefixtures("listener")
class TestConversations:
    def test_lists_what_is_live(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation(media="voice", attributes={"tier": "silver"})
        until(lambda: Conversation.objects.filter(pk=made.id, known_since__gt=0).exists())
        done = manage("conversations", "--json")
        listed = {each["id"]: each for each in result(done)}
        told = listed[str(made.id)]
        customer = next(each for each in told["participants"] if each["purpose"] == "customer")
        assert (told["media"], told["state"]) == ("voice", "talking")
        assert told["queue"]
        assert set(told) == {
            "id", "media", "state", "queue", "agent", "started_at", "participants",
        }  # fmt: skip
        assert set(customer) == {"id", "purpose", "name", "user_id", "attributes"}
        assert customer["attributes"] == {"tier": "silver"}
        assert str(made.id) in manage("conversations").stdout


class TestDemo:
    def test_makes_accounts_for_the_sandbox(self, sandbox: Sandbox, database: None) -> None:
        for _ in range(2):
            assert manage("demo").returncode == 0
        agent = User.objects.get(username="agent")
        assert agent.check_password("agent")
        assert agent.genesys_user_id == SANDBOX_AGENT
        assert User.objects.get(username="supervisor").all_queues
        keys = set(AttributeDefinition.objects.values_list("key", flat=True))
        assert keys >= {
            "priority", "case_id", "language", "outcome", "callback_date", "notes", "card_last4",
        }  # fmt: skip

    def test_ties_the_agent_to_somebody_who_always_is_in_conversations(
        self, sandbox: Sandbox
    ) -> None:
        live = sandbox.call("GET", "conversations")
        assert str(SANDBOX_AGENT) in json.dumps(live)

    def test_is_refused_for_a_real_organisation(self) -> None:
        done = manage("demo", GENESYS_CLIENT_ID="somebody")
        assert done.returncode == 1
        assert "sandbox only" in done.stderr


class TestDoctor:
    @pytest.mark.usefixtures("worker", "listener")
    def test_is_content_when_all_is_well(self) -> None:
        worked_off()
        until(lambda: checkup.worker().ok, 20, what="who was frozen gives a sign of life again")
        done = manage("doctor", "--json")
        assert done.returncode == 0, done.stdout
        told = result(done)
        assert told["ok"] is True
        assert {each["name"] for each in told["checks"]} == {
            "database", "broker", "sign-in", "permissions", "accounts", "worker", "lanes", "feed",
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("name", "environment", "words"),
        [
            ("sign-in", {"GENESYS_CLIENT_SECRET": "wrong"}, "GENESYS_CLIENT_SECRET"),
            (
                "permissions",
                {"GENESYS_CLIENT_ID": "limited", "GENESYS_CLIENT_SECRET": "limited"},
                "conversation:communication:view",
            ),
            ("sign-in", {"GENESYS_API_URL": f"http://127.0.0.1:{free_port()}"}, "GENESYS_API_URL"),
            ("database", {"DATABASE_URL": "sqlite:////nowhere/at/all.sqlite3"}, "DATABASE_URL"),
            (
                "broker",
                {"CELERY_BROKER_URL": f"redis://127.0.0.1:{free_port()}/0"},
                "CELERY_BROKER_URL",
            ),
        ],
    )
    def test_names_what_is_wrong_and_its_remedy(
        self, sandbox: Sandbox, database: None, name: str, environment: dict[str, str], words: str
    ) -> None:
        done = manage("doctor", "--json", **environment)
        assert done.returncode == 1
        bad = next(each for each in result(done)["checks"] if each["name"] == name)
        assert not bad["ok"]
        assert words in bad["detail"] + bad["remedy"]

    def test_names_a_dead_worker_and_a_silent_feed(self, sandbox: Sandbox, hands: Hands) -> None:
        from conversations.models import Feed, Heartbeat

        beats = list(Heartbeat.objects.all())
        with feed_put_back():
            Heartbeat.objects.update(at=0)
            Feed.objects.all().delete()
            try:
                told = {each["name"]: each for each in result(manage("doctor", "--json"))["checks"]}
                in_words = manage("doctor").stdout
            finally:
                Heartbeat.objects.bulk_update(beats, ["at"])
        assert "make run" in told["worker"]["remedy"]
        assert told["worker"]["remedy"] in in_words
        assert "manage.py listen" in told["feed"]["remedy"]

    def test_names_an_overdue_lane(self, sandbox: Sandbox, hands: Hands) -> None:
        from conversations.models import EditLane

        edit = save(sandbox.conversation(), {"tier": "gold"})
        EditLane.objects.filter(pk=edit.lane_id).update(due_at=1.0)
        told = {each["name"]: each for each in result(manage("doctor", "--json"))["checks"]}
        assert not told["lanes"]["ok"]
        hands.until_settled(edit)
        assert edit.state == State.CONFIRMED


def test_every_setting_is_explained() -> None:
    explained = (settings.BASE_DIR / ".env.example").read_text()
    source = (settings.BASE_DIR / "dashboard" / "settings.py").read_text()
    names = set(re.findall(r'env\.\w+\(\s*"([A-Z_0-9]+)"', source))
    assert names
    assert {name for name in names if f"#{name}=" not in explained} == set()
