"""A save takes as long as the line lets it: whoever works on meanwhile loses nothing, and saves nothing twice."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from conversations.models import AttributeEdit
from tests.browser.conftest import Visitor
from tests.browser.scenes import address, own_conversation
from tests.browser.test_living_with_polls import eventually
from tests.genesys import Made, Sandbox

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]


class SlowLine:
    """Holds back what is saved until it is let through."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._held: list[Route] = []
        page.route("**/edits", self._hold)
        page.route("**/edits?check=1", self._hold)

    def _hold(self, route: Route) -> None:
        self._held.append(route)

    def save(self) -> None:
        self._page.keyboard.press("Control+s")
        self.comes()

    def comes(self) -> None:
        eventually(self._page, lambda: self._held, "something is sent")

    def let_through(self) -> None:
        self.comes()
        with self._page.expect_response("**/edits*"):
            self._held.pop(0).continue_()


@pytest.fixture
def opened(visit: Visit, sandbox: Sandbox) -> tuple[Page, Made]:
    agent, made = own_conversation(sandbox)
    visitor = visit(agent)
    visitor.may_complain("422")
    return visitor.go(address(made)), made


def edits_of(made: Made) -> int:
    return AttributeEdit.objects.filter(lane__conversation_id=made.id).count()


def test_what_is_typed_meanwhile_stays_and_is_saved_next(
    opened: tuple[Page, Made], sandbox: Sandbox
) -> None:
    page, made = opened
    line = SlowLine(page)
    page.fill("[name='set.notes']", "one")
    page.select_option("[name='set.priority']", "Gold")
    line.save()
    page.fill("[name='set.notes']", "one, two")
    page.select_option("[name='set.priority']", "Silver")
    page.fill("[name='set.case_id']", "C-5")
    line.let_through()
    expect(page.locator("#st-notes .badge")).to_be_visible()
    expect(page.locator("[name='set.notes']")).to_have_value("one, two")
    expect(page.locator("[name='set.priority']")).to_have_value("Silver")
    expect(page.locator("#save")).to_have_text("Save 3 changes")
    line.save()
    line.let_through()
    expect(page.locator("#st-notes .said")).to_contain_text("“one, two”", timeout=15_000)
    expect(page.locator("#st-notes .badge")).to_have_text("Confirmed", timeout=15_000)
    stored = sandbox.attributes(made)
    assert (stored["notes"], stored["priority"], stored["case_id"]) == ("one, two", "Silver", "C-5")


def test_saved_again_meanwhile_goes_out_as_soon_as_it_can(
    opened: tuple[Page, Made], sandbox: Sandbox
) -> None:
    page, made = opened
    line = SlowLine(page)
    page.fill("[name='set.notes']", "one")
    line.save()
    page.fill("[name='set.notes']", "one, two")
    page.keyboard.press("Control+s")
    page.keyboard.press("Control+s")
    line.let_through()
    line.let_through()
    expect(page.locator("#st-notes .said")).to_contain_text("“one, two”", timeout=15_000)
    expect(page.locator("#st-notes .badge")).to_have_text("Confirmed", timeout=15_000)
    assert sandbox.attributes(made)["notes"] == "one, two"
    assert edits_of(made) == 2


def test_pressed_twice_is_one_edit(opened: tuple[Page, Made]) -> None:
    page, made = opened
    line = SlowLine(page)
    page.fill("[name='set.notes']", "once")
    page.locator("#save").dblclick()
    line.let_through()
    expect(page.locator("#st-notes .badge")).to_have_text("Confirmed", timeout=15_000)
    expect(page.locator("#save")).to_have_attribute("aria-disabled", "true")
    assert edits_of(made) == 1


def test_a_save_is_not_lost_behind_a_question(opened: tuple[Page, Made], sandbox: Sandbox) -> None:
    page, made = opened
    page.fill("[name='set.case_id']", "88213")
    page.keyboard.press("Control+s")
    expect(page.locator("#errors")).to_contain_text("Nothing was saved")
    line = SlowLine(page)
    page.fill("[name='set.case_id']", "C-88213")
    page.locator("[name='set.notes']").focus()
    line.comes()
    page.keyboard.press("Control+s")
    line.let_through()
    line.let_through()
    expect(page.locator("#st-case_id .badge")).to_have_text("Confirmed", timeout=15_000)
    assert sandbox.attributes(made)["case_id"] == "C-88213"


def test_what_was_discarded_too_late_is_shown_as_saved(opened: tuple[Page, Made]) -> None:
    page, _ = opened
    line = SlowLine(page)
    page.fill("[name='set.notes']", "gone already")
    line.save()
    page.get_by_role("button", name="Discard").click()
    expect(page.locator("[name='set.notes']")).to_have_value("")
    line.let_through()
    expect(page.locator("[name='set.notes']")).to_have_value("gone already")
    expect(page.locator("#save")).to_have_attribute("aria-disabled", "true")
