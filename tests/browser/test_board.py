"""The board at work: what is new is announced, what a person arranges stays theirs, an address shows what it says."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from conversations import scopes
from conversations.models import AttributeDefinition, Conversation, SavedView, User
from tests.browser.conftest import PANEL, Visitor
from tests.browser.scenes import held
from tests.builders import a_value, save, settled
from tests.genesys import Made, Sandbox

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]
SOON = 20_000


def made_with(sandbox: Sandbox, **attributes: str) -> Made:
    return held(sandbox.conversation(attributes=attributes))


def polled(page: Page, times: int = 1) -> None:
    for _ in range(times):
        with page.expect_response(lambda answer: "/rows" in answer.url, timeout=SOON):
            pass


def where(key: str, value: str, **more: str) -> str:
    return "/?" + urlencode({f"is.{key}": value, **more})


class TestNewRows:
    def test_are_announced_and_come_when_they_are_asked_for(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        case = a_value()
        first = made_with(sandbox, case=case)
        page = visit(colleague).go(where("case", case, sort="-started"))
        expect(page.locator("#rows tr")).to_have_count(1)
        page.locator(f"#l{first.id}").focus()
        second = made_with(sandbox, case=case)
        expect(page.locator("#show")).to_have_text("1 new · Show", timeout=SOON)
        third = made_with(sandbox, case=case)
        expect(page.locator("#show")).to_have_text("2 new · Show", timeout=SOON)
        expect(page.locator("#rows tr")).to_have_count(1)
        expect(page.locator(f"#l{first.id}")).to_be_focused()
        expect(page.locator("#counts")).to_contain_text("3 matches")
        page.keyboard.press("n")
        expect(page.locator("#rows tr")).to_have_count(3)
        for each in (second, third):
            expect(page.locator(f"#r{each.id}")).to_be_visible()
        expect(page.locator("#show")).to_have_count(0)

    def test_beyond_this_page_are_shown_newest_first(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        case = a_value()
        for made in sandbox.conversations(26, attributes={"case": case}):
            held(made)
        page = visit(colleague).go(where("case", case, size="25"))
        expect(page.locator("#rows tr")).to_have_count(25)
        newest = made_with(sandbox, case=case)
        page.get_by_role("link", name="1 new · Show").click(timeout=SOON)
        expect(page.locator("#rows tr").first).to_have_attribute("id", f"r{newest.id}")
        expect(page.get_by_role("columnheader", name="Duration")).to_have_attribute(
            "aria-sort", "ascending"
        )

    def test_that_ended_stay_greyed_and_leave_while_others_are_held(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        case = a_value()
        one, two = (made_with(sandbox, case=case) for _ in range(2))
        page = visit(colleague).go(where("case", case))
        page.locator(f"#r{two.id} input").check()
        sandbox.act(one, "end")
        expect(page.locator(f"#r{one.id}")).to_have_class("over", timeout=SOON)
        expect(page.locator(f"#r{one.id}")).to_have_count(0, timeout=SOON)
        expect(page.locator(f"#r{two.id} input")).to_be_checked()

    def test_come_into_an_empty_board_at_once(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        case = a_value()
        page = visit(colleague).go(where("case", case))
        expect(page.get_by_text("No live interaction matches these filters.")).to_be_visible()
        made = made_with(sandbox, case=case)
        expect(page.locator(f"#r{made.id}")).to_be_visible(timeout=SOON)
        expect(page.get_by_text("No live interaction matches")).to_have_count(0)


class TestPausing:
    def test_counts_what_is_new_and_changes_nothing_else(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        case = a_value()
        first = made_with(sandbox, case=case)
        page = visit(colleague).go(where("case", case))
        page.get_by_role("button", name="Pause updates").click()
        expect(page.locator("#chip")).to_contain_text("Paused")
        made_with(sandbox, case=case)
        Conversation.objects.filter(pk=first.id).update(customer="Changed meanwhile")
        expect(page.locator("#chip")).to_contain_text("1 new", timeout=SOON)
        expect(page.locator("#show")).to_have_text("1 new · Show")
        expect(page.locator("#rows tr")).to_have_count(1)
        expect(page.locator("#rows")).not_to_contain_text("Changed meanwhile")
        page.get_by_role("button", name="Resume updates").click()
        expect(page.locator("#rows")).to_contain_text("Changed meanwhile", timeout=SOON)
        expect(page.locator("#chip")).not_to_contain_text("Paused")
        expect(page.locator("#show")).to_have_text("1 new · Show")


class TestFilters:
    def test_by_an_attribute_that_is_set_or_missing(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        case = a_value()
        gold = made_with(sandbox, case=case, priority="Gold")
        lower = made_with(sandbox, case=case, priority="gold")
        none = made_with(sandbox, case=case)
        page = visit(colleague).go(where("case", case))
        expect(page.locator("#rows tr")).to_have_count(3)

        def choose(how: str, value: str = "") -> None:
            page.get_by_label("Attribute", exact=True).select_option("priority")
            page.get_by_label("Condition").select_option(how)
            if value:
                page.get_by_role("textbox", name="Value").fill(value)
            page.get_by_role("button", name="Filter", exact=True).click()

        choose("is", "Gold")
        expect(page.locator("#rows tr")).to_have_count(1)
        expect(page.locator(f"#r{gold.id}")).to_be_visible()
        page.get_by_role("link", name="Remove the filter “Priority is “Gold””").click()
        expect(page.locator("#rows tr")).to_have_count(3)
        choose("without")
        expect(page.locator("#rows tr")).to_have_count(1)
        expect(page.locator(f"#r{none.id}")).to_be_visible()
        page.get_by_role("link", name="Remove the filter “Priority is missing”").click()
        choose("with")
        expect(page.locator("#rows tr")).to_have_count(2)
        expect(page.locator(f"#r{lower.id}")).to_be_visible()

    def test_are_all_in_the_address(self, visit: Visit, sandbox: Sandbox, colleague: User) -> None:
        case = a_value()
        made = made_with(sandbox, case=case, priority="Gold")
        queue = Conversation.objects.get(pk=made.id).queue_id
        address = where(
            "case", case, queue=str(queue), media="voice", sort="-attr.case", q=case[:12]
        )
        page = visit(colleague).go(address + "&with=priority&size=100")
        expect(page.locator("#rows tr")).to_have_count(1)
        expect(page.get_by_label("Queue")).to_have_value(str(queue))
        expect(page.get_by_label("Channel")).to_have_value("voice")
        expect(page.get_by_label("Rows")).to_have_value("100")
        expect(page.get_by_role("list", name="Filters by attributes")).to_contain_text(
            "Priority is set"
        )

    def test_that_cannot_be_used_say_so_and_show_nothing(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        case = a_value()
        made_with(sandbox, case=case, secret_tier="Gold")
        AttributeDefinition.objects.create(key="secret_tier", label="Secret", seen_by="admins")
        try:
            page = visit(colleague).go(where("case", case, **{"is.secret_tier": "Gold"}))
            expect(page.locator("#none")).to_contain_text("You may not filter or sort by")
            expect(page.locator("#rows tr")).to_have_count(0)
            page.locator("#none").get_by_role("link", name="Clear filters").click()
            expect(page.locator("#rows tr").first).to_be_visible()
        finally:
            AttributeDefinition.objects.filter(key="secret_tier").delete()

    def test_needs_attention_is_a_view_of_its_own(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        lost, fine = made_with(sandbox, priority="Silver"), made_with(sandbox)
        sandbox.fault("never_stored", lost, times=1)
        settled(save(lost, {"priority": "Gold"}, by=colleague))
        page = visit(colleague).go("/?size=200")
        page.get_by_role("link", name="Needs attention").first.click()
        page.goto(f"{page.url}&size=200")
        expect(page.locator(f"#r{lost.id} .badge")).to_have_text("Not saved")
        expect(page.locator(f"#r{fine.id}")).to_have_count(0)
        current = page.get_by_role("navigation", name="Views").locator("[aria-current]")
        expect(current).to_contain_text("Needs attention")


class TestSavedViews:
    def test_are_saved_counted_renamed_and_deleted(
        self, visit: Visit, sandbox: Sandbox, colleague: User, admin: User
    ) -> None:
        case = a_value()
        made_with(sandbox, case=case)
        page = visit(colleague).go(where("case", case, sort="customer"))
        page.get_by_role("button", name="Save view").click()
        page.get_by_role("dialog").get_by_label("Name of the view").fill("My case")
        page.keyboard.press("Enter")
        view = page.locator("#views a")
        expect(view).to_have_attribute("aria-current", "page")
        expect(view).to_contain_text("My case")
        expect(view.locator(".count")).to_contain_text("1")
        made_with(sandbox, case=case)
        expect(view.locator(".count")).to_contain_text("2", timeout=SOON)
        page.get_by_role("link", name="All live").click()
        expect(view).not_to_have_attribute("aria-current", "page")
        view.click()
        expect(page.locator("#rows tr")).to_have_count(2)
        page.get_by_role("button", name="Rename or delete").click()
        page.get_by_role("dialog").get_by_label("Name of the view").fill("Ours")
        page.get_by_role("button", name="Rename", exact=True).click()
        expect(view).to_contain_text("Ours")
        other = visit(admin).go("/")
        expect(other.locator("#counts")).to_contain_text("live")
        expect(other.locator("#views a")).to_have_count(0)
        page.get_by_role("button", name="Rename or delete").click()
        page.get_by_role("button", name="Delete this view").click()
        expect(page.get_by_text("Deleted the view “Ours”.")).to_be_visible()
        expect(page.locator("#views a")).to_have_count(0)

    def test_of_which_a_filter_became_invalid_say_so(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        SavedView.objects.create(user=colleague, name="Old one", query="is.was_open=Gold")
        AttributeDefinition.objects.create(key="was_open", label="Was open", seen_by="admins")
        scopes.catalogue_changed()
        try:
            page = visit(colleague).go("/")
            expect(page.locator("#views .count")).to_contain_text("cannot be used any more")
            page.locator("#views a").click()
            expect(page.locator("#none")).to_contain_text("These filters cannot be used")
            expect(page.locator("#rows tr")).to_have_count(0)
        finally:
            AttributeDefinition.objects.filter(key="was_open").delete()


class TestColumns:
    @pytest.mark.parametrize("narrow", [False, True], ids=["wide", "panel"])
    def test_are_chosen_and_stay(
        self, visit: Visit, sandbox: Sandbox, colleague: User, narrow: bool
    ) -> None:
        case = a_value()
        made = made_with(sandbox, case=case, priority="Gold", card_last4="4711")
        AttributeDefinition.objects.filter(key="card_last4").update(edited_by="admins")
        try:
            page = visit(colleague, **({"viewport": PANEL} if narrow else {})).go(
                where("case", case)
            )
            page.get_by_role("button", name="Columns").click()
            dialog = page.get_by_role("dialog")
            dialog.get_by_label("Agent").uncheck()
            dialog.get_by_label("Priority").check()
            dialog.get_by_label("Card, last four digits").check()
            dialog.get_by_role("button", name="Show these columns").click()
            row = page.locator(f"#r{made.id}")
            expect(row.locator("[data-label=Priority]")).to_have_text("Gold")
            expect(row.locator("[data-label^=Card]")).to_have_text("••••")
            heads = page.locator("thead th")
            expect(heads.filter(has_text="Agent")).to_have_count(0)
            expect(heads.filter(has_text="Card").locator("a")).to_have_count(0)  # nothing to guess
            page.goto(f"{page.url}&page=1")
            expect(row.locator("[data-label=Priority]")).to_have_text("Gold")
            expect(page.locator("#rows tr")).to_have_count(1)
        finally:
            AttributeDefinition.objects.filter(key="card_last4").update(edited_by="everyone")
