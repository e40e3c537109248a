"""manage.py doctor: is everything in place? With a conversation: why did edits of it not stick?

Exit 0 when all is well, 1 when not, 2 where there is no such conversation.
"""

import json
import sys
from dataclasses import asdict
from typing import Any, NoReturn
from uuid import UUID

from django.core.management.base import BaseCommand, CommandParser

from conversations import checkup
from conversations.catalogue import Everything
from conversations.connection import genesys
from conversations.diagnosis import run, words
from conversations.models import AttributeEdit, Conversation, State


class Command(BaseCommand):
    help = (
        "Check database, broker, Genesys, worker and live feed; name what is wrong and its remedy."
    )
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "conversation", nargs="?", type=UUID, help="tell why edits of it did not stick"
        )
        parser.add_argument(
            "--json", action="store_true", help="one JSON object on standard output"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        if options["conversation"]:
            self._examine(options["conversation"], options["json"])
        findings = []
        for finding in checkup.findings():
            findings.append(finding)
            if not options["json"]:
                self._tell(finding)
        well = all(each.ok for each in findings)
        if options["json"]:
            self.stdout.write(
                json.dumps({"ok": well, "checks": [asdict(each) for each in findings]})
            )
        sys.exit(0 if well else 1)

    def _tell(self, finding: checkup.Finding) -> None:
        mark = self.style.SUCCESS("ok ") if finding.ok else self.style.ERROR("BAD")
        self.stdout.write(f"{mark} {finding.name}: {finding.detail}")
        if finding.remedy:
            self.stdout.write(f"    {finding.remedy}")

    # --- One conversation ---

    def _examine(self, conversation_id: UUID, as_json: bool) -> NoReturn:
        edits = AttributeEdit.objects.filter(lane__conversation_id=conversation_id)
        if (
            not edits.exists()
            and not Conversation.objects.filter(pk=conversation_id, known_since__gt=0).exists()
        ):
            self.stderr.write(f"Midcall does not hold conversation {conversation_id}.")
            sys.exit(2)
        well = not edits.filter(unresolved=True).exists()
        asked = edits.filter(diagnosis__isnull=False).select_related("lane", "by")
        told = [self._why(each) for each in asked.order_by("created_at", "seq")]
        if as_json:
            answer = {"ok": well, "conversation": str(conversation_id), "edits": told}
            self.stdout.write(json.dumps(answer, ensure_ascii=False))
        else:
            self._tell_causes(told, edits.count())
        sys.exit(0 if well else 1)

    def _why(self, edit: AttributeEdit) -> dict[str, Any]:
        found = run.findings(edit, genesys())
        edit.refresh_from_db()
        causes = words.put(found, edit, Everything.there_is())
        return {
            "id": str(edit.pk),
            "state": edit.state,
            "keys": sorted(each.key for each in edit.changes.all()),
            "causes": [
                {
                    **finding.as_json(),
                    "cause": cause.sentence,
                    "to_do": cause.to_do,
                    "evidence": list(cause.evidence),
                }
                for finding, cause in zip(found, causes, strict=True)
            ],
        }

    def _tell_causes(self, told: list[dict[str, Any]], count: int) -> None:
        if not told:
            self.stdout.write(f"{count} edits, and nothing to explain.")
            return
        self.stdout.write("Times of day are UTC.")
        for edit in told:
            keys = ", ".join(edit["keys"])
            self.stdout.write(f"{State(edit['state']).label}: {keys} (edit {edit['id']})")
            for cause in edit["causes"]:
                about = f"{', '.join(cause['keys'])}: " if cause["keys"] else ""
                self.stdout.write(f"  {about}{cause['cause']}")
                self.stdout.write(f"    {cause['to_do']}")
                for line in cause["evidence"]:
                    self.stdout.write(f"    - {line}")
