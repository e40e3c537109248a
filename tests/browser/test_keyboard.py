"""Mid-call there are seconds: every key of the help does what it says, and two attributes take few keys, counted."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Keyboard, Page, expect

from conversations.models import AttributeEdit, User
from tests.browser.conftest import PANEL, Visitor
from tests.browser.scenes import address, held, own_conversation
from tests.browser.surroundings import into_the_panel
from tests.builders import a_value
from tests.genesys import Sandbox

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]

#: From the board, beside the values themselves.
AT_MOST = 12


class Counted:
    """A keyboard that counts: every key of a chord is one."""

    def __init__(self, keyboard: Keyboard) -> None:
        self._keyboard = keyboard
        self.strokes = 0

    def press(self, keys: str) -> None:
        self.strokes += len(keys.split("+"))
        self._keyboard.press(keys)

    def value(self, text: str) -> None:
        """Typed as it is, and not counted."""
        self._keyboard.type(text)


def test_two_attributes_are_changed_and_saved_with_few_keys(
    visit: Visit, sandbox: Sandbox, record_property: Callable[[str, object], None]
) -> None:
    agent, made = own_conversation(sandbox)
    page = visit(agent).go(f"/?q={made.id}")
    expect(page.locator(f"#r{made.id}")).to_be_visible()
    keys = Counted(page.keyboard)
    keys.press("j")
    keys.press("Enter")
    expect(page.locator("#editor")).to_be_visible()
    keys.press("e")
    keys.value("Gold")
    keys.press("Tab")
    keys.value("C-4711")
    expect(page.locator("#before-changes li")).to_have_text(
        ["Priority Silver → Gold", "Case number C-100 → C-4711"]
    )
    keys.press("Control+s")
    expect(page.locator("#st-case_id .badge")).to_have_text("Confirmed", timeout=15_000)
    assert sandbox.attributes(made)["priority"] == "Gold"
    assert sandbox.attributes(made)["case_id"] == "C-4711"
    assert keys.strokes <= AT_MOST
    record_property(
        "keystrokes from the board to two attributes saved, beside the values",
        f"{keys.strokes} (at most {AT_MOST})",
    )


@pytest.fixture
def board(visit: Visit, sandbox: Sandbox, admin: User) -> Page:
    """One page of rows, and one row more."""
    case = a_value()
    for made in sandbox.conversations(26, attributes={"case": case}):
        held(made)
    page = visit(admin).go(f"/?is.case={case}&size=25")
    expect(page.locator("#rows tr")).to_have_count(25)
    return page


class TestEveryKey:
    def test_of_the_board(self, board: Page) -> None:
        rows, first = board.locator("a.open"), board.locator("#rows tr").first
        for key, row in (("j", 0), ("j", 1), ("k", 0)):
            board.keyboard.press(key)
            expect(rows.nth(row)).to_be_focused()
        for chosen in (True, False):
            board.keyboard.press("x")
            expect(first.get_by_role("checkbox")).to_be_checked(checked=chosen)
        board.keyboard.press("p")
        expect(board.get_by_role("button", name="Resume updates")).to_be_visible()
        board.keyboard.press("p")
        expect(board.get_by_role("button", name="Pause updates")).to_be_visible()
        board.keyboard.press("/")
        board.keyboard.type("jx?p]")
        expect(board.get_by_role("searchbox")).to_have_value("jx?p]")
        board.keyboard.press("Escape")
        expect(board.get_by_role("searchbox")).not_to_be_focused()
        board.keyboard.press("?")
        expect(board.get_by_role("dialog")).to_be_visible()
        board.keyboard.press("Escape")
        expect(board.get_by_role("dialog")).to_be_hidden()

    def test_of_its_pages_however_a_keyboard_types_a_bracket(self, board: Page) -> None:
        for modifiers in ({}, {"altKey": True}, {"altKey": True, "ctrlKey": True}):
            for key, count in (("]", 1), ("[", 25)):
                board.locator("body").dispatch_event("keydown", {"key": key, **modifiers})
                expect(board.locator("#rows tr")).to_have_count(count)

    def test_that_leads_somewhere(self, board: Page) -> None:
        for key, path in (("e", "/edits/"), ("a", "/catalogue/"), ("p", "/profile/"), ("b", "/")):
            board.keyboard.press("g")
            board.keyboard.press(key)
            expect(board).to_have_url(re.compile(rf"//[^/]+{path}$"))

    def test_of_an_interaction(self, board: Page) -> None:
        board.keyboard.press("j")
        board.keyboard.press("Enter")
        expect(board.locator("#editor")).to_be_visible()
        board.keyboard.press("e")
        expect(board.locator("#editor [name^='set.']").first).to_be_focused()
        board.keyboard.press("Escape")
        board.keyboard.press("Escape")
        expect(board.locator("#rows tr")).to_have_count(25)
        expect(board.locator("a.open").first).to_be_focused()


def test_caps_lock_is_in_nobodys_way(visit: Visit, sandbox: Sandbox) -> None:
    agent, made = own_conversation(sandbox)
    page = visit(agent).go(f"/?q={made.id}")
    expect(page.locator(f"#r{made.id}")).to_be_visible()
    page.locator("body").dispatch_event("keydown", {"key": "J", "bubbles": True})
    expect(page.locator(f"#l{made.id}")).to_be_focused()
    page.keyboard.press("Enter")
    page.fill("[name='set.notes']", "said loudly")
    page.keyboard.press("Control+S")
    expect(page.locator("#st-notes .badge")).to_have_text("Confirmed", timeout=15_000)


def test_nothing_is_saved_behind_the_help(visit: Visit, sandbox: Sandbox) -> None:
    agent, made = own_conversation(sandbox)
    page = visit(agent).go(address(made))
    page.fill("[name='set.notes']", "not yet")
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Control+s")
    page.keyboard.press("Escape")
    expect(page.locator("#save")).to_have_text("Save 1 change")
    assert not AttributeEdit.objects.filter(lane__conversation_id=made.id).exists()
    page.keyboard.press("Control+s")
    expect(page.locator("#st-notes .badge")).to_have_text("Confirmed", timeout=15_000)


def test_goes_through_the_panels_list(visit: Visit, sandbox: Sandbox) -> None:
    agent, made = own_conversation(sandbox)
    held(sandbox.conversation(agent=made.raw["agent"]["id"]))
    page = into_the_panel(visit(viewport=PANEL), agent).go("/panel/?conversationId=")
    links = page.locator("#rows a.open")
    page.keyboard.press("j")
    expect(links.nth(0)).to_be_focused()
    page.keyboard.press("j")
    expect(links.nth(1)).to_be_focused()
    page.keyboard.press("k")
    expect(links.nth(0)).to_be_focused()
