"""Who is let in: no account with a password everybody knows, once the people and the customers are real, and nobody who
tries one password after the other."""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import ClassVar

import pytest
from django.apps import apps
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.management import call_command
from django.db import connection
from django.test import Client
from pytest_django import Settings

from conversations import checkup, staff
from conversations.models import Role, User
from conversations.models.clock import now
from dashboard import guessing
from dashboard.models import Guesses
from tests.builders import a_user
from tests.dashboard.test_panel import Asking, code_for, site_of

pytestmark = pytest.mark.usefixtures("database")

SECRET = "orange-kettle-71"
TOO_MANY = "Too many wrong passwords for this name."
LOGIN, ADMIN = "/accounts/login/", "/admin/login/"
DEMO = ("agent", "supervisor", "admin")


class Quick(MD5PasswordHasher):
    """Hashes in no time, and remembers that it did."""

    hashed: ClassVar[list[str]] = []

    def encode(self, password: str, salt: str) -> str:
        self.hashed.append(salt)
        return super().encode(password, salt)


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = [
        f"{__name__}.Quick",
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    ]


def signs_in(name: str, password: str, at: str = LOGIN, client: Client | None = None) -> bool:
    form = {"username": name, "password": password}
    return (client or Client()).post(at, form).status_code == 302


@pytest.fixture
def demo(settings: Settings) -> Iterator[dict[str, User]]:
    """The demo accounts as `manage.py demo` makes them, for this test alone."""
    before = {each.username: each for each in User.objects.filter(username__in=DEMO)}
    for each in before.values():
        User.objects.filter(pk=each.pk).update(username=f"{each.username}-aside", demo=False)
    call_command("demo", verbosity=0)
    yield {each.username: each for each in User.objects.filter(username__in=DEMO)}
    User.objects.filter(username__in=DEMO).delete()
    for each in before.values():
        User.objects.filter(pk=each.pk).update(username=each.username, demo=each.demo)


def found() -> checkup.Finding:
    return next(each for each in checkup.findings() if each.name == "accounts")


class TestADemoAccount:
    @pytest.mark.parametrize("at", [LOGIN, ADMIN])
    def test_signs_in_with_the_sandbox_and_not_with_an_organisation(
        self, demo: dict[str, User], settings: Settings, at: str
    ) -> None:
        assert signs_in("admin", "admin", at)
        settings.SANDBOX = False
        assert not signs_in("admin", "admin", at)

    def test_keeps_no_session_of_the_site_or_the_panel(
        self, demo: dict[str, User], settings: Settings
    ) -> None:
        window, asking, late = site_of(demo["admin"]), Asking(), Asking()
        assert asking.fetch(code_for(window, asking)) == 204
        code = code_for(window, late)
        assert (window.get("/").status_code, asking.signed_in) == (200, True)
        settings.SANDBOX = False
        assert window.get("/")["Location"].startswith(LOGIN)
        assert window.get("/admin/")["Location"].startswith(ADMIN)
        assert not asking.signed_in
        late.fetch(code)
        assert not late.signed_in

    def test_with_a_password_of_its_own_is_an_account_as_any_other(
        self, demo: dict[str, User], settings: Settings
    ) -> None:
        staff.save(demo["agent"], [], password=SECRET, by=demo["admin"])
        demo["admin"].set_password(SECRET)
        demo["admin"].save()  # as `changepassword` and the repair pages do
        settings.SANDBOX = False
        assert signs_in("agent", SECRET)
        assert signs_in("admin", SECRET)
        assert not signs_in("supervisor", "supervisor")

    def test_stays_one_when_its_password_is_only_hashed_anew(
        self, demo: dict[str, User], settings: Settings
    ) -> None:
        settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[::-1]
        settings.SANDBOX = False
        for _ in range(2):
            assert not signs_in("agent", "agent")
        assert User.objects.get(username="agent").demo

    def test_is_found_by_the_doctor_with_what_to_do(
        self, demo: dict[str, User], settings: Settings
    ) -> None:
        assert found().ok
        settings.SANDBOX = False
        assert not found().ok
        assert "admin, agent, supervisor" in found().detail
        assert "createsuperuser" in found().remedy
        User.objects.filter(demo=True).update(is_active=False)
        assert found().ok

    def test_made_before_they_were_marked_is_marked_if_its_password_still_is_its_name(
        self, demo: dict[str, User]
    ) -> None:
        demo["agent"].set_password(SECRET)
        demo["agent"].save(update_fields=["password"])
        User.objects.filter(username__in=DEMO).update(demo=False)
        import_module("conversations.migrations.0015_demo_accounts").mark(apps, None)
        marked = User.objects.filter(demo=True, username__in=DEMO)
        assert set(marked.values_list("username", flat=True)) == {"supervisor", "admin"}


@pytest.fixture
def person() -> Iterator[User]:
    user = a_user(Role.ADMIN)
    user.is_staff = True
    user.set_password(SECRET)
    user.save()
    yield user
    user.delete()


def page(name: str, password: str, at: str = LOGIN, **where: str) -> str:
    """What a browser that is not let in is shown; empty: it is let in."""
    answer = Client().post(at, {"username": name, "password": password}, **where)  # type: ignore[arg-type]
    return "" if answer.status_code == 302 else answer.content.decode()


def guess(name: str, times: int = guessing.TRIES, at: str = LOGIN, **where: str) -> None:
    for number in range(times):
        said = page(name, f"guess-{number}", at, **where)
        assert said
        assert TOO_MANY not in said


class TestGuessing:
    POPUP = "/accounts/login/?next=/accounts/panel/%3Fask%3Dx"

    @pytest.mark.parametrize("at", [LOGIN, POPUP, ADMIN])
    def test_is_stopped_after_some_wrong_passwords_before_another_is_looked_at(
        self, person: User, at: str
    ) -> None:
        guess(person.username, at=at)
        hashed = len(Quick.hashed)
        for each in (LOGIN, self.POPUP, ADMIN):
            said = page(person.username, SECRET, each)
            assert TOO_MANY in said
            assert "Try again in 10 minutes." in said
        assert len(Quick.hashed) == hashed

    def test_at_the_same_moment_is_no_way_around_it(self, person: User) -> None:
        def at_once(number: int) -> bool:
            try:
                return TOO_MANY in page(person.username, f"guess-{number}")
            finally:
                connection.close()

        hashed = len(Quick.hashed)
        with ThreadPoolExecutor(8) as threads:
            stopped = list(threads.map(at_once, range(3 * guessing.TRIES)))
        assert stopped.count(False) == guessing.TRIES
        assert len(Quick.hashed) == hashed + guessing.TRIES

    def test_of_a_name_nobody_has_is_stopped_just_so(self) -> None:
        guess("nobody-has-this-name")
        assert TOO_MANY in page("nobody-has-this-name", SECRET)

    def test_is_forgotten_after_a_while(self, person: User) -> None:
        guess(person.username)
        Guesses.objects.update(since=now() - guessing.SECONDS + 50)
        assert "Try again in 1 minute." in page(person.username, SECRET)
        Guesses.objects.update(since=now() - guessing.SECONDS)
        assert page(person.username, SECRET) == ""
        assert not Guesses.objects.filter(since__lte=now() - guessing.SECONDS).exists()

    def test_is_forgotten_with_the_right_password(self, person: User) -> None:
        for _ in range(2):
            guess(person.username, guessing.TRIES - 1)
            assert page(person.username, SECRET) == ""

    def test_stops_nobody_else_and_nobody_elsewhere(self, person: User) -> None:
        guess(person.username, REMOTE_ADDR="192.0.2.7")
        assert TOO_MANY in page(person.username, SECRET, REMOTE_ADDR="192.0.2.7")
        guess("somebody-beside-them", 1, REMOTE_ADDR="192.0.2.7")
        assert page(person.username, SECRET, REMOTE_ADDR="192.0.2.8") == ""

    def test_from_many_addresses_is_stopped_as_well(self, person: User) -> None:
        for number in range(guessing.TRIES_FROM_ANYWHERE // guessing.TRIES):
            guess(person.username, REMOTE_ADDR=f"192.0.2.{number}")
        assert TOO_MANY in page(person.username, SECRET, REMOTE_ADDR="198.51.100.1")

    def test_behind_a_proxy_is_told_apart_by_what_the_proxy_adds(
        self, person: User, settings: Settings
    ) -> None:
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        for number in range(guessing.TRIES):
            guess(person.username, 1, HTTP_X_FORWARDED_FOR=f"10.0.0.{number}, 192.0.2.7")
        assert TOO_MANY in page(person.username, SECRET, HTTP_X_FORWARDED_FOR="192.0.2.7")
        assert page(person.username, SECRET, HTTP_X_FORWARDED_FOR="192.0.2.7, 192.0.2.8") == ""

    def test_without_a_proxy_is_not_fooled_by_what_anybody_may_write(self, person: User) -> None:
        for number in range(guessing.TRIES):
            guess(person.username, 1, HTTP_X_FORWARDED_FOR=f"192.0.2.{number}")
        assert TOO_MANY in page(person.username, SECRET, HTTP_X_FORWARDED_FOR="192.0.2.99")

    def test_is_logged_once_without_what_was_typed(
        self, person: User, caplog: pytest.LogCaptureFixture
    ) -> None:
        guess(person.username)
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                page(person.username, "my-very-own-secret")
        told = [str(each.msg) for each in caplog.records if "wrong passwords" in str(each.msg)]
        assert len(told) == 1
        assert f"'user': {person.pk}" in told[0]
        assert "127.0.0.1" in told[0]
        assert "my-very-own-secret" not in caplog.text
        assert person.username not in told[0]

    def test_leaves_no_name_in_the_database(self, person: User) -> None:
        guess("a-password-typed-as-a-name", 1)
        kept = Guesses.objects.values_list("key", flat=True)
        assert kept
        assert all(len(each) == 64 for each in kept)


class TestTheSignIn:
    def test_says_what_is_wrong(self, person: User) -> None:
        for name, password in ((person.username, "wrong"), ("", ""), (person.username, "")):
            assert "Name and password do not belong together." in page(name, password)
