"""The panel's doors: its own cookie, its own session, its own token, and a sign-in that nobody else can take."""

import re
import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.core import signing
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse

from conversations.models import Role, User
from conversations.models.clock import now
from dashboard.models import Handover, PanelStore
from dashboard.panel import handover
from dashboard.place import PANEL_URLS
from tests.builders import a_user, session_of

pytestmark = pytest.mark.usefixtures("database")

#: Without a sign-in they show nothing of anybody.
OPEN = {"board", "login", "panel-door", "panel-fetch"}
WINDOW = "/accounts/panel/"


def panel_of(user: User, **options: bool) -> Client:
    client = Client(**options)  # type: ignore[arg-type]
    client.cookies["panelsid"] = session_of(user, PanelStore)
    return client


def site_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def data(answer: Any, name: str) -> str:
    found = re.search(f'data-{name}="([^"]*)"', answer.content.decode())
    assert found, name
    return found[1]


def digits_of(answer: Any) -> str:
    found = re.search(r'class="digits">(\d{4})<', answer.content.decode())
    assert found
    return found[1]


class Asking:
    """A panel nobody is signed in to, and what it asks its window for."""

    def __init__(self) -> None:
        self.client = Client()
        page = self.client.get("/panel/")
        self.ask, self.secret, self.digits = (
            data(page, "ask"),
            data(page, "secret"),
            digits_of(page),
        )

    def fetch(self, code: str = "", ask: str = "", origin: str = "http://testserver") -> int:
        form = {"ask": ask or self.ask, "secret": self.secret, "code": code}
        headers = {"Origin": origin}
        return self.client.post("/panel/sign-in/fetch", form, headers=headers).status_code

    @property
    def signed_in(self) -> bool:
        return self.client.get("/panel/edits/").status_code == 200


def code_for(window: Client, asking: Asking) -> str:
    return data(window.post(WINDOW, {"ask": asking.ask}), "code")


def typed(window: Client, asking: Asking, digits: str) -> str:
    """What the window says to these digits."""
    page = window.post(WINDOW, {"ask": asking.ask, "digits": digits}).content.decode()
    if "The panel is signed in</h1>" in page:
        return "right"
    return "wrong" if "not the code the panel shows" in page else "refused"


def wrong(asking: Asking) -> str:
    return f"{(int(asking.digits) + 1) % 10_000:04}"


class TestEveryPage:
    def test_needs_a_sign_in_of_the_panel(self) -> None:
        patterns = [e for e in get_resolver(PANEL_URLS).url_patterns if isinstance(e, URLPattern)]
        assert {str(each.name) for each in patterns} > OPEN
        somebody = site_of(a_user(Role.ADMIN))
        for each in patterns:
            if each.name in OPEN:
                continue
            asked = dict.fromkeys(each.pattern.converters, uuid4()) | {"action": "leave"}
            wanted = {name: asked[name] for name in each.pattern.converters}
            address = reverse(str(each.name), PANEL_URLS, kwargs=wanted)
            assert address.startswith("/panel/")
            for client in (Client(), somebody):
                answer = client.get(address)
                assert answer.status_code == 302, address
                assert answer["Location"].startswith("/panel/sign-in/")
            fragment = {"HX-Request": "true"}
            assert somebody.get(address, headers=fragment).status_code == 401

    def test_finds_no_way_in_by_somebody_elses_session(self) -> None:
        """Were it told of one, the page would ask with its own person's name again, be refused again, and so on."""
        mine, theirs = a_user(), a_user()
        door = panel_of(theirs).get
        for person, status in ((theirs.pk, 204), ("", 204), (mine.pk, 200)):
            answer = door("/panel/sign-in/door", headers={"Midcall-Person": str(person)})
            assert answer.status_code == status, person
            assert ("Midcall-Token" in answer) == (status == 204)
        assert f"{theirs} is signed in here now." in answer.content.decode()

    @pytest.mark.parametrize("address", ["/panel/", "/panel/sign-in/", "/panel/nowhere/"])
    def test_may_be_framed_by_the_named_sites_alone(self, address: str) -> None:
        answer = panel_of(a_user()).get(address)
        named = " ".join([settings.GENESYS.apps_url, *settings.PANEL_ANCESTORS[1:]])
        policy = answer["Content-Security-Policy"]
        assert f"frame-ancestors {named};" in f"{policy};"
        assert "default-src 'none'" in policy
        assert "X-Frame-Options" not in answer
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin-allow-popups"

    def test_of_the_site_is_framed_by_nobody(self) -> None:
        answer = site_of(a_user()).get("/")
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
        assert answer["X-Frame-Options"] == "DENY"
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin"

    def test_of_the_sign_in_keeps_the_window_that_opened_it(self) -> None:
        for address in ("/accounts/login/", WINDOW):
            answer = Client().get(address)
            assert answer["Cross-Origin-Opener-Policy"] == "unsafe-none", address
            assert answer["X-Frame-Options"] == "DENY"


class TestTheCookie:
    def test_is_kept_apart_and_out_of_reach(self) -> None:
        user, asking = a_user(), Asking()
        assert asking.fetch(code_for(site_of(user), asking)) == 204
        answer = asking.client
        assert set(answer.cookies) == {"panelsid"}
        words = answer.cookies["panelsid"].OutputString().split("; ")
        assert {"Path=/panel/", "HttpOnly", "Secure", "SameSite=None", "Partitioned"} < set(words)

    def test_opens_nothing_on_the_site_and_the_sites_nothing_here(self) -> None:
        admin = a_user(Role.ADMIN)
        here, there = session_of(admin, PanelStore), session_of(admin)
        crossed = Client()
        crossed.cookies["sessionid"], crossed.cookies["panelsid"] = here, there
        assert crossed.get("/edits/")["Location"].startswith("/accounts/login/")
        assert crossed.get("/panel/edits/")["Location"].startswith("/panel/sign-in/")
        crossed.cookies["sessionid"], crossed.cookies["panelsid"] = there, here
        assert crossed.get("/edits/").status_code == 200
        assert crossed.get("/panel/edits/").status_code == 200

    def test_is_taken_away_when_one_signs_out_and_the_sites_is_not(self) -> None:
        user = a_user()
        client = site_of(user)
        client.cookies["panelsid"] = session_of(user, PanelStore)
        answer = client.post("/panel/sign-out")
        assert answer["Location"] == "/panel/sign-in/"
        gone = answer.cookies["panelsid"].OutputString().split("; ")
        assert {"Max-Age=0", "Path=/panel/", "Partitioned", "Secure"} < set(gone)
        assert set(answer.cookies) == {"panelsid"}
        assert client.get("/edits/").status_code == 200


class TestForgedPosts:
    def test_are_refused_and_the_pages_own_are_not(self) -> None:
        user = a_user()
        client = panel_of(user, enforce_csrf_checks=True)
        page = client.get("/panel/")
        assert "csrftoken" not in page.cookies
        assert client.post("/panel/shortcuts").status_code == 403
        token = data(page, "token")
        assert client.post("/panel/shortcuts", headers={"X-CSRFToken": token}).status_code == 302
        another = data(panel_of(user, enforce_csrf_checks=True).get("/panel/"), "token")
        assert client.post("/panel/shortcuts", headers={"X-CSRFToken": another}).status_code == 403
        client.cookies["csrftoken"] = "a" * 32  # what the site goes by is nothing here
        forged = {"X-CSRFToken": "a" * 32}
        assert client.post("/panel/shortcuts", headers=forged).status_code == 403


class TestTheAddress:
    def test_names_an_interaction_in_any_of_the_desktops_words(self) -> None:
        client, wanted = panel_of(a_user()), uuid4()
        for name in ("conversationId", "gcConversationId", "pcConversationId"):
            answer = client.get("/panel/", {name: str(wanted)})
            assert answer["Location"] == f"/panel/{wanted}/"

    @pytest.mark.parametrize("said", ["", "{{gcConversationId}}"])
    def test_that_names_none_leads_to_ones_own(self, said: str) -> None:
        page = panel_of(a_user()).get("/panel/", {"conversationId": said}).content.decode()
        assert "My interactions</h1>" in page
        assert "names no interaction" not in page

    @pytest.mark.parametrize(
        "said",
        ["42", "../../admin", "'; drop table", UUID(int=7).hex, f"{{{UUID(int=7)}}}", "x" * 5000],
        ids=["number", "path", "sql", "hex", "braces", "long"],
    )
    def test_that_names_nonsense_is_said_to(self, said: str) -> None:
        page = panel_of(a_user()).get("/panel/", {"conversationId": said})
        assert "names no interaction" in page.content.decode()

    def test_of_another_region_is_refused_signed_in_or_not(self) -> None:
        for client in (Client(), panel_of(a_user(Role.ADMIN))):
            for origin in ("https://apps.mypurecloud.de", "https://evil.example", "null"):
                answer = client.get("/panel/", {"gcHostOrigin": origin})
                assert (answer.status_code, "Wrong region" in answer.content.decode()) == (
                    403,
                    True,
                )
            for origin in (settings.GENESYS.apps_url, f"{settings.GENESYS.apps_url}/", ""):
                assert client.get("/panel/", {"gcHostOrigin": origin}).status_code == 200

    def test_chooses_the_language_of_all_that_follows(self) -> None:
        client = panel_of(a_user())
        assert 'lang="de"' in client.get("/panel/", {"langTag": "de-at"}).content.decode()
        assert 'lang="de"' in client.get("/panel/edits/").content.decode()
        assert 'lang="en' in client.get("/panel/", {"langTag": "en-us"}).content.decode()
        for odd in ("xx", "{{gcLangTag}}", "../de", "x" * 600):
            assert client.get("/panel/", {"langTag": odd}).status_code == 200

    def test_to_go_on_to_after_a_sign_in_stays_in_the_panel(self) -> None:
        for wanted in ("https://evil.example/", "//evil.example/panel/", "/admin/", "/panel/../x"):
            answer = Client().get("/panel/sign-in/", {"next": wanted})
            assert data(answer, "back") in ("/panel/", "/panel/../x"), wanted
        answer = Client().get("/panel/sign-in/", {"next": "/panel/edits/"})
        assert data(answer, "back") == "/panel/edits/"


class TestSigningOut:
    def test_of_the_panel_ends_the_windows_sign_in_too(self) -> None:
        window, asking = site_of(a_user()), Asking()
        assert asking.fetch(code_for(window, asking)) == 204
        assert asking.client.post("/panel/sign-out")["Location"] == "/panel/sign-in/"
        assert not asking.signed_in
        again = window.get(WINDOW, {"ask": Asking().ask})
        assert again["Location"].startswith("/accounts/login/"), "the next person would be let in"
        assert window.get("/edits/").status_code == 302

    @pytest.mark.parametrize("address", ["/accounts/logout/", "/admin/logout/"])
    def test_of_the_site_ends_the_panel_too(self, address: str) -> None:
        user = a_user(Role.ADMIN)
        User.objects.filter(pk=user.pk).update(is_staff=True)
        window, asking = site_of(user), Asking()
        assert typed(window, asking, asking.digits) == "right"
        assert asking.fetch() == 204
        assert asking.signed_in
        window.post(address)
        assert not asking.signed_in

    def test_ends_every_panel_the_sign_in_was_handed_to_and_no_other(self) -> None:
        user = a_user()
        window, asking, beside = site_of(user), Asking(), Asking()
        elsewhere, there = site_of(user), Asking()
        for where, each in ((window, asking), (window, beside), (elsewhere, there)):
            assert each.fetch(code_for(where, each)) == 204
        asking.client.post("/panel/sign-out")
        assert (asking.signed_in, beside.signed_in, there.signed_in) == (False, False, True)
        assert elsewhere.get("/edits/").status_code == 200

    def test_ends_what_has_not_been_fetched_yet(self) -> None:
        window, asking = site_of(a_user()), Asking()
        code = code_for(window, asking)
        window.post("/accounts/logout/")
        assert asking.fetch(code) == 410
        assert not asking.signed_in

    def test_is_what_signing_in_as_somebody_else_is(self) -> None:
        window, asking = site_of(a_user()), Asking()
        assert asking.fetch(code_for(window, asking)) == 204
        window.force_login(a_user())
        assert not asking.signed_in

    def test_takes_a_post(self) -> None:
        client = panel_of(a_user())
        assert client.get("/panel/sign-out").status_code == 405
        assert client.get("/panel/edits/").status_code == 200


class TestAHandOver:
    def test_with_a_code_signs_the_panel_in_once(self) -> None:
        user, asking = a_user(), Asking()
        assert not asking.client.cookies  # no session before there is somebody to have it
        assert asking.fetch() == 202
        code = code_for(site_of(user), asking)
        assert asking.fetch(code) == 204
        assert asking.signed_in
        assert asking.fetch(code) == 410
        assert typed(site_of(user), asking, asking.digits) == "refused"

    def test_with_the_digits_signs_the_panel_in_once(self) -> None:
        user, asking = a_user(), Asking()
        window = site_of(user)
        assert typed(window, asking, wrong(asking)) == "wrong"
        assert asking.fetch() == 202
        assert typed(window, asking, f" {asking.digits[:2]} {asking.digits[2:]} ") == "right"
        assert asking.fetch() == 204
        assert asking.signed_in
        assert asking.fetch() == 410

    def test_is_for_the_panel_that_asked(self) -> None:
        window, asking, other = site_of(a_user()), Asking(), Asking()
        code = code_for(window, asking)
        assert other.fetch(code, ask=asking.ask) == 410
        assert other.fetch(code) == 410
        assert typed(window, asking, asking.digits) == "right"
        assert other.fetch(ask=asking.ask) == 410
        assert not other.signed_in
        assert asking.fetch(code) == 204

    def test_is_fetched_from_our_own_pages(self) -> None:
        asking = Asking()
        code = code_for(site_of(a_user()), asking)
        for origin in (
            "null",
            "http://testserver:81",
            "https://testserver",
            "https://evil.example",
        ):
            assert asking.fetch(code, origin=origin) == 403
        assert asking.fetch(code) == 204

    def test_is_good_for_a_minute(self) -> None:
        user, asking = a_user(), Asking()
        window = site_of(user)
        code = code_for(window, asking)
        assert typed(window, asking, asking.digits) == "right"
        mine = Handover.objects.get(user=user)
        assert 55 < mine.code_until - now() <= 60
        assert 55 < mine.confirmed_until - now() <= 60
        Handover.objects.filter(pk=mine.pk).update(code_until=1, confirmed_until=1)
        assert asking.fetch() == 202
        assert asking.fetch(code) == 410
        assert not asking.signed_in

    def test_cannot_be_guessed_by_codes(self) -> None:
        window, asking = site_of(a_user()), Asking()
        code = code_for(window, asking)
        for _ in range(handover.TRIES):
            assert asking.fetch("guess") == 410
        assert asking.fetch(code) == 410  # the right one comes too late

    def test_cannot_be_guessed_by_digits(self) -> None:
        window, asking = site_of(a_user()), Asking()
        for _ in range(handover.TRIES):
            assert typed(window, asking, wrong(asking)) == "wrong"
        assert typed(window, asking, asking.digits) == "refused"
        assert asking.fetch() == 202

    def test_cannot_be_guessed_over_many_panels(self) -> None:
        window = site_of(a_user())
        answers = []
        for _ in range(handover.TRIES_PER_PERSON // handover.TRIES):
            asking = Asking()
            answers += [typed(window, asking, wrong(asking)) for _ in range(handover.TRIES)]
        assert set(answers) == {"wrong"}
        fresh = Asking()
        assert typed(window, fresh, fresh.digits) == "refused"

    def test_belongs_to_the_first_who_signs_in_for_it(self) -> None:
        first, second, asking = a_user(), a_user(), Asking()
        code_for(site_of(first), asking)
        assert typed(site_of(second), asking, asking.digits) == "refused"
        page = site_of(second).post(WINDOW, {"ask": asking.ask}).content.decode()
        assert "Start again in the panel" in page

    def test_needs_an_ask_of_ours_that_is_fresh(self) -> None:
        window, asking = site_of(a_user()), Asking()

        class Earlier(signing.TimestampSigner):
            def timestamp(self) -> str:
                return signing.b62_encode(int(time.time()) - handover.ASK_SECONDS - 1)

        told = signing.loads(asking.ask, salt=handover.SALT)
        old = Earlier(salt=handover.SALT).sign_object(told)
        for ask in ("", "nonsense", f"{asking.ask}x", signing.dumps(told), old):
            page = window.post(WINDOW, {"ask": ask}).content.decode()
            assert "Start again in the panel" in page
            assert asking.fetch(ask=ask or "-") == 410

    def test_is_not_for_somebody_who_may_no_longer_sign_in(self) -> None:
        user, asking = a_user(), Asking()
        code = code_for(site_of(user), asking)
        User.objects.filter(pk=user.pk).update(is_active=False)
        assert asking.fetch(code) == 410
        assert not asking.signed_in
