"""Saved views: a person's own filters of the board, under a name."""

from django.db import models

from conversations.models.people import User


class SavedView(models.Model):
    """Filters and order under a name; nobody but its owner sees it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="views")
    name = models.CharField(max_length=60)
    #: The query of its address, always in one order, so that equal views have equal texts.
    query = models.TextField(blank=True)

    class Meta:
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(fields=["user", "name"], name="view_name_once_a_person"),
        )

    def __str__(self) -> str:
        return self.name
