"""Mid-call there are seconds: two attributes changed and saved with few keys, counted."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Keyboard, expect

from tests.browser.conftest import Visitor
from tests.browser.scenes import own_conversation
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
