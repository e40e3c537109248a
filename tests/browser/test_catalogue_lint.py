"""The check of keys in a browser: an odd key of a live interaction is found, put right by keyboard, taken back."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from conversations.models import AttributeDefinition, Remedy, User
from tests.browser.conftest import PANEL, WIDE, Visitor
from tests.browser.scenes import counted, held
from tests.builders import a_value
from tests.genesys import Sandbox

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]


@pytest.fixture
def key(sandbox: Sandbox) -> Iterator[str]:
    """A key that a live interaction holds and nobody declared, and that no other test knows."""
    key = f"made {a_value()}"
    held(sandbox.conversation(attributes={key: "x", f"{key} too": "y"}))
    counted(key, f"{key} too")
    yield key
    AttributeDefinition.objects.filter(key__startswith=key).delete()
    Remedy.objects.filter(key__startswith=key).delete()


@pytest.mark.parametrize("viewport", [WIDE, PANEL], ids=["wide", "panel"])
def test_with_the_keyboard_alone(
    visit: Visit, admin: User, key: str, viewport: dict[str, int]
) -> None:
    page = visit(admin, viewport=viewport).go("/catalogue/")
    page.get_by_role("link", name="Check of keys").focus()
    page.keyboard.press("Enter")
    row = page.locator("tbody tr").filter(has=page.get_by_text(key, exact=True))
    expect(row).to_contain_text("in 1 live interaction")
    row.locator("a.open").focus()
    page.keyboard.press("Tab")
    expect(row.get_by_role("button", name="Declare")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("is in the catalogue now")).to_be_visible()
    assert AttributeDefinition.objects.filter(key=key).exists()
    expect(page.locator("tbody a.open:focus")).to_have_count(1)  # on to the next finding
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Take it back").press("Enter")
    expect(page.get_by_text("as it was before")).to_be_visible()
    expect(row).to_have_count(1)
    assert not AttributeDefinition.objects.filter(key=key).exists()


def test_enter_on_a_tick_leaves_what_is_ticked(visit: Visit, admin: User, key: str) -> None:
    page = visit(admin).go("/catalogue/lint/?kind=undeclared")
    tick = page.get_by_label(f"Choose “{key}”")
    tick.check()
    tick.press("Enter")
    expect(page.get_by_text("1 finding is left as it is.")).to_be_visible()
    assert Remedy.objects.get(key=key).what == Remedy.What.LEFT
    assert not AttributeDefinition.objects.filter(key__startswith=key).exists()


def test_ticked_ones_are_left_as_they_are(visit: Visit, admin: User, key: str) -> None:
    page = visit(admin, viewport=PANEL).go("/catalogue/lint/?kind=undeclared")
    for each in (key, f"{key} too"):
        page.get_by_label(f"Choose “{each}”").check()
    page.get_by_role("button", name="Leave the ticked as they are").click()
    expect(page.get_by_text("2 findings are left as they are.")).to_be_visible()
    expect(page.get_by_text(key, exact=True)).to_have_count(0)
    page.get_by_role("link", name="What was done").click()
    done = page.locator("tbody tr").filter(has=page.get_by_text(key, exact=True))
    expect(done).to_contain_text("Left as it is")
    expect(done).to_contain_text(str(admin))
