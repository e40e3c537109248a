"""Reading is tolerant of what is unknown and loud about what is missing."""

import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.genesys.notifications import read_frame
from conversations.genesys.shapes import (
    Conversation,
    ListedPage,
    Participant,
    QueuePage,
    Unreadable,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda each: (
        st.lists(each, max_size=4) | st.dictionaries(st.text(max_size=12), each, max_size=4)
    ),
    max_leaves=12,
)
MEMBERS = [
    "participants",
    "attributes",
    "startTime",
    "endTime",
    "divisions",
    "calls",
    "state",
    "userId",
]


class TestAConversation:
    def test_without_an_id_is_unreadable(self) -> None:
        with pytest.raises(Unreadable):
            Conversation.from_json({"participants": []})

    @pytest.mark.parametrize("odd", [None, 7, "", "x", [], "\ud83d"])
    def test_leaves_out_a_participant_without_an_id_and_says_so(self, odd: Any) -> None:
        good = {"id": str(uuid4()), "purpose": "agent"}
        raw = {"id": str(uuid4()), "participants": [good, {"id": odd, "purpose": "api"}, odd]}
        read = Conversation.from_json(raw)
        assert [each.purpose for each in read.participants] == ["agent"]
        assert read.incomplete
        assert not Conversation.from_json(raw | {"participants": [good]}).incomplete

    @pytest.mark.parametrize("odd", [None, 7, "", [], {}, ["x"]])
    def test_without_readable_participants_shows_none(self, odd: Any) -> None:
        assert not Conversation.from_json({"id": str(uuid4()), "participants": odd}).participants

    def test_shows_a_participant_once_and_on_where_it_is_on(self) -> None:
        ended = {"id": str(uuid4()), "endTime": "2026-01-01T10:00:00Z", "calls": [{}]}
        first = ended | {"attributes": {"tier": "gold", "a": "b"}}
        again = {"id": ended["id"], "attributes": {"tier": "old"}, "emails": [{}]}
        silent = ended | {"attributes": None}
        raw = {"id": str(uuid4()), "participants": [silent, first, again]}
        (read,) = Conversation.from_json(raw).participants
        assert read.attributes == {"tier": "gold", "a": "b"}
        assert read.attributes_shown
        assert read.ended_at is None
        assert [each.media for each in read.legs] == ["voice", "voice", "email"]

    @pytest.mark.parametrize("odd", [None, 7, "", [], [{"a": "b"}]])
    def test_tells_no_attributes_from_attributes_not_shown(self, odd: Any) -> None:
        party = {"id": str(uuid4())}
        assert Participant.from_json(party | {"attributes": {}}).attributes_shown
        assert not Participant.from_json(party | {"attributes": odd}).attributes_shown
        assert not Participant.from_json(party).attributes_shown

    def test_holds_only_what_can_be_stored_and_values_at_full_length(self) -> None:
        long = "x" * 100_000
        odd = "caf\ud83d a\0b"
        raw = {
            "id": str(uuid4()),
            "purpose": "digitalconnectorintegration",
            "name": odd + long,
            "address": odd,
            "attributes": {odd: odd, "long": long, "nested": {"a": odd}, "pair": "\U0001f600"},
            "calls": [{"state": long, "direction": long}],
        }
        read = Participant.from_json(json.loads(json.dumps(raw)))
        assert read.attributes == {
            "caf\ufffd a\ufffdb": "caf\ufffd a\ufffdb",
            "long": long,
            "nested": json.dumps({"a": odd}),
            "pair": "\U0001f600",
        }
        assert (len(read.purpose), len(read.name), read.address) == (20, 255, "caf\ufffd a\ufffdb")
        assert len(read.legs[0].direction) == 10

    @pytest.mark.parametrize(
        "odd", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-01-01", "x\0", 7]
    )
    def test_has_no_moment_where_none_can_be_kept(self, odd: Any) -> None:
        assert Conversation.from_json({"id": str(uuid4()), "startTime": odd}).started_at is None

    def test_keeps_keys_and_values_as_they_are(self) -> None:
        odd = {"ANI ": " x", "7day": 'a|b\n"c"', "ivr.Skills": "", "Queue Name": "é"}
        read = Participant.from_json({"id": str(uuid4()), "attributes": odd})
        assert read.attributes == odd

    def test_shows_values_that_are_no_text_as_their_json(self) -> None:
        odd: dict[str, Any] = {"a": True, "b": 7, "c": {"d": 1}, "e": None}
        read = Participant.from_json({"id": str(uuid4()), "attributes": odd})
        assert read.attributes == {"a": "true", "b": "7", "c": '{"d": 1}'}

    def test_knows_purposes_and_states_it_has_never_seen(self) -> None:
        raw = {"id": str(uuid4()), "purpose": "hologram", "calls": [{"state": "levitating"}]}
        read = Participant.from_json(raw)
        assert (read.purpose, read.legs[0].state) == ("hologram", "levitating")

    @given(st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=10), JSON, max_size=8))
    def test_of_any_content_is_read_or_unreadable(self, raw: dict[str, Any]) -> None:
        raw |= {"id": str(uuid4())}
        assert Conversation.from_json(raw).id


class TestAPage:
    def test_of_the_listing_leaves_out_what_it_does_not_name(self) -> None:
        good = {"conversationId": str(uuid4()), "participants": [{"participantId": None}]}
        read = ListedPage.from_json({"conversations": [{}, good, None], "totalHits": float("inf")})
        assert [str(each.id) for each in read.conversations] == [good["conversationId"]]
        assert not read.conversations[0].participants

    def test_of_the_listing_with_nothing_readable_is_not_its_end(self) -> None:
        with pytest.raises(Unreadable):
            ListedPage.from_json({"conversations": [{}]})

    def test_of_queues_leaves_out_what_it_does_not_name(self) -> None:
        good = {"id": str(uuid4()), "name": "n" * 300}
        read = QueuePage.from_json({"entities": [{"name": "x"}, good], "pageCount": "many"})
        assert [len(each.name) for each in read.queues] == [255]
        assert read.page_count == 1


class TestAFrame:
    @given(JSON)
    def test_of_any_content_never_ends_the_line(self, body: Any) -> None:
        frame = json.dumps(
            {"topicName": f"v2.routing.queues.{uuid4()}.conversations", "eventBody": body}
        )
        read_frame(frame, 0.0)

    def test_nested_without_end_never_ends_the_line(self) -> None:
        assert read_frame("[" * 200_000, 0.0) is None

    @given(st.text() | st.binary())
    def test_of_garbage_never_ends_the_line(self, frame: str | bytes) -> None:
        found = read_frame(frame, 0.0)
        assert found is None or found.conversation is None
