"""The words for a cause: what it is, what proves it, what to do. Made when shown, in the language of whoever looks.

Whoever may not read an attribute is told nothing of it; of one shown masked, values appear masked.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conversations.catalogue import Sight
from conversations.diagnosis.findings import Cause, Finding
from conversations.edits.telling import clock, short
from conversations.models import AttributeChange, AttributeEdit, Diagnosis, State
from conversations.models.clock import moment
from conversations.parties import purpose


@dataclass(frozen=True, slots=True)
class Why:
    """One cause as a person reads it."""

    code: str
    #: The attributes it is about; empty: the edit as a whole.
    keys: tuple[str, ...]
    labels: tuple[str, ...]
    sentence: str
    to_do: str
    evidence: tuple[str, ...]
    #: Another edit to look at.
    edit: str


@dataclass(frozen=True, slots=True)
class Answer:
    """All that is known of why an edit did not stick."""

    #: Nobody has come to it yet.
    searching: bool
    causes: tuple[Why, ...]

    def about(self, key: str) -> "Answer":
        """What of it concerns one attribute."""
        own = tuple(each for each in self.causes if not each.keys or key in each.keys)
        return Answer(self.searching, own)


@dataclass(frozen=True)
class _Told:
    """A finding about to be put into words."""

    finding: Finding
    edit: AttributeEdit
    sight: Sight

    def __getitem__(self, name: str) -> object:
        return self.finding.parameters.get(name)

    def text(self, name: str) -> str:
        return str(self[name] or "")

    def time(self, name: str = "at") -> str:
        at = self[name]
        return clock(moment(float(at))) if isinstance(at, int | float) else "?"

    def number(self, name: str) -> float:
        value = self[name]
        return float(value) if isinstance(value, int | float) else 0.0

    @property
    def change(self) -> AttributeChange | None:
        """The attribute it is about, or the only one."""
        changes = [e for e in self.edit.changes.all() if self.sight.may_read(e.key)]
        own = [e for e in changes if not self.finding.keys or e.key in self.finding.keys]
        return own[0] if len(own) == 1 else None


def answer(diagnosis: Diagnosis, edit: AttributeEdit, sight: Sight) -> Answer:
    """What one person may be told of a diagnosis. `edit`: with its changes."""
    findings = [Finding.from_json(each) for each in diagnosis.findings]
    if not diagnosis.found_at:
        return Answer(True, ())
    return Answer(False, tuple(put(findings, edit, sight)))


def put(findings: Iterable[Finding], edit: AttributeEdit, sight: Sight) -> list[Why]:
    """Findings in words, without those about attributes this person may not read."""
    own = [each.key for each in edit.changes.all()]
    readable = [each for each in own if sight.may_read(each)]
    found = []
    for each in findings:
        keys = tuple(key for key in each.keys if sight.may_read(key))
        if not readable or (each.keys and not keys):
            continue
        told = _Told(Finding(each.cause, keys, each.parameters), edit, sight)
        sentence, to_do, evidence = _WORDS[each.cause](told)
        labels = tuple(sight.label(key) for key in keys)
        where = told.text("edit")
        found.append(Why(each.cause.value, keys, labels, sentence, to_do, evidence, where))
    return found


Words = tuple[str, str, tuple[str, ...]]


def _arrived_late(told: _Told) -> Words:
    return (
        _("It arrived after the window: %(seconds)s s after Genesys accepted it.")
        % {"seconds": told["seconds"]},
        _("Nothing: the value is there now."),
        (
            _("Midcall waits %(window)s s for a value to show.")
            % {"window": f"{told.number('window'):g}"},
        ),
    )


def _read_late(told: _Told) -> Words:
    return (
        _("It could not be read back at first; since %(time)s it can.") % {"time": told.time()},
        _("Nothing: the value is there now."),
        (),
    )


def _other_participant(told: _Told) -> Words:
    who = purpose(told.text("purpose"))
    return (
        _("Another participant holds it: %(participant)s.") % {"participant": who},
        _(
            "Check which participant your flows and scripts read. To write to this one, choose it under "
            "Participants; otherwise try again."
        ),
        (
            _("%(participant)s, seen at %(time)s, participant id %(id)s")
            % {"participant": who, "time": told.time(), "id": told.text("participant")},
        ),
    )


def _other_case(told: _Told) -> Words:
    twin = told.text("twin")
    quoted = _("“%(name)s”") % {"name": twin}
    named = quoted if told.sight.may_read(twin) else _("a hidden attribute")
    return (
        _("The same key in other case holds it: %(key)s.") % {"key": named},
        _(
            "Keys are case-sensitive in Genesys. Ask an administrator which of the two your flows read, and use "
            "that name."
        ),
        (_("%(key)s holds the wanted value since %(time)s") % {"key": named, "time": told.time()},),
    )


def _coerced(told: _Told) -> Words:
    change = told.change
    if change is None:
        sentence = _("The value was changed on the way: it is the same, written otherwise.")
    else:
        values = {
            "wanted": short(told.sight.show(change.key, change.value)),
            "shown": short(told.sight.show(change.key, change.observed or "")),
        }
        sentence = _("The value was changed on the way: “%(wanted)s” became “%(shown)s”.") % values
    return (
        sentence,
        _(
            "If flows understand it written so, leave it. Otherwise tell an administrator that something converts "
            "this attribute."
        ),
        (_("seen at %(time)s") % {"time": told.time()},),
    )


def _changed_here(told: _Told) -> Words:
    by = told.text("by")
    if by:
        sentence = _("%(person)s changed it here at %(time)s.") % {
            "person": by,
            "time": told.time(),
        }
    else:
        sentence = _("The system changed it here at %(time)s.") % {"time": told.time()}
    return (
        sentence,
        _("Agree on the value, then keep theirs or write yours again."),
        (_("edit %(id)s") % {"id": told.text("edit")},),
    )


def _flow_ended(told: _Told) -> Words:
    return (
        _("A flow was running and ended at %(time)s; its own values replaced this one.")
        % {"time": told.time("ended_at")},
        _("Write it again: no flow is in the way any more."),
        (
            _("flow “%(flow)s”") % {"flow": told.text("flow") or "?"},
            _("the value changed at %(time)s") % {"time": told.time()},
        ),
    )


def _other_writer(told: _Told) -> Words:
    if told["by_event"]:
        sentence = _("Another writer changed it at %(time)s.") % {"time": told.time()}
    else:
        sentence = _("Another writer changed it before %(time)s.") % {"time": told.time()}
    if told["flow_running"]:
        who = _("no edit made here; a flow was running and may have done it")
    else:
        who = _("no edit made here, and no flow was running: a script, an integration or a person")
    return (
        sentence,
        _("Find out who else sets this attribute before you write it again."),
        (who, _("Genesys does not tell who writes an attribute")),
    )


def _conversation_ended(told: _Told) -> Words:
    if told["before_sending"]:
        sentence = _("The interaction had ended at %(time)s, before the change was sent.")
    else:
        sentence = _("The interaction ended at %(time)s, before the value was seen.")
    return (
        sentence % {"time": told.time()},
        _(
            "Reports will not show changes made after the end. Note the value where your team keeps such things."
        ),
        (),
    )


def _evidence(told: _Told) -> tuple[str, ...]:
    found = []
    if told["status"]:
        found.append(_("answer %(status)s") % {"status": told["status"]})
    if told["correlation_id"]:
        found.append(_("correlation id %(id)s") % {"id": told["correlation_id"]})
    return tuple(found)


def _no_right_to_read(told: _Told) -> Words:
    return (
        _("Midcall has no right to read this interaction, so nothing can be proven."),
        _(
            "Ask an administrator to give the OAuth client the permission conversation:communication:view in this "
            "division."
        ),
        _evidence(told),
    )


def _no_right_to_write(told: _Told) -> Words:
    return (
        _("Genesys does not let Midcall write to this interaction."),
        _("Ask an administrator to check the divisions of the OAuth client."),
        _evidence(told),
    )


def _not_known_there(told: _Told) -> Words:
    return (
        _("Genesys does not know this interaction or participant any more."),
        _(
            "Look for the interaction on the board; after a transfer to another system it has another id."
        ),
        _evidence(told),
    )


def _refused(told: _Told) -> Words:
    return (
        _("Genesys refused the change itself."),
        _(
            "Change what was refused, then save it again; the answer of Genesys stands under What happened."
        ),
        _evidence(told),
    )


def _sign_in_refused(told: _Told) -> Words:
    return (
        _("Genesys does not accept the sign-in of Midcall."),
        _("Ask an administrator to check the OAuth client; then try again."),
        _evidence(told),
    )


def _throttled(told: _Told) -> Words:
    times = int(told.number("times"))
    counted = ngettext(
        "Genesys asked us to slow down %(count)d time",
        "Genesys asked us to slow down %(count)d times",
        times,
    )
    evidence = (counted % {"count": times},) if times else ()
    return (
        _("Throttled: there were more requests than Genesys allows."),
        _(
            "Try again in a minute. If it happens often, ask an administrator who else uses the same OAuth client."
        ),
        (*evidence, *_evidence(told)),
    )


def _genesys_trouble(told: _Told) -> Words:
    others = int(told.number("others"))
    counted = ngettext(
        "%(count)d other interaction met it too", "%(count)d other interactions met it too", others
    )
    return (
        _("Genesys was in trouble for everybody."),
        _("Wait until its status page is calm, then try again."),
        (counted % {"count": others}, *_evidence(told)),
    )


def _no_answer(told: _Told) -> Words:
    return (
        _("Genesys did not answer for this interaction, while others were answered."),
        _("Try again. If it stays so, send the evidence to Genesys support."),
        _evidence(told),
    )


def _no_worker(told: _Told) -> Words:
    return (
        _("Nothing here was running that could send it."),
        _("Ask an administrator to start a worker; then try again."),
        (),
    )


def _withdrawn(told: _Told) -> Words:
    return (
        _("It was taken back before it was sent."),
        _("Nothing, unless you want it after all."),
        (),
    )


def _replaced(told: _Told) -> Words:
    by = told.text("by")
    if by:
        sentence = _("A newer change by %(person)s took its place.") % {"person": by}
    else:
        sentence = _("A newer change took its place.")
    edit = told.text("edit")
    evidence = (_("edit %(id)s") % {"id": edit},) if edit else ()
    return sentence, _("Nothing: look at the newer change."), evidence


def _unknown(told: _Told) -> Words:
    if told["state"] == State.CONFLICT:
        sentence = _(
            "The cause is not known: the value differs from the one the form showed, and nobody was seen changing it."
        )
    elif told["state"] == State.FAILED:
        sentence = _("The cause is not known: nothing stood in the way, and nothing was sent.")
    elif told["state"] == State.REVERTED:
        sentence = _(
            "The cause is not known: the value was there and is gone, and nobody was seen changing it."
        )
    else:
        sentence = _(
            "The cause is not known: Genesys accepted the change, and the value never showed anywhere."
        )
    looked = int(told.number("looks"))
    counted = ngettext("read back %(count)d time", "read back %(count)d times", looked) % {
        "count": looked
    }
    return (
        sentence,
        _("Try again. If it happens again, send the evidence to Genesys support."),
        ((counted,) if looked else ()) + _evidence(told),
    )


_WORDS: dict[Cause, Callable[[_Told], Words]] = {
    Cause.ARRIVED_LATE: _arrived_late,
    Cause.READ_LATE: _read_late,
    Cause.OTHER_PARTICIPANT: _other_participant,
    Cause.OTHER_CASE: _other_case,
    Cause.COERCED: _coerced,
    Cause.CHANGED_HERE: _changed_here,
    Cause.FLOW_ENDED: _flow_ended,
    Cause.OTHER_WRITER: _other_writer,
    Cause.CONVERSATION_ENDED: _conversation_ended,
    Cause.NO_RIGHT_TO_READ: _no_right_to_read,
    Cause.NO_RIGHT_TO_WRITE: _no_right_to_write,
    Cause.NOT_KNOWN_THERE: _not_known_there,
    Cause.REFUSED: _refused,
    Cause.SIGN_IN_REFUSED: _sign_in_refused,
    Cause.THROTTLED: _throttled,
    Cause.GENESYS_TROUBLE: _genesys_trouble,
    Cause.NO_ANSWER: _no_answer,
    Cause.NO_WORKER: _no_worker,
    Cause.WITHDRAWN: _withdrawn,
    Cause.REPLACED: _replaced,
    Cause.UNKNOWN: _unknown,
}
