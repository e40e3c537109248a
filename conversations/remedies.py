"""What an admin does about a finding with one click. Each is kept with who and when, and can be taken back."""

from collections.abc import Iterable

import structlog
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations import catalogue, catalogue_file
from conversations.lint import Finding
from conversations.models import AttributeDefinition, Remedy, User
from conversations.service_keys import of_the_service

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

What = Remedy.What
Audience = AttributeDefinition.Audience


class NotDone(Exception):
    """It could not be done; its words are for a person."""


def done() -> QuerySet[Remedy]:
    """All that was done, the latest first."""
    return Remedy.objects.select_related("by", "undone_by")


def declare(finding: Finding, *, by: User) -> Remedy:
    """Put the key into the catalogue: like the entry it nearly is, so that what is masked there is masked here; else
    as plain text with the rights there were: supervisors may change it, but nobody what is Genesys's own."""
    if not finding.may_declare:
        raise NotDone(_("“%(key)s” is in the catalogue already.") % {"key": finding.key})
    audience = Audience.NOBODY if of_the_service(finding.key) else Audience.SUPERVISORS
    entry = AttributeDefinition(edited_by=audience)
    if finding.entry_meant:
        entry = _from_values(catalogue_file.as_values(finding.entry_meant))
        entry.pinned = False
    entry.key, entry.label = finding.key, _label(finding)
    entry.order = catalogue.next_order()
    with transaction.atomic():
        _save(entry, by)
        return _keep(What.DECLARED, finding, by, entry)


def correct(finding: Finding, *, by: User) -> Remedy:
    """Give the entry of the key that was meant the key that is seen."""
    if not finding.may_correct:
        raise NotDone(_("No entry could be given the key “%(key)s”.") % {"key": finding.key})
    with transaction.atomic():
        entry = _entry(finding.other)
        remedy = _keep(What.CORRECTED, finding, by, entry)
        entry.key = finding.key
        _save(entry, by)
    return remedy


def remove(finding: Finding, *, by: User) -> Remedy:
    """Take the entry out of the catalogue; not one that hides values, about which its own page asks."""
    if finding.hides_values:
        raise NotDone(_("This entry hides values. Remove it on its own page, which asks first."))
    with transaction.atomic():
        entry = _entry(finding.key)
        remedy = _keep(What.REMOVED, finding, by, entry)
        _remove(entry, by)
    return remedy


def leave(findings: Iterable[Finding], *, by: User) -> list[Remedy]:
    """It is meant to be so: do not tell of these again."""
    rows = [
        Remedy(what=What.LEFT, kind=each.kind, key=each.key, other=each.other, by=by)
        for each in findings
    ]
    try:
        with transaction.atomic():
            Remedy.objects.bulk_create(rows)
    except IntegrityError as error:
        raise NotDone(_("Somebody has left some of these as they are already.")) from error
    log.info("findings left as they are", count=len(rows), by=by.pk)
    return rows


def undo(remedy: Remedy, *, by: User) -> None:
    """Take a remedy back, unless what it did has been changed since."""
    with transaction.atomic():
        open_still = Remedy.objects.filter(pk=remedy.pk, undone_at=None)
        if not open_still.update(undone_at=timezone.now(), undone_by=by):
            raise NotDone(_("This has been taken back already."))
        if remedy.what == What.DECLARED:
            _undo_declared(remedy, by)
        elif remedy.what == What.CORRECTED:
            _rename(_entry(remedy.key), remedy.other, by)
        elif remedy.what == What.REMOVED:
            _save(_from_values(remedy.entry), by)
    log.info("remedy taken back", remedy=remedy.pk, what=remedy.what, key=remedy.key, by=by.pk)


def _undo_declared(remedy: Remedy, by: User) -> None:
    entry = _entry(remedy.key)
    if catalogue_file.as_values(entry) != remedy.entry:
        words = _("“%(key)s” has been changed since. Remove it on its own page.")
        raise NotDone(words % {"key": remedy.key})
    _remove(entry, by)


def _rename(entry: AttributeDefinition, key: str, by: User) -> None:
    entry.key = key
    _save(entry, by)


def _entry(key: str) -> AttributeDefinition:
    entry = catalogue.definitions().filter(key=key).first()
    if entry is None:
        raise NotDone(_("“%(key)s” is not in the catalogue any more.") % {"key": key})
    return entry


def _save(entry: AttributeDefinition, by: User) -> None:
    try:
        catalogue.save(entry, by=by)
    except catalogue.KeyTaken as error:
        words = _("“%(key)s” is in the catalogue already.")
        raise NotDone(words % {"key": entry.key}) from error
    except catalogue.Stale as error:
        raise NotDone(_changed_now(entry)) from error


def _remove(entry: AttributeDefinition, by: User) -> None:
    try:
        catalogue.remove(entry, by=by)
    except catalogue.Stale as error:
        raise NotDone(_changed_now(entry)) from error


def _changed_now(entry: AttributeDefinition) -> str:
    return _("Somebody is changing “%(key)s” right now. Look at it again.") % {"key": entry.key}


def _keep(what: What, finding: Finding, by: User, entry: AttributeDefinition) -> Remedy:
    remedy = Remedy.objects.create(
        what=what,
        kind=finding.kind,
        key=finding.key,
        other=finding.other,
        entry=catalogue_file.as_values(entry),
        by=by,
    )
    log.info("finding put right", what=what, kind=finding.kind, key=finding.key, by=by.pk)
    return remedy


def _from_values(values: catalogue_file.Values | None) -> AttributeDefinition:
    """The entry as it was; what has no column any more is left out, what had none yet has its default."""
    known = catalogue_file.columns()
    return AttributeDefinition(
        **{name: value for name, value in (values or {}).items() if name in known}
    )


def _label(finding: Finding) -> str:
    """A first name for it: the key in words, or the other entry's name with the key."""
    longest = AttributeDefinition._meta.get_field("label").max_length
    words = " ".join(finding.key.replace("_", " ").replace("-", " ").replace(".", " ").split())
    label = words[:1].upper() + words[1:] or finding.key.strip() or finding.key
    if finding.entry_meant:
        label = f"{finding.entry_meant.label} ({finding.key.strip()})"
    return label[:longest].strip() or finding.key[:longest]
