"""Every word of the pages can be translated, and the German ones fit and are German."""

import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

import pytest
import requests
from django.conf import settings
from playwright.sync_api import Page, expect

from conversations.models import (
    AttributeChange,
    AttributeDefinition,
    Conversation,
    Participant,
    Queue,
    Reason,
    Says,
    SeenKey,
    User,
)
from dashboard.models import PanelStore
from dashboard.panel.middleware import COOKIE
from tests.browser.conftest import Visitor
from tests.browser.every_page import PAGES, addresses, visitor_of_all
from tests.browser.scenes import address, own_conversation
from tests.browser.test_accessibility import wider_than_the_screen
from tests.builders import a_user, session_of
from tests.genesys import Sandbox
from tests.processes import ROOT, Process, answers, until
from tests.profile import free_port

__all__ = ["addresses", "visitor_of_all"]

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]

#: Every text of a page, spoken or not, each with how deep in brackets it begins. Keys, values, ids and times are data.
TEXTS = """() => {
  const found = [];
  const spoken = ["aria-label", "title", "placeholder", "alt"];
  const data = "script, style, code, kbd, time, .mono, .keys, .person, #id_time_zone option:not([value=''])";
  const outside = (text, depth) => {
    let out = "";
    for (const letter of text) {
      if (letter === "⟦") depth += 1;
      else if (letter === "⟧") depth -= 1;
      else if (!depth) out += letter;
    }
    return [out, depth];
  };
  let depth = 0, out = "";
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const holder = walker.currentNode.parentElement;
    if (holder.matches("textarea")) continue;
    [out, depth] = outside(walker.currentNode.data, depth);
    if (!holder.closest(data)) found.push(out);
  }
  if (depth) found.push(`cut in the middle: ${depth}`);
  const says = ({ name, value }) => spoken.includes(name) || (/^data-(?!heard)/.test(name) && value.includes(" "));
  for (const each of document.querySelectorAll("*"))
    for (const attribute of each.attributes)
      if (says(attribute)) found.push(outside(attribute.value, 0)[0]);
  found.push(outside(document.title, 0)[0]);
  return found.map((each) => each.trim()).filter(Boolean);
}"""
#: What is called so in every language.
NAMES = ("Midcall", "Genesys", "UTC", "English", "Deutsch")


@pytest.fixture(scope="module")
def marked(web: str, logs: Path) -> Iterator[str]:
    """The address of a site whose every translated word stands in brackets for a German browser."""
    from tests.marked import write_marked

    write_marked()
    port = str(free_port())
    process = Process(
        "web", logs / "marked.log", DJANGO_SETTINGS_MODULE="tests.marked", PORT=port
    ).start()
    site = f"http://127.0.0.1:{port}"
    until(answers(f"{site}/healthz"), 20, what="the site with marked words answers")
    yield site
    process.end()


@pytest.fixture(scope="module", autouse=True)
def german_is_compiled() -> None:
    import subprocess

    subprocess.run([".venv/bin/python", "bin/translations"], cwd=ROOT, check=True)


class TestEveryWord:
    @pytest.mark.parametrize("name", PAGES)
    def test_of_every_page_can_be_translated(
        self, visit: Visit, marked: str, visitor_of_all: User, addresses: dict[str, str], name: str
    ) -> None:
        visitor = german(visit, visitor_of_all, marked)
        visitor.may_complain("404")
        page = visitor.go(addresses[name])
        expect(page.locator("h1").first).to_be_visible()
        if name == "board":
            page.locator("[data-open=columns]").click()
        found = untranslated(page)
        assert not found, "\n".join(found)

    def test_of_the_sign_in_can_be_translated(self, visit: Visit, marked: str) -> None:
        page = german(visit, None, marked).go("/accounts/login/")
        assert not untranslated(page)
        page.fill("#id_username", "nobody")
        page.fill("#id_password", "nothing")
        page.locator("button.primary").click()
        expect(page.locator("main .banner.bad")).to_be_visible()
        assert not untranslated(page)

    def test_about_what_is_wrong_can_be_translated(
        self, visit: Visit, marked: str, admin: User
    ) -> None:
        visitor = german(visit, admin, marked)
        visitor.may_complain("422")
        found: list[str] = []
        for path in ("/catalogue/new/", "/people/new/"):
            page = visitor.go(path)
            page.locator(".savebar .primary").click()
            expect(page.locator("main .banner.bad")).to_be_visible()
            found += untranslated(page)
        assert not found, "\n".join(found)

    def test_of_the_editor_can_be_translated(
        self, visit: Visit, marked: str, sandbox: Sandbox
    ) -> None:
        agent, made = own_conversation(sandbox)
        visitor = german(visit, agent, marked)
        visitor.may_complain("422")
        page = visitor.go(address(made))
        page.fill("[name='set.case_id']", "9" * 1001)
        assert not untranslated(page)
        page.locator("#save").click()
        expect(page.locator("#errors .banner")).to_be_visible()
        assert not untranslated(page)
        page.fill("[name='set.case_id']", "C-1")
        page.locator("#save").click()
        expect(page.locator("[data-state=confirmed]").first).to_be_visible(timeout=20_000)
        assert not untranslated(page)

    def test_of_what_is_not_allowed_or_not_there_can_be_translated(
        self, visit: Visit, marked: str, sandbox: Sandbox
    ) -> None:
        agent, _ = own_conversation(sandbox)
        visitor = german(visit, agent, marked)
        visitor.may_complain("403")
        found = untranslated(visitor.go("/catalogue/"))
        page = visitor.go(f"/conversations/{uuid4()}/")
        found += untranslated(page)
        expect(page.locator("#words strong")).to_be_visible(timeout=20_000)
        assert not [*found, *untranslated(page)]

    def test_of_what_was_not_done_can_be_translated(
        self, visit: Visit, marked: str, admin: User
    ) -> None:
        person = a_user()
        visitor = german(visit, admin, marked)
        visitor.may_complain("401", "405", "409")
        found = untranslated(visitor.go("/status/test"))
        page = visitor.go(f"/people/{person.pk}/")
        User.objects.filter(pk=person.pk).update(is_active=False)
        page.locator(".savebar .primary").click()
        expect(page.locator(".banner.conf")).to_be_visible()
        found += untranslated(page)
        page.locator("[name=password]").fill("never sent back")
        visitor.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
        page.locator(".savebar .primary").click()
        expect(page.locator("main .banner.warn")).to_be_visible()
        found += untranslated(page)
        assert not found, "\n".join(found)

    def test_of_the_panel_can_be_translated(
        self, visit: Visit, marked: str, sandbox: Sandbox
    ) -> None:
        agent, made = own_conversation(sandbox)
        visitor = german(visit, agent, marked)
        visitor.may_complain("403", "404")
        paths = ["/panel/", "/panel/?gcHostOrigin=https://elsewhere.example", "/accounts/panel/"]
        found = [each for path in paths for each in untranslated(visitor.go(path))]
        enter_panel(visitor, agent)
        paths = ["/panel/", "/panel/?q=nobody", "/panel/?conversationId=none", "/panel/nowhere/"]
        paths += [f"/panel/?conversationId={made.id}", f"/panel/?conversationId={uuid4()}"]
        found += [each for path in paths for each in untranslated(visitor.go(path))]
        assert not found, "\n".join(found)


class TestGerman:
    def test_fits_the_panel(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        visitor = visit(agent, locale="de-DE", viewport={"width": 320, "height": 860})
        fits(visitor.go("/panel/"), "the panel of nobody")
        enter_panel(visitor, agent)
        fits(visitor.go("/panel/"), "the panel")
        page = visitor.go(f"/panel/?conversationId={made.id}")
        page.fill("[name='set.case_id']", "C-2")
        fits(page, "the editor in the panel")

    @pytest.mark.parametrize("name", PAGES)
    def test_fits_every_page(
        self, visit: Visit, visitor_of_all: User, addresses: dict[str, str], name: str
    ) -> None:
        visitor = visit(visitor_of_all, locale="de-DE")
        visitor.may_complain("404")
        page = visitor.go(addresses[name])
        for width in (320, 400):
            page.set_viewport_size({"width": width, "height": 900})
            fits(page, f"{name} at {width} px")

    def test_and_english_are_shown_to_two_people_at_once(
        self, visit: Visit, visitor_of_all: User, addresses: dict[str, str]
    ) -> None:
        english, german = visit(visitor_of_all), visit(visitor_of_all, locale="de-DE")
        for _ in range(2):  # what one has looked at is not kept for the other
            for visitor, channel, state in (
                (english, "Voice", "Refused"),
                (german, "Sprache", "Abgelehnt"),
            ):
                expect(visitor.go("/?size=200").locator("#rows")).to_contain_text(channel)
                badge = visitor.go(addresses["edit"]).locator("[data-state=rejected]").first
                expect(badge).to_have_text(state)

    def test_reasons_are_worded_for_whoever_looks(
        self, visit: Visit, visitor_of_all: User, addresses: dict[str, str]
    ) -> None:
        why = Reason.of(Says.FORBIDDEN)
        assert "lacks a permission" in str(why)
        page = visit(visitor_of_all, locale="de-DE").go(addresses["edit"])
        expect(page.locator("#reason")).to_contain_text("Der Verbindung von Midcall fehlt")
        page = visit(visitor_of_all).go(addresses["edit"])
        expect(page.locator("#reason")).to_contain_text(str(why))

    def test_is_nothing_for_machines(self, web: str) -> None:
        answer = requests.get(f"{web}/readyz", headers={"Accept-Language": "de"}, timeout=10)
        assert re.fullmatch(r"\d+ alive", answer.json()["worker"])


def german(visit: Visit, user: User | None, site: str) -> Visitor:
    visitor = visit(user, locale="de-DE")
    visitor.web = site
    return visitor


def enter_panel(visitor: Visitor, user: User) -> None:
    """The panel has a session of its own."""
    key = session_of(user, PanelStore)
    cookie = {"name": COOKIE, "value": key, "domain": "127.0.0.1", "path": "/panel/"}
    visitor.context.add_cookies([cookie])  # type: ignore[list-item]


def fits(page: Page, name: str) -> None:
    expect(page.locator("html[lang=de] h1").first).to_be_visible()
    page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
    assert not wider_than_the_screen(page), f"{name} scrolls sideways"
    assert not cut_off(page), f"{name} has words that are cut off"


def untranslated(page: Page) -> list[str]:
    """Texts with letters outside the brackets that are no data."""
    asked = {word for pair in parse_qsl(urlsplit(page.url).query) for word in pair}
    asked |= {word.removeprefix("set.") for word in asked}
    texts = [each for each in page.evaluate(TEXTS) if _has_words(each)]
    known = sorted({*NAMES, *data(), *asked}, key=len, reverse=True) if texts else []
    return [each for each in texts if _has_words(_without(each, known))]


def _without(text: str, known: list[str]) -> str:
    for each in known:
        if each in text:
            text = re.sub(rf"(?<!\w){re.escape(each)}(?!\w)", "", text)
    return re.sub(r"\b[0-9a-f-]{6,}\b|https?://\S+", "", text)


def _has_words(text: str) -> bool:
    return re.search(r"[^\W\d_]{2}", text) is not None


def data() -> set[str]:
    """What people and Genesys have named, and what attributes hold."""
    rows: Iterator[Any] = chain(
        Conversation.objects.values_list("customer", "queue_name", "agent", "media"),
        Participant.objects.values_list("name", "address", "purpose"),
        Queue.objects.values_list("name"),
        AttributeDefinition.objects.values_list("label", "help", "pattern", "key"),
        AttributeChange.objects.values_list("key", "value", "baseline", "observed"),
        SeenKey.objects.values_list("key"),
        User.objects.values_list("username", "first_name", "last_name"),
    )
    found = {str(each) for row in rows for each in row if each}
    for attributes in Participant.objects.values_list("attributes", flat=True):
        found |= {str(each) for each in chain(attributes, attributes.values())}
    for choices in AttributeDefinition.objects.values_list("choices", flat=True):
        found |= set(choices)
    return {each.strip() for each in found if each.strip()}


def cut_off(page: Page) -> list[str]:
    """Buttons, badges and headings that show less than they say."""
    cut: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("button, .button, .badge, .chip, h1, h2, legend, label")]
            .filter((each) => each.checkVisibility() && !each.closest(".out") && each.clientWidth)
            .filter((each) => each.scrollWidth > each.clientWidth + 1)
            .map((each) => each.textContent.trim())"""
    )
    return cut
