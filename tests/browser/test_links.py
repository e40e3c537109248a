"""A link that arrives ready: filled in and marked as proposed, and nothing is written by it."""

from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect

from conversations.models import AttributeDefinition, AttributeEdit, Conversation, Role, User
from tests.browser.conftest import Visitor
from tests.browser.scenes import address, own_conversation
from tests.builders import a_user
from tests.genesys import Made, Sandbox

pytestmark = pytest.mark.usefixtures("web")
Visit = Callable[..., Visitor]


def link(made: Made, **proposed: str) -> str:
    return f"{address(made)}?{urlencode({f'set.{key}': value for key, value in proposed.items()})}"


def field(key: str) -> str:
    return f"[name='set.{key}']"


def edits(made: Made) -> int:
    return AttributeEdit.objects.filter(lane__conversation_id=made.id).count()


@pytest.fixture
def guarded() -> Iterator[None]:
    """An attribute everybody sees and only admins change, and one only admins see."""
    AttributeDefinition.objects.create(
        key="vip", label="VIP", edited_by="admins", masked=True, order=700
    )
    AttributeDefinition.objects.create(
        key="score", label="Score of risk", seen_by="admins", edited_by="admins", order=701
    )
    yield
    AttributeDefinition.objects.filter(key__in=("vip", "score")).delete()


class TestALink:
    def test_opens_the_form_filled_and_marked_and_writes_nothing_by_itself(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        agent, made = own_conversation(sandbox)
        page = visit(agent).go(link(made, priority="Gold", case_id="C-7"))
        expect(page.locator(field("priority"))).to_have_value("Gold")
        expect(page.locator("#errors")).to_contain_text("proposes 2 changes")
        expect(page.locator(".proposed")).to_have_count(2)
        expect(page.locator("#before-changes li")).to_have_text(
            ["Priority Silver → Gold", "Case number C-100 → C-7"]
        )
        expect(page.locator("#save")).to_have_text("Save 2 changes")
        with page.expect_response("**/poll?**"):
            pass
        assert edits(made) == 0
        assert sandbox.attributes(made)["priority"] == "Silver"
        page.locator("#save").click()
        expect(page.locator("#st-priority .badge")).to_have_text("Confirmed", timeout=15_000)
        assert sandbox.attributes(made)["case_id"] == "C-7"
        expect(page.locator(".proposed")).to_have_count(0)
        expect(page).to_have_url(f"{page.url.split('/conversations')[0]}{address(made)}")

    def test_with_a_value_that_cannot_be_says_so_beside_the_field(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        agent, made = own_conversation(sandbox)
        visitor = visit(agent)
        visitor.may_complain("422")
        page = visitor.go(link(made, priority="Purple", callback_date="soon", case_id="7"))
        for key, value in (("priority", "Purple"), ("callback_date", "soon"), ("case_id", "7")):
            expect(page.locator(field(key))).to_have_value(value)
            expect(page.locator(field(key))).to_have_attribute("aria-invalid", "true")
        expect(page.locator("#e-priority")).to_contain_text("Choose one of: Bronze")
        expect(page.locator("#errors")).to_contain_text("Put right first: ")
        page.locator("#save").click()
        expect(page.locator("#errors")).to_contain_text("Nothing was saved")
        expect(page.locator(field("priority"))).to_have_value("Purple")
        assert edits(made) == 0

    @pytest.mark.usefixtures("guarded")
    def test_says_of_every_key_that_is_not_this_persons_why(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        agent, made = own_conversation(sandbox)
        page = visit(agent).go(
            link(
                made,
                priority="Gold",
                vip="yes-of-course",
                score="9",
                colour="red",
                card_last4="1234",
            )
        )
        said = page.locator("#errors")
        expect(said).to_contain_text("proposes 2 changes")
        expect(said.locator("li")).to_have_text(
            [
                "colour → “red”. It is not in the catalogue. Ask an administrator to add it, "
                "or a supervisor to change it.",
                "score → “••••”. You may not change this attribute. Ask an administrator.",
                "vip → “••••se”. You may not change this attribute. Ask an administrator.",
            ]
        )
        expect(said).to_contain_text("“Card, last four digits” is masked, and this link carries")
        expect(said).not_to_contain_text("Score of risk")
        expect(page.locator(field("card_last4"))).to_have_value("1234")

    def test_may_name_a_key_outside_the_catalogue_to_who_may_change_those(
        self, visit: Visit, sandbox: Sandbox, colleague: User
    ) -> None:
        _, made = own_conversation(sandbox, attributes={"tier": "gold"})
        page = visit(colleague).go(link(made, colour="deep\nred", Tier="x", **{"ivr.path": "3"}))
        expect(page.locator(field("colour"))).to_have_value("deep\nred")
        expect(page.locator("#errors")).to_contain_text("“colour” is not in the catalogue")
        expect(page.locator("#errors li")).to_contain_text(["Genesys writes this attribute itself"])
        expect(page.locator("#e-Tier")).to_contain_text("There is “tier”")

    def test_to_who_may_only_look_shows_what_it_proposed(
        self, visit: Visit, sandbox: Sandbox
    ) -> None:
        _, made = own_conversation(sandbox)
        page = visit(a_user(Role.ADMIN, may_edit=False)).go(link(made, priority="Gold"))
        expect(page.get_by_role("main")).to_contain_text("priority → “Gold”. You can see this")
        expect(page.locator("#editor")).to_have_count(0)

    def test_outlives_the_sign_in(self, visit: Visit, sandbox: Sandbox, web: str) -> None:
        _, made = own_conversation(sandbox)
        page = visit().go(link(made, priority="Gold"))
        page.get_by_label("Name").fill("admin")
        page.get_by_label("Password").fill("admin")
        page.get_by_role("button", name="Sign in").click()
        expect(page.locator(field("priority"))).to_have_value("Gold")

    def test_outlives_the_looking_for_an_interaction_not_held_yet(
        self, visit: Visit, sandbox: Sandbox, admin: User
    ) -> None:
        _, made = own_conversation(sandbox)
        Conversation.objects.filter(pk=made.id).delete()
        page = visit(admin).go(link(made, priority="Gold"))
        expect(page.locator(field("priority"))).to_have_value("Gold", timeout=20_000)
        expect(page.locator(".proposed")).to_have_count(1)
