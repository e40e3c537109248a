"""The board's addresses: what each filter finds, what is refused to whom, what a poll says about what is new."""

import base64
import itertools
import re
import uuid
from collections.abc import Callable, Iterator
from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from conversations import catalogue
from conversations.models import (
    AttributeDefinition,
    Conversation,
    LiveAttribute,
    Role,
    SavedView,
    State,
    User,
)
from conversations.models.clock import now
from tests.builders import a_user, a_value
from tests.crowd import Crowd, a_crowd
from tests.genesys import Made, Sandbox
from tests.processes import until

pytestmark = pytest.mark.usefixtures("database")

Audience = AttributeDefinition.Audience
REFUSED = "You may not filter or sort by"


@pytest.fixture(scope="module")
def crowd(database: None) -> Iterator[Crowd]:
    with a_crowd(60) as crowd:
        yield crowd


@pytest.fixture
def admin() -> User:
    return a_user(Role.ADMIN)


@pytest.fixture
def secret(crowd: Crowd) -> Iterator[AttributeDefinition]:
    """An attribute of the crowd that only admins see, or that others see masked: the test says which."""
    others = list(AttributeDefinition.objects.filter(key="case_id"))
    AttributeDefinition.objects.filter(key="case_id").delete()
    entry = AttributeDefinition.objects.create(key="case_id", label="Case", seen_by=Audience.ADMINS)
    yield entry
    entry.delete()
    AttributeDefinition.objects.bulk_create(others)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def a_supervisor() -> User:
    user = a_user(Role.SUPERVISOR)
    user.all_queues = True
    user.save(update_fields=["all_queues"])
    return user


def found(user: User, **query: str) -> set[UUID]:
    """On all pages: what other tests have left is live as well."""
    cache.clear()
    client, rows = signed_in(user), set[UUID]()
    for number in itertools.count(1):
        asked = urlencode({"size": "200", "page": str(number), **query})
        answer = client.get(f"/?{asked}")
        assert answer.status_code == 200
        assert answer.context["page"].number == number
        rows |= {each.id for each in answer.context["rows"]}
        if not answer.context["page"].has_next():
            break
    return rows


def refusal(user: User, **query: str) -> str:
    """What is said where nothing may be found."""
    answer = signed_in(user).get(f"/?{urlencode(query)}")
    assert not answer.context["rows"]
    assert answer.context["page"].paginator.count == 0
    return " ".join(answer.context["refusals"])


def holding(crowd: Crowd, key: str, value: str | None = None) -> set[UUID]:
    """The truth, from the participants themselves."""
    rows = Conversation.objects.filter(pk__in=crowd.ids).prefetch_related("participants")
    return {
        row.pk
        for row in rows
        for each in row.participants.all()
        if each.purpose == "customer"
        and (each.attributes.get(key) if value is None else each.attributes.get(key) == value)
    }


class TestFilters:
    def test_by_attribute(self, admin: User, crowd: Crowd) -> None:
        mine = set(crowd.ids)
        gold = holding(crowd, "priority", "Gold")
        assert 0 < len(gold) < len(mine)
        assert found(admin, **{"is.priority": "Gold"}) & mine == gold
        assert not found(admin, **{"is.priority": "gold"}) & mine
        assert found(admin, **{"with": "priority"}) & mine == holding(crowd, "priority")
        assert found(admin, without="priority") & mine == mine - holding(crowd, "priority")
        both = holding(crowd, "priority", "Gold") & holding(crowd, "case_id")
        assert found(admin, **{"is.priority": "Gold", "with": "case_id"}) & mine == both

    def test_by_the_columns(self, admin: User, crowd: Crowd) -> None:
        rows = Conversation.objects.filter(pk__in=crowd.ids)
        one, mine = rows.order_by("pk")[7], set(crowd.ids)
        agent = one.participants.get(purpose="agent")
        for query, truth in (
            ({"queue": str(one.queue_id)}, rows.filter(queue_id=one.queue_id)),
            ({"media": one.media}, rows.filter(media=one.media)),
            ({"state": one.phase}, rows.filter(phase=one.phase)),
            ({"agent": one.agent}, rows.filter(agent__icontains=one.agent)),
            ({"agent": str(agent.user_id)}, rows.filter(participants__user_id=agent.user_id)),
            ({"q": one.customer[-5:]}, rows.filter(pk=one.pk)),
            ({"q": str(one.pk)}, rows.filter(pk=one.pk)),
            ({"q": str(one.pk)[:13]}, rows.filter(pk=one.pk)),
        ):
            assert found(admin, **query) & mine >= set(truth.values_list("pk", flat=True)), query
            assert one.pk in found(admin, **query)
            assert found(admin, **query) < found(admin) | mine

    def test_by_edits(self, admin: User, crowd: Crowd) -> None:
        with a_crowd(3) as few:
            few.edited(1, State.UNVERIFIABLE)
            few.edited(1, State.CONFIRMED)
            mine = set(few.ids)
            (unproven,) = found(admin, edits="attention") & mine
            assert found(admin, edits="unverifiable") & mine == {unproven}
            assert not found(admin, edits="reverted") & mine
            assert len(found(admin, edits="confirmed") & mine) == 1

    def test_search_finds_how_a_value_begins(self, admin: User, crowd: Crowd) -> None:
        (one, *_) = holding(crowd, "case_id")
        row = LiveAttribute.objects.get(conversation=one, key="case_id")
        assert one in found(admin, q=bytes(row.start).decode().upper())
        assert one not in found(admin, q=bytes(row.start).decode()[1:] + "x")

    def test_put_together_in_the_form_become_an_address(self, admin: User) -> None:
        form = {"q": "", "queue": "", "attribute": "priority", "how": "is", "value": "Gold"}
        answer = signed_in(admin).get("/", {**form, "media": "voice", "with": "language"})
        assert (answer.status_code, answer["Location"]) == (
            302,
            "/?media=voice&is.priority=Gold&with=language",
        )

    def test_order_by_an_attribute_with_what_lacks_it_last(self, admin: User, crowd: Crowd) -> None:
        cache.clear()
        for sort in ("attr.priority", "-attr.priority"):
            query = urlencode({"sort": sort, "size": "200", "q": "+44 20 7946"})
            rows = signed_in(admin).get(f"/?{query}").context["rows"]
            shown = [
                LiveAttribute.objects.filter(conversation=each.id, key="priority").first()
                for each in rows
            ]
            values = [bytes(each.start) for each in shown if each]
            assert values == sorted(values, reverse=sort.startswith("-"))
            assert not any(shown[len(values) :])


class TestWhatMayNotBeSeen:
    @pytest.mark.parametrize(
        "query",
        [
            {"is.case_id": "C-1"},
            {"with": "case_id"},
            {"without": "case_id"},
            {"sort": "attr.case_id"},
        ],
        ids=str,
    )
    @pytest.mark.parametrize("how", ["hidden", "masked"])
    def test_is_not_found_out(
        self, secret: AttributeDefinition, admin: User, how: str, query: dict[str, str]
    ) -> None:
        secret.masked = how == "masked"
        secret.seen_by = Audience.EVERYONE if secret.masked else Audience.ADMINS
        secret.edited_by = Audience.ADMINS
        catalogue.save(secret, by=admin)
        person = a_supervisor()
        assert REFUSED in refusal(person, **query)
        assert not signed_in(admin).get(f"/?{urlencode(query)}").context["refusals"]

    def test_is_not_searched(self, secret: AttributeDefinition, crowd: Crowd, admin: User) -> None:
        one = LiveAttribute.objects.filter(key="case_id", conversation__in=crowd.ids).earliest("pk")
        words = bytes(one.start).decode()
        assert one.conversation_id in found(admin, q=words)
        assert one.conversation_id not in found(a_supervisor(), q=words)

    def test_is_offered_nowhere(self, secret: AttributeDefinition) -> None:
        page = signed_in(a_supervisor()).get("/?sort=customer")
        assert "case_id" not in dict(page.context["offered"])
        assert "attr.case_id" not in [each.name for each in page.context["attributes"]]

    def test_is_no_column(self, secret: AttributeDefinition, crowd: Crowd) -> None:
        person = a_supervisor()
        person.columns = ["attr.case_id", "attr.language", "queue"]
        person.save(update_fields=["columns"])
        page = signed_in(person).get("/?q=%2B44+20+7946").context
        assert [each.name for each in page["columns"]] == ["customer", "queue", "attr.language"]
        assert {label for row in page["rows"] for label, _ in row.cells} <= {"Language", "language"}

    def test_of_another_name_by_case_is_asked_about(self, admin: User) -> None:
        AttributeDefinition.objects.create(key="tier_of_board", label="Tier")
        try:
            assert "Is it “tier_of_board”?" in refusal(admin, **{"with": "Tier_Of_Board"})
        finally:
            AttributeDefinition.objects.filter(key="tier_of_board").delete()


class TestSavedViews:
    def test_are_nobody_elses(self, admin: User) -> None:
        view = SavedView.objects.create(user=admin, name="Mine", query="media=voice")
        other = signed_in(a_user(Role.ADMIN))
        assert other.get(reverse("view", args=[view.pk])).status_code == 404
        assert other.post(reverse("view", args=[view.pk]), {"name": "x"}).status_code == 404
        assert other.post(reverse("view-delete", args=[view.pk])).status_code == 404
        assert "Mine" not in other.get("/").content.decode()
        view.refresh_from_db()
        assert view.name == "Mine"

    def test_take_no_name_twice(self, admin: User) -> None:
        client = signed_in(admin)
        form = {"name": "Voice", "query": "media=voice&page=3"}
        assert client.post(reverse("view-new"), form)["Location"] == "/?media=voice"
        answer = client.post(reverse("view-new"), form)
        assert answer.status_code == 422
        assert "already have a view of this name" in answer.content.decode()
        assert client.post(reverse("view-new"), {"name": "", "query": ""}).status_code == 422
        assert SavedView.objects.filter(user=admin).count() == 1

    def test_are_counted_as_this_person_finds(self, crowd: Crowd) -> None:
        supervisor = a_user(Role.SUPERVISOR)
        supervisor.queues.add(crowd.queues[0])
        SavedView.objects.create(user=supervisor, name="All of mine", query="sort=customer")
        SavedView.objects.create(
            user=supervisor, name="Not mine", query=f"queue={crowd.queues[1].pk}"
        )
        first, second = signed_in(supervisor).get("/").context["views"]
        assert first.count == str(Conversation.objects.filter(queue_id=crowd.queues[0].pk).count())
        assert (second.count, second.broken) == ("!", True)


class Poller:
    """A page that polls: it keeps what it was told, as the browser does."""

    def __init__(self, user: User, query: str = "") -> None:
        self._client, self._query = signed_in(user), query
        self._take(self._client.get(f"/?{query}").content.decode())

    def ask(self, mode: str = "hold", *, tag: str = "") -> str:
        raw = b"".join(each.bytes for each in self.ids)
        shown = f"{mode} {self.at} {base64.b64encode(raw).decode()}"
        headers = {"HX-Request": "true", "HX-PTag": tag, "Midcall-Shown": shown}
        cache.clear()  # the crowd raises no counter
        answer = self._client.get(f"/rows?{self._query}", headers=headers)
        self.status, self.tag = answer.status_code, str(answer["HX-PTag"])
        text = answer.content.decode()
        if mode != "pause" and answer.status_code == 200:
            self._take(text)
        return text

    def _take(self, text: str) -> None:
        self.ids = [UUID(each) for each in re.findall(r'<tr id="r([0-9a-f-]{36})"', text)]
        self.at = re.findall(r'data-at="([0-9.]+)"', text)[0]


class TestPolling:
    @pytest.fixture
    def poller(self, crowd: Crowd, admin: User) -> Callable[[str], Poller]:
        return lambda query: Poller(admin, query)

    def test_announces_what_is_new_and_holds_the_rest(
        self, crowd: Crowd, poller: Callable[[str], Poller]
    ) -> None:
        page = poller("q=held-here&sort=-started")
        with a_crowd(3) as more:
            Conversation.objects.filter(pk__in=more.ids).update(customer="held-here")
            page.ask("follow")
            before = page.ids
            assert set(before) == set(more.ids)
            (fresh,) = more.come(1, customer="held-here", appeared_at=now() + 5)
            assert "1 new · Show" in page.ask("hold")
            assert page.ids == before
            assert 'data-new="1 new"' in page.ask("pause")
            assert page.ids == before
            assert "new · Show" not in page.ask("follow")
            assert set(page.ids) == {*before, fresh}
            Conversation.objects.filter(pk=fresh).update(customer="elsewhere")
            page.ask("hold")
            assert page.ids == [each for each in page.ids if each in before]

    def test_answers_nothing_new_without_a_row(self, crowd: Crowd) -> None:
        page = Poller(a_user(Role.AGENT, crowd.agents[1].pk))

        def same() -> bool:  # a tag changes with time as well
            page.ask()
            return page.ask(tag=page.tag) == "" and page.status == 304

        until(same, what="nothing new")

    @pytest.mark.parametrize(
        "header",
        ["hold", "hold x y", "hold nan AAAA", "fly 1 AAAA", "hold 1 ****", "hold 1 " + "A" * 9000],
    )
    def test_is_not_confused_by_a_header(self, crowd: Crowd, admin: User, header: str) -> None:
        answer = signed_in(admin).get("/rows", headers={"Midcall-Shown": header})
        assert answer.status_code == 200
        assert "<tr" in answer.content.decode()

    def test_hears_of_a_change_of_the_catalogue(self, admin: User) -> None:
        client = signed_in(admin)

        def tag() -> str:
            cache.clear()
            return str(client.get("/rows")["HX-PTag"])

        before = tag()
        entry = AttributeDefinition(key=f"key_{uuid.uuid4().hex[:8]}", label="New")
        catalogue.save(entry, by=admin)
        changed = tag()
        catalogue.remove(entry, by=admin)
        removed = tag()
        admin.is_staff = admin.is_superuser = True
        admin.save(update_fields=["is_staff", "is_superuser"])
        form = {"key": f"key_{uuid.uuid4().hex[:8]}", "label": "Mended", "type": "text"}
        form |= {"max_length": "9", "order": "9", "seen_by": "everyone", "edited_by": "everyone"}
        form |= {"choices": "[]", "version": "1"}
        answer = client.post(reverse("admin:conversations_attributedefinition_add"), form)
        assert answer.status_code == 302
        assert len({before, changed, removed, tag()}) == 4
        AttributeDefinition.objects.filter(label="Mended").delete()


@pytest.mark.usefixtures("listener")
class TestWhatTheMirrorKeeps:
    def test_follows_the_attributes_of_the_first_customer(
        self, sandbox: Sandbox, admin: User
    ) -> None:
        value, other = a_value(), a_value()
        made: Made = sandbox.conversation(attributes={"case": value, "gone": ""})
        until(lambda: made.id in found(admin, **{"is.case": value}), what="it is found")
        assert made.id in found(admin, without="gone", **{"is.case": value})
        sandbox.write(made, {"case": other})
        until(lambda: made.id in found(admin, **{"is.case": other}), 20, what="its new value")
        assert made.id not in found(admin, **{"is.case": value})
        division = str(Conversation.objects.get(pk=made.id).division_ids[0])
        assert made.id in found(admin, division=division, **{"is.case": other})
        assert made.id not in found(admin, division=str(uuid.uuid4()), **{"is.case": other})
        sandbox.act(made, "end")
        until(
            lambda: not LiveAttribute.objects.filter(conversation_id=made.id).exists(),
            20,
            what="what has ended is looked for no more",
        )


def test_the_order_of_the_duration_is_announced_as_it_is_read(crowd: Crowd, admin: User) -> None:
    """Whoever began first has lasted longest."""
    for query, announced, next_ in (
        ("", "descending", "-started"),
        ("?sort=started", "descending", "-started"),
        ("?sort=-started", "ascending", "started"),
    ):
        page = signed_in(admin).get(f"/{query}").content.decode()
        heading = re.search(r'<th[^>]*aria-sort="(\w+)"><a href="\?([^"]*)">Duration', page)
        assert heading is not None
        assert (heading[1], heading[2]) == (announced, f"sort={next_}")
