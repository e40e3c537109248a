"""Attributes under odd names: they are shown, what cannot be done with them is not offered, and no page breaks."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from conversations.models import User
from tests.browser.conftest import Visitor
from tests.browser.scenes import address, held
from tests.browser.test_living_with_polls import polls
from tests.genesys import Sandbox

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]


def test_one_of_blanks_only_is_shown_without_a_pencil(
    visit: Visit, sandbox: Sandbox, colleague: User
) -> None:
    made = held(sandbox.conversation(attributes={"  ": "of blanks", 'it\'s "odd"': "one"}))
    page = visit(colleague).go(address(made))
    page.locator("#others-box summary").click()
    expect(page.locator("#others li")).to_have_count(2)
    expect(page.locator("#others li", has_text="of blanks")).to_be_visible()
    expect(page.locator("#others button")).to_have_count(1)
    page.locator("#others button").click()
    expect(page.locator("#free [data-field] input").first).to_have_value("one")


def test_a_field_that_is_not_there_does_not_end_the_page(
    visit: Visit, sandbox: Sandbox, colleague: User
) -> None:
    made = held(sandbox.conversation(attributes={"tier": "gold"}))
    visitor = visit(colleague)
    visitor.may_complain("404")
    page = visitor.go(address(made))
    page.evaluate("document.getElementById('new-key').removeAttribute('pattern')")
    page.fill("#new-key", "   ")
    with page.expect_response(lambda answer: "/field" in answer.url and answer.status == 404):
        page.get_by_role("button", name="Add").click()
    polls(page, 2)
    expect(page.locator("#gone")).to_be_hidden()
    expect(page.locator("#chip")).to_contain_text("Live")
    page.select_option("[name='set.priority']", "Gold")
    page.keyboard.press("Control+s")
    expect(page.locator("#st-priority .badge")).to_have_text("Confirmed", timeout=15_000)
