"""Why it did not stick, what can be undone, and what can be handed to support: as a person sees it."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from conversations.connection import SharedToken
from conversations.edits import accept
from conversations.edits.accept import Wish
from conversations.models import AttributeDefinition, AttributeEdit, State, User
from conversations.tasks import nudge
from tests.browser.conftest import Visitor
from tests.browser.scenes import address, held, own_conversation
from tests.builders import save, settled
from tests.genesys import Sandbox
from tests.processes import manage

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]
SLOW = 20_000


@pytest.fixture(autouse=True)
def _nothing_left_to_decide() -> Iterator[None]:
    """Other tests, about the same agents, count what needs attention."""
    yield
    AttributeEdit.objects.filter(unresolved=True).update(unresolved=False)


def cause(page: Page, place: str, code: str) -> None:
    expect(page.locator(f"{place} [data-why]")).to_have_attribute("data-why", code, timeout=SLOW)


class TestTheCause:
    def test_is_named_under_the_attribute_with_what_to_do(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        agent, made = own_conversation(sandbox)
        sandbox.fault("stored_coerced", made, times=1)
        page = visit(agent).go(address(made))
        page.fill("[name='set.case_id']", "C-777")
        page.locator("#save").click()
        cause(page, "#st-case_id", "coerced")
        why = page.locator("#st-case_id .because")
        expect(why).to_contain_text("“C-777” became “c-777”")
        expect(why).to_contain_text("tell an administrator that something converts")
        expect(why.locator("li").first).to_be_hidden()
        why.get_by_text("What shows it").click()
        expect(why.locator("li").first).to_contain_text("seen at")

    def test_stands_on_the_page_of_the_edit_with_its_evidence(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        made = held(sandbox.conversation(attributes={"priority": "Silver"}))
        sandbox.fault("never_stored", made, times=1)
        edit = save(made, {"priority": "Gold"}, by=colleague)
        page = visit(colleague).go(f"/edits/{edit.pk}/")
        cause(page, "#cause", "unknown")
        expect(page.locator("#cause")).to_contain_text("The cause is not known")
        page.locator("#cause").get_by_text("What shows it").click()
        expect(page.locator("#cause")).to_contain_text("correlation id")

    def test_is_told_by_the_doctor_in_the_same_words(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        made = held(sandbox.conversation(attributes={"priority": "Silver"}))
        sandbox.fault("stored_other_case", made, times=1)
        edit = settled(save(made, {"priority": "Gold"}, by=colleague))
        page = visit(colleague).go(f"/edits/{edit.pk}/")
        cause(page, "#cause", "other_case")
        page.locator("#cause").get_by_text("What shows it").click()
        sentence = page.locator("#cause [data-why] strong").inner_text()
        evidence = page.locator("#cause [data-why] li").all_inner_texts()
        to_do = page.locator("#cause [data-why] p").inner_text().removeprefix(sentence).strip()
        [told] = json.loads(manage("doctor", str(made.id), "--json").stdout)["edits"]
        assert [(each["cause"], each["to_do"], each["evidence"]) for each in told["causes"]] == [
            (sentence, to_do, evidence)
        ]
        shown = manage("doctor", str(made.id)).stdout
        assert all(each in shown for each in (sentence, to_do, *evidence))
        assert "Times of day are UTC." in shown

    def test_says_nothing_to_whoever_may_not_read_the_attribute(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        AttributeDefinition.objects.create(
            key="secret", label="Secret", seen_by=AttributeDefinition.Audience.ADMINS
        )
        try:
            agent, made = own_conversation(sandbox)
            sandbox.fault("stored_coerced", made, times=1)
            edit = settled(save(made, {"secret": "True"}, by=agent))
            assert edit.state == State.NOT_PERSISTED
            page = visit(agent).go(f"/edits/{edit.pk}/")
            expect(page.locator("#state .badge")).to_have_attribute("data-state", "not_persisted")
            expect(page.locator("main")).not_to_contain_text("Why did it not stick?")
            expect(page.locator("main")).not_to_contain_text("true")
        finally:
            AttributeDefinition.objects.filter(key="secret").delete()


def confirmed(sandbox: Sandbox, by: User, wanted: dict[str, str], **facts: object) -> AttributeEdit:
    made = held(sandbox.conversation(**facts))
    edit = settled(save(made, wanted, by=by, baseline=None))
    assert edit.state == State.CONFIRMED
    return edit


def made_of(edit: AttributeEdit) -> UUID:
    return edit.lane.conversation_id


class TestUndo:
    def test_is_a_new_edit_back_to_the_earlier_value_and_proven(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        agent, made = own_conversation(sandbox)
        page = visit(agent).go(address(made))
        page.select_option("[name='set.priority']", "Gold")
        page.locator("#save").click()
        expect(page.locator("#st-priority .badge")).to_have_text("Confirmed", timeout=SLOW)
        page.locator("#st-priority").get_by_role("link", name="Undo").click()
        expect(page.locator("#undo li")).to_have_text("Priority: Gold → Silver")
        page.locator("#undo").get_by_role("button", name="Undo").click()
        expect(page.locator("#facts")).to_contain_text("Undoes")
        expect(page.locator("#state .badge")).to_have_text("Confirmed", timeout=SLOW)
        assert sandbox.attributes(made)["priority"] == "Silver"
        first, undoing = AttributeEdit.objects.filter(lane__conversation_id=made.id).order_by("seq")
        assert undoing.undoes == first

    def test_is_refused_with_words_where_somebody_changed_it_since(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        edit = confirmed(
            sandbox, colleague, {"priority": "Gold"}, attributes={"priority": "Silver"}
        )
        page = visit(colleague).go(f"/edits/{edit.pk}/")
        expect(page.locator("#undo").get_by_role("button")).to_be_visible()
        theirs = settled(save_on(edit, {"priority": "Platinum"}, colleague))
        assert theirs.state == State.CONFIRMED
        expect(page.locator("#undo")).to_contain_text(
            f"{colleague} changed “Priority” to “Platinum” at", timeout=SLOW
        )
        expect(page.locator("#undo").get_by_role("button")).to_have_count(0)

    def test_without_an_earlier_value_offers_the_empty_string(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        edit = confirmed(sandbox, colleague, {"brand new": "x"})
        page = visit(colleague).go(f"/edits/{edit.pk}/")
        expect(page.locator("#undo")).to_contain_text("Genesys cannot delete a key")
        page.locator("#undo").get_by_role("button", name="Set to the empty string").click()
        expect(page.locator("#state .badge")).to_have_text("Confirmed", timeout=SLOW)
        truth = sandbox.call("GET", f"conversations/{made_of(edit)}")
        customer = next(each for each in truth["participants"] if each["purpose"] == "customer")
        assert customer["attributes"]["brand new"] == ""


def save_on(edit: AttributeEdit, wanted: dict[str, str], by: User) -> AttributeEdit:
    wishes = {key: Wish(value) for key, value in wanted.items()}
    saved = accept.save(edit.lane.conversation_id, edit.lane.participant_id, wishes, by=by)
    if saved.due:
        nudge(saved.edit.lane_id)
    return saved.edit


class TestTheHistory:
    def test_names_the_source_of_every_value(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        made = held(sandbox.conversation(attributes={"priority": "Silver"}, flow_running=True))
        sandbox.fault("flow_overwrites", made, times=1)
        edit = settled(save(made, {"priority": "Gold"}, by=colleague))
        page = visit(colleague).go(f"{address(made)}history/?key=priority")
        values = page.locator("[data-attribute='priority'] li")
        expect(values).to_have_count(2, timeout=SLOW)
        sandbox.act(made, "flow_end")
        expect(values).to_have_count(3, timeout=SLOW)
        sandbox.write(made, {"priority": "Bronze"})
        expect(values).to_have_count(4, timeout=SLOW)
        sources = values.evaluate_all("all => all.map(each => each.dataset.source)")
        assert sources == ["other", "flow", "ours", "before"]
        expect(values.nth(0)).to_contain_text("another system")
        expect(values.nth(1)).to_contain_text("the flow “")
        expect(values.nth(2)).to_contain_text(f"edited here by {colleague}")
        expect(values.nth(3)).to_contain_text("unknown: it was there when")
        events = page.locator("#events")
        expect(events).to_contain_text(f"{colleague} saved Priority")
        expect(events.locator("[data-state='reverted']")).to_be_visible(timeout=SLOW)
        assert edit.state == State.CONFIRMED


class TestTheEvidence:
    def test_checks_out_and_gives_nothing_away(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        made = held(
            sandbox.conversation(attributes={"notes": "a private note", "card_last4": "778812"})
        )
        sandbox.fault("never_stored", made, times=1)
        edit = settled(save(made, {"priority": "Gold", "notes": "another note"}, by=colleague))
        page = visit(colleague).go(f"/edits/{edit.pk}/")
        cause(page, "#cause", "unknown")
        text = download(page)
        evidence = verified(text)
        for hidden in (
            "private note",
            "another note",
            "778812",
            str(colleague),
            *secrets_of_ours(),
        ):
            assert hidden not in text
        [told] = evidence["edits"]
        assert told["correlation_id"] == edit.correlation_id
        assert [each["code"] for each in told["diagnosis"]] == ["unknown"]
        calls = [each["call"].split()[0] for each in told["calls"] if each["call"]]
        assert {"PATCH", "GET"} <= set(calls)
        assert evidence["software"]["version"]
        page.get_by_label("With values").check()
        with_values = download(page)
        assert "another note" in with_values
        assert verified(with_values)["edits"][0]["changes"][0]["wanted"] == {
            "value": "another note"
        }

    def test_masks_what_this_person_sees_masked_even_with_values(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        keys = ("pin code", "closed")
        AttributeDefinition.objects.create(
            key=keys[0], label="Pin", masked=True, edited_by=AttributeDefinition.Audience.ADMINS
        )
        AttributeDefinition.objects.create(
            key=keys[1], label="Closed", seen_by=AttributeDefinition.Audience.ADMINS
        )
        try:
            facts = {"pin code": "483920", "closed": "nobody's business"}
            agent, made = own_conversation(sandbox, attributes=facts)
            page = visit(agent).go(f"{address(made)}history/")
            expect(page.locator("[data-attribute='pin code']")).to_be_visible()
            expect(page.locator("main")).not_to_contain_text("483920")
            expect(page.locator("[data-attribute='closed']")).to_have_count(0)
            page.get_by_label("With values").check()
            text = download(page)
            assert "483920" not in text
            assert "closed" not in text
            assert "nobody's business" not in text
            assert verified(text)["values_seen"]["of_hidden_attributes"] == 1
        finally:
            AttributeDefinition.objects.filter(key__in=keys).delete()


def download(page: Page) -> str:
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download").click()
    return Path(waiting.value.path()).read_text()


def verified(text: str) -> Any:
    """The evidence, once its checksum is found right, as whoever receives it would."""
    file = json.loads(text)
    canonical = json.dumps(file["evidence"], sort_keys=True, separators=(",", ":"))
    assert hashlib.sha256(canonical.encode()).hexdigest() == file["checksum"]["value"]
    return file["evidence"]


def secrets_of_ours() -> list[str]:
    token = SharedToken(settings.GENESYS.client_id).load()
    assert token is not None
    return [token.value, settings.SECRET_KEY]
