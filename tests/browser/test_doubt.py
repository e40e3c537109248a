"""Whether something was saved: in doubt only while it is, and never after a clear answer."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from dashboard.intake import MOST_BYTES
from tests.browser.conftest import PANEL, WIDE, Visitor
from tests.browser.scenes import address, own_conversation
from tests.browser.surroundings import into_the_panel
from tests.genesys import Made, Sandbox

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]

#: What every answer of Midcall carries.
OURS = {"X-Request-Id": "0123456789abcdef0123456789abcdef"}

#: So many letters at once.
PASTE = """(field, count) => {
  field.focus();
  field.value = "a".repeat(count);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}"""


@pytest.fixture(params=["site", "panel"])
def opened(request: pytest.FixtureRequest, visit: Visit, sandbox: Sandbox) -> tuple[Page, Made]:
    agent, made = own_conversation(sandbox)
    panel = request.param == "panel"
    visitor = visit(agent, viewport=PANEL if panel else WIDE)
    visitor.may_complain("Failed to load", "Failed to fetch", "ERR_FAILED")
    if panel:
        into_the_panel(visitor, agent)
    page = visitor.go(f"/panel/{made.id}/" if panel else address(made))
    return page, made


def test_is_over_with_the_next_good_answer(opened: tuple[Page, Made], sandbox: Sandbox) -> None:
    page, made = opened
    page.route("**/edits", lambda route: route.abort(), times=1)
    page.fill("[name='set.case_id']", "C-7")
    page.keyboard.press("Control+s")
    expect(page.locator("#unsent")).to_be_visible()
    page.keyboard.press("Control+s")
    expect(page.locator("#unsent")).to_be_hidden()
    expect(page.locator("#st-case_id .badge")).to_have_text("Confirmed", timeout=15_000)
    assert sandbox.attributes(made)["case_id"] == "C-7"


def test_is_none_where_it_was_too_large(opened: tuple[Page, Made], sandbox: Sandbox) -> None:
    page, made = opened
    case = page.locator("[name='set.case_id']")
    case.evaluate(PASTE, MOST_BYTES)  # with its name in front of it, that is more than fits
    page.keyboard.press("Control+s")
    refused = page.locator("#refused")
    expect(refused).to_contain_text("Refused, nothing was saved.", timeout=30_000)
    expect(page.locator("#unsent")).to_be_hidden()
    case.fill("C-7")
    page.keyboard.press("Control+s")
    expect(page.locator("#st-case_id .badge")).to_have_text("Confirmed", timeout=15_000)
    expect(refused).to_be_hidden()
    assert sandbox.attributes(made)["case_id"] == "C-7"


@pytest.mark.parametrize("status", [400, 413, 503])
def test_is_none_where_midcall_refused(opened: tuple[Page, Made], status: int) -> None:
    page, _ = opened
    page.route("**/edits", lambda route: route.fulfill(status=status, headers=OURS), times=1)
    page.fill("[name='set.case_id']", "C-7")
    page.keyboard.press("Control+s")
    refused = page.locator("#refused")
    expect(refused).to_be_in_viewport(ratio=1)
    expect(refused).to_contain_text("Refused, nothing was saved.")
    expect(page.locator("#unsent")).to_be_hidden()
    expect(page.locator("[name='set.case_id']")).to_have_value("C-7")
    page.keyboard.press("Control+s")
    expect(refused).to_be_hidden()
    expect(page.locator("#st-case_id .badge")).to_have_text("Confirmed", timeout=15_000)


@pytest.mark.parametrize(("status", "headers"), [(503, {}), (502, {}), (500, OURS)])
def test_is_there_where_somebody_else_answered_or_it_broke(
    opened: tuple[Page, Made], status: int, headers: dict[str, str]
) -> None:
    page, _ = opened
    page.route("**/edits", lambda route: route.fulfill(status=status, headers=headers), times=1)
    page.fill("[name='set.case_id']", "C-7")
    page.keyboard.press("Control+s")
    expect(page.locator("#unsent")).to_be_visible()
    expect(page.locator("#refused")).to_be_hidden()


def test_is_none_about_a_question(opened: tuple[Page, Made]) -> None:
    page, _ = opened
    page.fill("[name='set.case_id']", "88213")
    page.keyboard.press("Control+s")
    expect(page.locator("#errors")).to_contain_text("Nothing was saved")
    page.route("**/edits?check=1", lambda route: route.abort())
    page.fill("[name='set.case_id']", "C-88213")
    with page.expect_event("requestfailed"):
        page.locator("[name='set.priority']").focus()
    page.wait_for_timeout(200)
    expect(page.locator("#unsent")).to_be_hidden()


def test_a_refusal_makes_room_for_what_is_wrong(opened: tuple[Page, Made]) -> None:
    page, _ = opened
    page.route("**/edits", lambda route: route.fulfill(status=503, headers=OURS), times=1)
    page.fill("[name='set.case_id']", "88213")
    page.keyboard.press("Control+s")
    expect(page.locator("#refused")).to_be_visible()
    page.keyboard.press("Control+s")
    expect(page.locator("#errors")).to_contain_text("Nothing was saved")
    expect(page.locator("#refused")).to_be_hidden()
