"""The way back leads to the list as it was left, with the focus on the row one came from."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from conversations.models import User
from tests.browser.conftest import PANEL, Visitor
from tests.browser.scenes import held, own_conversation
from tests.browser.surroundings import into_the_panel
from tests.builders import a_value, save, settled
from tests.genesys import Sandbox

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]


def esc(page: Page) -> None:
    page.keyboard.press("Escape")


def press_back(page: Page) -> None:
    page.locator("main [data-close]").click()


WAYS = pytest.mark.parametrize("back", [esc, press_back])


@WAYS
def test_to_the_board_keeps_search_filter_and_page(
    visit: Visit, sandbox: Sandbox, colleague: User, back: Callable[[Page], None]
) -> None:
    case = a_value()
    for made in sandbox.conversations(27, attributes={"case": case}):
        held(made)
    query = urlencode({"is.case": case, "sort": "customer", "size": 25, "page": 2})
    page = visit(colleague).go(f"/?{query}")
    expect(page.locator("#rows tr")).to_have_count(2)
    row = page.locator("#rows a.open").nth(1)
    identity = row.get_attribute("id")
    row.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#editor")).to_be_visible()
    page.get_by_role("link", name="Everything that happened").click()
    expect(page.locator("#events")).to_be_visible()
    back(page)
    expect(page.locator("#editor")).to_be_visible()
    back(page)
    expect(page.locator("#rows tr")).to_have_count(2)
    assert page.url.partition("?")[2] == f"{query}#{identity}"
    expect(page.locator(f"#{identity}")).to_be_focused()


def test_from_a_tab_of_its_own_as_well(visit: Visit, sandbox: Sandbox, colleague: User) -> None:
    _, made = own_conversation(sandbox)
    page = visit(colleague).go(f"/?q={made.id}")
    with page.context.expect_page() as opened:
        page.locator(f"#l{made.id}").click(modifiers=["Control"])
    expect(opened.value.locator("#editor")).to_be_visible()
    esc(opened.value)
    expect(opened.value.locator(f"#l{made.id}")).to_be_focused()
    assert f"/?q={made.id}" in opened.value.url


@WAYS
def test_to_the_edits_keeps_their_filters(
    visit: Visit, sandbox: Sandbox, admin: User, back: Callable[[Page], None]
) -> None:
    made = held(sandbox.conversation(attributes={"priority": "Silver"}))
    first = settled(save(made, {"priority": "Gold"}, by=admin, baseline="Silver"))
    settled(save(made, {"case_id": "C-1"}, by=admin))
    page = visit(admin).go(f"/edits/?conversation={made.id}")
    page.locator(f"#l{first.pk}").click()
    expect(page.locator("#timeline")).to_be_visible()
    back(page)
    expect(page.locator("#rows tr")).to_have_count(2)
    assert page.url.endswith(f"/edits/?conversation={made.id}#l{first.pk}")
    expect(page.locator(f"#l{first.pk}")).to_be_focused()


@WAYS
def test_in_the_panel(visit: Visit, sandbox: Sandbox, back: Callable[[Page], None]) -> None:
    case = a_value()
    agent, made = own_conversation(sandbox, attributes={"case_id": case})
    page = into_the_panel(visit(viewport=PANEL), agent).go(f"/panel/?q={case}")
    expect(page.locator("#rows li")).to_have_count(1)
    before = page.url
    page.locator(f"#l{made.id}").click()
    expect(page.locator("#editor")).to_be_visible()
    back(page)
    expect(page.locator(f"#l{made.id}")).to_be_focused()
    assert page.url == f"{before}#l{made.id}"
