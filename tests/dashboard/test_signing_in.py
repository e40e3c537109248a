"""Who is let in: no account with a password everybody knows, once the people and the customers are real."""

from collections.abc import Iterator
from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from conversations import checkup, staff
from conversations.models import User
from tests.dashboard.test_panel import Asking, code_for, site_of

pytestmark = pytest.mark.usefixtures("database")

SECRET = "orange-kettle-71"
LOGIN, ADMIN = "/accounts/login/", "/admin/login/"
DEMO = ("agent", "supervisor", "admin")


@pytest.fixture(autouse=True)
def _quick(settings: Settings) -> None:
    """What is hashed here is hashed in no time."""
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.MD5PasswordHasher",
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
        User.objects.filter(pk=each.pk).update(username=f"{each.username}-aside")
    call_command("demo", verbosity=0)
    yield {each.username: each for each in User.objects.filter(username__in=DEMO)}
    User.objects.filter(username__in=DEMO).delete()
    for each in before.values():
        User.objects.filter(pk=each.pk).update(username=each.username)


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
