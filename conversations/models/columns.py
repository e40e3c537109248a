"""Write what has changed of many rows: each only the columns that differ.

Django's `bulk_update` makes one long CASE a column and `bulk_create` an INSERT of every column; both cost more than the
rest of the work on a busy feed. Here rows with the same changed columns share one prepared UPDATE.
"""

from collections.abc import Collection, Iterable, Mapping

from django.db import connection, models


def held(row: models.Model) -> dict[str, object]:
    """What a row holds now; to be compared with what it holds later."""
    return vars(row).copy()


def differing(row: models.Model, before: Mapping[str, object]) -> set[str]:
    """The columns (their `attname`) in which a row holds something else than `before`; all of them if that is empty."""
    now = vars(row)
    return {
        name
        for name in (each.attname for each in row._meta.concrete_fields)
        if name not in before or (now[name] is not before[name] and now[name] != before[name])
    }


def update(changes: Iterable[tuple[models.Model, Collection[str]]]) -> None:
    """Write these columns (their `attname`) of rows that are in the database; rows of one model at a time."""
    alike: dict[frozenset[str], list[models.Model]] = {}
    for row, names in changes:
        if names:
            alike.setdefault(frozenset(names), []).append(row)
    for names, rows in alike.items():
        _update(rows, names)


def _update(rows: list[models.Model], names: Collection[str]) -> None:
    fields = [each for each in rows[0]._meta.concrete_fields if each.attname in names]
    key = rows[0]._meta.pk
    settings = ", ".join(f"{_name(each)} = %s" for each in fields)
    table = connection.ops.quote_name(rows[0]._meta.db_table)
    values_of_rows = [
        [each.get_db_prep_save(getattr(row, each.attname), connection) for each in (*fields, key)]
        for row in rows
    ]
    with connection.cursor() as cursor:
        # Names alone come into the statement, and those are the model's own.
        cursor.executemany(
            f"UPDATE {table} SET {settings} WHERE {_name(key)} = %s",  # noqa: S608
            values_of_rows,
        )


def _name(field: "models.Field[object, object]") -> str:
    return connection.ops.quote_name(field.column or field.attname)
