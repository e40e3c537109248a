"""What a save costs the person who waits for it: from the POST to the answer, beside a view that commits one row.

Both stand behind the same sign-in, on the same server, and are asked in turn over one kept-alive connection, while the
worker and the listener do what every save sets off. The next one waits until they have: it is one person's save that
is measured, not a crowd's.
"""

import statistics
import time
from collections.abc import Sequence

import requests

from bench import stand
from bench.stand import SITE, Count
from conversations.models import AttributeDefinition, AttributeEdit, Conversation, Role
from conversations.models.edit import OPEN
from tests.builders import a_user, session_of
from tests.genesys import Made
from tests.processes import PROCFILE, until

CONVERSATIONS, ROUNDS = 20, 200
FIELDS = 7
TOKEN = "t" * 32
LIMIT_MS = 15


class Person:
    """A signed-in browser that only posts."""

    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.cookies.set("sessionid", session_of(a_user(Role.ADMIN)))
        self._session.cookies.set("csrftoken", TOKEN)
        headers = {"HX-Request": "true", "X-CSRFToken": TOKEN, "Accept-Encoding": "br"}
        self._session.headers.update(headers)

    def post(self, path: str, form: dict[str, str]) -> float:
        """How long until the answer was there (milliseconds)."""
        started = time.perf_counter()
        answer = self._session.post(f"{SITE}{path}", data=form)
        took = 1000 * (time.perf_counter() - started)
        assert answer.status_code == 200, f"{answer.status_code} {answer.text[:300]}"
        return took


def main() -> Sequence[Count]:
    PROCFILE["web"] = PROCFILE["web"].replace("dashboard.wsgi", "bench.site")
    options = "--conversations 0 --rate-limit 1000000 --persist-delay-ms 0"
    with stand.processes("worker", "listen", "web", sandbox=options) as sandbox:
        for number in range(FIELDS):
            key = f"field_{number}"
            AttributeDefinition.objects.create(key=key, label=f"Field {number}", order=number)
        made = sandbox.conversations(CONVERSATIONS, attributes={"field_0": "0", "field_1": "0"})
        ids = [each.id for each in made]
        held = Conversation.objects.filter(pk__in=ids, known_since__gt=0)
        until(lambda: held.count() == CONVERSATIONS, 60, what="the conversations are held")
        return measure(Person(), made)


def measure(person: Person, made: Sequence[Made]) -> list[Count]:
    saves, commits = list[float](), list[float]()
    for number in range(ROUNDS):
        target = made[number % len(made)]
        form = {"participant": str(target.customer)}
        for field in range(FIELDS):  # two of them changed
            was = str(number // len(made)) if field < 2 else ""
            form[f"was.field_{field}"] = was
            form[f"set.field_{field}"] = str(number // len(made) + 1) if field < 2 else ""
        saves.append(person.post(f"/conversations/{target.id}/edits", form))
        until(_all_settled, 30, what="the edit is settled", every=0.01)
        commits.append(person.post("/commit", {}))
    assert AttributeEdit.objects.count() == ROUNDS
    floor = statistics.median(commits)
    beside = f"a view that commits one row {floor:.2f} ms"
    return [
        Count("a save: milliseconds, median", statistics.median(saves), LIMIT_MS, note=beside),
    ]


def _all_settled() -> bool:
    return not AttributeEdit.objects.filter(state__in=OPEN).exists()


if __name__ == "__main__":
    stand.run("save", main)
