"""At ten thousand live conversations the board reads the index it claims, and no table from end to end.

The statement is the one a page really sends, taken from the request; the plan is the database's own, on SQLite and on
PostgreSQL.
"""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from conversations.models import LiveDivision, Role, State, User
from tests.builders import a_user, frozen
from tests.crowd import Crowd, a_crowd

pytestmark = [
    pytest.mark.pipeline,
    pytest.mark.brokerless,
    pytest.mark.usefixtures("database"),
]

LIVE = 10_000
#: Tables that are as large as the board, and those that only grow.
LARGE = ("conversation", "participant", "liveattribute", "attributeedit", "editlane")


@pytest.fixture(scope="module")
def crowd(database: None) -> Iterator[Crowd]:
    with (
        frozen(),
        a_crowd(LIVE) as crowd,
    ):  # nobody works on them, or finds out that Genesys knows none
        crowd.edited(30, State.NOT_PERSISTED)
        crowd.edited(30, State.QUEUED)
        crowd.edited(9000, State.CONFIRMED)
        yield crowd


def an_admin(_crowd: Crowd) -> User:
    return a_user(Role.ADMIN)


def an_agent(crowd: Crowd) -> User:
    return a_user(Role.AGENT, crowd.agents[0].pk)


def plan(user: User, query: dict[str, str]) -> list[str]:
    """How the database finds the rows of a page, step by step."""
    cache.clear()
    client = Client()
    client.force_login(user)
    with CaptureQueriesContext(connection) as sent:
        answer = client.get(f"/rows?{urlencode(query)}")
    assert answer.status_code == 200
    pages = [each["sql"] for each in sent if re.search(r"LIMIT \d+", each["sql"])]
    found = [each for each in pages if re.match(r'SELECT "conversations_conversation"."id"', each)]
    assert len(found) == 1, "\n".join(pages)
    return explained(found[0])


def explained(sql: str) -> list[str]:
    """The plan for tables that lie in memory, as those do that are asked all day. PostgreSQL's own setting is for disks
    that have to be moved: there, reading ten thousand small rows in a row is the better choice."""
    prefix = "EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN "
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL random_page_cost = 1.1")
        cursor.execute(prefix + sql.replace("%", "%%"))
        return [str(row[-1]) for row in cursor.fetchall()]


def full_scans(steps: list[str]) -> list[str]:
    """Steps that read a large table from end to end, in the words of either database."""
    tables = "|".join(LARGE)
    without_index = rf"SCAN conversations_({tables})( AS \w+)?$|SCAN [UV]\d+$"
    return [
        each
        for each in steps
        if re.search(without_index, each)
        or re.search(rf"Seq Scan on conversations_({tables})\b", each)
    ]


CLAIMS = {
    "everything live": ({}, "conversation_live_by_start"),
    "a page in the middle": ({"page": "20"}, "conversation_live_by_start"),
    "newest first": ({"sort": "-started"}, "conversation_live_by_start"),
    "a channel": ({"media": "email"}, "conversation_live_by_start"),
    "a state": ({"state": "held"}, "conversation_live_by_start"),
    "attribute is": ({"is.case_id": "C-4711"}, "attribute_equal"),
    "attribute is set": ({"with": "priority"}, "liveattribute_1"),
    "attribute is missing": ({"without": "priority"}, "liveattribute_1"),
    "needs attention": ({"edits": "attention"}, "edit_unresolved"),
    "on its way": ({"edits": "open"}, "edit_open"),
    "not saved": ({"edits": "not_persisted"}, "edit_unresolved"),
    "confirmed": ({"edits": "confirmed"}, "editlane_1"),
    "words": ({"q": "c-47"}, "attribute_begins_with"),
}


class TestTheIndexClaimed:
    @pytest.mark.parametrize("name", CLAIMS)
    def test_is_used(self, crowd: Crowd, name: str) -> None:
        query, index = CLAIMS[name]
        steps = plan(an_admin(crowd), query)
        assert not full_scans(steps), steps
        if connection.vendor == "sqlite":  # PostgreSQL chooses by what the tables hold just now
            assert any(index in each for each in steps), steps

    def test_is_used_for_a_queue(self, crowd: Crowd) -> None:
        steps = plan(an_admin(crowd), {"queue": str(crowd.queues[0].pk)})
        assert not full_scans(steps), steps
        assert any("conversation_live_by_queue" in each for each in steps), steps

    def test_is_used_for_a_division(self, crowd: Crowd) -> None:
        division = crowd.queues[0].pk
        LiveDivision.objects.create(conversation_id=crowd.ids[0], division_id=division)
        steps = plan(an_admin(crowd), {"division": str(division)})
        assert not full_scans(steps), steps

    @pytest.mark.parametrize("query", [{}, {"media": "voice"}, {"sort": "customer"}], ids=str)
    def test_is_used_for_an_agents_own(self, crowd: Crowd, query: dict[str, str]) -> None:
        steps = plan(an_agent(crowd), query)
        assert not full_scans(steps), steps
        assert any("participant_own" in each for each in steps), steps

    def test_can_be_missed(self, crowd: Crowd) -> None:
        """The check itself: a table without an index for the question is read from end to end, and that is seen."""
        steps = explained("SELECT id FROM conversations_conversation WHERE asked_at = -1")
        assert full_scans(steps), steps
