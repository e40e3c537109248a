"""The catalogue as a file: what goes out comes back to the letter, and nothing comes in that was not shown before."""

import json
import re
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.models import AttributeDefinition, Role, User
from tests.builders import a_user
from tests.dashboard.shown import Shown
from tests.processes import manage

pytestmark = pytest.mark.usefixtures("database")

IMPORT, CONFIRM = "/catalogue/import/", "/catalogue/import/confirm"
CSV, JSON = "/catalogue/export.csv", "/catalogue/export.json"
FACTS = {
    "label": "Tier",
    "help": "As in the contract.",
    "type": "choice",
    "choices": ["Gold; or more", "“Silver”, too"],
    "seen_by": "supervisors",
    "edited_by": "admins",
    "masked": True,
    "pinned": True,
    "order": 7,
}


@pytest.fixture
def admin() -> Iterator[User]:
    """An admin before an empty catalogue; what was in it is back afterwards."""
    kept = list(AttributeDefinition.objects.all())
    AttributeDefinition.objects.all().delete()
    user = a_user(Role.ADMIN)
    yield user
    user.delete()
    with transaction.atomic():
        AttributeDefinition.objects.all().delete()
        AttributeDefinition.objects.bulk_create(kept)


@pytest.fixture
def client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def an_entry(key: str, **facts: Any) -> AttributeDefinition:
    return AttributeDefinition.objects.create(**{"key": key, "label": f"The {key}", **facts})


def catalogue() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = list(AttributeDefinition.objects.order_by("key").values())  # type: ignore[arg-type]
    return rows


def upload(client: Client, content: str | bytes, name: str = "c.csv", **more: str) -> Any:
    body = content if isinstance(content, bytes) else content.encode()
    return client.post(IMPORT, {"file": SimpleUploadedFile(name, body), **more})


def sealed(answer: Any) -> str:
    shown = Shown(answer.content)
    assert "sealed" in shown.controls, words(answer)
    return shown["sealed"].value


def confirm(client: Client, preview: Any, *remove: AttributeDefinition) -> Any:
    ticked = [str(each.pk) for each in remove]
    form = {"sealed": sealed(preview), "remove": ticked}
    return client.post(CONFIRM, form, follow=True)


def badges(answer: Any) -> list[str]:
    """The counts above a preview."""
    head = answer.content.decode().partition('id="preview-title"')[2].partition("</header>")[0]
    return re.findall(r'class="badge \w+">([^<]*)<', head)


def words(answer: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


class TestTheDoor:
    def test_sends_nobody_to_the_sign_in(self) -> None:
        for each in (IMPORT, CSV, JSON):
            assert Client().get(each)["Location"].startswith(reverse("login"))
        assert Client().post(CONFIRM).status_code == 401

    @pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
    def test_tells_others_that_it_is_for_admins(self, role: str) -> None:
        client = Client()
        client.force_login(a_user(role))
        for each in (IMPORT, CSV, JSON):
            assert client.get(each).status_code == 403
        for each in (IMPORT, CONFIRM):
            assert client.post(each).status_code == 403

    def test_takes_no_wrong_method_and_knows_two_formats(self, client: Client) -> None:
        assert client.post(CSV).status_code == 405
        assert client.get(CONFIRM).status_code == 405
        assert client.get("/catalogue/export.xlsx").status_code == 404

    def test_does_nothing_without_the_token_of_the_form(self, admin: User) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(admin)
        assert upload(client, "key,label\na,A\n").status_code == 403
        assert client.post(CONFIRM).status_code == 403


class TestTheExport:
    def test_has_a_name_with_the_date(self, client: Client) -> None:
        for each, media in ((CSV, "text/csv"), (JSON, "application/json")):
            answer = client.get(each)
            assert answer["Content-Type"].startswith(media)
            kind = each.rpartition(".")[2]
            assert answer["Content-Disposition"] == (
                f'attachment; filename="midcall-catalogue-{date.today():%Y-%m-%d}.{kind}"'  # noqa: DTZ011
            )

    def test_of_json_says_its_version(self, client: Client) -> None:
        entry = an_entry("tier", **FACTS)
        whole = json.loads(client.get(JSON).content)
        assert (whole["format"], whole["version"]) == ("midcall-catalogue", 1)
        [said] = whole["attributes"]
        assert said.items() >= {"key": entry.key, **FACTS}.items()

    def test_of_csv_gives_a_spreadsheet_no_formula(self, client: Client) -> None:
        for number, start in enumerate("=+-@\t\r\n＝＋－＠"):  # noqa: RUF001
            an_entry(f"{start}key{number}", label=f"{start}1+1", help=f"'{start}HYPERLINK()")
        text = client.get(CSV).content.decode()
        assert text.startswith("\ufeffkey,label,")
        assert not re.search('(^|[,;\t\n"])[=+\\-@\t\r＝＋－＠]', text.replace("\r\n", "\n"))  # noqa: RUF001
        assert badges(upload(client, text)) == [
            "0 added",
            "0 changed",
            "11 unchanged",
            "0 only here",
        ]


text = st.text(
    st.one_of(
        st.sampled_from("='+-@\"',;\t\r\n \ufeff＝"),  # noqa: RUF001
        st.characters(exclude_categories=["Cs"], exclude_characters="\x00"),
    ),
    max_size=8,
)
entries = st.lists(
    st.fixed_dictionaries(
        {
            "key": text.filter(bool),
            "label": text,
            "help": text,
            "pattern": text,
            "choices": st.lists(text.filter(lambda each: each and not set(each) & set("\r\n"))),
            "type": st.sampled_from(AttributeDefinition.Type.values),
            "masked": st.booleans(),
            "pinned": st.booleans(),
            "order": st.integers(0, 32_767),
            "max_length": st.integers(1, 10_000),
            "seen_by": st.sampled_from(AttributeDefinition.Audience.values),
        }
    ),
    unique_by=lambda each: each["key"],
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("address", [CSV, JSON])
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(entries=entries)
def test_what_was_exported_changes_nothing(
    client: Client, address: str, entries: list[dict[str, Any]]
) -> None:
    AttributeDefinition.objects.all().delete()
    AttributeDefinition.objects.bulk_create(AttributeDefinition(**each) for each in entries)
    preview = upload(client, client.get(address).content)
    counts = ["0 added", "0 changed", f"{len(entries)} unchanged", "0 only here"]
    assert badges(preview) == counts, words(preview)
    assert "Nothing changes" in words(preview)


@pytest.mark.parametrize("address", [CSV, JSON])
def test_an_export_makes_the_same_catalogue_elsewhere(client: Client, address: str) -> None:
    an_entry("tier", **FACTS)
    an_entry(" odd.key ", label="Odd", type="text", pattern="=[0-9]+ ", max_length=12)
    before = catalogue()
    exported = client.get(address).content
    AttributeDefinition.objects.all().delete()
    answer = confirm(client, upload(client, exported))
    assert "Imported: 2 added, 0 changed, 0 removed." in words(answer)
    for row in before:
        del row["id"]
    assert [
        {name: value for name, value in row.items() if name != "id"} for row in catalogue()
    ] == before


class TestThePreview:
    def test_shows_what_would_change_and_stores_nothing(self, client: Client) -> None:
        an_entry("same")
        an_entry("other", label="Before", order=3)
        an_entry("here")
        before = catalogue()
        preview = upload(
            client, "key,label,order\nsame,The same,100\nother,After,4\nnew,New one,5\n"
        )
        assert preview.status_code == 200
        assert badges(preview) == ["1 added", "1 changed", "1 unchanged", "1 only here"]
        said = words(preview)
        assert "new New one Text" in said
        assert "Label Before becomes → After" in said
        assert "Order 3 becomes → 4" in said
        assert "here The here" in said
        assert catalogue() == before

    def test_is_carried_out_once_confirmed(self, client: Client) -> None:
        other = an_entry("other", label="Before", help="Stays.")
        here = an_entry("here")
        preview = upload(client, "key,label\nother,After\nnew,New one\n")
        answer = confirm(client, preview)
        assert "Imported: 1 added, 1 changed, 0 removed." in words(answer)
        other.refresh_from_db()
        assert (other.label, other.help) == ("After", "Stays.")
        assert AttributeDefinition.objects.get(key="new").label == "New one"
        assert AttributeDefinition.objects.filter(pk=here.pk).exists()

    def test_removes_only_what_is_ticked_of_what_is_only_here(self, client: Client) -> None:
        kept, gone, named = an_entry("kept"), an_entry("gone", masked=True), an_entry("named")
        preview = upload(client, "key,label\nnamed,The named\n")
        assert "Hides values" in words(preview)
        answer = confirm(client, preview, gone, named)
        assert "Imported: 0 added, 0 changed, 1 removed." in words(answer)
        left = set(AttributeDefinition.objects.values_list("pk", flat=True))
        assert left == {kept.pk, named.pk}

    @pytest.mark.parametrize("change", ["edit", "add", "remove"])
    def test_is_refused_once_the_catalogue_is_another(self, client: Client, change: str) -> None:
        other = an_entry("other")
        preview = upload(client, "key,label\nother,Mine\nnew,New one\n")
        if change == "edit":
            AttributeDefinition.objects.filter(pk=other.pk).update(label="Theirs")
        elif change == "add":
            an_entry("theirs")
        else:
            other.delete()
        now = catalogue()
        answer = confirm(client, preview)
        assert answer.status_code == 409
        assert "has changed since. Nothing was imported" in words(answer)
        assert catalogue() == now
        assert "Imported" in words(confirm(client, answer))  # the new preview is a good one

    def test_belongs_to_who_made_it(self, client: Client) -> None:
        preview = upload(client, "key,label\nnew,New\n")
        colleague = Client()
        colleague.force_login(a_user(Role.ADMIN))
        for who, seal in (
            (colleague, sealed(preview)),
            (client, sealed(preview)[:-2]),
            (client, ""),
        ):
            answer = who.post(CONFIRM, {"sealed": seal})
            assert answer.status_code == 422
            assert "Choose the file again" in words(answer)
        assert not AttributeDefinition.objects.exists()


class TestWhatCanBeRead:
    @pytest.mark.parametrize(
        "content",
        [
            b"key,label,masked\na b,Gr\xc3\xbc\xc3\x9fe,yes\n",
            b"\xef\xbb\xbfkey;label;masked\r\na b;Gr\xc3\xbc\xc3\x9fe;TRUE\r\n;;\r\n",
            b'\n"Key"\t"LABEL"\t"masked"\t\n"a b"\t"Gr\xc3\xbc\xc3\x9fe"\t1\t\t',
            b'{"format":"midcall-catalogue","version":1,'
            b'"attributes":[{"key":"a b","label":"Gr\\u00fc\xc3\x9fe","masked":true}]}',
            b"key,label,masked\r\na b,Gr\xc3\xbc\xc3\x9fe,yes",
        ],
    )
    def test_in_every_usual_shape(self, client: Client, content: bytes) -> None:
        confirm(client, upload(client, content))
        entry = AttributeDefinition.objects.get()
        assert (entry.key, entry.label, entry.masked) == ("a b", "Grüße", True)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "no attribute in this file"),
            (b"key,label\n", "no attribute in this file"),
            (b"key,label\na,\xe4\n", "Line 2 is not UTF-8"),
            ("key,label\na,b\n".encode("utf-16"), "UTF-16"),
            ("key,label\na,b\n".encode("utf-16-le"), "UTF-16"),
            ("key,label\na,b\n".encode("utf-16-be"), "UTF-16"),
            (b"label\na\n", "Line 1 has no “key”"),
            (b"key,colour\na,b\n", "does not have: colour"),
            (b"key,Label,label\na,b,c\n", "a column twice: label"),
            (b"key,label\na,b\nc\n", "Line 3 has 1 cells; the first line has 2"),
            (b"key,label\na,b,c\n", "Line 2 has 3 cells"),
            (b'key,label\na,"b\n', "is not CSV"),
            (b"key,label\na,b\x00\n", ""),
            (b"{", "Line 1 is not JSON"),
            (b"[]", "not a catalogue"),
            (b'{"format":"midcall-catalogue","version":2}', "version 1"),
            (b'{"format":"midcall-catalogue","version":1,"attributes":{}}', "has to be a list"),
            (b'{"format":"midcall-catalogue","version":1,"attributes":[1]}', "line 1"),
            (b'{"format":"midcall-catalogue","version":1,"attributes":[{}]}', "no “key”"),
            (b'{"format":"midcall-catalogue","version":1,"attributes":[{"key":"\\ud800"}]}', "cannot be read"),
            (b'{"format":"midcall-catalogue","version":1,"attributes":[{"key":"a","order":NaN}]}', "cannot be read"),
            (b"[" * 100_000, "cannot be read"),
            (b"x" * 1_000_001, "larger than 1000 KB"),
            (b"key\n" + b"\n".join(b"k%d" % each for each in range(1001)), "more than 1000"),
        ],
    )  # fmt: skip
    def test_is_said_where_it_cannot(self, client: Client, content: bytes, message: str) -> None:
        answer = upload(client, content)
        assert answer.status_code == 422
        assert message in words(answer)
        assert "sealed" not in Shown(answer.content).controls
        assert not AttributeDefinition.objects.exists()

    def test_needs_a_file(self, client: Client) -> None:
        answer = client.post(IMPORT)
        assert answer.status_code == 422
        assert "Choose a file first." in words(answer)


class TestMistakes:
    def test_are_listed_with_their_lines_and_nothing_is_stored(self, client: Client) -> None:
        """The words are those of the page's own form."""
        an_entry("known", type="choice", choices=["A"])
        before = catalogue()
        answer = upload(
            client,
            "key,label,type,choices,order,masked,seen_by,pattern\n"
            "good,Good,text,,5,no,everyone,\n"
            'multi,"Line\none",text,,5,no,everyone,\n'
            "a,,text,,5,no,everyone,\n"
            "b,B,colour,,five,perhaps,aliens,\n"
            "c,C,text,,5,no,everyone,C-[0-9\n"
            "good,Again,text,,5,no,everyone,\n"
            "known,Known,choice,,5,no,everyone,\n",
        )
        assert answer.status_code == 422
        said = words(answer)
        for mistake in (
            "Line 5 a Label: Enter what staff call it.",
            "Line 6 b Type: Select a valid choice.",
            "Line 6 b Order: Enter a whole number.",
            "Line 6 b Masked cannot be perhaps.",
            "Line 6 b Who may see it: Select a valid choice.",
            "Line 7 c Pattern: This is not a regular expression",
            "Line 8 good The same key is in line 2 already.",
            "Line 9 known Choices: Enter at least one choice",
        ):
            assert mistake in said
        assert "Line 2 good" not in said
        assert "sealed" not in Shown(answer.content).controls
        assert catalogue() == before

    @pytest.mark.parametrize(
        "entry",
        [
            {"key": 5},
            {"key": None},
            {"key": ["a"]},
            {"key": "a", "label": None},
            {"key": "a", "label": 5},
            {"key": "a", "masked": "yes"},
            {"key": "a", "order": True},
            {"key": "a", "order": []},
            {"key": "a", "order": {}},
            {"key": "a", "order": 10**30},
            {"key": "a", "order": None},
            {"key": "a", "max_length": [5]},
            {"key": "a", "max_length": {"a": 1}},
            {"key": "a", "label": {"a": 1}},
            {"key": "a", "help": [["x"]]},
            {"key": "a", "type": {}},
            {"key": "a", "type": []},
            {"key": "a", "masked": {}},
            {"key": "a", "masked": None},
            {"key": "a", "choices": {"a": 1}},
            {"key": "a", "seen_by": [{}]},
            {"key": {"a": 1}},
            {"key": "a", "order": -1},
            {"key": "a", "type": "choice", "choices": [1, {}]},
            {"key": "a", "choices": "A"},
            {"key": "a", "label": "\x00"},
            {"key": " "},
            {"key": "k" * 201},
        ],
    )
    def test_of_a_program_are_found_too(self, client: Client, entry: dict[str, Any]) -> None:
        whole = {
            "format": "midcall-catalogue",
            "version": 1,
            "attributes": [{"label": "A", **entry}],
        }
        answer = upload(client, json.dumps(whole, indent=1))
        assert answer.status_code == 422, words(answer)
        assert "Line 5" in words(answer)
        assert not AttributeDefinition.objects.exists()

    def test_of_a_key_that_comes_twice_are_found_in_one_line_too(self, client: Client) -> None:
        entries = [{"key": "a", "label": "A"}, {"key": "a", "label": "B"}]
        whole = {"format": "midcall-catalogue", "version": 1, "attributes": entries}
        answer = upload(client, json.dumps(whole))
        assert answer.status_code == 422
        assert "Line 1 a The same key is in line 1 already." in words(answer)

    def test_of_a_type_are_one_mistake_with_a_little_of_what_it_is(self, client: Client) -> None:
        entry = {"key": "a", "label": {"a": "b" * 500}, "max_length": [5]}
        whole = {"format": "midcall-catalogue", "version": 1, "attributes": [entry]}
        said = words(upload(client, json.dumps(whole)))
        assert "Label cannot be {&quot;a&quot;: &quot;bbb" in said
        assert "b" * 90 not in said
        assert "Longest value cannot be [5]." in said
        assert said.count("Line 1 a") == 2

    @pytest.mark.parametrize("content", ["key,label\nTier,T\n", "key,label\nx y,X\nxy,Y\n"])
    def test_a_key_that_nearly_is_another_has_to_be_meant(
        self, client: Client, content: str
    ) -> None:
        an_entry("tier")
        answer = upload(client, content)
        assert answer.status_code == 422
        assert "only by case or blanks" in words(answer)
        answer = upload(client, content, others="on")
        assert Shown(answer.content)["others"].on
        assert "Imported" in words(confirm(client, answer))
        assert AttributeDefinition.objects.count() == content.count("\n")


def test_a_first_line_of_any_length_is_refused_in_a_moment(client: Client) -> None:
    for names in ("a," * 490_000, ",".join(f"name{each}" for each in range(90_000))):
        started = time.monotonic()
        answer = upload(client, f"key,{names}b\nx\n")
        assert time.monotonic() - started < 3
        assert "Line 1 names more than 100 columns." in words(answer)
        assert len(answer.content) < 50_000
    answer = upload(client, "key," + ",".join(f"{each}{'x' * 5000}" for each in range(90)))
    assert f"0{'x' * 39}…, 10{'x' * 38}…, " in words(answer)
    assert len(answer.content) < 50_000


def test_a_hundred_thousand_lines_are_refused_in_a_moment(client: Client) -> None:
    started = time.monotonic()
    answer = upload(client, "key\n" + "\n".join(f"k{each}" for each in range(100_000)))
    assert time.monotonic() - started < 1
    assert "more than 1000 attributes" in words(answer)


def test_three_hundred_entries_are_checked_in_a_moment(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    """Each costs its form's few questions; nothing grows faster than the file."""
    body = "".join(f"key_{each},Label {each}\n" for each in range(300))
    with django_assert_max_num_queries(5 * 300):
        preview = upload(client, f"key,label\n{body}")
    assert badges(preview)[0] == "300 added"
    assert "Imported: 300 added" in words(confirm(client, preview))


@pytest.mark.usefixtures("admin")
class TestTheCommand:
    def test_brings_out_what_it_takes_in_again(self, admin: User, tmp_path: Path) -> None:
        an_entry("tier", **FACTS)
        an_entry("=odd ", label="Odd")
        for kind in ("csv", "json"):
            out = manage("catalogue", "export", "--format", kind)
            file = tmp_path / f"catalogue.{kind}"
            file.write_bytes(out.stdout.encode())
            told = manage("catalogue", "import", str(file), "--by", admin.username)
            assert (told.returncode, told.stdout) == (0, "unchanged: 2\n")

    def test_tells_what_would_change_before_it_does(self, admin: User, tmp_path: Path) -> None:
        an_entry("tier", label="Before")
        an_entry("here")
        file = tmp_path / "c.csv"
        file.write_text("key,label\ntier,After\nnew,New\n")
        told = manage("catalogue", "import", str(file), "--dry-run")
        assert told.stdout.splitlines() == [
            "added: new",
            "changed: tier: Label: Before -> After",
            "only here, kept: here",
            "unchanged: 0",
        ]
        assert AttributeDefinition.objects.count() == 2
        assert manage("catalogue", "import", str(file)).returncode == 2
        told = manage("catalogue", "import", str(file), "--by", admin.username)
        assert told.stdout.splitlines()[-1] == "Imported."
        labels = dict(AttributeDefinition.objects.values_list("key", "label"))
        assert labels == {"tier": "After", "new": "New", "here": "The here"}

    def test_lists_mistakes_and_changes_nothing(self, admin: User, tmp_path: Path) -> None:
        file = tmp_path / "c.csv"
        file.write_text("key,label\ngood,Good\nbad,\n")
        told = manage("catalogue", "import", str(file), "--by", admin.username)
        assert told.returncode == 1
        assert "line 3: bad: Label: Enter what staff call it." in told.stderr
        assert not AttributeDefinition.objects.exists()
