"""The catalogue's pages: what an admin says is kept to the letter, what cannot be is said beside its field."""

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from conversations.models import AttributeDefinition, Role, User
from tests.builders import a_user
from tests.dashboard.shown import Shown

pytestmark = pytest.mark.usefixtures("database")

Audience = AttributeDefinition.Audience
Type = AttributeDefinition.Type
LIST, NEW = "/catalogue/", "/catalogue/new/"


@pytest.fixture
def admin() -> Iterator[User]:
    before = set(AttributeDefinition.objects.values_list("pk", flat=True))
    user = a_user(Role.ADMIN)
    yield user
    user.delete()
    AttributeDefinition.objects.exclude(pk__in=before).delete()


@pytest.fixture
def client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def a_key() -> str:
    return f"key_{uuid.uuid4().hex[:10]}"


def an_entry(**facts: Any) -> AttributeDefinition:
    return AttributeDefinition.objects.create(**{"key": a_key(), "label": "Tier", **facts})


def typed(**changed: str) -> dict[str, str]:
    """What a browser sends for a plain text attribute."""
    return {
        "key": a_key(),
        "label": "Customer tier",
        "help": "As in the contract.",
        "type": Type.TEXT,
        "choices": "",
        "max_length": "40",
        "pattern": "",
        "seen_by": Audience.EVERYONE,
        "edited_by": Audience.SUPERVISORS,
        "order": "35",
        **changed,
    }


def address(entry: AttributeDefinition) -> str:
    return reverse("catalogue-entry", args=[entry.pk])


class TestTheDoor:
    ADDRESSES = (LIST, NEW, "/catalogue/1/")
    POSTS = (NEW, "/catalogue/1/", "/catalogue/1/delete", "/catalogue/preview")

    def test_sends_nobody_to_the_sign_in(self) -> None:
        for each in self.ADDRESSES:
            assert Client().get(each)["Location"].startswith(reverse("login"))
        for each in self.POSTS:
            assert Client().post(each).status_code == 401

    @pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
    def test_tells_others_that_it_is_for_admins(self, role: str) -> None:
        entry = an_entry()
        client = Client()
        client.force_login(a_user(role))
        for each in (*self.ADDRESSES, address(entry)):
            answer = client.get(each)
            assert answer.status_code == 403
            assert b"for administrators" in answer.content
        for each in (*self.POSTS, f"{address(entry)}delete"):
            assert client.post(each, typed()).status_code == 403
        assert AttributeDefinition.objects.filter(pk=entry.pk).exists()
        entry.delete()

    def test_takes_no_wrong_method(self, client: Client) -> None:
        entry = an_entry()
        assert client.post(LIST).status_code == 405
        assert client.put(NEW).status_code == 405
        assert client.delete(address(entry)).status_code == 405
        assert client.get(f"{address(entry)}delete").status_code == 405
        assert client.get(reverse("catalogue-preview")).status_code == 405
        assert AttributeDefinition.objects.filter(pk=entry.pk).exists()

    def test_does_not_know_what_is_not_there(self, client: Client) -> None:
        for pk in (0, 2**40, 10**30):
            assert client.get(f"/catalogue/{pk}/").status_code == 404
            assert client.post(f"/catalogue/{pk}/delete").status_code == 404


class TestTheList:
    def test_shows_every_attribute_with_its_rules(self, client: Client) -> None:
        entry = an_entry(
            label="<Tier>",
            type=Type.CHOICE,
            choices=["Gold & more", "Silver"],
            seen_by=Audience.SUPERVISORS,
            edited_by=Audience.ADMINS,
            pinned=True,
            masked=True,
        )
        page = client.get(LIST).content.decode()
        _, _, after = page.partition(f'href="{address(entry)}"')
        row, _, _ = after.partition("</tr>")
        shown = ("&lt;Tier&gt;", entry.key, "Choice", "Gold &amp; more, Silver", "Pinned", "Masked")
        for each in (*shown, "Supervisors and admins", "Admins"):
            assert each in row

    def test_shows_blanks_nobody_would_see(self, client: Client) -> None:
        an_entry(key=f"{a_key()} ")
        an_entry(key=f"{a_key()}  x")
        page = client.get(LIST).content.decode()
        assert "ends with a blank" in page
        assert "has several blanks in a row" in page

    def test_says_what_an_empty_catalogue_means(self, client: Client) -> None:
        kept = list(AttributeDefinition.objects.all())
        AttributeDefinition.objects.all().delete()
        try:
            page = client.get(LIST).content.decode()
        finally:
            AttributeDefinition.objects.bulk_create(kept)
        assert "No attribute is in the catalogue yet." in page
        assert NEW in page


class TestANewEntry:
    def test_is_kept_as_it_was_typed(self, client: Client) -> None:
        form = typed(pinned="on", masked="on", pattern=r"[A-Z]\d+ ")
        answer = client.post(NEW, form, follow=True)
        assert answer.redirect_chain == [(LIST, 302)]
        assert "Saved “Customer tier”." in answer.content.decode()
        assert 'class="banner ok' in answer.content.decode()
        kept = AttributeDefinition.objects.get(key=form["key"])
        assert (kept.label, kept.help, kept.type) == (
            "Customer tier",
            "As in the contract.",
            "text",
        )
        assert (kept.max_length, kept.pattern, kept.order) == (40, r"[A-Z]\d+ ", 35)
        assert (kept.seen_by, kept.edited_by) == ("everyone", "supervisors")
        assert kept.pinned
        assert kept.masked

    @pytest.mark.parametrize(
        "pattern", ["{} ", " {}", "{}.with.dots", "Grüße {}", '{}"<b>&', "{} a  b"]
    )
    def test_keeps_every_character_of_its_key(self, client: Client, pattern: str) -> None:
        key = pattern.format(a_key())
        client.post(NEW, typed(key=key))
        entry = AttributeDefinition.objects.get(key=key)
        client.post(address(entry), typed(label="Changed"))
        entry.refresh_from_db()
        assert (entry.key, entry.label) == (key, "Changed")

    def test_takes_choices_from_lines(self, client: Client) -> None:
        form = typed(type=Type.CHOICE, choices=" Gold \r\n\r\n   \r\nSilver\r\ngold")
        client.post(NEW, form)
        kept = AttributeDefinition.objects.get(key=form["key"])
        assert kept.choices == ["Gold", "Silver", "gold"]
        assert Shown(client.get(address(kept)).content)["choices"].value == "Gold\nSilver\ngold"

    def test_drops_what_its_type_does_not_have(self, client: Client) -> None:
        form = typed(type=Type.YES_NO, choices="A\nA", pattern="[", max_length="many")
        assert client.post(NEW, form).status_code == 302
        kept = AttributeDefinition.objects.get(key=form["key"])
        assert (kept.choices, kept.pattern, kept.max_length) == ([], "", 1000)

    def test_comes_after_the_others_unless_told(self, client: Client) -> None:
        an_entry(order=500)
        assert Shown(client.get(NEW).content)["order"].value == "510"


class TestWhatCannotBe:
    @pytest.mark.parametrize(
        ("field", "wrong", "message"),
        [
            ("key", {"key": ""}, "Enter the key"),
            ("key", {"key": "   "}, "blanks alone"),
            ("key", {"key": "k" * 201}, "at most 200"),
            ("label", {"label": ""}, "Enter what staff call it"),
            ("label", {"label": "l" * 101}, "at most 100"),
            ("help", {"help": "h" * 301}, "at most 300"),
            ("type", {"type": "colour"}, "Select a valid choice"),
            ("choices", {"type": "choice", "choices": " \r\n "}, "at least one choice"),
            (
                "choices",
                {"type": "choice", "choices": "A\r\nB\r\nA "},
                "“A” is there more than once",
            ),
            ("choices", {"type": "choice", "choices": "x" * 1001}, "1000 characters at most"),
            ("max_length", {"max_length": ""}, "how many characters"),
            ("max_length", {"max_length": "0"}, "room for 1"),
            ("max_length", {"max_length": "10001"}, "10000 characters is the most"),
            ("max_length", {"max_length": "ten"}, "whole number"),
            ("pattern", {"pattern": "C-[0-9"}, "not a regular expression: “unterminated"),
            ("pattern", {"pattern": "a{99999999999999}"}, "not a regular expression"),
            ("pattern", {"type": "number", "pattern": "*"}, "not a regular expression"),
            ("seen_by", {"seen_by": "aliens"}, "Select a valid choice"),
            ("edited_by", {"seen_by": "admins", "edited_by": "everyone"}, "seen by: “Admins”"),
            ("edited_by", {"seen_by": "nobody", "edited_by": "admins"}, "seen by: “Nobody”"),
            ("order", {"order": ""}, "lower comes first"),
            ("order", {"order": "-1"}, "greater than or equal to 0"),
        ],
    )
    def test_is_said_beside_the_field_and_nothing_typed_is_lost(
        self, client: Client, field: str, wrong: dict[str, str], message: str
    ) -> None:
        form = typed(**{"pinned": "on", **wrong})
        answer = client.post(NEW, form)
        shown = Shown(answer.content)
        assert answer.status_code == 422
        assert message in shown.error(field)
        assert shown.focused[0] == field
        unlisted = {"type", "seen_by"} & {field}  # a list cannot show what is not in it
        for name in set(form) - unlisted - {"pinned"}:
            assert shown[name].value == form[name]
        assert shown["pinned"].on
        assert not AttributeDefinition.objects.filter(key=form["key"]).exists()

    def test_several_at_once_are_listed_above(self, client: Client) -> None:
        page = client.post(NEW, typed(label="", pattern="(")).content.decode()
        assert '<a href="#id_label">' in page
        assert '<a href="#id_pattern">' in page
        assert Shown(page.encode()).focused[0] == "label"

    def test_a_key_that_is_there_already(self, client: Client) -> None:
        entry = an_entry()
        answer = client.post(NEW, typed(key=entry.key))
        assert answer.status_code == 422
        assert "in the catalogue already" in Shown(answer.content).error("key")

    @pytest.mark.parametrize("change", [str.upper, " {}".format, "{} ".format])
    def test_a_key_that_nearly_is_another_is_questioned(
        self, client: Client, change: Callable[[str], str]
    ) -> None:
        entry = an_entry()
        key = change(entry.key)
        assert "another" not in Shown(client.get(NEW).content).controls
        answer = client.post(NEW, typed(key=key))
        shown = Shown(answer.content)
        assert answer.status_code == 422
        assert f"There is “{entry.key}” already" in shown.error("key")
        assert shown["key"].value == key
        assert not shown["another"].on
        assert client.post(NEW, typed(key=key, another="on")).status_code == 302
        assert AttributeDefinition.objects.filter(key=key).exists()

    def test_the_answer_to_the_question_is_kept_too(self, client: Client) -> None:
        entry = an_entry()
        answer = client.post(NEW, typed(key=f"{entry.key} ", another="on", label=""))
        shown = Shown(answer.content)
        assert shown["another"].on
        assert not shown["key"].invalid


class TestAnEntry:
    def test_shows_what_is_kept_but_for_its_key_which_stays(self, client: Client) -> None:
        entry = an_entry(type=Type.CHOICE, choices=["A", "B"], seen_by=Audience.ADMINS)
        answer = client.get(address(entry))
        shown = Shown(answer.content)
        assert "key" not in shown.controls
        assert entry.key in answer.content.decode()
        assert (shown["choices"].value, shown["type"].value) == ("A\nB", "choice")
        assert shown["seen_by"].value == "admins"

    def test_can_be_changed_but_not_its_key(self, client: Client) -> None:
        entry = an_entry()
        form = typed(label="New label", seen_by="supervisors", edited_by="nobody")
        assert client.post(address(entry), form).status_code == 302
        changed = AttributeDefinition.objects.get(pk=entry.pk)
        assert (changed.key, changed.label) == (entry.key, "New label")
        assert (changed.seen_by, changed.edited_by) == ("supervisors", "nobody")

    def test_keeps_its_name_above_a_form_with_errors(self, client: Client) -> None:
        entry = an_entry(label="As it was")
        answer = client.post(address(entry), typed(label=""))
        assert answer.status_code == 422
        assert "As it was</h1>" in answer.content.decode()
        entry.refresh_from_db()
        assert entry.label == "As it was"


class TestRemoving:
    def test_is_asked_about_with_the_safe_button_first(self, client: Client) -> None:
        page = client.get(address(an_entry())).content.decode()
        dialog = page.partition('<dialog id="removal"')[2]
        assert dialog.index('formmethod="dialog" class="primary" autofocus') < dialog.index(
            "danger"
        )
        assert "values in Genesys stay" in dialog
        assert "unmasked" in dialog

    def test_takes_the_entry_out(self, client: Client) -> None:
        entry = an_entry()
        answer = client.post(reverse("catalogue-delete", args=[entry.pk]), follow=True)
        assert answer.redirect_chain == [(LIST, 302)]
        assert "Removed “Tier” from the catalogue." in answer.content.decode()
        assert not AttributeDefinition.objects.filter(pk=entry.pk).exists()


class TestThePreview:
    ADDRESS = "/catalogue/preview"

    def test_is_a_fragment_of_the_field_as_staff_will_see_it(self, client: Client) -> None:
        answer = client.post(self.ADDRESS, typed(type="choice", choices="A\r\nB", label="<Tier>"))
        page = answer.content.decode()
        assert "<html" not in page
        assert "&lt;Tier&gt;" in page
        assert set(Shown(answer.content).options["set.sample"]) == {"", "A", "B"}

    @pytest.mark.parametrize(
        ("value", "words"),
        [("C-12", "This value may be saved."), ("X", "does not have the form"), ("", "")],
    )
    def test_tries_a_value(self, client: Client, value: str, words: str) -> None:
        form = typed(pattern="C-[0-9]+") | {"set.sample": value}
        shown = Shown(client.post(self.ADDRESS, form).content)
        assert shown["set.sample"].value == value
        assert words in shown.texts["e-sample"] + shown.texts["st-sample"]
        assert bool(words) == bool((shown.texts["e-sample"] + shown.texts["st-sample"]).strip())

    def test_makes_the_best_of_half_a_form(self, client: Client) -> None:
        answer = client.post(self.ADDRESS, {"pattern": "[", "max_length": "", "set.sample": "x"})
        assert answer.status_code == 200
        assert "set.sample" in Shown(answer.content).controls

    def test_keeps_nothing(self, client: Client) -> None:
        before = AttributeDefinition.objects.count()
        client.post(self.ADDRESS, typed())
        assert AttributeDefinition.objects.count() == before
