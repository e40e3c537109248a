"""After the storm: what every edit claims against what the sandbox really held, and when."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any
from uuid import UUID

from conversations.edits import reasons
from conversations.models import AttributeChange, AttributeEdit, EditLane, EditMove, State, Verdict
from tests.builders import story
from tests.chaos.people import Wanted
from tests.genesys import Made, Sandbox

#: Two clocks of one machine, and the time between a landing and its being written down.
SLACK_SECONDS = 0.1
#: A thread that has to wait for its turn learns late what time it is in the database, and its clock is behind by that.
STARVED_SECONDS = 0.5
#: A verdict may tell what was true so long ago: a read may be stale, and a locked database makes its words late.
STALE_SECONDS = 10.0
UNIQUE = ("count", "note")
NEVER_SENT = (State.FAILED, State.REJECTED, State.CONFLICT, State.CANCELLED)


@dataclass
class Findings:
    """What was found; `wrong` has a sentence for each broken promise, `stories` how the edits of some came to it."""

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    stories: list[str] = field(default_factory=list)

    def check(self, good: bool, words: str) -> None:
        if not good:
            self.wrong.append(words)


class Held:
    """What the keys of one participant held when, by the sandbox."""

    def __init__(self, history: list[dict[str, Any]], participant: UUID) -> None:
        self._history = [each for each in history if each["participant"] == str(participant)]

    def now(self, key: str) -> str:
        return self._values(key)[-1][1]

    def ever(self, key: str, value: str, by: str) -> bool:
        return any((e["key"], e["value"], e["by"]) == (key, value, by) for e in self._history)

    def between(self, key: str, since: float, until: float) -> set[str]:
        """Every value the key held at some moment from `since` to `until`; absent is the empty string."""
        rows = self._values(key)
        ends = [at for at, _ in rows[1:]] + [float("inf")]
        return {
            value
            for (at, value), end in zip(rows, ends, strict=True)
            if at <= until and end >= since
        }

    def landed_since(self, key: str, at: float) -> set[str]:
        """The values we wrote that landed after a moment."""
        return {
            e["value"] or ""
            for e in self._history
            if (e["key"], e["by"]) == (key, "sandbox") and e["at"] > at
        }

    def landings(self, key: str, by: str) -> list[str]:
        """The values somebody wrote, in the order in which they landed."""
        return [e["value"] for e in self._history if (e["key"], e["by"]) == (key, by)]

    def _values(self, key: str) -> list[tuple[float, str]]:
        rows = [(e["at"], e["value"] or "") for e in self._history if e["key"] == key]
        return [(0.0, ""), *rows]


def judge(
    wanted: list[Wanted], conversations: list[Made], sandbox: Sandbox, late: set[UUID]
) -> Findings:
    """`late`: conversations where the sandbox may have let a write land long after its caller gave up."""
    found = Findings()
    _nothing_lost(wanted, found)
    for made in conversations:
        edits = list(
            AttributeEdit.objects.filter(lane__conversation_id=made.id)
            .order_by("seq")
            .prefetch_related("changes", "moves")
        )
        held = Held(sandbox.history(made), made.customer)
        answered = {each["correlation_id"]: each["answered_at"] for each in sandbox.calls(made)}
        _all_settled(edits, found)
        _saved_in_order([each for each in wanted if each.made is made], edits, found)
        before = len(found.wrong)
        _landed_in_order(edits, held, made.id in late, found)
        for edit in edits:
            found.counts[edit.state] += 1
            for problem in _untrue(edit, held, answered):
                found.wrong.append(f"{edit.state} {edit.pk} seq {edit.seq} of {made.id}: {problem}")
        for problem in _final(edits, held):
            found.wrong.append(f"at the end, {made.id}: {problem}")
        if len(found.wrong) > before:
            found.stories += [story(edit, made, sandbox) for edit in edits]
    ours = AttributeEdit.objects.filter(
        lane__conversation_id__in=[each.id for each in conversations]
    )
    orphans = EditMove.objects.filter(edit__in=ours, note=reasons.WORKER_DIED)
    found.counts["half sent"] = orphans.count()
    found.counts["sent again"] = ours.filter(sends__gt=1).count()
    found.counts["participants edited"] = len(set(ours.values_list("lane_id", flat=True)))
    found.counts["repairs"] = ours.filter(repair=True).count()
    return found


def _nothing_lost(wanted: list[Wanted], found: Findings) -> None:
    known = set(AttributeEdit.objects.values_list("pk", flat=True))
    found.counts["saved"] = sum(not each.refused for each in wanted)
    found.counts["refused at the door"] = sum(each.refused for each in wanted)
    found.counts["pressed again"] = sum(each.tries - 1 for each in wanted)
    for each in wanted:
        found.check(each.answered is not None, f"never answered: {each.edit_id}")
        found.check(each.refused or each.edit_id in known, f"lost: {each.edit_id}")


def _all_settled(edits: list[AttributeEdit], found: Findings) -> None:
    for edit in edits:
        found.check(not edit.is_open, f"open: {edit.pk} {edit.state}")
    for lane in EditLane.objects.filter(pk__in={each.lane_id for each in edits}):
        found.check(lane.done_seq == lane.next_seq - 1, f"lane {lane.pk} is not done")


def _saved_in_order(wanted: list[Wanted], edits: list[AttributeEdit], found: Findings) -> None:
    seq = {each.pk: each.seq for each in edits}
    answered = sorted((w for w in wanted if w.edit_id in seq), key=lambda w: w.answered or 0)
    for earlier, later in pairwise(answered):
        if (earlier.answered or 0) <= later.began:
            right = seq[earlier.edit_id] < seq[later.edit_id]
            found.check(right, f"{earlier.edit_id} was saved before {later.edit_id}")


def _landed_in_order(
    edits: list[AttributeEdit], held: Held, may_be_late: bool, found: Findings
) -> None:
    """An older value after a newer one: only where Genesys itself let it land late, or where we said so by a repair."""
    for key in UNIQUE:
        seq = {c.value: e.seq for e in edits for c in e.changes.all() if c.key == key}
        landed = [seq.get(value, 0) for value in held.landings(key, "sandbox")]
        inversions = sum(after < before for before, after in pairwise(landed))
        found.counts["landed late"] += inversions
        said = may_be_late or any(each.repair for each in edits)
        found.check(
            not inversions or said,
            f"out of order: {key} {[e.lane_id for e in edits[:1]]}: {landed}",
        )


def _untrue(edit: AttributeEdit, held: Held, answered: dict[str, float | None]) -> Iterator[str]:
    """Claims of one edit that were not true when they were made.

    Where a look decided, that was when the sandbox answered it at the latest, by its own clock.
    """
    if edit.state in NEVER_SENT and not edit.repair:  # that restates what another edit wrote
        for change in edit.changes.all():
            if change.key in UNIQUE and held.ever(change.key, change.value, "sandbox"):
                yield f"{change.key} was written all the same"
    for move in edit.moves.all():
        if move.to_state == move.from_state:
            continue
        at = answered.get(move.correlation_id) or move.at.timestamp() + STARVED_SECONDS
        sent = (edit.sent_at or edit.created_at).timestamp()
        if move.to_state == State.CONFIRMED:
            yield from _not_there(edit, held, sent - SLACK_SECONDS, at)
        if move.to_state == State.NOT_PERSISTED:
            yield from _was_there(edit, held, at)


def _not_there(edit: AttributeEdit, held: Held, since: float, at: float) -> Iterator[str]:
    for change in edit.changes.all():
        if change.verdict != Verdict.REPLACED:
            truth = held.between(change.key, since, at)
            if change.value not in truth:
                yield f"{change.key} was confirmed as {change.value!r} and held {truth}"


def _was_there(edit: AttributeEdit, held: Held, at: float) -> Iterator[str]:
    """Not persisted, though every key had held its value for long."""
    truths = [
        held.between(change.key, at - STALE_SECONDS, at - 2 * SLACK_SECONDS) == {change.value}
        for change in edit.changes.all()
        if change.verdict != Verdict.REPLACED
    ]
    if truths and all(truths):
        yield "everything was there"


def _final(edits: list[AttributeEdit], held: Held) -> Iterator[str]:
    """The newest verdict on every key against what the key holds now."""
    newest: dict[str, tuple[AttributeEdit, AttributeChange]] = {}
    for edit in edits:
        for change in edit.changes.all():
            if change.verdict not in (Verdict.UNSENT, Verdict.REPLACED):
                newest[change.key] = (edit, change)
    for key, (edit, change) in newest.items():
        truth = held.now(key)
        there = truth == change.value
        if change.verdict == Verdict.UNKNOWN:
            continue
        if (change.verdict == Verdict.CONFIRMED) != there:
            yield f"{key} is {change.verdict} as {change.value!r} in {edit.state} {edit.pk}, holds {truth!r}"
