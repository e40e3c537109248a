"""manage.py catalogue: the catalogue out as a file and in again, with the checks of the page."""

import sys
from argparse import FileType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations import catalogue, catalogue_file
from conversations.catalogue import Stale
from conversations.catalogue_file import Unreadable
from conversations.models import Role, User
from dashboard import catalogue_import
from dashboard.catalogue_import import Plan


class Command(BaseCommand):
    help = (
        "Write the catalogue to standard output, or take it over from a file. "
        "Exit 0 when done (or when nothing changes), 1 for mistakes in the file, 2 for wrong usage."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        doors = parser.add_subparsers(dest="door", required=True)
        out = doors.add_parser("export", help="write it to standard output")
        out.add_argument("--format", choices=("csv", "json"), default="json")
        take = doors.add_parser(
            "import", help="take it over from a CSV or JSON file, - for standard input"
        )
        take.add_argument("file", type=FileType("rb"))
        take.add_argument("--dry-run", action="store_true", help="only tell what would change")
        take.add_argument(
            "--by", metavar="NAME", help="the admin who does it, by the name to sign in"
        )
        take.add_argument(
            "--others-meant",
            action="store_true",
            help="new keys may differ from others only by case or blanks",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        if options["door"] == "export":
            write = catalogue_file.to_csv if options["format"] == "csv" else catalogue_file.to_json
            self.stdout.write(write(catalogue.definitions()), ending="")
            return
        by = None if options["dry_run"] else self._admin(options["by"])
        try:
            lines = catalogue_file.read(options["file"].read())
        except Unreadable as error:
            raise CommandError(str(error)) from error
        plan = catalogue_import.plan(lines, others_meant=options["others_meant"])
        self._tell(plan)
        if plan.problems:
            sys.exit(1)
        if by is not None and not plan.empty:
            self._carry_out(plan, by)

    def _admin(self, name: str | None) -> User:
        """Every change of the catalogue has somebody who made it."""
        admins = User.objects.filter(role=Role.ADMIN, is_active=True)
        user = admins.filter(username=name).first() if name else None
        if user is None:
            raise CommandError("--by has to name an admin; or use --dry-run.", returncode=2)
        return user

    def _carry_out(self, plan: Plan, by: User) -> None:
        try:
            plan.carry_out([], by=by)
        except Stale as error:
            raise CommandError("The catalogue changed meanwhile; nothing was imported.") from error
        self.stdout.write("Imported.")

    def _tell(self, plan: Plan) -> None:
        for problem in plan.problems:
            self.stderr.write(f"line {problem.number}: {problem.key}: {problem.words}")
        for change in plan.added:
            self.stdout.write(f"added: {change.entry.key}")
        for change in plan.changed:
            for one in change.differences:
                said = f"{one.label}: {one.before or '-'} -> {one.after or '-'}"
                self.stdout.write(f"changed: {change.entry.key}: {said}")
        for entry in plan.only_here:
            self.stdout.write(f"only here, kept: {entry.key}")
        self.stdout.write(f"unchanged: {plan.unchanged}")
