"""Two admins in one entry of the catalogue: the second is told, and loses nothing of what they typed."""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from conversations.models import AttributeDefinition, Role
from tests.builders import a_user
from tests.dashboard.shown import Shown
from tests.dashboard.test_catalogue import address, an_entry, typed

pytestmark = pytest.mark.usefixtures("database")


def an_admin() -> Client:
    client = Client()
    client.force_login(a_user(Role.ADMIN))
    return client


@pytest.fixture
def entry() -> Iterator[AttributeDefinition]:
    entry = an_entry(label="Tier", help="First.")
    yield entry
    AttributeDefinition.objects.filter(key=entry.key).delete()


def opened(client: Client, entry: AttributeDefinition) -> dict[str, str]:
    """What the form of this admin sends with what they type."""
    shown = Shown(client.get(address(entry)).content)
    return {"version": shown["version"].value, "was_key": shown["was_key"].value}


class TestTheSecond:
    def test_is_shown_both_and_nothing_is_saved(self, entry: AttributeDefinition) -> None:
        one, other = an_admin(), an_admin()
        mine, theirs = opened(one, entry), opened(other, entry)
        saved = other.post(
            address(entry), typed(label="Theirs", help="Same.", masked="on") | theirs
        )
        assert saved.status_code == 302
        answer = one.post(address(entry), typed(label="Mine", help="Same.") | mine)
        assert answer.status_code == 409
        page, shown = answer.content.decode(), Shown(answer.content)
        assert "Somebody else saved this entry while you were editing it." in page
        told = {each.name: (each.theirs, each.mine) for each in answer.context["differences"]}
        assert told == {"label": ("Theirs", "Mine"), "masked": ("Yes", "No")}
        assert (shown["label"].value, shown["help"].value) == ("Mine", "Same.")
        entry.refresh_from_db()
        assert (entry.label, entry.masked) == ("Theirs", True)

    def test_takes_nothing_of_theirs_by_pressing_enter(self, entry: AttributeDefinition) -> None:
        one, other = an_admin(), an_admin()
        mine = opened(one, entry)
        other.post(address(entry), typed(label="Theirs") | opened(other, entry))
        answer = one.post(address(entry), typed(label="Mine") | mine)
        assert b'name="take"' in answer.content
        assert "name" not in Shown(answer.content).enter["entry"]

    def test_may_save_over_what_they_have_seen(self, entry: AttributeDefinition) -> None:
        one, other = an_admin(), an_admin()
        mine, theirs = opened(one, entry), opened(other, entry)
        other.post(address(entry), typed(label="Theirs") | theirs)
        answer = one.post(address(entry), typed(label="Mine") | mine)
        again = typed(label="Mine") | {"version": Shown(answer.content)["version"].value}
        other.post(address(entry), typed(label="Once more") | opened(other, entry))
        assert one.post(address(entry), again).status_code == 409
        newest = typed(label="Mine") | opened(one, entry)
        assert one.post(address(entry), newest).status_code == 302
        entry.refresh_from_db()
        assert entry.label == "Mine"

    def test_may_take_a_field_of_theirs_and_keep_the_rest(self, entry: AttributeDefinition) -> None:
        one, other = an_admin(), an_admin()
        mine, theirs = opened(one, entry), opened(other, entry)
        other.post(
            address(entry),
            typed(label="Theirs", type="choice", choices="A\nB", masked="on") | theirs,
        )
        answer = one.post(address(entry), typed(label="Mine", help="Better.") | mine)
        form = typed(label="Mine", help="Better.") | {
            "version": Shown(answer.content)["version"].value
        }
        for name in ("type", "choices", "masked"):
            answer = one.post(address(entry), form | {"take": name})
            assert answer.status_code == 200
            shown = Shown(answer.content)
            form |= {each: shown[each].value for each in ("type", "choices", "label", "help")}
            form |= {"masked": "on"} if shown["masked"].on else {}
        entry.refresh_from_db()
        assert entry.label == "Theirs"
        assert one.post(address(entry), form).status_code == 302
        entry.refresh_from_db()
        assert (entry.label, entry.help, entry.choices) == ("Mine", "Better.", ["A", "B"])
        assert entry.masked

    def test_adds_it_again_where_it_was_removed(self, entry: AttributeDefinition) -> None:
        one, other = an_admin(), an_admin()
        mine = opened(one, entry)
        other.post(reverse("catalogue-delete", args=[entry.pk]))
        answer = one.post(address(entry), typed(label="Mine") | mine)
        assert answer.status_code == 409
        page, shown = answer.content.decode(), Shown(answer.content)
        assert "Somebody else removed this entry" in page
        assert 'action="/catalogue/new/"' in page
        assert (shown["key"].value, shown["label"].value) == (entry.key, "Mine")
        one.post("/catalogue/new/", typed(label="Mine") | {"key": shown["key"].value})
        assert AttributeDefinition.objects.get(key=entry.key).label == "Mine"

    def test_removes_nothing_they_have_not_seen(self, entry: AttributeDefinition) -> None:
        one, other = an_admin(), an_admin()
        seen = opened(one, entry)
        other.post(address(entry), typed(label="Theirs") | opened(other, entry))
        answer = one.post(
            reverse("catalogue-delete", args=[entry.pk]), {"version": seen["version"]}, follow=True
        )
        assert "Somebody else has just changed “Theirs”" in answer.content.decode()
        assert AttributeDefinition.objects.filter(pk=entry.pk).exists()
