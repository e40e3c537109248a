"""manage.py demo: accounts and a catalogue to try Midcall with, only where the sandbox plays Genesys."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from conversations import scopes
from conversations.models import AttributeDefinition, Role, User

#: An agent of the sandbox who is always in at least two live conversations.
SANDBOX_AGENT = UUID("5a5a5a5a-0000-4000-8000-0000000000a1")

Type = AttributeDefinition.Type

ACCOUNTS: dict[str, dict[str, Any]] = {
    "agent": {
        "first_name": "James",
        "last_name": "Okafor",
        "role": Role.AGENT,
        "genesys_user_id": SANDBOX_AGENT,
    },
    "supervisor": {
        "first_name": "Ana",
        "last_name": "Lindqvist",
        "role": Role.SUPERVISOR,
        "all_queues": True,
    },
    "admin": {
        "first_name": "Ravi",
        "last_name": "Menon",
        "role": Role.ADMIN,
        "is_staff": True,
        "is_superuser": True,
    },
}

CATALOGUE: dict[str, dict[str, Any]] = {
    "priority": {
        "label": "Priority",
        "help": "Routing reads it at the next transfer.",
        "type": Type.CHOICE,
        "choices": ["Bronze", "Silver", "Gold", "Platinum"],
        "pinned": True,
    },
    "case_id": {
        "label": "Case number",
        "help": "As in the case system, for example C-88213.",
        "pattern": r"C-[0-9]{1,8}(-[A-Z])?",
        "max_length": 20,
        "pinned": True,
    },
    "language": {
        "label": "Language",
        "help": "What the customer wants to speak.",
        "type": Type.CHOICE,
        "choices": ["en-GB", "de-DE", "fr-FR", "es-ES"],
        "pinned": True,
    },
    "outcome": {
        "label": "Outcome",
        "type": Type.CHOICE,
        "choices": ["Sold", "Call back", "Not interested", "Complaint"],
    },
    "callback_date": {
        "label": "Call back on",
        "help": "The customer's own date.",
        "type": Type.DATE,
    },
    "notes": {"label": "Notes", "type": Type.LONG_TEXT, "max_length": 2000},
    "card_last4": {
        "label": "Card, last four digits",
        "help": "Only the last four, never more.",
        "pattern": "[0-9]{4}",
        "max_length": 4,
        "masked": True,
    },
}


class Command(BaseCommand):
    help = "Make the demo accounts (agent, supervisor, admin; the password is the name) and the demo catalogue."

    def handle(self, *_: Any, **__: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError(
                "A Genesys organisation is configured; demo accounts with known passwords belong to the sandbox only."
            )
        for username, facts in ACCOUNTS.items():
            user, made = User.objects.get_or_create(
                username=username, defaults={**facts, "demo": True}
            )
            if made:
                user.set_password(username)
                user.save(update_fields=["password"])
        for order, (key, facts) in enumerate(CATALOGUE.items(), start=1):
            AttributeDefinition.objects.get_or_create(
                key=key, defaults={**facts, "order": order * 10}
            )
        scopes.catalogue_changed()
        self.stdout.write("Demo accounts: agent / agent, supervisor / supervisor, admin / admin.")
