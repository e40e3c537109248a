"""The whole tour: as each demo account, with the mouse and with the keyboard alone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from conversations.management.commands.demo import SANDBOX_AGENT
from tests.browser.conftest import PANEL, Visitor
from tests.browser.scenes import ATTRIBUTES, held
from tests.genesys import Made, Sandbox

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]
ACCOUNTS = ("agent", "supervisor", "admin")


@pytest.fixture
def made(sandbox: Sandbox) -> Made:
    """A call the demo agent is on."""
    return held(sandbox.conversation(agent=str(SANDBOX_AGENT), attributes=ATTRIBUTES))


def sign_in_by_hand(page: Page, name: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(name)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("name", ACCOUNTS)
def test_sign_in_find_edit_and_follow(
    visit: Visit, sandbox: Sandbox, made: Made, name: str
) -> None:
    page = visit().go("/")
    sign_in_by_hand(page, name)
    expect(page.get_by_role("heading", name="Live interactions")).to_be_visible()
    expect(page.locator("#chip")).to_contain_text("Live ·", timeout=30_000)
    page.get_by_label("Search").fill(str(made.id))
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("#rows tr")).to_have_count(1)
    page.locator(f"#l{made.id}").click()
    page.get_by_label("Priority").select_option("Platinum")
    page.get_by_label("Call back on").fill("2026-12-24")
    page.get_by_role("button", name="Save 2 changes").click()
    expect(page.locator("#st-priority .badge")).to_have_text("Confirmed", timeout=15_000)
    expect(page.locator("#st-callback_date .badge")).to_have_text("Confirmed")
    held_there = sandbox.attributes(made)
    assert (held_there["priority"], held_there["callback_date"]) == ("Platinum", "2026-12-24")
    expect(page.locator("#history-count")).to_have_text("1")
    page.locator("#history a").first.click()
    expect(page.locator("main [data-state]").first).to_have_attribute("data-state", "confirmed")
    expect(page.locator("#timeline")).to_contain_text("Accepted")
    page.locator(".topbar nav a[href='/edits/']").click()
    expect(page.locator("#rows")).to_contain_text("Call back on, Priority")
    for title in ("Catalogue", "People"):
        link = page.get_by_role("link", name=title)
        if name == "admin":
            link.click()
            expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
        else:
            expect(link).to_have_count(0)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_wrong_password_is_said(visit: Visit) -> None:
    page = visit().go("/")
    page.get_by_label("Name").fill("agent")
    page.get_by_label("Password").fill("not this")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").filter(has_text="do not belong together")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("agent")


@pytest.mark.parametrize("name", ACCOUNTS)
def test_with_the_keyboard_alone(visit: Visit, sandbox: Sandbox, made: Made, name: str) -> None:
    page = visit().go("/")
    keys = page.keyboard
    keys.type(name)
    keys.press("Tab")
    keys.type(name)
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Live interactions")).to_be_visible()
    keys.press("/")
    keys.type(str(made.id))
    keys.press("Enter")
    expect(page.locator("#rows tr")).to_have_count(1)
    keys.press("j")
    expect(page.locator(f"#l{made.id}")).to_be_focused()
    keys.press("x")
    expect(page.locator(f"#r{made.id} input")).to_be_checked()
    page.locator(f"#l{made.id}").focus()
    keys.press("Enter")
    expect(page.locator("#editor")).to_be_visible()
    keys.press("e")
    expect(page.get_by_label("Priority")).to_be_focused()
    keys.type("Gold")
    keys.press("Tab")
    keys.press("Control+a")
    keys.type("C-4711")
    keys.press("Control+s")
    expect(page.locator("#st-case_id .badge")).to_have_text("Confirmed", timeout=15_000)
    assert sandbox.attributes(made)["priority"] == "Gold"
    expect(page.get_by_label("Case number")).to_be_focused()
    keys.press("Escape")
    keys.press("Escape")
    expect(page.get_by_role("heading", name="Live interactions")).to_be_visible()
    keys.press("g")
    keys.press("e")
    expect(page.get_by_role("heading", name="Edits")).to_be_visible()
    keys.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_single_keys_can_be_switched_off(visit: Visit, made: Made) -> None:
    page = visit().go("/")
    sign_in_by_hand(page, "agent")
    expect(page.get_by_role("heading", name="Live interactions")).to_be_visible()
    page.keyboard.press("?")
    page.get_by_role("button", name="Switch single keys off").click()
    expect(page.locator("body")).to_have_attribute("data-keys", "off")
    page.keyboard.press("j")
    expect(page.locator("a.open:focus")).to_have_count(0)
    page.get_by_role("button", name="Keyboard shortcuts").click()
    page.get_by_role("button", name="Switch single keys on").click()
    expect(page.locator("body[data-keys]")).to_have_count(0)


def test_in_a_panel_of_400_pixels(visit: Visit, sandbox: Sandbox, made: Made) -> None:
    page = visit(viewport=PANEL).go("/")
    sign_in_by_hand(page, "agent")
    page.goto(f"{page.url}?q={made.id}")
    page.locator(f"#l{made.id}").click()
    page.get_by_label("Language").select_option("de-DE")
    page.get_by_role("button", name="Save 1 change").click()
    expect(page.locator("#st-language .badge")).to_have_text("Confirmed", timeout=15_000)
    assert sandbox.attributes(made)["language"] == "de-DE"
