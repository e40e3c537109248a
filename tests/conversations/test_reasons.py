"""Why something is as it is: stored as codes and facts, worded when it is shown."""

import json
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from conversations.catalogue import Sight
from conversations.edits import accept, reasons, telling
from conversations.edits.accept import Wish
from conversations.genesys import Refused, Trouble
from conversations.models import AttributeDefinition, Feed, Reason, Role, Says
from tests.builders import a_user

EVERY_FACT: dict[str, Any] = {
    "all": 2,
    "confirmed": 1,
    "keys": ["tier"],
    "look": 2,
    "message": "No.",
    "name": "James",
    "replaced": 1,
    "status": 400,
    "text": "Just so.",
}


class TestWords:
    @pytest.mark.parametrize("code", Says.values)
    def test_of_every_code_can_be_said(self, code: str) -> None:
        assert "%(" not in str(Reason.of(code, **EVERY_FACT))

    def test_there_are_for_all_that_can_go_wrong_with_genesys(self) -> None:
        assert {str(each) for each in Trouble} <= set(Says.values)

    def test_name_attributes_in_a_list(self) -> None:
        said = str(Reason.of(Says.CONFLICT, keys=["case", "notes", "tier"]))
        assert said.startswith("Somebody changed “case”, “notes” and “tier” since")

    def test_do_not_name_hidden_attributes(self) -> None:
        conflict = Reason.of(Says.CONFLICT, keys=["secret", "tier"])
        assert "“tier” and a hidden attribute" in conflict.words(hidden=["secret"])
        assert "2 hidden attributes" in conflict.words(hidden=["secret", "tier"])

    def test_of_genesys_are_not_quoted_where_they_name_a_hidden_attribute(self) -> None:
        refusal = reasons.because(Refused(Trouble.REFUSED, message="secret is too long"))
        assert str(refusal) == "Genesys refused this: “secret is too long”."
        assert refusal.words(hidden=["secret"]) == "Genesys refused this: “…”."

    def test_promise_nothing_once_an_edit_is_given_up(self) -> None:
        waiting = reasons.waiting(Refused(Trouble.UNREACHABLE))
        assert "sent again" in str(waiting)
        assert str(reasons.failed(waiting)) == (
            "The time for it ran out, and nothing was sent. Genesys cannot be reached. Try again."
        )


@pytest.mark.django_db
@pytest.mark.usefixtures("hands")
class TestStoring:
    @pytest.fixture(autouse=True)
    def _no_row_yet(self) -> None:
        Feed.objects.all().delete()  # comes back with the end of the test's transaction

    def test_keeps_codes_and_facts_instead_of_words(self) -> None:
        Feed.objects.create(trouble=Reason.of(Says.REFUSED, message="Grüß “Gott”"))
        assert json.loads(_column()) == [["refused", {"message": "Grüß “Gott”"}]]
        assert Feed.objects.get().trouble == Reason.of(Says.REFUSED, message="Grüß “Gott”")

    def test_finds_equal_reasons(self) -> None:
        Feed.objects.create(trouble=Reason.of(Says.CUT))
        assert Feed.objects.filter(trouble=Reason.of(Says.CUT)).exists()
        assert not Feed.objects.filter(trouble=Reason()).exists()

    @pytest.mark.parametrize("written", ["Gone, sorry. 100 % sure.", "[", "5", '"ab"', "null"])
    def test_shows_the_plain_text_of_older_rows_as_it_is(self, written: str) -> None:
        Feed.objects.create()
        with connection.cursor() as cursor:
            cursor.execute("UPDATE conversations_feed SET trouble = %s", [written])
        assert str(Feed.objects.get().trouble) == written

    def test_shows_the_code_of_a_newer_version_as_it_is(self) -> None:
        assert str(Reason.read('[["not_invented_yet", {}]]')) == "not_invented_yet"


@pytest.mark.django_db
def test_nobody_reads_the_name_of_an_attribute_that_is_hidden_from_them() -> None:
    AttributeDefinition.objects.create(
        key="secret", label="Secret", seen_by=AttributeDefinition.Audience.ADMINS
    )
    edit = accept.save(uuid4(), uuid4(), {"secret": Wish("x"), "tier": Wish("y")}).edit
    edit.reason = reasons.conflict(["secret", "tier"])
    assert "“Secret” and “tier”" in telling.reason(edit, Sight(a_user(Role.ADMIN)))
    assert "“tier” and a hidden attribute" in telling.reason(edit, Sight(a_user()))


def _column() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT trouble FROM conversations_feed")
        return str(cursor.fetchone()[0])
