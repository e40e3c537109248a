"""Discard brings back the page as it would be shown anew: no error, no proposal and no field of before is left."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from conversations.models import AttributeEdit, User
from tests.browser.conftest import PANEL, WIDE, Visitor
from tests.browser.scenes import address, own_conversation
from tests.browser.surroundings import into_the_panel
from tests.browser.test_links import link
from tests.genesys import Sandbox

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]

FORM = """() => ({
    fields: [...document.querySelectorAll("#editor [name^='set.']")].map((each) => [
        each.name, each.tagName, each.type, each.value, each.getAttribute("aria-invalid"),
        [...(each.options ?? [])].map((option) => option.value),
    ]),
    errors: [...document.querySelectorAll("#editor .error, #errors, #before-changes")]
        .map((each) => each.textContent.trim()),
    marks: document.querySelectorAll(".changed, .proposed, .clash:not([hidden])").length,
    save: document.querySelector("#save").textContent,
    discard: document.querySelector("#discard").hidden,
    light: document.querySelector("#light").textContent,
    address: location.href,
})"""


def shown(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(FORM)
    return found


def discard(page: Page) -> None:
    page.get_by_role("button", name="Discard").click()
    expect(page.locator("#save")).to_be_focused()


@pytest.mark.parametrize(("panel", "size"), [(False, WIDE), (True, PANEL)])
def test_after_something_wrong(
    visit: Visit, sandbox: Sandbox, panel: bool, size: dict[str, int]
) -> None:
    agent, made = own_conversation(sandbox)
    visitor = visit(agent, viewport=size)
    visitor.may_complain("422")
    if panel:
        into_the_panel(visitor, agent)
    page = visitor.go(f"/panel/{made.id}/" if panel else address(made))
    before = shown(page)
    page.fill("[name='set.case_id']", "88213")
    page.select_option("[name='set.priority']", "Gold")
    page.keyboard.press("Control+s")
    expect(page.locator("#errors")).to_contain_text("Nothing was saved")
    discard(page)
    assert shown(page) == before
    assert not AttributeEdit.objects.filter(lane__conversation_id=made.id).exists()


def test_after_something_wrong_that_was_put_right_by_hand(visit: Visit, sandbox: Sandbox) -> None:
    agent, made = own_conversation(sandbox)
    visitor = visit(agent)
    visitor.may_complain("422")
    page = visitor.go(address(made))
    before = shown(page)
    page.fill("[name='set.case_id']", "88213")
    page.keyboard.press("Control+s")
    expect(page.locator("#errors")).to_contain_text("Nothing was saved")
    page.fill("[name='set.case_id']", "C-100")
    discard(page)
    assert shown(page) == before


def test_of_fields_added_by_hand(visit: Visit, sandbox: Sandbox, colleague: User) -> None:
    _, made = own_conversation(sandbox, attributes={"priority": "Silver", "tier": "gold"})
    page = visit(colleague).go(address(made))
    before = shown(page)
    page.locator("#others-box summary").click()
    page.get_by_role("button", name="Edit tier").click()
    page.fill("[name='set.tier']", "platinum")
    page.fill("#new-key", "colour")
    page.get_by_role("button", name="Add").click()
    page.fill("[name='set.colour']", "red")
    discard(page)
    assert shown(page) == before
    page.fill("#new-key", "colour")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("[name='set.colour']")).to_be_focused()
    discard(page)  # one that nobody has typed into as well
    assert shown(page) == before


def test_of_what_a_link_proposed(visit: Visit, sandbox: Sandbox, colleague: User) -> None:
    _, made = own_conversation(sandbox)
    visitor = visit(colleague)
    visitor.may_complain("422")
    page = visitor.go(address(made))
    before = shown(page)
    page = visitor.go(link(made, priority="Purple", case_id="C-7", colour="red"))
    expect(page.locator(".proposed")).to_have_count(3)
    discard(page)
    assert shown(page) == before
    page.reload()
    assert shown(page) == before
    page = visitor.go(link(made, priority="Purple"))
    page.keyboard.press("Control+s")
    expect(page.locator("#errors")).to_contain_text("Nothing was saved")
    page.select_option("[name='set.priority']", "Gold")
    discard(page)
    assert shown(page) == before


def test_is_not_undone_by_an_answer_that_comes_late(visit: Visit, sandbox: Sandbox) -> None:
    agent, made = own_conversation(sandbox)
    visitor = visit(agent)
    visitor.may_complain("422")
    page = visitor.go(address(made))
    before = shown(page)
    page.fill("[name='set.case_id']", "88213")
    page.keyboard.press("Control+s")
    expect(page.locator("#errors")).to_contain_text("Nothing was saved")
    held_back: list[Route] = []

    def hold_back(route: Route) -> None:
        held_back.append(route)

    page.route("**/edits?check=1", hold_back)
    page.locator("[name='set.case_id']").focus()
    with page.expect_request("**/edits?check=1"):
        page.locator("[name='set.notes']").focus()
    discard(page)
    with page.expect_response("**/edits?check=1"):
        held_back[0].continue_()
    page.wait_for_timeout(300)
    assert shown(page) == before
