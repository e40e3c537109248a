"""People who save edits whatever happens: who gets no answer presses the button again, with the same form."""

import random
import threading
import time
import uuid
from dataclasses import dataclass, field
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import connection

from conversations.edits import accept
from conversations.edits.accept import ChangedMeanwhile, Saved, Wish
from conversations.models import AttributeEdit, Participant
from conversations.tasks import nudge
from tests.chaos.website import NoAnswer, Person
from tests.genesys import Made

#: A key whose values come back, so that an old sighting can be mistaken for a new one.
TIERS = ("bronze", "silver", "gold")
#: Nothing is away for so long.
PATIENCE_SECONDS = 60.0
KEYS = ("count", "tier", "note")


@dataclass(slots=True)
class Wanted:
    """One form: what somebody saved where, and whether the answer was "saved"."""

    made: Made
    changes: dict[str, str]
    began: float
    edit_id: UUID = field(default_factory=uuid.uuid4)
    answered: float | None = None
    #: Refused at the door: somebody else had changed the key.
    refused: bool = False
    tries: int = 0


class People:
    """Several at once, about so many edits a second together."""

    def __init__(
        self, conversations: list[Made], site: str, rate: float, seed: int, count: int = 4
    ) -> None:
        self._site = site
        self.wanted: list[Wanted] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._conversations = conversations
        self._threads = [
            threading.Thread(
                target=self._save_on,
                args=(n, random.Random(seed + n), rate / count),
                daemon=True,  # a storm that failed must not go on with them
            )
            for n in range(count)
        ]

    def start(self) -> None:
        for each in self._threads:
            each.start()

    def end(self) -> None:
        """Nobody opens a new form; forms already sent are pressed until they are answered."""
        self._over.set()
        for each in self._threads:
            if each.ident is not None:
                each.join()

    def _save_on(self, number: int, dice: random.Random, rate: float) -> None:
        """Every second one at the website, the others as the command line does it."""
        person = Person(self._site) if number % 2 else None
        while not self._over.wait(dice.expovariate(rate)):
            # Some participants are edited again and again, some in bursts.
            most = len(self._conversations)
            made = self._conversations[int(most * dice.random() ** 2)]
            for _ in range(dice.choice((1, 1, 1, 4))):
                self._save(person, made, a_form(dice), dice)
        connection.close()

    def _save(
        self, person: Person | None, made: Made, changes: dict[str, str], dice: random.Random
    ) -> None:
        wanted = Wanted(made, changes, time.time())
        with self._lock:
            self.wanted.append(wanted)
        patience = time.monotonic() + PATIENCE_SECONDS
        shown = None if dice.random() < 0.7 else dict[str, str]()
        while wanted.answered is None and time.monotonic() < patience:
            wanted.tries += 1
            try:
                # Once: with other values shown, fewer of the fields may count as changed, which makes it another edit.
                shown = _shown(made) if shown is None else shown
                if person is None:
                    _press(wanted, shown, dice)
                else:
                    wanted.refused = not person.save(made, changes, shown, wanted.edit_id)
                wanted.answered = time.time()
            except (DatabaseError, NoAnswer):
                connection.close()
                time.sleep(0.2)


def _press(wanted: Wanted, shown: dict[str, str], dice: random.Random) -> None:
    wishes = {key: Wish(value, shown.get(key)) for key, value in wanted.changes.items()}
    try:
        saved = accept.save(wanted.made.id, wanted.made.customer, wishes, edit_id=wanted.edit_id)
    except ChangedMeanwhile:
        wanted.refused = True
    else:
        _after_saving(saved, dice)


def _shown(made: Made) -> dict[str, str]:
    """What a form opened now would show of each key; nothing where we know nothing yet."""
    row = Participant.objects.filter(participant_id=made.customer, attributes_known=True).first()
    return {key: row.attributes.get(key, "") for key in KEYS} if row else {}


def _after_saving(saved: Saved, dice: random.Random) -> None:
    if dice.random() < 0.03:
        accept.withdraw(AttributeEdit.objects.get(pk=saved.edit.pk))
    if saved.due:
        nudge(saved.edit.lane_id)


def a_form(dice: random.Random) -> dict[str, str]:
    """One to three keys. `count` and `note` never hold a value twice."""
    changes = {"count": uuid.UUID(int=dice.getrandbits(128)).hex}
    if dice.random() < 0.4:
        changes["tier"] = dice.choice(TIERS)
    if dice.random() < 0.3:
        changes["note"] = f"note {uuid.UUID(int=dice.getrandbits(128)).hex}"
    return changes
