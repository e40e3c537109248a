"""Reasons are codes and facts from now on, in the same text columns; what older rows hold is shown as it was written."""

from django.db import migrations

from conversations.models.reason import ReasonField


class Migration(migrations.Migration):
    dependencies = [("conversations", "0005_late_looks")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField("attributeedit", "reason", ReasonField()),
                migrations.AlterField("editmove", "note", ReasonField()),
                migrations.AlterField("feed", "trouble", ReasonField()),
                migrations.AlterField("lookup", "reason", ReasonField()),
            ]
        )
    ]
