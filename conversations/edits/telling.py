"""What to tell a person about one attribute and what they can do: the words of a badge, a sentence, the next steps.

Values appear only as the person may see them (`Sight.show`). Colour and icon are the site's.
"""

import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from conversations.catalogue import Sight
from conversations.edits.conflicts import Clash
from conversations.edits.proof import shows
from conversations.models import AttributeChange, AttributeEdit, Reason, State, Verdict
from conversations.models.edit import NEEDS_ATTENTION
from conversations.models.reason import name_keys
from conversations.workers import Watch

#: An edit may wait so long (seconds) before its page says that no worker is there.
PATIENCE_SECONDS = 5.0
#: With a worker there, it is overdue only so long (seconds) after its deadline: the end of it takes a moment.
SLACK_SECONDS = 15.0
#: Classes of characters that are there to steer the direction of a text; unbalanced ones would steer all that follows.
_STEERING = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
#: Those that turn what stands around them.
_TURNING = _STEERING | {"R", "AL", "AN"}


@dataclass(frozen=True, slots=True)
class Step:
    """Something a person can do about an edit; `action` names the door."""

    action: str
    label: str | Promise


@dataclass(frozen=True, slots=True)
class Told:
    """All that is said about one attribute, from the newest edit of it."""

    key: str
    edit: AttributeEdit
    state: State
    label: str
    sentence: str
    steps: tuple[Step, ...] = ()
    #: What the person is shown the missing keys of the edit to hold now: a step overwrites nothing else.
    seen: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Light:
    """May this conversation be transferred without losing a change?"""

    state: str
    words: str


AGAIN = Step("again", gettext_lazy("Try again"))
WRITE_AGAIN = Step("again", gettext_lazy("Write again"))
CHECK = Step("check", gettext_lazy("Check again"))
LEAVE = Step("leave", gettext_lazy("Leave it as it is"))
KEEP_OLD = Step("leave", gettext_lazy("Keep old value"))
_STEPS: dict[State, tuple[Step, ...]] = {
    State.NOT_PERSISTED: (AGAIN, CHECK, KEEP_OLD),
    State.REJECTED: (AGAIN, LEAVE),
    State.FAILED: (AGAIN, LEAVE),
    State.UNVERIFIABLE: (CHECK, WRITE_AGAIN, LEAVE),
    State.REVERTED: (WRITE_AGAIN, LEAVE),
}


def label(edit: AttributeEdit) -> str:
    """The words of an edit's badge."""
    if edit.state == State.QUEUED and edit.reason:
        return _("Waiting")
    if edit.state == State.REVERTED and not _went_back(edit):
        return _("Changed since")
    return str(State(edit.state).label)


def tell(
    change: AttributeChange,
    sight: Sight,
    held: Mapping[str, str] | None,
    *,
    behind: bool = False,
    due_in: float | None = None,
    watch: Watch | None = None,
    clash: Clash | None = None,
) -> Told:
    """One attribute. `held`: what the participant's keys hold now, None if unknown; `behind`: an earlier edit of the
    lane is in doubt; `due_in`: seconds until the lane is worked on; `watch`: whether anybody works at all; `clash`: the
    edit taken apart, if it is in conflict."""
    edit = change.edit
    state = State(edit.state)
    if change.verdict == Verdict.CONFIRMED:
        state = State.CONFIRMED
        if held is not None and not shows(held.get(change.key), change.value):
            return _changed_since(change, sight, held)
    mine = all(sight.may_edit(each.key) for each in edit.changes.all())
    steps = _steps(edit, state, change, sight, held, clash) if mine else ()
    stuck = state != State.CONFIRMED and in_vain(edit, watch)
    if clash is not None and change.key not in clash.keys:
        sentence = _kept_back(change, sight, clash)
    else:
        sentence = stuck or _sentence(change, state, sight, held, behind, due_in)
    words = str(state.label) if state == State.CONFIRMED else label(edit)
    return Told(change.key, edit, state, words, sentence, steps, seen(edit, held) if steps else {})


def seen(edit: AttributeEdit, held: Mapping[str, str] | None) -> dict[str, str]:
    """What the missing keys of an edit are shown to hold now; nothing where that is not known."""
    return {} if held is None else {each.key: held.get(each.key, "") for each in edit.missing}


def ways_out(
    edit: AttributeEdit, clash: Clash, sight: Sight, mine: str = "", theirs: str = ""
) -> tuple[Step, ...]:
    """What can be done about a conflict. It is done to the whole edit, which an edit of several keys has to say."""
    mine, theirs = mine or _("Keep mine"), theirs or _("Keep theirs")
    if len(edit.missing) == 1:
        return Step("again", mine), Step("leave", theirs)
    facts = {"choice": mine, "count": str(len(edit.missing))}
    send_all = Step("again", _("%(choice)s; send all %(count)s") % facts)
    facts = {"choice": theirs, "count": str(len(clash.kept_back))}
    if not clash.kept_back:
        return send_all, Step("leave", _("%(choice)s; send nothing") % facts)
    if len(clash.kept_back) > 1:
        words = _("%(choice)s; send only the %(count)s nobody changed")
        return send_all, Step("theirs", words % facts)
    facts["name"] = isolated(short(sight.label(clash.kept_back[0].key)))
    return send_all, Step("theirs", _("%(choice)s; send only “%(name)s”") % facts)


def reason(edit: AttributeEdit, sight: Sight) -> str:
    """Why an edit stands as it does, in the words of staff, and without attributes this person may not read."""
    return without_hidden(edit.reason, edit, sight)


def without_hidden(reason: Reason, edit: AttributeEdit, sight: Sight) -> str:
    keys = [each.key for each in edit.changes.all()]
    hidden = [key for key in keys if not sight.may_read(key)]
    return reason.words(hidden, {key: sight.label(key) for key in keys})


def in_vain(edit: AttributeEdit, watch: Watch | None) -> str:
    """Why an open edit gets nowhere; empty while there is no reason to think so."""
    if watch is None or not edit.is_open:
        return ""
    late = watch.now - edit.deadline_at.timestamp()
    facts = {"time": clock(edit.deadline_at)}
    unsent = edit.state == State.QUEUED
    if watch.there:
        words = _("Overdue since %(time)s, and no worker has sent it. Tell an administrator.")
        return words % facts if unsent and late > SLACK_SECONDS else ""
    if watch.now - edit.created_at.timestamp() < PATIENCE_SECONDS:
        return ""
    if late > 0:
        words = (
            _("Overdue since %(time)s: no worker is running to send it. Tell an administrator.")
            if unsent
            else _(
                "Overdue since %(time)s: no worker is running to check it. Tell an administrator."
            )
        )
        return words % facts
    if unsent:
        return _("No worker is running; nothing is sent until one is. Tell an administrator.")
    return _("No worker is running; nothing is checked until one is. Tell an administrator.")


def light(edits: Iterable[AttributeEdit], watch: Watch | None = None) -> Light:
    """Judge all edits of one conversation together, the newest first."""
    rows = list(edits)
    if any(in_vain(each, watch) for each in rows):
        return Light("lost", _("Stuck: no worker takes the changes"))
    unproven = sum(each.is_open for each in rows)
    lost = sum(each.unresolved for each in rows)
    if unproven:
        words = ngettext("Wait: %(count)s unproven", "Wait: %(count)s unproven", unproven)
        return Light("wait", words % {"count": unproven})
    if lost:
        words = ngettext(
            "Look first: %(count)s not as saved", "Look first: %(count)s not as saved", lost
        )
        return Light("lost", words % {"count": lost})
    left = sum(each.state in NEEDS_ATTENTION for each in _newest_of_their_keys(rows))
    if left:
        words = ngettext(
            "Nothing on its way; %(count)s left not as saved",
            "Nothing on its way; %(count)s left not as saved",
            left,
        )
        return Light("none", words % {"count": left})
    if any(each.state == State.CONFIRMED for each in rows):
        return Light("safe", _("Safe to transfer: every change is proven"))
    return Light("none", _("No changes on their way"))


def _newest_of_their_keys(rows: Iterable[AttributeEdit]) -> list[AttributeEdit]:
    """Edits that are the last word on something that is missing of them."""
    seen: set[tuple[int, str]] = set()
    found = []
    for edit in rows:
        keys = {(edit.lane_id, each.key) for each in edit.changes.all()}
        if {(edit.lane_id, each.key) for each in edit.missing} - seen:
            found.append(edit)
        seen |= keys
    return found


def _steps(
    edit: AttributeEdit,
    state: State,
    change: AttributeChange,
    sight: Sight,
    held: Mapping[str, str] | None,
    clash: Clash | None,
) -> tuple[Step, ...]:
    if state == State.QUEUED and not edit.sends:
        return (Step("withdraw", _("Withdraw")),)
    if not edit.unresolved:
        return ()
    if clash is not None and change.key not in clash.keys:
        return ways_out(edit, clash, sight)
    if clash is not None:
        shown = change.observed if held is None else held.get(change.key)
        mine = _shown(change.value, change, sight) or _("(empty)")
        theirs = _shown(shown or "", change, sight) or _("(empty)")
        return ways_out(
            edit,
            clash,
            sight,
            _("Keep mine: %(value)s") % {"value": mine},
            _("Keep theirs: %(value)s") % {"value": theirs},
        )
    return _STEPS.get(state, ())


def _sentence(
    change: AttributeChange,
    state: State,
    sight: Sight,
    held: Mapping[str, str] | None,
    behind: bool,
    due_in: float | None,
) -> str:
    edit = change.edit
    there = _there(change, sight, held)
    match state:
        case State.QUEUED:
            return _queued(edit, behind, due_in)
        case State.SENDING:
            return _("Being sent to Genesys (attempt %(attempt)s).") % {"attempt": edit.attempts}
        case State.VERIFYING:
            return _verifying(edit)
        case State.CONFIRMED:
            return _confirmed(change, sight)
        case State.NOT_PERSISTED:
            opening = (
                _("Genesys accepted the change but it has not appeared when read back.")
                if edit.accepted_at
                else _("Genesys did not answer, and the change has not appeared.")
            )
            return " ".join(filter(None, (opening, there, _wanted(change, sight))))
        case State.CONFLICT:
            opening = _("Someone changed this while you were editing; nothing was sent.")
            return f"{opening} {there}".strip()
        case State.REVERTED:
            return f"{_reverted(change, edit, sight)} {_wanted(change, sight)}"
        case State.REJECTED | State.FAILED | State.UNVERIFIABLE:
            return f"{reason(edit, sight)} {_wanted(change, sight)}"
        case _:
            return reason(edit, sight)


def _queued(edit: AttributeEdit, behind: bool, due_in: float | None) -> str:
    if behind:
        return _("Waiting: an earlier change of this participant is still being checked.")
    if not edit.reason:
        return _("Waiting to be sent.")
    if due_in is not None and due_in >= 1:
        soon = _("In about %(seconds)s s.") % {"seconds": f"{due_in:.0f}"}
        return f"{edit.reason} {soon}"
    return str(edit.reason)


def _verifying(edit: AttributeEdit) -> str:
    if edit.look_only:
        return _("Every value is there already. Looking once.")
    if edit.accepted_at is None:
        return _("Genesys did not answer. Looking whether the change arrived.")
    if not edit.looks:
        return _("Genesys accepted the change. Checking that it shows up when read back.")
    return _(
        "Genesys accepted the change. Checking that it shows up when read back (look %(look)s)."
    ) % {"look": edit.looks + 1}


def _confirmed(change: AttributeChange, sight: Sight) -> str:
    facts = {"since": clock(change.edit.settled_at), "value": _shown(change.value, change, sight)}
    if not change.value:
        return _("Genesys shows it cleared since %(since)s.") % facts
    return _("Genesys shows “%(value)s” since %(since)s.") % facts


def _kept_back(change: AttributeChange, sight: Sight, clash: Clash) -> str:
    """Nobody changed this one, and it went nowhere all the same."""
    keys = sorted(clash.keys)
    hidden = [key for key in keys if not sight.may_read(key)]
    names = name_keys(keys, hidden, {key: sight.label(key) for key in keys})
    words = _("Kept back together with %(keys)s; nothing was sent.") % {"keys": names}
    return f"{words} {_wanted(change, sight)}"


def _reverted(change: AttributeChange, edit: AttributeEdit, sight: Sight) -> str:
    if change.verdict != Verdict.REVERTED:
        return reason(edit, sight)
    now = change.observed or ""
    if now == (change.baseline or ""):
        words = (
            _("It was confirmed, and again Genesys shows “%(value)s”.")
            if now
            else _("It was confirmed, and again Genesys shows no value.")
        )
    else:
        words = (
            _("It was confirmed, and now Genesys shows “%(value)s”.")
            if now
            else _("It was confirmed, and now Genesys shows no value.")
        )
    return words % {"value": _shown(now, change, sight)}


def _wanted(change: AttributeChange, sight: Sight) -> str:
    """What would be written again: the field may show something else by now."""
    if not change.value:
        return _("Wanted: no value.")
    return _("Wanted: “%(value)s”.") % {"value": _shown(change.value, change, sight)}


def _shown(value: str, change: AttributeChange, sight: Sight) -> str:
    return isolated(short(sight.show(change.key, value)))


def _changed_since(change: AttributeChange, sight: Sight, held: Mapping[str, str]) -> Told:
    now = held.get(change.key, "")
    words = (
        _("It was confirmed at %(time)s; now Genesys shows “%(value)s”.")
        if now
        else _("It was confirmed at %(time)s; now Genesys shows no value.")
    )
    facts = {"time": clock(change.edit.settled_at), "value": _shown(now, change, sight)}
    return Told(change.key, change.edit, State.REVERTED, _("Changed since"), words % facts)


def _there(change: AttributeChange, sight: Sight, held: Mapping[str, str] | None) -> str:
    """What Genesys shows instead of what was wanted: the newest we know, else what the last look showed."""
    shown = change.observed if held is None else held.get(change.key, "")
    if shown is None and change.verdict not in (Verdict.ABSENT, Verdict.REVERTED):
        return ""
    if not shown:
        return _("Genesys shows no value.")
    words = (
        _("The old value “%(value)s” is still there.")
        if shown == change.baseline
        else _("Genesys shows “%(value)s”.")
    )
    return words % {"value": _shown(shown, change, sight)}


def _went_back(edit: AttributeEdit) -> bool:
    gone: Collection[AttributeChange] = [
        each for each in edit.changes.all() if each.verdict == Verdict.REVERTED
    ]
    return all((each.observed or "") == (each.baseline or "") for each in gone)


def short(value: str, most: int = 60) -> str:
    """A value on one line, cut where it is long."""
    line = " ".join(value.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def isolated(text: str) -> str:
    """Part of a sentence, whose letters do not turn those around them about. What runs left to right needs nothing."""
    if not any(unicodedata.bidirectional(each) in _TURNING for each in text):
        return text
    kept = "".join(each for each in text if unicodedata.bidirectional(each) not in _STEERING)
    return f"\u2068{kept}\u2069"


def clock(moment: datetime | None) -> str:
    """A time of day in the zone of whoever looks."""
    return timezone.localtime(moment).strftime("%H:%M:%S") if moment else "?"
