"""A form sent after its session was over: the person signs in beside it and sends it again, with nothing typed anew."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from conversations.models import AttributeDefinition, User
from tests.browser.conftest import PANEL, WIDE, Visitor
from tests.browser.test_accessibility import AXE, assert_nothing_is_found
from tests.builders import a_value

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]

PASSWORD = "a long enough secret"
KEPT = "What you sent is kept on this page"


@pytest.fixture
def admin(admin: User) -> User:
    admin.set_password(PASSWORD)
    admin.save(update_fields=["password"])
    return admin


@pytest.fixture
def key() -> Iterator[str]:
    key = a_value()
    yield key
    AttributeDefinition.objects.filter(key=key).delete()


def sign_in(page: Page, user: User) -> None:
    page.get_by_label("Name").fill(user.username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Live interactions")).to_be_visible()


def sign_out(visitor: Visitor) -> None:
    """In another tab."""
    tab = visitor.open()
    tab.goto(f"{visitor.web}/edits/")
    tab.get_by_role("button", name="Sign out").click()
    expect(tab.get_by_role("button", name="Sign in")).to_be_visible()
    tab.close()


@pytest.mark.parametrize(("size", "scheme"), [(WIDE, "light"), (PANEL, "dark")])
def test_a_form_is_sent_again_after_signing_in_beside_it(
    visit: Visit, admin: User, key: str, size: dict[str, int], scheme: str
) -> None:
    visitor = visit(viewport=size, color_scheme=scheme)
    visitor.may_complain("401")
    sign_in(visitor.go("/accounts/login/"), admin)
    page = visitor.go("/catalogue/new/")
    page.get_by_role("textbox", name="Key").fill(key)
    page.locator("[name=label]").fill("“Typed” & <kept>")
    page.get_by_label("Type").select_option("choice")
    page.get_by_label("Choices").fill("A\nB")
    sign_out(visitor)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="You have been signed out")).to_be_visible()
    page.get_by_role("button", name="Send again").click()  # too early: it is kept once more
    expect(page.get_by_text(KEPT)).to_be_visible()
    with visitor.context.expect_page() as opened:
        page.get_by_role("link", name="Sign in in another tab").click()
    sign_in(opened.value, admin)
    opened.value.close()
    page.get_by_role("button", name="Send again").click()
    expect(page.locator(".banner.ok")).to_contain_text("Saved ““Typed” & <kept>”.")
    entry = AttributeDefinition.objects.get(key=key)
    assert (entry.label, entry.choices) == ("“Typed” & <kept>", ["A", "B"])


def test_its_page_has_no_finding_and_is_not_left_without_a_question(
    visit: Visit, admin: User
) -> None:
    visitor = visit(admin)
    visitor.may_complain("401")
    page = visitor.go("/people/new/")
    page.get_by_label("First name").fill("Mara")
    page.get_by_role("textbox", name="Password", exact=True).fill(PASSWORD)
    sign_out(visitor)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Passwords and files are not kept.")).to_be_visible()
    assert_nothing_is_found(page, AXE.read_text())
    page.once("dialog", lambda dialog: dialog.dismiss())
    page.get_by_role("heading").click()  # browsers ask only who has done something on the page
    with page.expect_event("dialog") as asked:
        page.evaluate("location.assign('/')")
    assert asked.value.type == "beforeunload"
    expect(page.get_by_text(KEPT)).to_be_visible()


def test_signing_out_twice_ends_at_the_sign_in(visit: Visit, admin: User) -> None:
    visitor = visit(admin)
    page = visitor.go("/edits/")
    sign_out(visitor)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    sign_in(page, admin)


def test_the_address_of_a_button_has_a_page(visit: Visit, admin: User) -> None:
    visitor = visit(admin)
    visitor.may_complain("405")
    page = visitor.go("/status/test")
    expect(page.get_by_role("heading", name="Not like this")).to_be_visible()
    assert_nothing_is_found(page, AXE.read_text())
    page.get_by_role("link", name="To the live board").click()
    expect(page.get_by_role("heading", name="Live interactions")).to_be_visible()
