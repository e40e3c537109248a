"""A step taken about an attribute takes its button away; whoever uses the keyboard stays beside that attribute."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.scenes import address, own_conversation
from tests.browser.test_editing import badge
from tests.browser.test_living_with_polls import polls
from tests.genesys import Sandbox

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]

BESIDE = "document.activeElement.closest('#f-priority')?.id"


def press(page: Page, name: str) -> None:
    button = page.locator("#st-priority").get_by_role("button", name=name)
    expect(button).to_be_visible(timeout=15_000)
    button.focus()
    page.keyboard.press("Enter")
    expect(button).to_have_count(0, timeout=15_000)


def stays(page: Page) -> None:
    assert page.evaluate(BESIDE) == "f-priority"
    polls(page, 3)
    page.evaluate("document.querySelector('#poll').removeAttribute('hx-ptag')")
    polls(page, 2)
    assert page.evaluate(BESIDE) == "f-priority"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate(BESIDE) == "f-priority"


@pytest.mark.parametrize("step", ["Keep old value", "Try again"])
def test_after_what_did_not_stick(visit: Visit, sandbox: Sandbox, step: str) -> None:
    agent, made = own_conversation(sandbox)
    sandbox.fault("never_stored", made, times=1)
    page = visit(agent).go(address(made))
    page.select_option("[name='set.priority']", "Gold")
    page.keyboard.press("Control+s")
    press(page, step)
    if step == "Try again":
        badge(page, "priority", "Confirmed")
    stays(page)


def test_after_a_withdrawal(visit: Visit, sandbox: Sandbox) -> None:
    agent, made = own_conversation(sandbox)
    page = visit(agent).go(address(made))
    sandbox.fault("gateway_timeout", made, times=1)
    sandbox.fault("hang", made, call="read", seconds=3, times=1)
    page.fill("[name='set.case_id']", "C-778")
    page.keyboard.press("Control+s")
    expect(page.locator("#st-case_id")).to_contain_text("did not answer", timeout=15_000)
    page.select_option("[name='set.priority']", "Gold")
    page.keyboard.press("Control+s")
    press(page, "Withdraw")
    badge(page, "priority", "Withdrawn")
    stays(page)
