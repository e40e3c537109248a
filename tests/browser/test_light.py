"""The light over an interaction is green only while nothing that was typed would be lost by a transfer."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from conversations.models import User
from tests.browser.conftest import PANEL, WIDE, Visitor
from tests.browser.scenes import address, own_conversation
from tests.browser.surroundings import into_the_panel
from tests.genesys import Sandbox

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]


def lit(page: Page, state: str, words: str) -> None:
    light = page.locator("#light .light")
    expect(light).to_have_attribute("data-light", state, timeout=15_000)
    expect(light).to_have_text(words)
    tone = {"safe": "light ok", "none": "light idle"}.get(state, "light warn")
    expect(light).to_have_class(tone)


@pytest.mark.parametrize(("panel", "size"), [(False, WIDE), (True, PANEL)])
def test_text_that_is_not_saved_is_not_safe(
    visit: Visit, sandbox: Sandbox, panel: bool, size: dict[str, int]
) -> None:
    agent, made = own_conversation(sandbox)
    visitor = visit(agent, viewport=size)
    if panel:
        into_the_panel(visitor, agent)
    page = visitor.go(f"/panel/{made.id}/" if panel else address(made))
    lit(page, "none", "No changes on their way")
    page.select_option("[name='set.priority']", "Gold")
    lit(page, "unsaved", "Not saved yet: 1 change")
    page.keyboard.press("Control+s")
    lit(page, "safe", "Safe to transfer: every change is proven")
    page.select_option("[name='set.priority']", "Bronze")
    page.fill("[name='set.case_id']", "C-4")
    lit(page, "unsaved", "Not saved yet: 2 changes")
    with page.expect_response("**/poll?**"):
        page.evaluate("document.querySelector('#poll').removeAttribute('hx-ptag')")
    page.wait_for_timeout(200)
    lit(page, "unsaved", "Not saved yet: 2 changes")
    page.get_by_role("button", name="Discard").click()
    lit(page, "safe", "Safe to transfer: every change is proven")


def test_text_that_clashes_is_not_safe(visit: Visit, sandbox: Sandbox, colleague: User) -> None:
    _, made = own_conversation(sandbox)
    page = visit(colleague).go(address(made))
    page.select_option("[name='set.priority']", "Gold")
    page.locator("#save").click()
    lit(page, "safe", "Safe to transfer: every change is proven")
    page.fill("[name='set.case_id']", "C-4")
    sandbox.write(made, {"case_id": "C-5"})
    expect(page.locator("#f-case_id .clash")).to_be_visible(timeout=15_000)
    lit(page, "unsaved", "Not saved yet: 1 change")
    page.get_by_role("button", name="Keep theirs").click()
    lit(page, "safe", "Safe to transfer: every change is proven")


def test_what_is_on_its_way_is_told_beside_what_is_typed(visit: Visit, sandbox: Sandbox) -> None:
    agent, made = own_conversation(sandbox)
    sandbox.fault("stored_late", made, seconds=4)
    page = visit(agent).go(address(made))
    page.select_option("[name='set.priority']", "Gold")
    page.keyboard.press("Control+s")
    lit(page, "wait", "Wait: 1 unproven")
    page.fill("[name='set.case_id']", "C-4")
    lit(page, "wait", "Wait: 1 unproven · Not saved yet: 1 change")
    lit(page, "unsaved", "Not saved yet: 1 change")
    page.fill("[name='set.case_id']", "C-100")
    lit(page, "safe", "Safe to transfer: every change is proven")
