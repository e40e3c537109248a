"""The check of keys: what is odd is found, each finding can be put right with one click, and each click taken back."""

import uuid
from collections.abc import Iterator
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from conversations import census, lint
from conversations.lint import Finding, Kind
from conversations.models import (
    AttributeDefinition,
    Census,
    Conversation,
    Participant,
    Remedy,
    Role,
    SeenKey,
    User,
)
from conversations.models.clock import moment, now
from tests.builders import a_user, a_value
from tests.dashboard.shown import Shown

pytestmark = pytest.mark.usefixtures("database")

LINT, DONE = "/catalogue/lint/", "/catalogue/lint/done/"


@pytest.fixture
def admin() -> Iterator[User]:
    """An admin before an empty catalogue and a census of nothing; what the tests put there is gone afterwards."""
    models: tuple[Any, ...] = (AttributeDefinition, SeenKey, Census)
    kept = [(model, list(model._default_manager.all())) for model in models]
    with transaction.atomic():  # a worker of this run may be about to count
        _empty()
        at = now()
        Census.objects.create(
            began_at=at - 60, finished_at=at, next_at=at + 3600, conversations=7, turn=10**6
        )
    user = a_user(Role.ADMIN)
    yield user
    user.delete()
    with transaction.atomic():
        _empty()
        for model, rows in kept:
            model._default_manager.bulk_create(rows)


def _empty() -> None:
    for model in (Remedy, AttributeDefinition, SeenKey, Census):
        model._default_manager.all().delete()


@pytest.fixture
def client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


def seen(*keys: str, live: int = 3) -> None:
    at = now()
    for key in keys:
        SeenKey.objects.create(key=key, first_at=at - 50, last_at=at, live=live)


def declared(key: str, **facts: Any) -> AttributeDefinition:
    return AttributeDefinition.objects.create(**{"key": key, "label": f"The {key}", **facts})


def told() -> set[tuple[str, str, str]]:
    return {(str(each.kind), each.key, each.other) for each in lint.report().findings}


def the(kind: Kind, key: str) -> Finding:
    [found] = [each for each in lint.report().findings if each.kind == kind and each.key == key]
    return found


def put_right(client: Client, action: str, *findings: Finding) -> Any:
    names = [each.name for each in findings]
    return client.post(f"{LINT}{action}", {"finding": names}, follow=True)


class Buttons(HTMLParser):
    """What each button of the page would do: the address, and the finding it names."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.found: set[tuple[str, str]] = set()
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "button" and given.get("name") == "finding":
            address = given.get("formaction") or f"{LINT}leave"
            self.found.add((address.removeprefix(LINT), given["value"] or ""))

    def of(self, finding: Finding) -> set[str]:
        return {action for action, name in self.found if name == finding.name}


class TestTheDoor:
    def test_sends_nobody_to_the_sign_in(self) -> None:
        for answer in (Client().get(LINT), Client().get(DONE)):
            assert answer["Location"].startswith(reverse("login"))
        assert Client().post(f"{LINT}leave").status_code == 401

    @pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
    def test_tells_others_that_it_is_for_admins(self, role: str, admin: User) -> None:
        seen("stray")
        name = the(Kind.UNDECLARED, "stray").name
        client = Client()
        client.force_login(a_user(role))
        for each in (LINT, DONE):
            assert client.get(each).status_code == 403
        for each in ("leave", "declare", "undo/1"):
            assert client.post(f"{LINT}{each}", {"finding": name}).status_code == 403
        assert not Remedy.objects.exists()

    def test_takes_no_wrong_method_and_no_other_action(self, client: Client) -> None:
        seen("stray")
        assert client.post(LINT).status_code == 405
        assert client.get(f"{LINT}leave").status_code == 405
        assert put_right(client, "explode", the(Kind.UNDECLARED, "stray")).status_code == 404
        assert client.post(f"{LINT}undo/12345678").status_code == 404

    def test_does_nothing_without_the_token_of_the_form(self, admin: User) -> None:
        seen("stray")
        client = Client(enforce_csrf_checks=True)
        client.force_login(admin)
        assert put_right(client, "leave", the(Kind.UNDECLARED, "stray")).status_code == 403

    @pytest.mark.parametrize("bad", ["", "x", "[]", "null", "9" * 30, "\x00", "[1,2,3]", "💥"])
    def test_stumbles_over_nothing(self, client: Client, bad: str) -> None:
        seen("stray")
        for name in ("kind", "page", "done"):
            assert client.get(LINT, {name: bad}).status_code == 200
        answer = client.post(f"{LINT}declare", {"finding": bad, "kind": bad}, follow=True)
        assert answer.status_code == 200
        assert not Remedy.objects.exists()


@pytest.mark.usefixtures("admin")
class TestWhatIsFound:
    def test_a_key_that_differs_only_by_case_or_blanks(self) -> None:
        declared("tier")
        seen("tier", "Tier", " ti er ")
        assert told() == {("twin", "Tier", "tier"), ("twin", " ti er ", "tier")}

    def test_a_key_that_differs_only_by_what_cannot_be_seen(self) -> None:
        declared("café")
        seen("café", "cafe\u0301", "caf\u200bé", "\ufeffcafé")
        assert told() == {
            ("twin", each, "café") for each in ("cafe\u0301", "caf\u200bé", "\ufeffcafé")
        }

    def test_the_rarer_of_two_that_nobody_declared(self) -> None:
        seen("Region", live=1)
        seen("region", live=9)
        assert told() == {("twin", "Region", "region"), ("undeclared", "region", "")}

    @pytest.mark.parametrize(
        ("known", "key"),
        [
            ("tier", "tie"),
            ("tier", "teir"),
            ("tier", "Tieer"),
            ("priority", "priorty"),
            ("priority", "proirty"),
            ("case_id", "case-id"),
        ],
    )
    def test_a_slip(self, known: str, key: str) -> None:
        declared(known)
        seen(known, key)
        assert told() == {("slip", key, known)}

    @pytest.mark.parametrize(
        ("known", "key"),
        [
            ("tier", "tint"),  # two slips in a short key
            ("priority", "property"),  # three in a long one
            ("card_last4", "card_last3"),  # a row of attributes
            ("line", "line2"),
            ("ab", "ac"),  # everything so short is near everything
        ],
    )
    def test_no_slip_but_another_key(self, known: str, key: str) -> None:
        declared(known)
        seen(known, key)
        assert told() == {("undeclared", key, "")}

    def test_an_entry_that_no_interaction_holds(self) -> None:
        declared("tier")
        declared("used")
        seen("used")
        assert told() == {("unseen", "tier", "")}

    def test_no_such_entry_before_everything_was_looked_at(self) -> None:
        declared("tier")
        Census.objects.update(finished_at=0)
        assert told() == set()

    def test_a_key_with_a_dot_declared_or_not(self) -> None:
        declared("context.email")
        seen("context.email", "ivr.path")
        assert told() == {
            ("dot", "context.email", ""),
            ("dot", "ivr.path", ""),
            ("undeclared", "ivr.path", ""),
        }


class TestThePage:
    def test_tells_each_finding_with_its_figures_and_its_remedies(self, client: Client) -> None:
        declared("priority", label="<Rank>")
        declared("ghost")
        declared("secret.one", masked=True)
        seen("priority", "secret.one")
        seen("Priority ", "stray", live=41)
        answer = client.get(LINT)
        page = unescape(answer.content.decode())
        assert "7 live interactions looked at" in page
        assert "in 41 live interactions" in page
        assert "ends with a blank" in page
        assert "&lt;Rank&gt;" in answer.content.decode()
        buttons = Buttons(answer.content)
        assert buttons.of(the(Kind.TWIN, "Priority ")) == {"declare", "correct", "leave"}
        assert buttons.of(the(Kind.UNDECLARED, "stray")) == {"declare", "leave"}
        assert buttons.of(the(Kind.UNSEEN, "ghost")) == {"remove", "leave"}
        assert buttons.of(the(Kind.DOT, "secret.one")) == {"leave"}  # its own page asks first

    def test_does_nothing_to_a_finding_by_pressing_enter_on_its_tick(self, client: Client) -> None:
        seen("stray")
        pressed = Shown(client.get(LINT).content).enter[f"{LINT}leave"]
        assert not {"name", "formaction"} & pressed.keys()

    def test_shows_one_kind_alone(self, client: Client) -> None:
        declared("ghost")
        seen("stray")
        page = client.get(LINT, {"kind": "unseen"}).content.decode()
        assert "ghost" in page
        assert "stray" not in page

    def test_says_that_nothing_is_odd_and_how_fresh_that_is(self, client: Client) -> None:
        page = client.get(LINT).content.decode()
        assert "Nothing is odd" in page
        assert "Nobody has counted" not in page
        Census.objects.update(finished_at=now() - 3600)
        assert "Nobody has counted keys for a while" in client.get(LINT).content.decode()
        Census.objects.update(finished_at=0)
        assert "Nothing is known yet" in client.get(LINT).content.decode()

    def test_costs_a_handful_of_queries_however_much_there_is(
        self, client: Client, django_assert_max_num_queries: Any
    ) -> None:
        for number in range(40):
            declared(f"declared_{uuid.uuid4().hex}")
            seen(f"seen_{uuid.uuid4().hex}", f"dotted.{number}")
        with django_assert_max_num_queries(10) as asked:
            client.get(LINT)
        tables = " ".join(each["sql"] for each in asked.captured_queries)
        assert "conversations_participant" not in tables

    def test_opens_the_form_of_a_new_entry_with_the_key(self, client: Client) -> None:
        seen("a b&c ")
        page = client.get(LINT).content.decode()
        address = unescape(
            page.partition('class="open"')[2].partition('href="')[2].partition('"')[0]
        )
        assert 'value="a b&amp;c "' in client.get(address).content.decode()


class TestDeclaring:
    def test_makes_an_entry_with_the_rights_there_were(self, client: Client, admin: User) -> None:
        seen("case_ref")
        answer = put_right(client, "declare", the(Kind.UNDECLARED, "case_ref"))
        entry = AttributeDefinition.objects.get(key="case_ref")
        assert (entry.label, entry.type) == ("Case ref", "text")
        assert (entry.seen_by, entry.edited_by) == ("everyone", "supervisors")
        assert "“case_ref” is in the catalogue now." in answer.content.decode()
        assert told() == set()
        kept = Remedy.objects.get()
        assert (kept.what, kept.key, kept.by) == ("declared", "case_ref", admin)

    def test_does_not_open_what_is_of_genesys_itself(self, client: Client) -> None:
        seen("ivr.path")
        assert "Genesys writes it itself" in client.get(LINT).content.decode()
        put_right(client, "declare", the(Kind.UNDECLARED, "ivr.path"))
        assert AttributeDefinition.objects.get(key="ivr.path").edited_by == "nobody"

    def test_hides_what_the_entry_it_resembles_hides(self, client: Client) -> None:
        declared(
            "card",
            label="Card",
            masked=True,
            seen_by="admins",
            edited_by="admins",
            pattern="[0-9]+",
        )
        seen("card", "Card")
        put_right(client, "declare", the(Kind.TWIN, "Card"))
        entry = AttributeDefinition.objects.get(key="Card")
        assert (entry.masked, entry.seen_by, entry.pattern) == (True, "admins", "[0-9]+")
        assert entry.label == "Card (Card)"

    def test_is_taken_back(self, client: Client, admin: User) -> None:
        seen("stray")
        put_right(client, "declare", the(Kind.UNDECLARED, "stray"))
        kept = Remedy.objects.get()
        client.post(f"{LINT}undo/{kept.pk}")
        kept.refresh_from_db()
        assert not AttributeDefinition.objects.filter(key="stray").exists()
        assert kept.undone_by == admin
        assert told() == {("undeclared", "stray", "")}

    def test_is_not_taken_back_once_somebody_worked_on_it(self, client: Client) -> None:
        seen("stray")
        put_right(client, "declare", the(Kind.UNDECLARED, "stray"))
        AttributeDefinition.objects.filter(key="stray").update(label="Mine")
        kept = Remedy.objects.get()
        answer = client.post(f"{LINT}undo/{kept.pk}", follow=True)
        assert "has been changed since" in answer.content.decode()
        kept.refresh_from_db()
        assert kept.undone_at is None
        assert AttributeDefinition.objects.filter(key="stray").exists()

    def test_is_said_where_somebody_was_quicker(self, client: Client) -> None:
        seen("stray")
        finding = the(Kind.UNDECLARED, "stray")
        declared("stray")
        answer = put_right(client, "declare", finding)
        assert "Somebody has put this right already." in answer.content.decode()


class TestCorrecting:
    def test_gives_the_entry_the_key_that_is_seen(self, client: Client) -> None:
        entry = declared("priorty", label="Priority", help="Mind it.")
        seen("priority")
        put_right(client, "correct", the(Kind.SLIP, "priority"))
        entry.refresh_from_db()
        assert (entry.key, entry.label, entry.help) == ("priority", "Priority", "Mind it.")
        assert told() == set()

    def test_is_taken_back(self, client: Client) -> None:
        entry = declared("priorty")
        seen("priority")
        put_right(client, "correct", the(Kind.SLIP, "priority"))
        client.post(f"{LINT}undo/{Remedy.objects.get().pk}")
        entry.refresh_from_db()
        assert entry.key == "priorty"


class TestRemoving:
    def test_takes_the_entry_out_and_undo_brings_all_of_it_back(self, client: Client) -> None:
        facts = {
            "label": "Old",
            "type": "choice",
            "choices": ["A", "B"],
            "order": 7,
            "pinned": True,
        }
        declared("ghost", **facts)
        put_right(client, "remove", the(Kind.UNSEEN, "ghost"))
        assert not AttributeDefinition.objects.filter(key="ghost").exists()
        client.post(f"{LINT}undo/{Remedy.objects.get().pk}")
        back = AttributeDefinition.objects.filter(key="ghost").values(*facts).get()
        assert back == facts

    def test_is_refused_where_it_would_show_what_is_hidden(self, client: Client) -> None:
        declared("card", masked=True)
        answer = put_right(client, "remove", the(Kind.UNSEEN, "card"))
        assert "This entry hides values." in answer.content.decode()
        assert AttributeDefinition.objects.filter(key="card").exists()

    def test_is_taken_back_once_only(self, client: Client) -> None:
        declared("ghost")
        put_right(client, "remove", the(Kind.UNSEEN, "ghost"))
        kept = Remedy.objects.get()
        client.post(f"{LINT}undo/{kept.pk}")
        answer = client.post(f"{LINT}undo/{kept.pk}", follow=True)
        assert "taken back already" in answer.content.decode()


class TestLeaving:
    def test_tells_of_it_no_more_and_says_who_and_when(self, client: Client, admin: User) -> None:
        declared("tier")
        seen("tier", "Tier")
        put_right(client, "leave", the(Kind.TWIN, "Tier"))
        assert told() == set()  # nor that it is not declared: whoever leaves it knows that
        page = client.get(DONE).content.decode()
        assert "Tier" in page
        assert "Left as it is" in page
        assert str(admin) in page
        client.post(f"{LINT}undo/{Remedy.objects.get().pk}")
        assert told() == {("twin", "Tier", "tier")}

    def test_goes_for_many_at_once(self, client: Client) -> None:
        seen("ivr.one", "ivr.two", "ivr.three")
        chosen = [each.name for each in lint.report().findings if each.kind == Kind.DOT][:2]
        answer = client.post(f"{LINT}leave", {"chosen": chosen, "kind": "dot"}, follow=True)
        assert "2 findings are left as they are." in answer.content.decode()
        assert sum(kind == "dot" for kind, _, _ in told()) == 1
        assert "Nothing is chosen" in client.post(f"{LINT}leave", follow=True).content.decode()

    def test_leads_on_to_the_next_finding(self, client: Client) -> None:
        seen("one", "two")
        answer = client.post(f"{LINT}leave", {"finding": the(Kind.UNDECLARED, "one").name})
        assert answer["Location"].endswith(f"#l{the(Kind.UNDECLARED, 'two').id}")

    def test_still_asks_when_a_new_entry_comes_near(self, client: Client) -> None:
        seen("priorty")
        put_right(client, "leave", the(Kind.UNDECLARED, "priorty"))
        declared("priority")
        seen("priority")
        assert told() == {("slip", "priorty", "priority")}


@pytest.mark.usefixtures("admin", "hands")
class TestTheCensus:
    """Taken step by step by hand, while the worker of the run (if there is one) is frozen."""

    def test_counts_live_conversations_a_few_at_a_time(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(census, "STEP", 3)
        tag = uuid.uuid4().hex[:8]
        made = [self._conversation({f"{tag}-a": "", f"{tag}-b": "x"}) for _ in range(4)]
        made.append(self._conversation({f"{tag}-a": "y"}, also={f"{tag}-a": "z"}))
        ended = self._conversation({f"{tag}-ended": "x"}, phase=Conversation.Phase.ENDED)
        long = self._conversation({f"{tag}-{'x' * 200}": "x"})
        steps = self._round()
        live = Conversation.objects.live().filter(started_at__isnull=False).count()
        assert steps == live // 3 + 1
        counted = dict(SeenKey.objects.filter(key__startswith=tag).values_list("key", "live"))
        assert counted == {f"{tag}-a": 5, f"{tag}-b": 4}
        assert census.state().conversations == live
        first = dict(SeenKey.objects.filter(key__startswith=tag).values_list("key", "first_at"))
        Conversation.objects.filter(pk=made[0]).update(phase=Conversation.Phase.ENDED)
        self._round()
        counted = dict(SeenKey.objects.filter(key__startswith=tag).values_list("key", "live"))
        assert counted == {f"{tag}-a": 4, f"{tag}-b": 3}
        assert first == dict(
            SeenKey.objects.filter(key__startswith=tag).values_list("key", "first_at")
        )
        Conversation.objects.filter(pk__in=[*made, ended, long]).delete()

    def test_leaves_a_step_to_one_of_many_workers(self) -> None:
        Census.objects.update(next_at=0)
        assert [census.step(), census.step()] == [True, False]

    def test_forgets_what_has_long_gone_but_for_the_catalogue(self) -> None:
        kept, gone = a_value(), a_value()  # names no conversation other tests left behind has
        declared(kept)
        old = now() - census.FORGET_SECONDS - 60
        SeenKey.objects.create(key=kept, first_at=old, last_at=old, live=1)
        SeenKey.objects.create(key=gone, first_at=old, last_at=old, live=1)
        self._round()
        assert SeenKey.objects.filter(key=kept, live=0).exists()
        assert not SeenKey.objects.filter(key=gone).exists()

    def test_is_not_filled_up_by_somebody_who_makes_up_keys(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(census, "MOST_KEYS", 2)
        pk = self._conversation({f"made-up-{number}": "x" for number in range(9)})
        self._round()
        assert SeenKey.objects.count() == 2
        Conversation.objects.filter(pk=pk).delete()

    def _round(self) -> int:
        """Steps until a round is over."""
        before, steps = census.state().finished_at, 0
        while census.state().finished_at == before:
            Census.objects.update(next_at=0)
            assert census.step()
            steps += 1
        return steps

    def _conversation(
        self,
        attributes: dict[str, str],
        *,
        also: dict[str, str] | None = None,
        phase: str = Conversation.Phase.TALKING,
    ) -> uuid.UUID:
        row = Conversation.objects.create(
            id=uuid.uuid4(), phase=phase, started_at=moment(now()), known_since=now()
        )
        for each in (attributes, also):
            if each is not None:
                Participant.objects.create(
                    conversation=row,
                    participant_id=uuid.uuid4(),
                    attributes=each,
                    attributes_known=True,
                )
        return row.pk
