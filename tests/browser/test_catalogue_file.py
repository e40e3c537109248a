"""Export and import in a browser: down with a click, changed, up again, looked at, confirmed with the keyboard."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from conversations.models import AttributeDefinition, User
from tests.browser.conftest import PANEL, Visitor
from tests.browser.test_accessibility import axe, problems, wider_than_the_screen
from tests.builders import a_value

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]

__all__ = ["axe"]  # a fixture


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_there_and_back(visit: Visit, admin: User, tmp_path: Path, axe: str, scheme: str) -> None:
    key, removed = a_value(), a_value()
    AttributeDefinition.objects.create(key=key, label="Before", help="Stays")
    visitor = visit(admin, viewport=PANEL, color_scheme=scheme)
    visitor.may_complain("422")
    page = visitor.go("/catalogue/")
    page.get_by_role("link", name="Import and export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV, for a spreadsheet").click()
    assert download.value.suggested_filename.endswith(".csv")
    file = tmp_path / "catalogue.csv"
    download.value.save_as(file)
    AttributeDefinition.objects.create(key=removed, label="Came later")

    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(",Before,", ",,"), encoding="utf-8")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Show what would change").press("Enter")
    expect(page.locator(".problems")).to_contain_text("Enter what staff call it")
    assert not problems(page, axe)

    file.write_text(text.replace(",Before,", ",After,"), encoding="utf-8")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Show what would change").press("Enter")
    change = page.locator("li").filter(has=page.get_by_text(key, exact=True))
    expect(change.locator("del")).to_have_text("Before")
    expect(change.locator("ins")).to_have_text("After")
    assert not problems(page, axe)
    assert not wider_than_the_screen(page)
    page.get_by_label(removed).focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Import", exact=True).press("Enter")
    expect(page.get_by_text("Imported: 0 added, 1 changed, 1 removed.")).to_be_visible()
    entry = AttributeDefinition.objects.get(key=key)
    assert (entry.label, entry.help) == ("After", "Stays")
    assert not AttributeDefinition.objects.filter(key=removed).exists()
    entry.delete()
