"""What is live while this is deployed can be found by its attributes at once, not only after its next event."""

import hashlib
from typing import Any

from django.apps.registry import Apps as StateApps
from django.db import migrations


def _default_participant(participants: list[Any]) -> Any:
    for purpose in ("customer", "external"):
        group = [each for each in participants if each.purpose == purpose]
        if group:
            return next((each for each in group if each.ended_at is None), group[0])
    return None


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def fill(apps: StateApps, _schema_editor: object) -> None:
    models = {name: apps.get_model("conversations", name) for name in ("Conversation", "Participant", "LiveAttribute", "LiveDivision")}
    live = models["Conversation"].objects.exclude(phase="ended")
    for row in live.iterator(chunk_size=500):
        parties = models["Participant"].objects.filter(conversation_id=row.pk).order_by("position")
        holder = _default_participant(list(parties))
        held = holder.attributes if holder else {}
        models["LiveAttribute"].objects.bulk_create([
            models["LiveAttribute"](
                conversation_id=row.pk,
                key=key,
                digest=hashlib.blake2b(_bytes(value), digest_size=16).digest(),
                start=_bytes(" ".join(value.casefold().split()))[:48],
            )
            for key, value in held.items()
            if value and len(key) <= 250 and key.isprintable()
        ])
        models["LiveDivision"].objects.bulk_create([
            models["LiveDivision"](conversation_id=row.pk, division_id=each) for each in set(row.division_ids)
        ])
        # No fingerprint of ours: the next record looks at the rows, whatever they hold.
        models["Conversation"].objects.filter(pk=row.pk).update(indexed="moved")


def empty(apps: StateApps, _schema_editor: object) -> None:
    for name in ("LiveAttribute", "LiveDivision"):
        apps.get_model("conversations", name).objects.all().delete()


class Migration(migrations.Migration):

    dependencies = [
        ("conversations", "0010_finding_on_the_board"),
    ]

    operations = [migrations.RunPython(fill, empty)]
