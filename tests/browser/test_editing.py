"""Editing mid-call, as a person does it: in the browser, over the real processes."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from conversations.models import AttributeEdit, Participant, State
from tests.browser.conftest import Visitor
from tests.browser.scenes import address, own_conversation
from tests.genesys import Sandbox
from tests.processes import until

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]


def badge(page: Page, key: str, words: str, seconds: float = 15) -> None:
    expect(page.locator(f"#st-{key} .badge")).to_have_text(words, timeout=seconds * 1000)


def field(page: Page, key: str) -> str:
    return f"[name='set.{key}']"


def save(page: Page) -> None:
    page.locator("#save").click()


class TestAnEdit:
    def test_is_queued_at_once_and_confirmed_only_when_genesys_shows_it(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        agent, made = own_conversation(sandbox)
        sandbox.fault("stored_late", made, seconds=1)
        page = visit(agent).go(address(made))
        expect(page.locator("#light .light")).to_have_attribute("data-light", "none")
        page.select_option(field(page, "priority"), "Gold")
        page.fill(field(page, "case_id"), "C-777")
        expect(page.locator("#save")).to_have_text("Save 2 changes")
        save(page)
        expect(page.locator("#light .light")).to_have_attribute("data-light", "wait")
        assert sandbox.attributes(made)["priority"] == "Silver"
        badge(page, "priority", "Confirmed")
        badge(page, "case_id", "Confirmed")
        expect(page.locator("#say")).to_have_text("Priority: Confirmed; Case number: Confirmed")
        expect(page.locator("#light .light")).to_have_attribute("data-light", "safe")
        expect(page.locator("#st-priority")).to_contain_text("Genesys shows “Gold” since")
        assert sandbox.attributes(made)["priority"] == "Gold"
        assert sandbox.attributes(made)["language"] == "en-GB"
        edit = AttributeEdit.objects.get(lane__conversation_id=made.id)
        assert set(edit.changes.values_list("key", flat=True)) == {"priority", "case_id"}

    def test_that_did_not_stick_says_so_and_sticks_on_the_second_try(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        agent, made = own_conversation(sandbox)
        sandbox.fault("never_stored", made, times=1)
        page = visit(agent).go(address(made))
        page.select_option(field(page, "priority"), "Gold")
        save(page)
        badge(page, "priority", "Not saved")
        expect(page.locator("#st-priority")).to_contain_text(
            "The old value “Silver” is still there."
        )
        expect(page.locator("#light .light")).to_have_attribute("data-light", "lost")
        expect(page.locator(".tabs, .topbar").locator(".attention .count")).to_have_text(
            "1 need attention"
        )
        expect(page.locator(field(page, "priority"))).to_have_value("Gold")
        page.get_by_role("button", name="Try again").click()
        badge(page, "priority", "Confirmed")
        assert sandbox.attributes(made)["priority"] == "Gold"
        expect(page.locator(".attention .count")).to_have_count(0)

    def test_that_did_not_stick_can_be_left(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        sandbox.fault("never_stored", made, times=1)
        page = visit(agent).go(address(made))
        page.select_option(field(page, "priority"), "Gold")
        save(page)
        page.get_by_role("button", name="Keep old value").click(timeout=15_000)
        expect(page.locator(field(page, "priority"))).to_have_value("Silver")
        expect(page.locator("#light .light")).not_to_have_attribute("data-light", "lost")

    def test_that_is_changed_back_says_so(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        page = visit(agent).go(address(made))
        page.select_option(field(page, "priority"), "Gold")
        save(page)
        badge(page, "priority", "Confirmed")
        sandbox.write(made, {"priority": "Bronze"})
        badge(page, "priority", "Changed since")
        expect(page.locator("#st-priority")).to_contain_text("now Genesys shows “Bronze”.")
        page.locator("#st-priority").get_by_role("button", name="Write again").click()
        badge(page, "priority", "Confirmed")

    def test_refused_by_genesys_says_why(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        sandbox.fault("forbidden", made, times=1)
        page = visit(agent).go(address(made))
        page.select_option(field(page, "priority"), "Gold")
        save(page)
        badge(page, "priority", "Refused")
        expect(page.locator("#st-priority .said")).not_to_be_empty()

    def test_behind_a_doubtful_one_says_that_it_waits(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        page = visit(agent).go(address(made))
        sandbox.fault("gateway_timeout", made, times=1)
        sandbox.fault("hang", made, call="read", seconds=3, times=1)
        page.select_option(field(page, "priority"), "Gold")
        save(page)
        expect(page.locator("#st-priority")).to_contain_text("did not answer")
        page.fill(field(page, "case_id"), "C-778")
        save(page)
        expect(page.locator("#st-case_id")).to_contain_text("an earlier change")
        badge(page, "case_id", "Confirmed")


class TestTheForm:
    def test_shows_what_genesys_holds_and_sends_nothing_untouched(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        odd = {"priority": "extraordinary", "notes": "two\nlines", "callback_date": "soon"}
        agent, made = own_conversation(sandbox, attributes=odd)
        page = visit(agent).go(address(made))
        for key, value in odd.items():
            expect(page.locator(field(page, key))).to_have_value(value)
        page.fill(field(page, "case_id"), "C-5")
        expect(page.locator("#save")).to_have_text("Save 1 change")
        save(page)
        badge(page, "case_id", "Confirmed")
        assert sandbox.attributes(made) == {**odd, "case_id": "C-5"}

    def test_follows_a_value_its_input_could_not_show(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        page = visit(agent).go(address(made))
        sandbox.write(made, {"callback_date": "next week", "case_id": "two\nlines"})
        expect(page.locator(field(page, "callback_date"))).to_have_value(
            "next week", timeout=15_000
        )
        expect(page.locator(field(page, "case_id"))).to_have_value("two\nlines")
        expect(page.locator("#save")).to_have_text("Save")
        expect(page.locator("#save")).to_be_disabled()

    @pytest.mark.parametrize("held", ["", "2026-03-02"])
    @pytest.mark.parametrize("typed", ["02312026", "02"], ids=["no such day", "a part of one"])
    def test_half_a_date_is_not_saved_as_none(
        self, visit: Visit, sandbox: Sandbox, held: str, typed: str
    ) -> None:
        """To the browser such a field is empty; and the empty string would clear the key."""
        agent, made = own_conversation(sandbox, attributes={"callback_date": held})
        page = visit(agent).go(address(made))
        date = page.locator(field(page, "callback_date"))
        date.focus()
        if held and len(typed) == 2:
            page.keyboard.press("Delete")
        else:
            page.keyboard.type(typed)
        why = page.locator("#why")
        expect(why).to_have_text(
            "Call back on: this day does not exist, or a part of it is missing."
        )
        expect(page.locator("#before")).to_be_hidden()
        page.locator(field(page, "case_id")).focus()
        page.keyboard.press("Control+s")
        expect(date).to_be_focused()
        assert not AttributeEdit.objects.filter(lane__conversation_id=made.id).exists()
        page.get_by_role("button", name="Discard").click()
        expect(date).to_have_value(held)
        expect(why).to_have_text("Change a value, then save.")
        assert not date.evaluate("each => each.validity.badInput")
        date.fill("2026-03-31")
        save(page)
        badge(page, "callback_date", "Confirmed")

    def test_wrong_input_is_said_beside_the_field_and_loses_nothing(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        agent, made = own_conversation(sandbox)
        visitor = visit(agent)
        visitor.may_complain("422")
        page = visitor.go(address(made))
        page.fill(field(page, "notes"), "typed with care")
        page.fill(field(page, "case_id"), "88213")
        page.fill(field(page, "card_last4"), "12")
        save(page)
        expect(page.locator("#e-case_id")).to_contain_text("does not have the form")
        expect(page.locator("#e-card_last4")).not_to_be_empty()
        expect(page.locator(field(page, "case_id"))).to_be_focused()
        expect(page.locator(field(page, "case_id"))).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#errors")).to_contain_text("Nothing was saved")
        expect(page.locator(field(page, "notes"))).to_have_value("typed with care")
        page.fill(field(page, "case_id"), "C-88213")
        page.locator(field(page, "notes")).focus()
        expect(page.locator("#e-case_id")).to_be_empty()
        expect(page.locator(field(page, "case_id"))).not_to_have_attribute("aria-invalid", "true")
        expect(page.locator("#e-card_last4")).not_to_be_empty()
        assert not AttributeEdit.objects.filter(lane__conversation_id=made.id).exists()
        page.fill(field(page, "card_last4"), "1234")
        save(page)
        badge(page, "case_id", "Confirmed")
        expect(page.locator("#errors")).to_be_empty()
        assert sandbox.attributes(made)["notes"] == "typed with care"

    def test_sent_twice_makes_one_edit(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        page = visit(agent).go(address(made))
        page.select_option(field(page, "priority"), "Gold")
        page.locator("#save").dblclick()
        badge(page, "priority", "Confirmed")
        assert AttributeEdit.objects.filter(lane__conversation_id=made.id).count() == 1

    def test_a_cleared_field_is_written_as_the_empty_text(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        agent, made = own_conversation(sandbox)
        page = visit(agent).go(address(made))
        page.fill(field(page, "case_id"), "")
        save(page)
        badge(page, "case_id", "Confirmed")
        expect(page.locator("#st-case_id")).to_contain_text("cleared")
        assert sandbox.attributes(made).get("case_id", "") == ""

    def test_an_attribute_outside_the_catalogue(
        self, visit: Visit, sandbox: Sandbox, colleague: object
    ) -> None:
        _, made = own_conversation(sandbox, attributes={"Queue Name ": "old one", "tier": "gold"})
        visitor = visit(colleague)
        visitor.may_complain("422")
        page = visitor.go(address(made))
        page.locator("#others-box summary").click()
        page.get_by_role("button", name="Edit Queue Name").click()
        page.fill("[name='set.Queue Name ']", "new one")
        save(page)
        until(lambda: sandbox.attributes(made)["Queue Name "] == "new one", what="it is stored")
        page.fill("#new-key", "Tier")
        page.get_by_role("button", name="Add").click()
        page.fill("[name='set.Tier']", "platinum")
        expect(page.locator("#e-Tier")).to_contain_text("There is “tier”")
        with page.expect_response(lambda answer: answer.status == 422):
            save(page)
            page.get_by_label("It is another attribute").check()
        expect(page.locator("#errors")).to_contain_text("Nothing was saved")
        expect(page.get_by_label("It is another attribute")).to_be_checked()
        save(page)
        badge(page, "Tier", "Confirmed")
        assert sandbox.attributes(made)["tier"] == "gold"

    def test_is_saved_again_where_the_answer_to_the_first_time_was_lost(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        agent, made = own_conversation(sandbox)
        visitor = visit(agent)
        visitor.may_complain("Failed to fetch", "ERR_FAILED")
        page = visitor.go(address(made))

        def lose_the_answer(route: Route) -> None:
            route.fetch()
            route.abort()

        page.route("**/edits", lose_the_answer, times=1)
        page.fill(field(page, "case_id"), "C-7")
        save(page)
        expect(page.locator("#unsent")).to_contain_text("nobody knows whether that was saved")
        badge(page, "case_id", "Confirmed")
        page.fill(field(page, "case_id"), "C-8")
        save(page)
        expect(page.locator("#st-case_id")).to_contain_text("Genesys shows “C-8”", timeout=15_000)
        assert sandbox.attributes(made)["case_id"] == "C-8"

    def test_line_breaks_of_another_system_are_no_conflict(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        agent, made = own_conversation(sandbox, attributes={"notes": "one\r\ntwo"})
        page = visit(agent).go(address(made))
        expect(page.locator("#save")).to_have_text("Save")
        page.fill(field(page, "notes"), "one\ntwo\nthree")
        save(page)
        badge(page, "notes", "Confirmed")
        assert sandbox.attributes(made)["notes"] == "one\ntwo\nthree"

    def test_too_much_is_said_and_not_cut(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        visitor = visit(agent)
        visitor.may_complain("422")
        page = visitor.go(address(made))
        page.fill(field(page, "card_last4"), "4111111111111234")
        save(page)
        expect(page.locator("#e-card_last4")).to_contain_text("at most 4")
        expect(page.locator(field(page, "card_last4"))).to_have_value("4111111111111234")


class TestTwoPeople:
    def meet(self, visit: Visit, sandbox: Sandbox, colleague: object) -> tuple[Page, Page, object]:
        agent, made = own_conversation(sandbox)
        mine, theirs = visit(agent), visit(colleague)
        mine.may_complain("409")
        return mine.go(address(made)), theirs.go(address(made)), made

    def change_both(self, mine: Page, theirs: Page) -> None:
        mine.select_option(field(mine, "language"), "fr-FR")
        theirs.select_option(field(theirs, "language"), "de-DE")
        save(theirs)
        badge(theirs, "language", "Confirmed")
        expect(mine.locator("#f-language .clash")).to_contain_text("changed this to “de-DE”")
        expect(mine.locator(field(mine, "language"))).to_have_value("fr-FR")
        expect(mine.locator("#save")).to_be_disabled()

    def test_keep_mine(self, visit: Visit, sandbox: Sandbox, colleague: object) -> None:
        mine, theirs, made = self.meet(visit, sandbox, colleague)
        self.change_both(mine, theirs)
        mine.get_by_role("button", name="Keep mine: fr-FR").click()
        save(mine)
        expect(mine.locator("#st-language")).to_contain_text(
            "Genesys shows “fr-FR”", timeout=15_000
        )
        assert sandbox.attributes(made)["language"] == "fr-FR"  # type: ignore[arg-type]

    def test_keep_theirs(self, visit: Visit, sandbox: Sandbox, colleague: object) -> None:
        mine, theirs, made = self.meet(visit, sandbox, colleague)
        self.change_both(mine, theirs)
        mine.get_by_role("button", name="Keep theirs: de-DE").click()
        expect(mine.locator(field(mine, "language"))).to_have_value("de-DE")
        expect(mine.locator("#save")).to_have_text("Save")
        assert sandbox.attributes(made)["language"] == "de-DE"  # type: ignore[arg-type]

    def test_a_save_that_crosses_theirs_is_not_sent(
        self, visit: Visit, sandbox: Sandbox, colleague: object
    ) -> None:
        mine, theirs, made = self.meet(visit, sandbox, colleague)
        # The news has not reached this page yet.
        mine.route("**/poll?*", lambda route: route.fulfill(status=304))
        mine.select_option(field(mine, "language"), "fr-FR")
        theirs.select_option(field(theirs, "language"), "de-DE")
        save(theirs)
        badge(theirs, "language", "Confirmed")
        save(mine)
        expect(mine.locator("#errors")).to_contain_text("Nothing was saved")
        expect(mine.locator("#f-language .clash")).to_contain_text("changed this to “de-DE”")
        assert sandbox.attributes(made)["language"] == "de-DE"  # type: ignore[arg-type]

    def test_an_untouched_field_follows_the_other(
        self, visit: Visit, sandbox: Sandbox, colleague: object
    ) -> None:
        mine, theirs, _ = self.meet(visit, sandbox, colleague)
        theirs.select_option(field(theirs, "language"), "es-ES")
        save(theirs)
        expect(mine.locator(field(mine, "language"))).to_have_value("es-ES")
        expect(mine.locator("#save")).to_have_text("Save")

    def test_trying_again_overwrites_nothing_that_was_not_shown(
        self, visit: Visit, sandbox: Sandbox, colleague: object
    ) -> None:
        agent, made = own_conversation(sandbox)
        sandbox.fault("never_stored", made, times=1)
        visitor = visit(agent)
        visitor.may_complain("409")
        page = visitor.go(address(made))
        page.select_option(field(page, "priority"), "Gold")
        save(page)
        badge(page, "priority", "Not saved")
        sandbox.write(made, {"priority": "Bronze"})
        expect(page.locator("#st-priority")).to_contain_text(
            "Genesys shows “Bronze”", timeout=15_000
        )
        page.select_option(field(page, "priority"), "Platinum")
        save(page)
        mine = page.locator("#f-priority").get_by_role("button", name="Keep mine: Platinum")
        expect(mine).to_be_visible()
        page.wait_for_timeout(4000)  # polls go by, and the choice stays
        mine.click()
        save(page)
        expect(page.locator("#st-priority")).to_contain_text(
            "Genesys shows “Platinum”", timeout=15_000
        )

    def test_a_conflict_found_when_sending_is_decided_on_the_page(
        self, visit: Visit, sandbox: Sandbox, colleague: object
    ) -> None:
        agent, made = own_conversation(sandbox)
        page = visit(agent).go(address(made))
        sandbox.fault("unavailable", made, times=1, retry_after=2)
        page.select_option(field(page, "language"), "fr-FR")
        save(page)
        badge(page, "language", "Waiting")
        sandbox.write(made, {"language": "de-DE"})
        until(
            lambda: Participant.objects.filter(
                participant_id=made.customer, attributes__language="de-DE"
            ).exists()
        )
        badge(page, "language", "Conflict")
        page.get_by_role("button", name="Keep mine: fr-FR").click()
        badge(page, "language", "Confirmed")
        states = AttributeEdit.objects.filter(lane__conversation_id=made.id).order_by("seq")
        assert list(states.values_list("state", flat=True)) == [State.CONFLICT, State.CONFIRMED]

    def test_a_conflict_about_one_field_loses_nothing_typed_in_another(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        agent, made = own_conversation(sandbox)
        page = visit(agent).go(address(made))
        sandbox.fault("unavailable", made, times=1, retry_after=2)
        page.select_option(field(page, "language"), "fr-FR")
        page.fill(field(page, "notes"), "typed with care")
        save(page)
        badge(page, "notes", "Waiting")
        sandbox.write(made, {"language": "de-DE"})
        badge(page, "language", "Conflict")
        kept_back = "Kept back together with “Language”; nothing was sent."
        expect(page.locator("#st-notes")).to_contain_text(kept_back)
        theirs = page.get_by_role("button", name="Keep theirs: de-DE; send only “Notes”")
        page.set_viewport_size({"width": 320, "height": 800})
        edges = "each => [each, each.closest('.field')].map((e) => e.getBoundingClientRect().right)"
        button, around = theirs.evaluate(edges)
        assert button < around
        theirs.click()
        badge(page, "notes", "Confirmed")
        expect(page.locator(field(page, "notes"))).to_have_value("typed with care")
        expect(page.locator(field(page, "language"))).to_have_value("de-DE")
        expect(theirs).to_have_count(0)
        held = sandbox.attributes(made)
        assert (held["language"], held["notes"]) == ("de-DE", "typed with care")
