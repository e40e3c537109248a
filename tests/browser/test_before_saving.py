"""What a person is told before they save, by the save bar, while they type."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect

from conversations.models import AttributeDefinition, AttributeEdit, User
from tests.browser.conftest import Visitor
from tests.browser.scenes import address, own_conversation
from tests.genesys import Sandbox

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]


def field(key: str) -> str:
    return f"[name='set.{key}']"


@pytest.fixture
def permitted() -> Iterator[str]:
    """A key of the service's own which an admin has put into the catalogue."""
    entry = AttributeDefinition.objects.create(key="ivr.Skills", label="Skills", order=600)
    yield entry.key
    entry.delete()


class TestTheSaveBar:
    def test_shows_each_change_before_and_after_as_it_is_typed(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        agent, made = own_conversation(sandbox)
        page = visit(agent).go(address(made))
        expect(page.locator("#before")).to_be_hidden()
        page.select_option(field("priority"), "Gold")
        page.locator(field("case_id")).press("End")
        page.keyboard.type("-X")
        page.fill(field("notes"), "call back")
        lines = page.locator("#before-changes li")
        expect(lines).to_have_text(
            [
                "Priority Silver → Gold",
                "Case number C-100 → C-100-X",
                "Notes (empty) → call back",
            ]
        )
        expect(page.locator("#cautions")).to_contain_text("Written to")
        expect(page.locator("#cautions .caution")).to_have_count(0)
        page.fill(field("case_id"), "")
        expect(lines.nth(1)).to_have_text("Case number C-100 → (empty)")
        page.get_by_role("button", name="Discard").click()
        expect(page.locator("#before")).to_be_hidden()
        assert not AttributeEdit.objects.filter(lane__conversation_id=made.id).exists()

    def test_leaves_room_when_much_is_changed(self, visit: Visit, sandbox: Sandbox) -> None:
        agent, made = own_conversation(sandbox)
        page = visit(agent).go(address(made))
        for key, value in (("priority", "Gold"), ("language", "de-DE"), ("outcome", "Sold")):
            page.select_option(field(key), value)
        for key in ("case_id", "notes"):
            page.fill(field(key), "C-1")
        expect(page.locator("#before-changes li")).to_have_count(4)
        expect(page.locator("#before-changes li").last).to_have_text("and 2 more")

    def test_says_why_another_participant_matters(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        _, made = own_conversation(sandbox)
        agent_leg = made.participant("agent")
        page = visit(colleague).go(f"{address(made)}?participant={agent_leg}")
        page.select_option(field("priority"), "Gold")
        expect(page.locator("#cautions")).to_contain_text("(Agent)")
        expect(page.locator("#cautions")).to_contain_text("scripts and reports read the customer")

    def test_warns_while_a_flow_is_running_and_when_the_interaction_has_ended(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        _, made = own_conversation(sandbox, flow_running=True)
        page = visit(colleague).go(address(made))
        page.select_option(field("priority"), "Gold")
        cautions = page.locator("#cautions")
        expect(cautions).to_contain_text("A flow is running")
        sandbox.act(made, "flow_end")
        expect(cautions).not_to_contain_text("A flow is running", timeout=15_000)
        expect(page.locator(field("priority"))).to_have_value("Gold")
        sandbox.act(made, "end")
        expect(cautions).to_contain_text("reports will not show it", timeout=15_000)
        expect(page.locator("#before-changes li")).to_have_text(["Priority Silver → Gold"])

    def test_says_when_genesys_writes_the_key_itself(
        self, visit: Visit, sandbox: Sandbox, colleague: User, permitted: str
    ) -> None:
        _, made = own_conversation(sandbox, attributes={"ivr.Skills": "billing"})
        page = visit(colleague).go(address(made))
        page.fill(field(permitted), "sales")
        expect(page.locator("#before-changes")).to_contain_text("Genesys writes this attribute")
        page.locator("#save").click()
        expect(page.locator("[data-field][data-service] .badge")).to_have_text(
            "Confirmed", timeout=15_000
        )
        assert sandbox.attributes(made)[permitted] == "sales"


class TestAServiceKey:
    def test_is_locked_until_the_catalogue_permits_it(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        _, made = own_conversation(sandbox, attributes={"ivr.path": "2", "context.email": "a@b.c"})
        page = visit(colleague).go(address(made))
        page.locator("#others-box summary").click()
        expect(page.locator("#others li")).to_have_count(2)
        expect(page.get_by_role("button", name="Edit ivr.path")).to_have_count(0)
        page.fill("#new-key", "ivr.path")
        page.get_by_role("button", name="Add").click()
        expect(page.locator("#free")).to_contain_text("Genesys writes this attribute itself")
        expect(page.locator("#free [name]")).to_have_count(0)


class TestANameThatNearlyIsAnother:
    def test_is_questioned_as_soon_as_it_is_named(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        _, made = own_conversation(sandbox, attributes={"tier": "gold"})
        page = visit(colleague).go(address(made))
        page.fill("#new-key", "Tier ")
        page.get_by_role("button", name="Add").click()
        block = page.locator("#free [data-field]")
        expect(block).to_contain_text("There is “tier”, which differs only by case or blanks")
        block.locator(field("Tier ")).fill("platinum")
        expect(page.locator("#before-changes")).to_contain_text("Nearly the same name as “tier”.")
        page.get_by_label("It is another attribute").check()
        page.locator("#save").click()
        expect(block.locator(".badge")).to_have_text("Confirmed", timeout=15_000)
        assert sandbox.attributes(made) == {"tier": "gold", "Tier ": "platinum"}
