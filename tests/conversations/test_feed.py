"""The live feed: what it proves, what it may not prove, and how a gap heals."""

import time
from collections.abc import Callable

import pytest

from conversations.models import Conversation, Feed, FeedTopic, Participant, State
from conversations.models.clock import now
from tests.builders import a_value, reached, save, settled
from tests.genesys import Made, Sandbox
from tests.processes import Process, until

pytestmark = [pytest.mark.pipeline, pytest.mark.usefixtures("worker", "listener")]


def held(made: Made) -> dict[str, str]:
    row = Participant.objects.filter(
        conversation_id=made.id, participant_id=made.customer, attributes_known=True
    ).first()
    return row.attributes if row else {}


def known(made: Made, sandbox: Sandbox, **attributes: str) -> Made:
    """Wait until the listener knows the conversation and has nothing urgent to ask about it."""
    until(lambda: held(made) == sandbox.attributes(made), what="the mirror equals the truth")
    calm = Conversation.objects.filter(pk=made.id, reading__lte=Conversation.Reading.CHECK)
    until(calm.exists, what="no read is urgent")
    return made


def followed_for_a_while(made: Made) -> None:
    """As if the listener had followed the conversation for ten minutes already."""
    past = now() - 600
    FeedTopic.objects.update(since=past)
    Conversation.objects.filter(pk=made.id).update(known_since=past, queue_since=past)


def _counted(made: Made, number: int) -> Callable[[], bool]:
    return lambda: held(made).get("count") == str(number)


def _channels(sandbox: Sandbox) -> list[str]:
    return [each["path"] for each in sandbox.calls() if each["path"].endswith("/channels")]


def _listings(sandbox: Sandbox) -> list[int]:
    """How each try to list was answered."""
    return [each["status"] for each in sandbox.calls() if each["call"] == "list"]


def _listed_again(sandbox: Sandbox) -> None:
    """A listing that was refused rests for long, but not beyond a new line; the next tests need one."""
    listed = Feed.objects.get().listed_at
    sandbox.call("POST", "sockets/drop")
    until(lambda: Feed.objects.get().listed_at > listed, 40, what="everything is listed again")


class TestAnEvent:
    def test_of_a_conversation_followed_long_enough_proves_without_a_read(
        self, sandbox: Sandbox
    ) -> None:
        made = known(sandbox.conversation(attributes={"tier": "silver"}), sandbox)
        followed_for_a_while(made)
        sandbox.call("DELETE", "calls")
        edit = settled(save(made, {"tier": a_value(), "note": a_value()}))
        assert edit.state == State.CONFIRMED
        assert sandbox.methods(made) == ["PATCH"]
        assert "event" in edit.moves.latest("id").note

    def test_proves_nothing_where_the_value_was_held_a_moment_ago(self, sandbox: Sandbox) -> None:
        made = known(sandbox.conversation(attributes={"tier": "silver"}), sandbox)
        followed_for_a_while(made)
        settled(save(made, {"tier": "gold"}))
        settled(save(made, {"tier": "silver"}))
        sandbox.call("DELETE", "calls")
        edit = settled(save(made, {"tier": "gold"}))
        assert edit.state == State.CONFIRMED
        assert sandbox.methods(made).count("GET") >= 2

    def test_proves_nothing_where_we_do_not_know_what_was_before(self, sandbox: Sandbox) -> None:
        made = known(sandbox.conversation(attributes={"tier": "silver"}), sandbox)
        sandbox.call("DELETE", "calls")
        edit = settled(save(made, {"tier": a_value()}))
        assert edit.state == State.CONFIRMED
        assert "GET" in sandbox.methods(made)

    def test_that_never_comes_is_not_waited_for_longer_than_a_second(
        self, sandbox: Sandbox
    ) -> None:
        made = known(sandbox.conversation(attributes={"tier": "silver"}), sandbox)
        followed_for_a_while(made)
        sandbox.fault("event_lost", made)
        edit = settled(save(made, {"tier": a_value()}))
        assert edit.state == State.CONFIRMED
        assert edit.accepted_at is not None
        assert edit.settled_at is not None
        assert (edit.settled_at - edit.accepted_at).total_seconds() < 2

    def test_brings_conversations_and_their_attributes(self, sandbox: Sandbox) -> None:
        made = sandbox.conversation(attributes={"Queue Name": " x", "empty": ""})
        known(made, sandbox)
        sandbox.write(made, {"added": "by somebody"})
        until(lambda: held(made).get("added") == "by somebody")

    def test_of_the_end_ends_it(self, sandbox: Sandbox) -> None:
        made = known(sandbox.conversation(attributes={"a": "b"}), sandbox)
        sandbox.act(made, "end")
        until(lambda: not Conversation.objects.get(pk=made.id).live, what="it is over")


class TestAGap:
    def test_is_healed_by_reading_again(self, sandbox: Sandbox) -> None:
        made = known(sandbox.conversation(attributes={"tier": "silver"}), sandbox)
        edit = settled(save(made, {"tier": a_value()}))
        opened = Feed.objects.get().opened_at
        sandbox.fault("event_lost", made, times=1)
        sandbox.write(made, {"tier": "stolen"})

        sandbox.call("POST", "sockets/drop")

        until(lambda: Feed.objects.get().opened_at > opened, seconds=40, what="a new line is open")
        reached(edit, State.REVERTED)
        assert held(made)["tier"] == "stolen"

    def test_is_healed_though_the_listing_is_refused(self, sandbox: Sandbox) -> None:
        made = known(sandbox.conversation(attributes={"tier": "silver"}), sandbox)
        opened = Feed.objects.get().opened_at
        sandbox.fault("forbidden", call="list")
        sandbox.fault("event_lost", made, times=1)
        sandbox.write(made, {"tier": "stolen"})
        sandbox.call("DELETE", "calls")
        try:
            sandbox.call("POST", "sockets/drop")
            until(lambda: Feed.objects.get().opened_at > opened, seconds=40, what="a new line")
            until(lambda: held(made) == sandbox.attributes(made), 20, what="equal to the truth")
            time.sleep(3)  # longer than after other trouble
            assert _listings(sandbox) == [403]
        finally:
            sandbox.clear_faults()
            _listed_again(sandbox)

    @pytest.mark.parametrize("how", ["reset", "close"])
    def test_ends_by_itself_however_the_line_went(
        self, sandbox: Sandbox, listener: Process, how: str
    ) -> None:
        opened = Feed.objects.get().opened_at
        sandbox.call("POST", "sockets/drop", {"how": how})
        until(lambda: Feed.objects.get().opened_at > opened, seconds=40, what="a new line is open")
        assert listener.running()

    def test_does_not_come_where_the_end_was_announced(self, sandbox: Sandbox) -> None:
        made = known(sandbox.conversation(attributes={"tier": "silver"}), sandbox)
        before = Feed.objects.get().opened_at
        opened = len(_channels(sandbox))

        sandbox.call("POST", "sockets/drop", {"how": "announced", "notice_seconds": 3})

        until(lambda: len(_channels(sandbox)) > opened, seconds=40, what="the line was replaced")
        for n in range(10):  # across the moment at which the old one closes
            sandbox.write(made, {"count": str(n)})
            until(_counted(made, n), what="the event was heard")
            time.sleep(0.5)
        assert Feed.objects.get().opened_at == before

    def test_without_the_token_signs_in_again(self, sandbox: Sandbox) -> None:
        opened = Feed.objects.get().opened_at
        sandbox.call("POST", "tokens/revoke")
        sandbox.call("POST", "sockets/drop")
        until(lambda: Feed.objects.get().opened_at > opened, seconds=40, what="a new line is open")
