"""Two admins in one entry of the catalogue, or in one account, as they see it."""

from collections.abc import Callable, Iterator

import pytest
from django.db.models import F
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


def test_enter_saves_and_takes_nothing_of_the_others(
    visit: Visit, admin: User, entry: AttributeDefinition
) -> None:
    visitor = visit(admin)
    visitor.may_complain("409")
    page = visitor.go(f"/catalogue/{entry.pk}/")
    label = page.get_by_role("textbox", name="Label")
    label.fill("Mine")
    AttributeDefinition.objects.filter(pk=entry.pk).update(label="Theirs", version=F("version") + 1)
    label.press("Enter")
    expect(page.get_by_role("button", name="Use theirs: Label")).to_be_visible()
    label.fill("Mine, finally")
    label.press("Enter")
    expect(page.locator(".banner.ok")).to_contain_text("Saved “Mine, finally”.")


def test_what_the_two_differ_in_fits_a_narrow_screen_in_german(
    visit: Visit, admin: User, entry: AttributeDefinition
) -> None:
    visitor = visit(admin, locale="de-DE", viewport={"width": 320, "height": 900})
    visitor.may_complain("409")
    page = visitor.go(f"/catalogue/{entry.pk}/")
    page.locator("[name=label]").fill("Mine")
    AttributeDefinition.objects.filter(pk=entry.pk).update(label="Theirs", version=F("version") + 1)
    page.locator(".savebar .primary").click()
    expect(page.locator(".banner.conf")).to_be_visible()
    assert not wider_than_the_screen(page)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (400, "dark")])
def test_the_second_locks_nobody_in_again_unasked(
    visit: Visit, admin: User, width: int, scheme: str
) -> None:
    person = a_user()
    path = f"/people/{person.pk}/"
    mine = visit(admin, viewport={"width": width, "height": 900}, color_scheme=scheme)
    mine.may_complain("409")
    page, theirs = mine.go(path), visit(a_user(Role.ADMIN)).go(path)
    page.get_by_label("Last name").fill("Berg")
    theirs.get_by_label("May sign in").uncheck()
    theirs.get_by_role("button", name="Save").click()
    expect(theirs.get_by_role("heading", name="People")).to_be_visible()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".banner.conf")).to_contain_text("Somebody else saved this account")
    expect(page.locator("tbody tr")).to_have_text(["May sign in No Yes"], use_inner_text=True)
    expect(page.get_by_label("Last name")).to_have_value("Berg")
    assert not problems(page, AXE.read_text())
    assert not wider_than_the_screen(page)
    page.get_by_label("May sign in").uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".banner.ok")).to_contain_text("Saved “Berg”.")
    person.refresh_from_db()
    assert (person.last_name, person.is_active) == ("Berg", False)
