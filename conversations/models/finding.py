"""What live conversations can be found by besides their own columns. Written by `indexing.py` alone."""

from django.db import models

from conversations.models.conversation import Conversation


class LiveAttribute(models.Model):
    """An attribute with a value, of the participant an edit of a live conversation is for by default.

    Neither column holds a value that could be read back whole: `digest` finds equal ones, `start` sorts and is what a
    search begins with. Both are bytes, so that SQLite and PostgreSQL compare them alike, whatever the collation.
    """

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="findable", db_index=False
    )
    key = models.TextField()
    digest = models.BinaryField()
    start = models.BinaryField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["conversation", "key"], name="attribute_once_in_a_conversation"
            ),
        )
        indexes = (
            models.Index(fields=["key", "digest", "conversation"], name="attribute_equal"),
            models.Index(fields=["start", "key", "conversation"], name="attribute_begins_with"),
        )

    def __str__(self) -> str:
        return self.key


class LiveDivision(models.Model):
    """A division a live conversation belongs to."""

    conversation = models.ForeignKey(
        Conversation, on_delete=models.CASCADE, related_name="divisions", db_index=False
    )
    division_id = models.UUIDField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["conversation", "division_id"], name="division_once_of_a_conversation"
            ),
        )
        indexes = (
            models.Index(fields=["division_id", "conversation"], name="division_of_conversations"),
        )

    def __str__(self) -> str:
        return str(self.division_id)
