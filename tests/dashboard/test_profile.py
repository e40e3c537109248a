"""The profile behind its page: nobody sets what does not exist, and nobody sets more than their own looks."""

import pytest
from django.test import Client

from conversations.models import Role, User
from tests.builders import a_user
from tests.dashboard.shown import Shown

pytestmark = pytest.mark.usefixtures("database")

CHOSEN = {
    "theme": "dark",
    "density": "compact",
    "time_zone": "Europe/Berlin",
    "language": "de",
    "shortcuts": "on",
}


@pytest.fixture
def person() -> User:
    return a_user()


@pytest.fixture
def client(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_is_kept_and_shown_again(client: Client, person: User) -> None:
    assert client.post("/profile/", CHOSEN).status_code == 302
    person.refresh_from_db()
    assert (person.theme, person.density, person.shortcuts) == ("dark", "compact", True)
    assert (person.time_zone, person.language) == ("Europe/Berlin", "de")
    answer = client.get("/profile/")
    shown = Shown(answer.content)
    assert {name: shown[name].value for name in CHOSEN if name != "shortcuts"} == {
        name: value for name, value in CHOSEN.items() if name != "shortcuts"
    }
    assert answer["Content-Language"] == "de"


@pytest.mark.parametrize("name", ["theme", "density", "time_zone", "language"])
@pytest.mark.parametrize("wrong", ["zzz", "../../etc/passwd", "\x00", "9" * 5000])
def test_takes_only_what_there_is(client: Client, person: User, name: str, wrong: str) -> None:
    answer = client.post("/profile/", {**CHOSEN, name: wrong})
    assert answer.status_code == 422
    assert Shown(answer.content)[name].invalid
    person.refresh_from_db()
    assert (person.theme, person.language) == ("", "")


def test_changes_nothing_but_the_profile(client: Client, person: User) -> None:
    client.post("/profile/", {**CHOSEN, "role": Role.ADMIN, "is_superuser": "on", "username": "x"})
    person.refresh_from_db()
    assert (person.role, person.is_superuser) == (Role.AGENT, False)
    assert person.username != "x"


def test_a_page_is_polled_anew_in_another_zone_or_language(client: Client, person: User) -> None:
    def tag() -> str:
        return client.get("/rows", headers={"HX-Request": "true"})["HX-PTag"]

    before = tag()
    client.post("/profile/", {**CHOSEN, "language": "en", "time_zone": ""})
    assert tag() == before
    client.post("/profile/", {**CHOSEN, "language": "en"})
    in_berlin = tag()
    client.post("/profile/", CHOSEN)
    assert len({before, in_berlin, tag()}) == 3
