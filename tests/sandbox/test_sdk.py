"""The official SDK (`PureCloudPlatformClientV2`) does its whole round against the sandbox and notices nothing."""

import json
import warnings
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.sync.client import connect

from tests.sandbox.client import DEMO_AGENT, Caller, today, until

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the generated code is not ours to mend
    import PureCloudPlatformClientV2 as sdk  # noqa: N813  its documentation's name is longer than a line

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def pointed_at(sandbox: Caller) -> Any:
    """A client that takes the sandbox for its gateway, as the SDK's documentation has it."""
    address = urlsplit(sandbox.url)
    client = sdk.ApiClient()
    client.set_gateway(address.hostname, "http", address.port, "", "")
    return client


@pytest.fixture
def client(sandbox: Caller) -> Any:
    """Signed in with the SDK's own means."""
    return pointed_at(sandbox).get_client_credentials_token("sandbox", "sandbox")


def test_the_other_way_of_pointing_it_here_works_too(sandbox: Caller) -> None:
    before = sdk.configuration.host
    sdk.configuration.host = sandbox.url
    try:
        client = sdk.ApiClient().get_client_credentials_token("sandbox", "sandbox")
        assert sdk.TokensApi(client).get_tokens_me().o_auth_client.name == "Midcall"
    finally:
        sdk.configuration.host = before


def test_a_wrong_secret_is_an_exception(sandbox: Caller) -> None:
    with pytest.raises(sdk.rest.ApiException) as raised:
        pointed_at(sandbox).get_client_credentials_token("sandbox", "wrong")
    assert raised.value.status == 401


def test_who_am_i(client: Any) -> None:
    assert sdk.TokensApi(client).get_tokens_me().organization.name == "sandbox"
    subject = sdk.AuthorizationApi(client).get_authorization_subjects_me()
    policies = [
        (p.domain, p.entity_name, p.actions) for g in subject.grants for p in g.role.policies
    ]
    assert ("conversation", "communication", ["view"]) in policies


def test_it_lists_queues_over_pages(client: Any) -> None:
    routing = sdk.RoutingApi(client)
    names: list[str] = []
    page = 1
    while listed := routing.get_routing_queues(page_size=3, page_number=page).entities:
        names += [queue.name for queue in listed]
        page += 1
    assert len(names) == len(set(names)) == 8


def test_it_lists_conversations_over_pages(client: Any, sandbox: Caller) -> None:
    made = {m.id for m in sandbox.make_many(7)}
    sandbox.make(state="ended")
    found: list[str] = []
    page = 1
    while (
        listed := sdk.AnalyticsApi(client)
        .post_analytics_conversations_details_query(query(page))
        .conversations
    ):
        found += [conversation.conversation_id for conversation in listed]
        page += 1
    assert sorted(found) == sorted(made)
    assert page == 4


def query(page: int) -> Any:
    is_open = sdk.ConversationDetailQueryPredicate()
    is_open.type, is_open.dimension, is_open.operator = "dimension", "conversationEnd", "notExists"
    condition = sdk.ConversationDetailQueryFilter()
    condition.type, condition.predicates = "and", [is_open]
    asked = sdk.ConversationQuery()
    asked.interval = today()
    asked.conversation_filters = [condition]
    asked.order, asked.order_by = "desc", "conversationStart"
    asked.paging = sdk.PagingSpec()
    asked.paging.page_size, asked.paging.page_number = 3, page
    return asked


def test_it_reads_writes_and_reads_again(client: Any, sandbox: Caller) -> None:
    made = sandbox.make(attributes={"tier": "silver", "kept": "yes"})
    conversations = sdk.ConversationsApi(client)
    customer = conversations.get_conversation(made.id).participants[0]
    assert (customer.purpose, customer.attributes) == (
        "customer",
        {"tier": "silver", "kept": "yes"},
    )
    answer = conversations.patch_conversation_participant_attributes(
        made.id, customer.id, attributes(tier="gold")
    )
    assert answer is None

    def reread() -> Any:
        return conversations.get_conversation(made.id).participants[0].attributes

    until(lambda: reread() == {"tier": "gold", "kept": "yes"}, what="the SDK reads what it wrote")


def attributes(**values: str) -> Any:
    body = sdk.ParticipantAttributes()
    body.attributes = values
    return body


@pytest.mark.parametrize(
    ("media", "method"),
    [
        ("voice", "patch_conversations_call_participant_attributes"),
        ("callback", "patch_conversations_callback_participant_attributes"),
        ("email", "patch_conversations_email_participant_attributes"),
        ("message", "patch_conversations_message_participant_attributes"),
    ],
)
def test_the_twin_of_each_media_answers_with_attributes(
    client: Any, sandbox: Caller, media: str, method: str
) -> None:
    made = sandbox.make(media=media)
    write = getattr(sdk.ConversationsApi(client), method)
    answer = write(made.id, made.participant(), body=attributes(tier="gold"))
    assert answer.attributes == {"tier": "gold"}
    until(lambda: made.stored().get("tier") == "gold", what="it is stored")


@pytest.mark.parametrize(
    ("media", "method"),
    [
        ("voice", "get_conversations_call"),
        ("callback", "get_conversations_callback"),
        ("email", "get_conversations_email"),
        ("message", "get_conversations_message"),
    ],
)
def test_the_view_of_each_media_is_read(
    client: Any, sandbox: Caller, media: str, method: str
) -> None:
    made = sandbox.make(media=media, attributes={"tier": "silver"})
    view = getattr(sdk.ConversationsApi(client), method)(made.id)
    assert view.participants[0].attributes == {"tier": "silver"}


def test_an_event_arrives_over_the_socket(client: Any, sandbox: Caller) -> None:
    notifications = sdk.NotificationsApi(client)
    channel = notifications.post_notifications_channels()
    topic = sdk.ChannelTopic()
    topic.id = f"v2.users.{DEMO_AGENT}.conversations"
    subscribed = notifications.put_notifications_channel_subscriptions(channel.id, [topic])
    assert [(t.id, t.state) for t in subscribed.entities] == [(topic.id, "Permitted")]
    assert [c.id for c in notifications.get_notifications_channels().entities] == [channel.id]
    made = sandbox.make(agent=DEMO_AGENT)
    with connect(channel.connect_uri) as socket:
        sdk.ConversationsApi(client).patch_conversation_participant_attributes(
            made.id, made.participant(), attributes(tier="gold")
        )
        frame = json.loads(socket.recv(timeout=5))
    assert frame["topicName"] == topic.id
    assert frame["eventBody"]["id"] == made.id
    assert frame["eventBody"]["participants"][0]["attributes"] == {"tier": "gold"}


def test_a_missing_permission_is_an_exception_with_its_code(sandbox: Caller) -> None:
    client = pointed_at(sandbox).get_client_credentials_token("limited", "limited")
    with pytest.raises(sdk.rest.ApiException) as raised:
        sdk.ConversationsApi(client).get_conversation(sandbox.make().id)
    assert raised.value.status == 403
    assert json.loads(raised.value.body)["code"] == "missing.permissions"
