"""One more field in the editor: for what the catalogue does not know, and never a way to read what it hides."""

import uuid
from collections.abc import Iterator

import pytest
from django.test import Client

from conversations.catalogue import Sight
from conversations.models import AttributeDefinition, Conversation, Participant, Role, User
from dashboard.forms import AttributeForm
from tests.builders import a_user
from tests.dashboard.test_panel import panel_of, site_of

pytestmark = pytest.mark.usefixtures("database")
Audience = AttributeDefinition.Audience

HELD = {
    "af_nobody": "value-of-nobodys",
    "af_admins": "value-of-the-admins",
    "af_masked": "value-masked-4711",
    "af_open": "value-for-everyone",
    "af_free": "value-not-in-the-catalogue",
    "ivr.af": "value-of-the-flow",
}
#: By key: what keeps it from a supervisor.
KEPT_FROM_THEM: dict[str, dict[str, object]] = {
    "af_nobody": {"seen_by": Audience.NOBODY},
    "af_admins": {"seen_by": Audience.ADMINS},
    "af_masked": {"masked": True, "edited_by": Audience.ADMINS},
}


@pytest.fixture(scope="module", autouse=True)
def _catalogue(database: None) -> Iterator[None]:
    for key, facts in {**KEPT_FROM_THEM, "af_open": {}}.items():
        AttributeDefinition.objects.create(key=key, label=key, **facts)
    yield
    AttributeDefinition.objects.filter(key__startswith="af_").delete()


@pytest.fixture(scope="module")
def conversation(database: None) -> Iterator[Conversation]:
    row = Conversation.objects.create(
        id=uuid.uuid4(), phase=Conversation.Phase.ENDED, known_since=1.0
    )
    Participant.objects.create(
        conversation=row,
        participant_id=uuid.uuid4(),
        purpose="customer",
        attributes=HELD,
        attributes_known=True,
    )
    yield row
    row.delete()


@pytest.fixture
def supervisor(database: None) -> Iterator[User]:
    user = a_user(Role.SUPERVISOR)
    User.objects.filter(pk=user.pk).update(all_queues=True)
    yield user
    user.delete()


@pytest.fixture(params=["site", "panel"])
def address(request: pytest.FixtureRequest, conversation: Conversation) -> str:
    place = "/panel" if request.param == "panel" else "/conversations"
    return f"{place}/{conversation.pk}/field"


def at(address: str, user: User) -> Client:
    return panel_of(user) if address.startswith("/panel/") else site_of(user)


class TestAnotherField:
    @pytest.mark.parametrize("key", KEPT_FROM_THEM)
    def test_tells_nothing_of_what_the_catalogue_keeps_from_them(
        self, address: str, supervisor: User, key: str
    ) -> None:
        answer = at(address, supervisor).get(address, {"key": key})
        page = answer.content.decode()
        assert HELD[key] not in page
        assert "You may not change this attribute" in page
        assert f'name="set.{key}"' not in page
        assert f'name="was.{key}"' not in page

    def test_of_the_flows_own_stays_locked(self, address: str, supervisor: User) -> None:
        page = at(address, supervisor).get(address, {"key": "ivr.af"}).content.decode()
        assert "Genesys writes this attribute itself" in page
        assert HELD["ivr.af"] not in page

    @pytest.mark.parametrize("key", ["af_free", "af_open"])
    def test_is_there_for_what_they_may_change(
        self, address: str, supervisor: User, key: str
    ) -> None:
        page = at(address, supervisor).get(address, {"key": key}).content.decode()
        assert f'name="set.{key}"' in page
        assert HELD[key] in page

    @pytest.mark.parametrize("key", HELD)
    def test_is_not_for_an_agent_or_who_only_watches(
        self, address: str, supervisor: User, key: str
    ) -> None:
        assert at(address, a_user()).get(address, {"key": key}).status_code == 404
        User.objects.filter(pk=supervisor.pk).update(may_edit=False)
        assert at(address, supervisor).get(address, {"key": key}).status_code == 404


class TestTheForm:
    def test_makes_no_free_field_of_what_the_catalogue_knows_or_locks(
        self, supervisor: User
    ) -> None:
        supervisor.refresh_from_db()
        form = AttributeForm(Sight(supervisor), HELD, free=HELD)
        shown = {name for name in form.fields if name.removeprefix("set.") in HELD}
        assert shown == {"set.af_open", "set.af_free"}
        assert form.fields["set.af_open"].label == "af_open"
        for key in KEPT_FROM_THEM:
            assert HELD[key] not in form.as_p()
