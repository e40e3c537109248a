"""The people's pages: nobody types an id, no password is weak, and an admin is always left."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from conversations import staff
from conversations.models import Conversation, GenesysUser, Participant, Queue, Role, User
from tests.builders import a_user
from tests.dashboard.shown import Shown

pytestmark = pytest.mark.usefixtures("database")

LIST, NEW = "/people/", "/people/new/"
SECRET = "orange-kettle-71"


@pytest.fixture
def admin() -> Iterator[User]:
    before = set(User.objects.values_list("pk", flat=True))
    user = a_user(Role.ADMIN)
    yield user
    User.objects.exclude(pk__in=before).delete()


@pytest.fixture
def client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def queue() -> Iterator[Queue]:
    queue = Queue.objects.create(id=uuid.uuid4(), name="Returns & repairs")
    yield queue
    queue.delete()


@pytest.fixture
def genesys() -> Iterator[uuid.UUID]:
    """A Genesys user who was seen in two conversations, once without a name."""
    pk = uuid.uuid4()
    conversations = [Conversation.objects.create(id=uuid.uuid4()) for _ in range(2)]
    for each, name in zip(conversations, ("", "Mara Lind"), strict=True):
        Participant.objects.create(
            conversation=each, participant_id=uuid.uuid4(), purpose="agent", user_id=pk, name=name
        )
    yield pk
    for each in conversations:
        each.delete()


def typed(**changed: Any) -> dict[str, Any]:
    """What a browser sends for a new agent."""
    return {
        "username": f"user-{uuid.uuid4().hex[:8]}",
        "first_name": "Mara",
        "last_name": "Lind",
        "role": Role.AGENT,
        "may_edit": "on",
        "is_active": "on",
        "genesys_user_id": "",
        "password": "",
        "password_again": "",
        **changed,
    }


def without(form: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in form.items() if name not in names}


def as_kept(user: User, **changed: Any) -> dict[str, Any]:
    return typed(**{"username": user.username, "role": user.role, **changed})


def address(user: User) -> str:
    return reverse("people-entry", args=[user.pk])


class TestTheDoor:
    ADDRESSES = (LIST, NEW, "/people/1/")

    def test_sends_nobody_to_the_sign_in(self) -> None:
        for each in self.ADDRESSES:
            assert Client().get(each)["Location"].startswith(reverse("login"))
            assert Client().post(each).status_code == 401

    @pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR])
    def test_tells_others_that_it_is_for_admins(self, role: str) -> None:
        user = a_user(role)
        client = Client()
        client.force_login(user)
        for each in (*self.ADDRESSES, address(user)):
            assert client.get(each).status_code == 403
        for each in (NEW, address(user)):
            assert client.post(each, as_kept(user, role=Role.ADMIN)).status_code == 403
        user.refresh_from_db()
        assert user.role == role

    def test_takes_no_wrong_method(self, client: Client, admin: User) -> None:
        assert client.post(LIST).status_code == 405
        assert client.put(NEW).status_code == 405
        assert client.delete(address(admin)).status_code == 405

    def test_does_not_know_who_is_not_there(self, client: Client) -> None:
        assert client.get("/people/0/").status_code == 404


class TestTheList:
    def row(self, client: Client, user: User) -> str:
        page = client.get(LIST, {"q": user.username}).content.decode()
        return page.partition(f'href="{address(user)}"')[2].partition("</tr>")[0]

    def test_shows_who_somebody_is_at_genesys(self, client: Client, genesys: uuid.UUID) -> None:
        assert "Mara Lind" in self.row(client, a_user(Role.AGENT, genesys))

    def test_warns_of_an_agent_who_sees_nothing(self, client: Client) -> None:
        assert "Not tied, sees nothing" in self.row(client, a_user(Role.AGENT))

    def test_shows_the_queues_of_a_supervisor(self, client: Client, queue: Queue) -> None:
        supervisor = a_user(Role.SUPERVISOR)
        assert "None" in self.row(client, supervisor)
        supervisor.queues.add(queue)
        assert "Returns &amp; repairs" in self.row(client, supervisor)
        User.objects.filter(pk=supervisor.pk).update(all_queues=True)
        assert "All" in self.row(client, supervisor)

    def test_shows_who_is_locked_out_and_who_only_watches(self, client: Client) -> None:
        user = a_user()
        User.objects.filter(pk=user.pk).update(may_edit=False)
        assert "Only watches" in self.row(client, user)
        User.objects.filter(pk=user.pk).update(is_active=False)
        assert "May not sign in" in self.row(client, user)

    def test_finds_by_any_part_of_a_name(self, client: Client) -> None:
        user = User.objects.create_user("x7-quill", first_name="Bea", last_name="Quillfeather")
        for words in ("x7-q", "quillf", "bea quill"):
            assert address(user) in client.get(LIST, {"q": words}).content.decode()
        page = client.get(LIST, {"q": "bea nobody"}).content.decode()
        assert "Nobody has a name like “bea nobody”." in page

    def test_comes_in_pages(self, client: Client) -> None:
        User.objects.bulk_create(User(username=f"zz-many-{n:03}") for n in range(101))
        page = client.get(LIST, {"q": "zz-many"}).content.decode()
        assert "100 of 101" in page
        assert "zz-many-100" not in page
        assert "zz-many-100" in client.get(LIST, {"q": "zz-many", "page": "2"}).content.decode()


class TestANewAccount:
    def test_can_sign_in_and_is_who_it_says(
        self, client: Client, queue: Queue, genesys: uuid.UUID
    ) -> None:
        secret = {"password": SECRET, "password_again": SECRET}
        form = typed(role=Role.SUPERVISOR, genesys_user_id=genesys, queues=[queue.pk], **secret)
        answer = client.post(NEW, form, follow=True)
        assert answer.redirect_chain == [(LIST, 302)]
        assert "Saved “Mara Lind”." in answer.content.decode()
        kept = User.objects.get(username=form["username"])
        assert (kept.role, kept.genesys_user_id, kept.may_edit) == (Role.SUPERVISOR, genesys, True)
        assert set(kept.queues.all()) == {queue}
        assert not kept.is_staff
        assert not kept.is_superuser
        assert Client().login(username=form["username"], password=SECRET)

    def test_is_offered_the_people_of_genesys_by_name(
        self, client: Client, genesys: uuid.UUID
    ) -> None:
        options = Shown(client.get(NEW).content).options["genesys_user_id"]
        assert options[""] == "Nobody"
        assert options[str(genesys)] == "Mara Lind"

    def test_is_offered_who_was_seen_in_nothing_that_is_still_kept(self, client: Client) -> None:
        """Housekeeping takes away the conversations; the names that a read brought stay."""
        gone = GenesysUser.objects.create(id=uuid.uuid4(), name="Oda Berg")
        options = Shown(client.get(NEW).content).options["genesys_user_id"]
        assert options[str(gone.pk)] == "Oda Berg"
        form = typed(genesys_user_id=gone.pk, password=SECRET, password_again=SECRET)
        assert client.post(NEW, form).status_code == 302
        page = client.get(LIST, {"q": form["username"]}).content.decode()
        gone.delete()
        assert "Oda Berg" in page

    def test_is_told_who_is_tied_already(self, client: Client, genesys: uuid.UUID) -> None:
        other = a_user(Role.AGENT, genesys)
        options = Shown(client.get(NEW).content).options["genesys_user_id"]
        assert options[str(genesys)] == f"Mara Lind, tied to {other.username}"

    def test_can_tell_namesakes_apart(self, client: Client, genesys: uuid.UUID) -> None:
        namesake = uuid.uuid4()
        Participant.objects.create(
            conversation=Participant.objects.filter(user_id=genesys)[0].conversation,
            participant_id=uuid.uuid4(),
            user_id=namesake,
            name="Mara Lind",
        )
        options = Shown(client.get(NEW).content).options["genesys_user_id"]
        for each in (genesys, namesake):
            assert options[str(each)] == f"Mara Lind (…{str(each)[-6:]})"


class TestAnAccount:
    def test_can_be_changed_without_its_password(self, client: Client) -> None:
        user = a_user()
        user.set_password(SECRET)
        user.save(update_fields=["password"])
        form = without(as_kept(user, last_name="Berg", all_queues="on"), "may_edit", "is_active")
        assert client.post(address(user), form).status_code == 302
        user.refresh_from_db()
        assert (user.last_name, user.all_queues) == ("Berg", True)
        assert (user.may_edit, user.is_active) == (False, False)
        assert user.check_password(SECRET)

    def test_keeps_a_genesys_user_nobody_has_seen_lately(self, client: Client) -> None:
        gone = uuid.uuid4()
        user = a_user(Role.AGENT, gone)
        shown = Shown(client.get(address(user)).content)
        assert shown["genesys_user_id"].value == str(gone)
        assert "Name not known" in shown.options["genesys_user_id"][str(gone)]
        client.post(address(user), as_kept(user, genesys_user_id=gone))
        user.refresh_from_db()
        assert user.genesys_user_id == gone

    def test_can_be_given_another_password(self, client: Client) -> None:
        user = a_user()
        form = as_kept(user, password=SECRET, password_again=SECRET)
        assert client.post(address(user), form).status_code == 302
        assert Client().login(username=user.username, password=SECRET)

    def test_of_ones_own_can_be_given_another_password_and_goes_on(
        self, client: Client, admin: User
    ) -> None:
        form = as_kept(admin, password=SECRET, password_again=SECRET)
        assert client.post(address(admin), form).status_code == 302
        assert client.get(LIST).status_code == 200

    @pytest.mark.parametrize("role", [Role.AGENT, Role.SUPERVISOR, Role.ADMIN])
    @pytest.mark.parametrize("active", [True, False])
    def test_that_is_not_an_admins_any_more_loses_the_repair_pages(
        self, client: Client, role: str, active: bool
    ) -> None:
        """Whatever it was before: locked out for a while, or never an admin here."""
        other = a_user(role)
        User.objects.filter(pk=other.pk).update(is_staff=True, is_superuser=True, is_active=active)
        assert client.post(address(other), as_kept(other, role=Role.AGENT)).status_code == 302
        other.refresh_from_db()
        assert (other.role, other.is_staff, other.is_superuser) == (Role.AGENT, False, False)
        theirs = Client()
        theirs.force_login(other)
        assert theirs.get("/admin/").status_code == 302

    def test_that_stays_an_admins_keeps_the_repair_pages(self, client: Client) -> None:
        other = a_user(Role.ADMIN)
        User.objects.filter(pk=other.pk).update(is_staff=True, is_superuser=True)
        client.post(address(other), as_kept(other, last_name="Berg"))
        other.refresh_from_db()
        assert (other.last_name, other.is_staff, other.is_superuser) == ("Berg", True, True)


class TestTwoAdmins:
    @pytest.fixture
    def theirs(self) -> Client:
        client = Client()
        client.force_login(a_user(Role.ADMIN))
        return client

    def opened(self, client: Client, user: User, **typed: Any) -> dict[str, Any]:
        """What the form of this admin sends with what they type."""
        seen = Shown(client.get(address(user)).content)["seen"].value
        return as_kept(user, **{"seen": seen, "first_name": "", "last_name": "", **typed})

    def test_undo_nothing_of_one_another_unseen(self, client: Client, theirs: Client) -> None:
        user = a_user()
        mine = self.opened(client, user, last_name="Berg")
        locked = without(self.opened(theirs, user), "is_active")
        assert theirs.post(address(user), locked).status_code == 302
        answer = client.post(address(user), mine)
        shown = Shown(answer.content)
        assert answer.status_code == 409
        assert "Somebody else saved this account" in answer.content.decode()
        told = [(each.label, each.theirs, each.mine) for each in answer.context["differences"]]
        assert told == [("May sign in", "No", "Yes")]
        assert (shown["last_name"].value, shown["is_active"].on) == ("Berg", True)
        user.refresh_from_db()
        assert (user.last_name, user.is_active) == ("", False)

    def test_may_save_over_what_they_have_seen(self, client: Client, theirs: Client) -> None:
        user = a_user()
        mine = self.opened(client, user, last_name="Berg")
        theirs.post(address(user), self.opened(theirs, user, last_name="Stein"))
        seen = Shown(client.post(address(user), mine).content)["seen"].value
        theirs.post(address(user), self.opened(theirs, user, last_name="Wald"))
        assert client.post(address(user), mine | {"seen": seen}).status_code == 409
        newest = self.opened(client, user, last_name="Berg")
        assert client.post(address(user), newest).status_code == 302
        user.refresh_from_db()
        assert user.last_name == "Berg"

    def test_are_told_of_whatever_the_form_shows(
        self, client: Client, theirs: Client, queue: Queue, genesys: uuid.UUID
    ) -> None:
        user = a_user(Role.SUPERVISOR)
        mine = self.opened(client, user, username=f"{user.username}-2")
        changed: dict[str, Any] = {"role": Role.ADMIN, "first_name": "Bea", "last_name": "Stein"}
        changed |= {"genesys_user_id": genesys, "all_queues": "on", "queues": [queue.pk]}
        form = without(self.opened(theirs, user, **changed), "may_edit", "is_active")
        assert theirs.post(address(user), form).status_code == 302
        answer = client.post(address(user), mine)
        told = {each.label: (each.theirs, each.mine) for each in answer.context["differences"]}
        assert told == {
            "First name": ("Bea", "(empty)"),
            "Last name": ("Stein", "(empty)"),
            "Role": ("Admin", "Supervisor"),
            "May change attributes": ("No", "Yes"),
            "May sign in": ("No", "Yes"),
            "Genesys user": ("Mara Lind", "Nobody"),
            "All queues, also those still to come": ("Yes", "No"),
            "Queues": (queue.name, "(empty)"),
        }

    def test_are_not_held_up_by_what_the_form_does_not_show(self, client: Client) -> None:
        user = a_user()
        mine = self.opened(client, user, last_name="Berg")
        User.objects.filter(pk=user.pk).update(theme="dark", shortcuts=False)
        assert client.post(address(user), mine).status_code == 302

    def test_are_told_after_a_mistake_as_well(self, client: Client, theirs: Client) -> None:
        """The page that comes back with the mistake shows nothing of what the other has saved."""
        user = a_user()
        mine = self.opened(client, user, last_name="Berg")
        theirs.post(address(user), self.opened(theirs, user, last_name="Stein"))
        answer = client.post(address(user), mine | {"username": ""})
        assert answer.status_code == 422
        seen = Shown(answer.content)["seen"].value
        assert client.post(address(user), mine | {"seen": seen}).status_code == 409

    def test_are_asked_for_the_password_again(self, client: Client, theirs: Client) -> None:
        user = a_user()
        mine = self.opened(client, user, password=SECRET, password_again=SECRET)
        theirs.post(address(user), self.opened(theirs, user, last_name="Stein"))
        answer = client.post(address(user), mine)
        assert answer.status_code == 409
        assert "Enter the password again" in Shown(answer.content).error("password")
        assert SECRET not in answer.content.decode()

    @pytest.mark.parametrize("bad", ["x", "💥", "\0", "role:", "a" * 5000])
    def test_stumble_over_no_nonsense(self, client: Client, bad: str) -> None:
        user = a_user()
        assert client.post(address(user), as_kept(user, seen=bad)).status_code == 409


class TestWhatCannotBe:
    @pytest.mark.parametrize(
        ("field", "wrong", "message"),
        [
            ("username", {"username": ""}, "Enter a name to sign in with"),
            ("username", {"username": "two words"}, "valid username"),
            ("username", {"username": "u" * 151}, "at most 150"),
            ("first_name", {"first_name": "f" * 151}, "at most 150"),
            ("role", {"role": "king"}, "Select a valid choice"),
            ("genesys_user_id", {"genesys_user_id": "5a5a"}, "Select a valid choice"),
            ("genesys_user_id", {"genesys_user_id": str(uuid.uuid4())}, "Select a valid choice"),
            ("password", {"password": ""}, "Enter a password"),
            ("password", {"password": "short1!"}, "too short"),
            ("password", {"password": "password123"}, "too common"),
            ("password", {"password": "lindlind", "last_name": "Lindlind"}, "too similar"),
            ("password", {"password_again": "another-kettle-71"}, "differ"),
        ],
    )
    def test_is_said_beside_the_field_and_nothing_typed_is_lost(
        self, client: Client, queue: Queue, field: str, wrong: dict[str, str], message: str
    ) -> None:
        secret = {"password": SECRET, "password_again": SECRET}
        form = typed(**{**secret, "queues": [str(queue.pk)], **wrong})
        answer = client.post(NEW, form)
        shown = Shown(answer.content)
        assert answer.status_code == 422
        assert message in shown.error(field)
        assert shown.focused[0] == field
        not_shown = {"role", "genesys_user_id"} & {field}  # a list cannot show what is not in it
        for name in set(without(form, "password", "password_again", "queues")) - not_shown:
            assert shown[name].on if form[name] == "on" else shown[name].value == form[name]
        assert shown[f"queues.{queue.pk}"].on
        assert not User.objects.filter(username=form["username"]).exists()

    def test_a_password_never_comes_back_and_that_is_said(self, client: Client) -> None:
        user = a_user()
        form = as_kept(user, username="", password=SECRET, password_again=SECRET)
        answer = client.post(address(user), form)
        assert SECRET not in answer.content.decode()
        assert "Enter the password again" in Shown(answer.content).error("password")

    def test_a_password_entered_once_only(self, client: Client) -> None:
        user = a_user()
        answer = client.post(address(user), as_kept(user, password_again=SECRET))
        assert "Enter the password here as well." in Shown(answer.content).error("password")

    def test_a_name_that_differs_by_capitals_only(self, client: Client) -> None:
        user = a_user()
        answer = client.post(NEW, typed(username=user.username.upper()))
        assert "has this name already" in Shown(answer.content).error("username")

    def test_the_password_of_a_superuser_by_somebody_who_is_none(self, client: Client) -> None:
        other = a_user(Role.ADMIN)
        User.objects.filter(pk=other.pk).update(is_superuser=True)
        form = as_kept(other, password=SECRET, password_again=SECRET)
        answer = client.post(address(other), form)
        assert answer.status_code == 422
        assert "Only a superuser" in Shown(answer.content).error("password")


class TestAnAdmin:
    def test_cannot_take_away_their_own_role(self, client: Client, admin: User) -> None:
        answer = client.post(address(admin), as_kept(admin, role=Role.AGENT))
        assert answer.status_code == 422
        assert "your own admin role" in Shown(answer.content).error("role")
        admin.refresh_from_db()
        assert admin.role == Role.ADMIN

    def test_cannot_lock_themselves_out(self, client: Client, admin: User) -> None:
        answer = client.post(address(admin), without(as_kept(admin), "is_active"))
        assert answer.status_code == 422
        assert "cannot lock yourself out" in Shown(answer.content).error("is_active")
        admin.refresh_from_db()
        assert admin.is_active

    def test_can_remove_another(self, client: Client) -> None:
        other = a_user(Role.ADMIN)
        assert client.post(address(other), without(as_kept(other), "is_active")).status_code == 302
        other.refresh_from_db()
        assert not other.is_active

    @pytest.mark.parametrize("change", [{"role": Role.AGENT}, {"is_active": False}])
    def test_is_always_left(self, admin: User, change: dict[str, Any]) -> None:
        with transaction.atomic():
            others = User.objects.exclude(pk=admin.pk).filter(role=Role.ADMIN)
            others.update(is_active=False)
            for name, value in change.items():
                setattr(admin, name, value)
            with pytest.raises(staff.LastAdmin):
                staff.save(admin, [], password="", by=admin)
            transaction.set_rollback(True)
