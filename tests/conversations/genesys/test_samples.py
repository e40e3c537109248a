"""What reading each recorded payload of the real service must give: facts written down by hand."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from conversations.genesys import NotSent, Refused, SignInRefused
from conversations.genesys.notifications import Dropped, Notice, read_frame
from conversations.genesys.replies import judge, rates
from conversations.genesys.shapes import (
    Channel,
    Conversation,
    Grants,
    ListedPage,
    Participant,
    TokenInfo,
)

REFERENCE = os.environ.get("GENESYS_REFERENCE", "")
SAMPLES = Path(REFERENCE or "nowhere") / "samples"
Facts = Callable[[Any], None]


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def purposes(conversation: Conversation) -> list[str]:
    return [each.purpose for each in conversation.participants]


def states(participant: Participant) -> list[str]:
    return [leg.state for leg in participant.legs]


def voice_that_ended(raw: Any) -> None:
    read = Conversation.from_json(raw)
    customer, ivr, acd, agent = read.participants
    assert read.id == UUID("bac4b442-9875-4a24-a9a0-336abb0af0d0")
    assert read.started_at == instant("2025-04-10T13:31:49.570")
    assert read.ended_at == instant("2025-04-10T13:32:40.944")
    assert purposes(read) == ["customer", "ivr", "acd", "agent"]
    assert customer.attributes["ic-customerdata"] == "123412341234"
    assert len(customer.attributes) == 3
    assert customer.address == "tel:+15550100002"
    assert (ivr.attributes, acd.attributes) == ({}, {})
    assert len(agent.attributes) == 9
    assert len(agent.attributes["insight_upload_details"]) == 712
    assert agent.user_id == UUID("bf8f5ba6-a928-4d3c-be86-4e760b9974d9")
    assert agent.after_call_work_ended_at == instant("2025-04-10T13:32:40.942")
    assert agent.legs[0].after_call_work == "skipped"
    assert acd.queue_name == "GenForceTest"
    assert {leg.media for each in read.participants for leg in each.legs} == {"voice"}
    assert customer.legs[0].direction == "inbound"
    assert read.division_ids == (
        UUID("d7f32dad-a9c2-4032-976b-705ee4f5ba22"),
        UUID("0aa7b9b8-5fd1-4401-b7af-c8f1dfad38ea"),
    )


def callback_that_is_live(raw: Any) -> None:
    read = Conversation.from_json(raw)
    customer, acd, *agents = read.participants
    assert read.ended_at is None
    assert [each.purpose for each in agents] == ["agent"] * 4
    assert [each.ended_at is None for each in read.participants] == [
        True,
        True,
        False,
        False,
        False,
        True,
    ]
    assert customer.attributes == acd.attributes
    assert len(customer.attributes) == 5
    assert customer.name == "VideoCall from Customer One "
    assert len({each.user_id for each in agents}) == 1
    assert states(agents[-1]) == ["alerting"]
    assert customer.legs[0].media == "callback"
    assert customer.queue_name == "Callback_Queue"


def event_of_a_user(raw: Any) -> None:
    notice = read_frame(json.dumps(raw), 5.0)
    assert isinstance(notice, Notice)
    assert notice.received == 5.0
    read = notice.conversation
    assert read is not None
    assert read.id == UUID("7c0ffee0-0000-4000-8000-00000000f00d")
    assert purposes(read) == ["customer", "acd", "agent", "agent", "agent"]
    customer, *_, agent = read.participants
    assert customer.attributes["number"] == ""
    assert customer.attributes["pcEnvironment"] == "mypurecloud.de"
    assert customer.started_at is None
    assert agent.after_call_work_started_at == instant("2022-07-04T20:08:25.397")
    assert agent.legs[0].after_call_work == "pending"
    assert agent.ended_at is None
    assert read.division_ids == ()


def event_of_a_chat(raw: Any) -> None:
    notice = read_frame(json.dumps(raw), 1.0)
    assert notice == Notice(
        "v2.conversations.chats.aa06a6fc-1fdf-4e59-b8a1-df3ca44f523e.messages", 1.0
    )


def control_frames(raw: Any) -> None:
    for name in ("server_heartbeat", "server_pong"):
        assert read_frame(json.dumps(raw[name]), 1.0) == Notice("channel.metadata", 1.0)
    assert read_frame(json.dumps(raw["server_subscribe_result"]), 1.0) == Notice("", 1.0)
    with pytest.raises(Dropped):
        read_frame('{"topicName": "v2.system.token_revoked", "eventBody": {}}', 1.0)


def analytics_record(raw: Any) -> None:
    [read] = ListedPage.from_json({"conversations": [raw]}).conversations
    assert read.id == UUID("1bc96a39-6725-40c4-9345-db72aa67b8c6")
    assert read.started_at == instant("2021-04-01T12:27:53.386")
    assert read.ended_at == instant("2021-04-01T12:43:23.306")
    assert read.division_ids == (UUID("1b6b98a6-3d70-47be-9406-61a5aa8cc570"),)
    customer, acd, agent = read.participants
    assert purposes(read) == ["customer", "acd", "agent"]
    assert (customer.name, acd.name, agent.name) == ("John Doe", "Chat Queue", "")
    assert customer.queue_id == acd.queue_id == agent.queue_id
    assert agent.user_id == UUID("50fcd33c-f432-4726-abc9-979f3ca01555")
    assert agent.ended_at == instant("2021-04-01T12:43:23.306")
    assert [leg.media for leg in customer.legs] == ["chat"]
    assert not any(each.attributes for each in read.participants)
    _record_of_a_live_one(raw)


def _record_of_a_live_one(raw: Any) -> None:
    """A record as it was while the agent still had the chat on hold."""
    for participant in raw["participants"]:
        del participant["sessions"][-1]["segments"][-1]["segmentEnd"]
    [read] = ListedPage.from_json({"conversations": [raw]}).conversations
    customer, _acd, agent = read.participants
    assert customer.ended_at is None
    assert [leg.state for leg in customer.legs] == ["connected"]
    assert agent.ended_at is None
    assert [leg.held for leg in agent.legs] == [True]


def analytics_records_of_a_job(raw: Any) -> None:
    listed = ListedPage.from_json(raw).conversations
    assert [str(each.id)[:8] for each in listed] == ["228c2b71", "8f52f517", "004d9d78"]
    assert all(each.ended_at for each in listed)


def grants_of_a_client(raw: Any) -> None:
    grants = Grants.from_json(raw)
    assert grants.allow("conversation:communication:view")
    assert grants.allow("analytics:conversationDetail:view")
    assert grants.allow("routing:queue:view")
    assert grants.allow("quality:anything:whatever")  # entity and action "*"
    assert not grants.allow("nowhere:nothing:view")


def token_of_a_client(raw: Any) -> None:
    assert TokenInfo.from_json(raw) == TokenInfo("exampleorg", "OAUTH_NAME")


def channel(raw: Any) -> None:
    read = Channel.from_json(raw)
    assert read.id == "streaming-0-fmtdmf8cdis7jh14udg5p89t6z"
    assert read.connect_uri.startswith("wss://streaming.mypurecloud.com/channels/")
    assert read.expires_at == instant("2020-08-12T12:41:54.707")


def platform_errors(raw: Any) -> None:
    forbidden = judge(403, {}, json.dumps(raw["403_conversation_forbidden"]).encode())
    assert isinstance(forbidden, Refused)
    assert forbidden.code == "not.authorized"
    assert forbidden.correlation_id == "8d839ca0-c5f5-47b2-aeba-dab735f926bc"
    throttled = judge(429, {"Retry-After": "42"}, json.dumps(raw["429_normalised"]).encode())
    assert isinstance(throttled, NotSent)
    assert throttled.retry_after == 42
    without_header = judge(429, {}, json.dumps(raw["429_normalised"]).encode())
    assert without_header is not None
    assert without_header.retry_after == 42
    assert isinstance(
        judge(401, {}, json.dumps(raw["401_bad_credentials"]).encode()), SignInRefused
    )


def headers_of_an_answer(raw: Any) -> None:
    read = rates(raw)
    assert (read.count, read.allowed, read.reset) == (1, 180, 61)


FACTS: dict[str, Facts] = {
    "conversation_voice_inbound_ended.json": voice_that_ended,
    "conversation_callback_live.json": callback_that_is_live,
    "event_user_conversations_connected.json": event_of_a_user,
    "event_chat_message.json": event_of_a_chat,
    "notification_channel_messages.json": control_frames,
    "analytics_conversation_detail_1.json": analytics_record,
    "analytics_job_results_with_attributes.json": analytics_records_of_a_job,
    "authorization_subject_me.json": grants_of_a_client,
    "tokens_me.json": token_of_a_client,
    "notification_channel_create_response.json": channel,
    "errors_platform.json": platform_errors,
    "response_headers_2021.json": headers_of_an_answer,
}

#: Payloads the product never receives.
NOT_OURS = {
    "analytics_live_query_request.json",  # a request; ours is held to the definition by the sandbox
    "errors_oauth.json",  # read through a whole sign-in, in test_client.py
    "eventbridge_conversation_end_event.json",
    "processautomation_trigger_create.json",
    "queue_observation_response.json",
    "users_me_expand_authorization.json",
}


@pytest.mark.parametrize("name", FACTS if REFERENCE else [])
def test_reading_gives_the_facts(name: str) -> None:
    FACTS[name](json.loads((SAMPLES / name).read_text()))


@pytest.mark.parametrize("folder", [SAMPLES] if REFERENCE else [])
def test_no_sample_is_forgotten(folder: Path) -> None:
    assert {each.name for each in folder.glob("*.json")} == FACTS.keys() | NOT_OURS
