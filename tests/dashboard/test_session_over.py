"""A form sent after the session was over: nothing is done, nothing typed is lost, and no page is blank."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from conversations.models import AttributeDefinition, Role, User
from dashboard.models import PanelStore
from dashboard.place import PANEL_URLS
from tests.builders import a_user, session_of
from tests.dashboard.shown import Shown
from tests.dashboard.test_catalogue import typed

pytestmark = pytest.mark.usefixtures("database")

NEW, LOGIN = "/catalogue/new/", "/accounts/login/"
SECRET = "orange-kettle-71"
WORDS = "You have been signed out</h1>"


@pytest.fixture
def admin() -> User:
    user = a_user(Role.ADMIN)
    user.set_password(SECRET)
    user.save(update_fields=["password"])
    return user


@pytest.fixture
def key() -> Iterator[str]:
    key = f"typed_{uuid.uuid4().hex[:8]}"
    yield key
    AttributeDefinition.objects.filter(key=key).delete()


def hidden(content: bytes) -> dict[str, str]:
    """What the page would send again."""
    controls = Shown(content).controls.items()
    return {name: each.value for name, each in controls if each.attributes["type"] == "hidden"}


def somebody_before(*, panel: bool = False) -> Client:
    """A browser with the token of a session that is over."""
    client, user = Client(enforce_csrf_checks=True), a_user(Role.ADMIN)
    if panel:
        client.cookies["panelsid"] = "x" * 32
    else:
        client.force_login(user)
        client.get("/catalogue/")
        client.cookies.pop("sessionid")
    return client


def post(client: Client, path: str, form: dict[str, Any]) -> Any:
    token = client.cookies["csrftoken"].value
    return client.post(path, form | {"csrfmiddlewaretoken": token})


class TestAForm:
    def test_is_kept_and_sent_again_after_signing_in(self, admin: User, key: str) -> None:
        client = somebody_before()
        form = typed(key=key, label="<Tier>", type="choice", choices='A & B\n"C"')
        answer = post(client, f"{NEW}?key=x", form)
        assert (answer.status_code, answer["Cache-Control"]) == (401, "no-store")
        page = answer.content.decode()
        assert WORDS in page
        assert "Nothing was saved." in page
        assert f'action="{NEW}?key=x"' in page
        assert f'class="button primary" href="{LOGIN}" target="_blank"' in page
        assert "Passwords and files" not in page
        kept = hidden(answer.content)
        assert {name: kept[name] for name in form} == form
        assert not AttributeDefinition.objects.filter(key=key).exists()
        assert post(client, LOGIN, {"username": admin.username, "password": SECRET})["Location"]
        assert client.post(NEW, kept).status_code == 403  # token.js puts in that of the new cookie
        assert post(client, NEW, kept).status_code == 302
        assert AttributeDefinition.objects.get(key=key).choices == ["A & B", '"C"']

    def test_keeps_every_value_of_a_name_in_order(self) -> None:
        answer = post(somebody_before(), "/columns", {"column": ["b", "a"], "query": "q=x"})
        page = answer.content.decode()
        values = [page.index(f'name="column" value="{each}"') for each in ("b", "a")]
        assert values == sorted(values)

    def test_keeps_no_password_no_file_and_no_token_and_says_so(self) -> None:
        client = somebody_before()
        form = {"username": "mara", "password": SECRET, "password_again": SECRET}
        page = post(client, "/people/new/", form)
        assert set(hidden(page.content)) == {"csrfmiddlewaretoken", "username"}
        file = SimpleUploadedFile("catalogue.csv", b"key,label")
        sent = post(client, "/catalogue/import/", {"file": file, "others": "on"})
        assert set(hidden(sent.content)) == {"csrfmiddlewaretoken", "others"}
        for each in (page, sent):
            assert "Passwords and files are not kept." in each.content.decode()
            assert SECRET not in each.content.decode()
        empty = post(client, "/people/1/", {"username": "mara", "password": ""})
        assert "Passwords and files" not in empty.content.decode()

    def test_of_another_site_is_not_kept(self) -> None:
        """Else its fields would be one click from being sent by whoever signs in."""
        answer = somebody_before().post(NEW, typed(label="forged"))
        assert answer.status_code == 403
        assert "forged" not in answer.content.decode()

    def test_of_the_repair_pages_is_kept_as_well(self) -> None:
        answer = post(somebody_before(), "/admin/conversations/queue/add/", {"name": "Returns"})
        assert (answer.status_code, hidden(answer.content)["name"]) == (401, "Returns")

    @pytest.mark.parametrize("path", ["/accounts/logout/", "/admin/logout/"])
    def test_that_signs_out_has_nothing_left_to_do(self, path: str) -> None:
        assert post(somebody_before(), path, {})["Location"] == LOGIN

    def test_of_a_script_is_told_without_a_page(self) -> None:
        client = somebody_before()
        token = client.cookies["csrftoken"].value
        headers = {"HX-Request": "true", "X-CSRFToken": token}
        answer = client.post("/shortcuts", headers=headers)
        assert (answer.status_code, answer.content) == (401, b"")


class TestAFormOfThePanel:
    def test_leads_to_its_sign_in_and_then_to_where_it_was(self) -> None:
        client, back = somebody_before(panel=True), "/panel/edits/?state=failed"
        headers = {"Referer": f"https://midcall.example{back}"}
        for name in ("shortcuts", "logout"):
            path = reverse(name, PANEL_URLS)
            answer = client.post(path, headers=headers, follow=True)
            [(address, status)] = answer.redirect_chain
            assert (address.partition("?")[0], status) == ("/panel/sign-in/", 302)
            wanted = back if name == "shortcuts" else "/panel/"
            assert f'data-back="{wanted}"' in answer.content.decode()

    @pytest.mark.parametrize("said", ["", "https://[evil/panel", "https://x//panel/\\evil", "é"])
    def test_leads_nowhere_else(self, said: str) -> None:
        client = somebody_before(panel=True)
        answer = client.post("/panel/shortcuts", headers={"Referer": said}, follow=True)
        assert 'data-back="/panel/' in answer.content.decode()

    def test_of_a_script_is_told_without_a_page(self) -> None:
        headers = {"HX-Request": "true"}
        answer = somebody_before(panel=True).post("/panel/shortcuts", headers=headers)
        assert (answer.status_code, answer.content) == (401, b"")

    def test_that_is_forged_still_is_refused_to_whoever_is_signed_in(self) -> None:
        client = Client(enforce_csrf_checks=True)
        client.cookies["panelsid"] = session_of(a_user(), PanelStore)
        assert client.post("/panel/shortcuts").status_code == 403


class TestAnAddressThatTakesNoSuchThing:
    def signed_in(self) -> Client:
        client, user = Client(), a_user(Role.ADMIN)
        client.force_login(user)
        client.cookies["panelsid"] = session_of(user, PanelStore)
        return client

    @pytest.mark.parametrize(("urls", "home"), [(None, "/"), (PANEL_URLS, "/panel/")])
    def test_says_so_with_words_and_a_way_on(self, urls: str | None, home: str) -> None:
        client, refused = self.signed_in(), 0
        for each in get_resolver(urls).url_patterns:
            if not isinstance(each, URLPattern):
                continue
            some: object = 1 if "pk" in str(each.pattern) else uuid.uuid4()
            asked = dict.fromkeys(each.pattern.converters, some) | {
                "action": "leave",
                "kind": "csv",
            }
            wanted = {name: asked[name] for name in each.pattern.converters}
            path = reverse(str(each.name), urls, kwargs=wanted)
            answer = client.get(path)
            if answer.status_code != 405:
                continue
            refused += 1
            assert "Not like this</h1>" in answer.content.decode(), path
            assert f'class="button" href="{home}"' in answer.content.decode()
            assert answer["Allow"]
        assert refused

    def test_says_nothing_to_a_script(self) -> None:
        answer = self.signed_in().get("/status/test", headers={"HX-Request": "true"})
        assert (answer.status_code, answer.content) == (405, b"")
