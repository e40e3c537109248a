from django.apps.registry import Apps
from django.contrib.auth.hashers import check_password
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

#: What `manage.py demo` has made so far; the password is the name.
NAMES = ("agent", "supervisor", "admin")


def mark(apps: Apps, _editor: BaseDatabaseSchemaEditor) -> None:
    """Those that still have the password they were made with."""
    users = apps.get_model("conversations", "User").objects
    for user in users.filter(username__in=NAMES):
        if check_password(user.username, user.password):
            users.filter(pk=user.pk).update(demo=True)


class Migration(migrations.Migration):
    dependencies = [("conversations", "0014_notice_closed")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="demo",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
