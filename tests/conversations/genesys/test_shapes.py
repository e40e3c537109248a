"""Reading is tolerant of what is unknown and loud about what is missing."""

import json
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.genesys.notifications import read_frame
from conversations.genesys.shapes import Conversation, Participant, Unreadable

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

    def test_with_a_participant_without_an_id_is_unreadable(self) -> None:
        with pytest.raises(Unreadable):
            Conversation.from_json({"id": str(uuid4()), "participants": [{"purpose": "agent"}]})

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
        try:
            assert Conversation.from_json(raw).id
        except Unreadable:
            assert isinstance(raw.get("participants"), list)


class TestAFrame:
    @given(JSON)
    def test_of_any_content_never_ends_the_line(self, body: Any) -> None:
        frame = json.dumps(
            {"topicName": f"v2.routing.queues.{uuid4()}.conversations", "eventBody": body}
        )
        read_frame(frame, 0.0)

    @given(st.text() | st.binary())
    def test_of_garbage_never_ends_the_line(self, frame: str | bytes) -> None:
        found = read_frame(frame, 0.0)
        assert found is None or found.conversation is None
