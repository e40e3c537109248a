"""Two admins in one entry of the catalogue, as they see it."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Dialog, expect

from conversations.models import AttributeDefinition, Role, User
from tests.browser.conftest import Visitor
from tests.browser.test_accessibility import AXE, problems, wider_than_the_screen
from tests.builders import a_user

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]


@pytest.fixture
def entry(database: None) -> Iterator[AttributeDefinition]:
    entry = AttributeDefinition.objects.create(key="two_admins", label="Tier", order=900)
    yield entry
    AttributeDefinition.objects.filter(key=entry.key).delete()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_the_second_is_told_and_puts_both_together(
    visit: Visit, admin: User, entry: AttributeDefinition, width: int, scheme: str
) -> None:
    path = f"/catalogue/{entry.pk}/"
    mine = visit(admin, viewport={"width": width, "height": 900}, color_scheme=scheme)
    mine.may_complain("409")
    page, theirs = mine.go(path), visit(a_user(Role.ADMIN)).go(path)
    page.get_by_role("textbox", name="Label").fill("Mine")
    page.get_by_role("textbox", name="Hint").fill("Typed with care")
    theirs.get_by_label("Label").fill("Theirs")
    theirs.get_by_label("Masked").check()
    theirs.get_by_role("button", name="Save").click()
    expect(theirs.get_by_role("heading", name="Catalogue")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".banner.conf")).to_contain_text("Somebody else saved this entry")
    expect(page.get_by_role("textbox", name="Hint")).to_have_value("Typed with care")
    assert not problems(page, AXE.read_text())
    assert not wider_than_the_screen(page)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.once("dialog", stay)
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_role("textbox", name="Hint")).to_have_value("Typed with care")
    page.get_by_role("button", name="Use theirs: Masked").click()
    expect(page.get_by_role("button", name="Use theirs: Masked")).to_have_count(0)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.locator(".banner.ok")).to_contain_text("Saved “Mine”.")
    entry.refresh_from_db()
    assert (entry.label, entry.help, entry.masked) == ("Mine", "Typed with care", True)
    assert asked == ["beforeunload"]
