"""Every page of the site, once, with something on it: for tests that go through all of them."""

from collections.abc import Iterator

import pytest
from django.conf import settings

from conversations.models import AttributeDefinition, Diagnosis, Role, State, User
from tests.browser.scenes import address, counted, held
from tests.browser.showcase import all_states
from tests.builders import a_user, a_value, save, settled
from tests.genesys import Sandbox
from tests.processes import until

PAGES = (
    "board",
    "board at work",
    "board refused",
    "a view to save",
    "nothing found",
    "conversation",
    "ended",
    "link",
    "edits",
    "edit",
    "edit with a cause",
    "undo",
    "history",
    "catalogue",
    "catalogue entry",
    "check of keys",
    "what was done",
    "import and export",
    "people",
    "audit",
    "status",
    "person",
    "participants",
    "profile",
    "not here",
)


@pytest.fixture(scope="module")
def visitor_of_all(web: str) -> User:
    """Whoever may see every page, and whose edits they show."""
    return a_user(Role.ADMIN)


@pytest.fixture(scope="module")
def addresses(web: str, visitor_of_all: User) -> Iterator[dict[str, str]]:
    """The address of each of `PAGES`."""
    by, sandbox = visitor_of_all, Sandbox(settings.GENESYS.api_url)
    odd, team = {"Priority": "x", "case-id": "x", "ivr.path": "2"}, a_value()
    known = {"priority": "Gold", "team": team}
    made = held(sandbox.conversation(attributes={**known, "other one": "x", **odd}))
    counted(*odd)
    shown = all_states(made, by)
    told = held(sandbox.conversation(attributes=known))
    done = settled(save(told, {"priority": "Silver"}, by=by))
    sandbox.fault("stored_coerced", told, times=1)
    lost = settled(save(told, {"case_id": "C-1"}, by=by))
    until(Diagnosis.objects.filter(pk=lost.pk, found_at__gt=0).exists, 60, "the cause is found")
    ended = held(sandbox.conversation())
    sandbox.act(ended, "end")
    found = {
        "board": f"/?is.team={team}",
        "board at work": f"/?size=25&with=priority&is.team={team}&sort=-attr.priority",
        "board refused": "/?media=fax",
        "a view to save": "/views/new/?query=media%3Dvoice",
        "nothing found": "/?q=nobody-of-this-name",
        "conversation": address(made),
        "ended": address(ended),
        "link": f"{address(made)}?set.priority=Silver&set.case_id=7&set.ivr.path=3&set.colour=red",
        "edits": f"/edits/?conversation={made.id}",
        "edit": f"/edits/{shown.edits[State.REJECTED].pk}/",
        "edit with a cause": f"/edits/{lost.pk}/",
        "undo": f"/edits/{done.pk}/",
        "history": f"{address(told)}history/",
        "catalogue": "/catalogue/",
        "catalogue entry": "/catalogue/new/",
        "check of keys": "/catalogue/lint/",
        "what was done": "/catalogue/lint/done/",
        "import and export": "/catalogue/import/",
        "people": "/people/",
        "audit": f"/audit/?conversation={made.id}",
        "status": "/status/",
        "person": f"/people/{by.pk}/",
        "participants": f"{address(made)}participants/",
        "profile": "/profile/",
        "not here": "/nowhere/",
    }
    assert tuple(found) == PAGES
    yield found
    AttributeDefinition.objects.filter(key__startswith="demo_").delete()
