"""However the feed is torn, what we hold becomes equal to Genesys's truth again, with the sandbox's event faults on."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import close_old_connections

from conversations import coverage
from conversations.models import Conversation, Feed, FeedTopic, Leadership, Participant
from conversations.models.clock import now
from tests.builders import freeze_idle
from tests.genesys import Made, Sandbox
from tests.processes import Process, until
from tests.profile import PROFILE

pytestmark = [
    pytest.mark.pipeline,
    pytest.mark.brokerless,
    pytest.mark.usefixtures("listener", "frozen_world"),
]

#: Listeners killed; each costs the seconds of a lease, so the full number on one profile only.
KILLS = 50 if PROFILE == "embedded" else 8
#: How long nobody listens, at least: what matters is that nobody did. MIDCALL_TEST_GAP_SECONDS=300 is five minutes.
GAP_SECONDS = float(os.environ.get("MIDCALL_TEST_GAP_SECONDS", "0"))
#: Event faults of a bad day, met by every conversation.
BAD_DAY = {
    "event_doubled": {"times": 400},
    "event_late": {"times": 200, "seconds": 1},
    "event_lost": {"times": 200},
}


@pytest.fixture
def frozen_world(sandbox: Sandbox) -> Iterator[None]:
    """Only the test changes anything."""
    sandbox.call("POST", "clock", {"speed": 0})
    yield
    sandbox.call("POST", "clock", {"speed": 1})


@pytest.fixture
def second(listener: Process, logs: Path) -> Iterator[Process]:
    """Another listener beside the one of the run."""
    process = Process("listen", logs / "listen-2.log").start()
    yield process
    process.end()


Attributes = dict[tuple[str, str], dict[str, str]]


def truth(sandbox: Sandbox, made: list[Made]) -> Attributes:
    """The attributes of every participant of those that are live."""
    listed = sandbox.call("GET", "conversations")
    ours = {str(each.id) for each in made}
    return {
        (each["id"], party["id"]): party["attributes"]
        for each in listed
        if each["live"] and each["id"] in ours
        for party in each["participants"]
    }


def mirrored(made: list[Made]) -> Attributes:
    """The same as we hold it. Only the test's own: others lie about theirs, and leave them behind."""
    live = Participant.objects.exclude(conversation__phase=Conversation.Phase.ENDED).filter(
        conversation_id__in=[each.id for each in made]
    )
    rows = live.values_list("conversation_id", "participant_id", "attributes", "attributes_known")
    return {
        (str(conversation), str(participant)): attributes if known else {"unknown": "yes"}
        for conversation, participant, attributes, known in rows
    }


def equal_to_the_truth(sandbox: Sandbox, made: list[Made]) -> Callable[[], bool]:
    def equal() -> bool:
        _check_what_events_changed()
        return mirrored(made) == truth(sandbox, made)

    return equal


def _check_what_events_changed() -> None:
    """As if the minute were over after which what events changed is read once more."""
    waiting = Conversation.objects.filter(reading=Conversation.Reading.CHECK)
    waiting.update(read_after=0)


def leader() -> int:
    """The process that leads; 0: none."""
    row = Leadership.objects.filter(until__gt=now()).exclude(holder="").first()
    return int(row.holder.split(":")[1]) if row else 0


def leading(candidates: list[Process]) -> Process:
    """Which of them leads, as soon as one does."""
    found = until(
        lambda: [each for each in candidates if each.pid == leader()], 20, what="one of them leads"
    )
    return found[0]


def differences(sandbox: Sandbox, made: list[Made]) -> str:
    held, true = mirrored(made), truth(sandbox, made)
    wrong = [key for key in held.keys() | true.keys() if held.get(key) != true.get(key)]
    return f"{len(wrong)} differ, first {[(k, held.get(k), true.get(k)) for k in wrong[:3]]}"


def settles(sandbox: Sandbox, made: list[Made], seconds: float) -> None:
    try:
        until(equal_to_the_truth(sandbox, made), seconds, every=0.3)
    except AssertionError as error:
        raise AssertionError(differences(sandbox, made)) from error


class TestAfterAGap:
    @pytest.mark.timeout(300 + GAP_SECONDS)
    def test_everything_that_changed_meanwhile_is_known(
        self, sandbox: Sandbox, listener: Process
    ) -> None:
        made = sandbox.conversations(520, attributes={"tier": "silver"})
        settles(sandbox, made, 60)
        listener.kill()

        for number, each in enumerate(made[:500]):
            sandbox.write(each, {"tier": f"gold {number}", "new": "yes"})
            if number % 5 == 0:
                sandbox.act(each, "end" if number % 2 else "transfer")
            time.sleep(GAP_SECONDS / 500)
        born = sandbox.conversations(20, attributes={"tier": "born in the gap"})
        ended = [each.id for each in made[:500:5] if not _live(sandbox, each)]

        listener.start()
        settles(sandbox, [*made, *born], 90)
        assert len(ended) == 50
        assert not Conversation.objects.live().filter(pk__in=ended).exists()
        wanted = Conversation.objects.live().filter(
            pk__in=[each.id for each in made], reading__gt=Conversation.Reading.CHECK
        )
        until(lambda: not wanted.exists(), 60, what="all that was missed has been read")

    def test_a_conversation_that_cannot_be_read_holds_up_no_other(
        self, sandbox: Sandbox, listener: Process
    ) -> None:
        bad, *good = sandbox.conversations(12, attributes={"tier": "silver"})
        settles(sandbox, [bad, *good], 40)
        sandbox.fault("hang", bad, call="read", seconds=60)
        listener.kill()
        for each in (bad, *good):
            sandbox.write(each, {"tier": "gold"})
        listener.start()
        until(lambda: _tiers(good) == {"gold"}, 30, what="the others are read")
        assert _tiers([bad]) == {"silver"}
        sandbox.clear_faults()


class TestManyListeners:
    def test_one_leads_and_the_other_takes_over(
        self, sandbox: Sandbox, listener: Process, second: Process
    ) -> None:
        made = sandbox.conversations(1, attributes={"tier": "silver"})
        settles(sandbox, made, 40)
        first = leading([listener, second])
        other = second if first is listener else listener
        first.kill()
        sandbox.write(made[0], {"tier": "gold"})

        until(lambda: leader() == other.pid, 15, what="the other one leads")
        settles(sandbox, made, 40)
        first.start()

    def test_a_frozen_leader_does_not_come_back_as_one(
        self, sandbox: Sandbox, listener: Process, second: Process
    ) -> None:
        made = sandbox.conversations(1, attributes={"tier": "silver"})
        settles(sandbox, made, 40)
        frozen = leading([listener, second])
        until(lambda: freeze_idle([frozen]), what="frozen, outside any transaction")
        until(lambda: leader() not in (0, frozen.pid), 20, what="the other one leads")
        sandbox.write(made[0], {"tier": "gold"})
        frozen.signal(signal.SIGCONT)
        settles(sandbox, made, 40)
        until(lambda: "somebody else leads now" in frozen.output(), 20)
        assert leader() not in (0, frozen.pid)

    def test_killed_many_times_at_random_the_truth_is_kept(
        self,
        sandbox: Sandbox,
        listener: Process,
        second: Process,
        record_property: Callable[[str, object], None],
    ) -> None:
        chance = random.Random(7)
        made = sandbox.conversations(30, attributes={"tier": "silver"})
        settles(sandbox, made, 60)
        for name, parameters in BAD_DAY.items():
            sandbox.fault(name, None, **parameters)
        killed = 0
        while killed < KILLS:
            for each in chance.sample(made, 6):
                sandbox.write(each, {"tier": f"{killed} {chance.random()}"})
            victim = leading([listener, second])
            time.sleep(chance.uniform(0, 0.4))  # the random moment
            victim.kill()
            killed += 1
            victim.start_again()
        sandbox.clear_faults()
        settles(sandbox, made, 90)
        record_property("leaders killed", killed)


class TestWhatCannotBeHeard:
    def test_a_refused_queue_is_named_and_stops_no_other(
        self, sandbox: Sandbox, listener: Process
    ) -> None:
        sandbox.switch(refused_queues=1)
        opened = Feed.objects.get().opened_at
        sandbox.call("POST", "sockets/drop")
        until(lambda: Feed.objects.get().opened_at > opened, 40, what="a new line is open")
        refused = FeedTopic.objects.get(since=0)
        assert "routing:queue:view" in refused.refusal
        assert FeedTopic.objects.filter(since__gt=0).count() >= 2
        sandbox.switch(refused_queues=0)
        sandbox.call("POST", "sockets/drop")
        until(lambda: not FeedTopic.objects.filter(since=0).exists(), 40)

    def test_a_conversation_nobody_mentions_any_more_is_checked_and_closed(
        self, sandbox: Sandbox, listener: Process
    ) -> None:
        made = sandbox.conversations(1)
        settles(sandbox, made, 40)
        sandbox.fault("event_lost", made[0])
        sandbox.act(made[0], "end")
        long_ago = time.time() - 3600
        Conversation.objects.filter(pk=made[0].id).update(heard_at=long_ago, asked_at=long_ago)
        sandbox.call("POST", "sockets/drop")
        until(lambda: not Conversation.objects.get(pk=made[0].id).live, 40, what="it is over")

    def test_what_is_known_and_what_is_not_is_counted(
        self, sandbox: Sandbox, listener: Process
    ) -> None:
        Conversation.objects.update(read_refused=None)  # what other tests have made unreadable
        made = sandbox.conversations(5, attributes={"tier": "silver"})
        settles(sandbox, made, 40)
        sandbox.fault("forbidden", made[0], call="read")
        Conversation.objects.filter(pk=made[0].id).update(
            reading=Conversation.Reading.LOOKED_AT, reading_since=time.time() + 60, read_after=0
        )
        until(lambda: coverage.current().refused, 30, what="a refusal is counted")
        counted = coverage.current()
        until(
            lambda: coverage.current().live == Conversation.objects.live().count(),
            30,
            what="the count is as new as the rows",
        )
        assert counted.doubtful >= 1
        assert counted.known + counted.doubtful + counted.unknown == counted.live
        assert counted.by_events + counted.by_reads + counted.by_listing == counted.live
        assert {status for _, status, _ in counted.refused} == {403}
        sandbox.clear_faults()
        Conversation.objects.filter(pk=made[0].id).update(reading_since=0, read_after=0)
        until(lambda: not coverage.current().refused, 30)


def _live(sandbox: Sandbox, made: Made) -> bool:
    return bool(sandbox.call("GET", f"conversations/{made.id}")["live"])


def _tiers(conversations: list[Made]) -> set[str]:
    close_old_connections()
    rows = Participant.objects.filter(participant_id__in=[each.customer for each in conversations])
    return {each.attributes.get("tier", "") for each in rows}
