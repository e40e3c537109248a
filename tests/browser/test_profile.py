"""What a person sets for themselves holds on every page, on every machine they sign in from."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from conversations.models import User
from tests.browser.conftest import Visitor
from tests.browser.scenes import address, held
from tests.builders import a_user
from tests.genesys import Sandbox

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]


@pytest.fixture
def person(database: None) -> User:
    return a_user()


def choose(page: Page, **wanted: str) -> None:
    for label, value in wanted.items():
        page.get_by_label(label.replace("_", " "), exact=True).select_option(value)
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".banner.ok")).to_contain_text("Your profile is saved.")


def background(page: Page) -> str:
    colour: str = page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


def test_is_one_step_from_every_page(visit: Visit, person: User) -> None:
    for viewport in ({"width": 1280, "height": 800}, {"width": 400, "height": 860}):
        page = visit(person, viewport=viewport).go("/edits/")
        page.get_by_role("link", name=str(person)).click()
        expect(page.get_by_role("heading", name="Your profile")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page.get_by_role("heading", name="Edits")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page.get_by_role("heading", name="Your profile")).to_be_visible()


def test_the_theme_is_the_devices_until_one_is_chosen(visit: Visit, person: User) -> None:
    page = visit(person, color_scheme="light").go("/profile/")
    light = background(page)
    choose(page, Theme="dark")
    dark = background(page)
    assert light != dark
    elsewhere = visit(person, color_scheme="light").go("/edits/")
    assert background(elsewhere) == dark
    choose(page, Theme="")
    elsewhere.reload()
    assert background(elsewhere) == light


def test_rows_become_compact(visit: Visit, person: User) -> None:
    page = visit(person).go("/profile/")
    before = page.get_by_label("Theme").bounding_box()
    choose(page, Density="compact")
    after = page.get_by_label("Theme").bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] < before["height"]


def test_times_are_in_the_chosen_zone(visit: Visit, sandbox: Sandbox, admin: User) -> None:
    made = held(sandbox.conversation())
    page = visit(admin).go(address(made))
    started = page.locator("#facts dd").filter(has_text=":").first

    def hour() -> int:
        return int(started.inner_text().split()[1].split(":")[0])

    utc = hour()
    choose(visitor_page := visit(admin).go("/profile/"), Time_zone="Asia/Tokyo")
    page.reload()
    assert (hour() - utc) % 24 == 9
    choose(visitor_page, Time_zone="")
    page.reload()
    assert hour() == utc


def test_the_language_is_the_browsers_until_one_is_chosen(visit: Visit, person: User) -> None:
    german = visit(person, locale="de-DE").go("/profile/")
    english = visit(person, locale="en-US").go("/profile/")
    expect(german.locator("html")).to_have_attribute("lang", "de")
    expect(english.locator("html")).to_have_attribute("lang", "en")
    english.locator("[name=language]").select_option("de")
    english.locator("main button.primary").click()
    expect(english.locator("html")).to_have_attribute("lang", "de")
    english.locator("[name=language]").select_option("en")
    english.locator("main button.primary").click()
    expect(english.locator("html")).to_have_attribute("lang", "en")
    german.reload()
    expect(german.locator("html")).to_have_attribute("lang", "en")


def test_single_keys_can_be_switched_off_here_too(visit: Visit, person: User) -> None:
    page = visit(person).go("/profile/")
    page.get_by_label("Single keys are shortcuts").uncheck()
    choose(page)
    page.locator("h1").click()
    page.keyboard.press("?")
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page.get_by_role("heading", name="Your profile")).to_be_visible()
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_label("Single keys are shortcuts").check()
    choose(page)
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
