"""The audit: who changed what, filtered, paged and as a file; masked as for that admin, and for admins alone."""

import csv
import io
import re
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations import audit
from conversations.models import AttributeDefinition, Participant, Role, State, User
from tests.builders import a_user, frozen
from tests.mirrored import a_conversation, an_edit_of_old, conversations_forgotten

pytestmark = pytest.mark.usefixtures("database")

Audience = AttributeDefinition.Audience


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    with frozen(), conversations_forgotten():
        yield


@pytest.fixture
def customer() -> Participant:
    return a_conversation(f"Ada {uuid.uuid4().hex[:6]}")


@pytest.fixture
def admin() -> User:
    return a_user(Role.ADMIN)


@pytest.fixture
def client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def entry() -> Iterator[AttributeDefinition]:
    key = f"card {uuid.uuid4().hex[:6]}"
    made = AttributeDefinition.objects.create(
        key=key, label="Card", masked=True, edited_by=Audience.NOBODY
    )
    yield made
    made.delete()


def page(client: Client, /, language: str = "en", **query: Any) -> str:
    answer = client.get(f"/audit/?{urlencode(query)}", headers={"Accept-Language": language})
    assert answer.status_code == 200
    return str(answer.content.decode())


def table(client: Client, **query: Any) -> list[dict[str, str]]:
    answer = client.get(f"/audit/export.csv?{urlencode(query)}")
    assert answer.streaming
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(answer).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_says_who_changed_what_where_and_what_became_of_it(
    client: Client, admin: User, customer: Participant
) -> None:
    edit = an_edit_of_old(customer, {"team": "Gold"}, by=admin, baseline="Silver")
    shown = page(client, conversation=customer.conversation_id)
    for each in (admin.username, customer.name, "team", "Silver", "Gold", "Confirmed"):
        assert each in shown
    assert f"/edits/{edit.pk}/" in shown
    assert f"/conversations/{customer.conversation_id}/" in shown
    [row] = table(client, conversation=customer.conversation_id)
    assert (row["by"], row["old"], row["new"], row["state"], row["verdict"]) == (
        admin.username,
        "Silver",
        "Gold",
        "confirmed",
        "confirmed",
    )
    assert row["interaction"] == str(customer.conversation_id)
    assert row["moves"].endswith(" queued")


def test_filters_narrow_it(client: Client, admin: User, customer: Participant) -> None:
    where = customer.conversation_id
    an_edit_of_old(customer, {"team": "A", "tier": "B"}, by=admin)
    an_edit_of_old(customer, {"team": "C"}, State.REJECTED, seconds_ago=3 * 86400)

    def found(**query: Any) -> list[str]:
        return sorted(each["new"] for each in table(client, conversation=where, **query))

    assert found() == ["A", "B", "C"]
    assert found(person=admin.pk) == ["A", "B"]
    assert found(person="system") == ["C"]
    assert found(key="team") == ["A", "C"]
    assert found(state="rejected") == ["C"]
    day = timezone.localdate() - timedelta(days=3)
    assert found(to=day) == ["C"]
    assert found(**{"from": day}) == ["A", "B", "C"]
    assert found(**{"from": day + timedelta(days=1)}) == ["A", "B"]
    assert table(client, conversation=uuid.uuid4()) == []


@pytest.mark.parametrize(
    "query",
    [
        {"conversation": "x"},
        {"from": "2026-02-31"},
        {"person": "nobody"},
        {"state": "lost"},
        {"key": "x" * 2000},
        {"to": "9999-12-31"},
        {"before": "yesterday"},
        {"key": "\x00"},
    ],
)
def test_odd_filters_are_answered(client: Client, query: dict[str, str]) -> None:
    shown = page(client, **query)
    if {"conversation", "person", "state"} & query.keys():
        assert "These filters cannot be used" in shown
        assert client.get(f"/audit/export.csv?{urlencode(query)}").status_code == 302


def test_pages_follow_each_other_without_a_gap(
    client: Client, customer: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "ROWS", 3)
    monkeypatch.setattr(audit, "STRETCH", 2)
    for number in range(7):
        an_edit_of_old(customer, {"team": f"<{number}>"}, seconds_ago=100.0)
    seen, before = [], ""
    for _ in range(3):
        shown = page(client, conversation=customer.conversation_id, before=before)
        seen += re.findall(r"&lt;(\d)&gt;", shown)
        mark = re.search(r'rel="next" href="\?[^"]*before=([^"&]+)', shown)
        before = mark[1].replace("%3A", ":").replace("%2B", "+") if mark else ""
    assert not before
    assert sorted(seen) == list("0123456")
    rows = table(client, conversation=customer.conversation_id)
    assert sorted(each["new"] for each in rows) == [f"<{n}>" for n in range(7)]


def test_values_are_masked_as_for_that_admin(
    client: Client, customer: Participant, entry: AttributeDefinition
) -> None:
    an_edit_of_old(customer, {entry.key: "4111 1111 1111 1234"}, baseline="5500 0000 0000 9876")
    where: dict[str, Any] = {"conversation": customer.conversation_id}
    [row] = table(client, **where)
    assert (row["old"], row["new"]) == ("••••76", "••••34")
    assert "4111" not in page(client, **where)
    AttributeDefinition.objects.filter(pk=entry.pk).update(seen_by=Audience.NOBODY)
    assert "hidden attribute" in page(client, **where)
    [row] = table(client, **where)
    assert entry.key not in str(row)
    assert table(client, **where, key=entry.key) == []


@pytest.mark.parametrize("value", ["=1+1", "+44", "-1", "@x", "\t=1", "'=1"])
def test_no_cell_is_a_formula(client: Client, customer: Participant, value: str) -> None:
    an_edit_of_old(customer, {f"={value}": value}, baseline=value)
    [row] = table(client, conversation=customer.conversation_id)
    assert (row["new"], row["old"], row["key"]) == (f"'{value}", f"'{value}", f"'={value}")


def test_costs_the_same_for_many(client: Client, customer: Participant) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            page(client)
        return len(asked)

    an_edit_of_old(customer, {"team": "A"})
    first = queries()
    for _ in range(5):
        an_edit_of_old(a_conversation(), {"team": "A", "tier": "B"}, by=a_user())
    assert queries() == first


@pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
@pytest.mark.parametrize("path", ["/audit/", "/audit/export.csv"])
def test_is_for_admins_only(role: str, path: str) -> None:
    client = Client()
    client.force_login(a_user(role))
    assert client.get(path).status_code == 403
    assert "/audit/" not in client.get("/edits/").content.decode()


def test_is_read_only_and_linked(client: Client) -> None:
    assert client.post("/audit/").status_code == 405
    assert 'href="/audit/"' in client.get("/edits/").content.decode()
    assert "Protokoll" in page(client, "de")
