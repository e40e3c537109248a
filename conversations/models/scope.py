"""What somebody may look at, with a counter that is raised when something in it changed: a page asks it first."""

from django.db import models


class Scope(models.Model):
    """One counter. Its name says what it covers: `all`, `catalogue`, `queue:<id>`, or `user:<id>` of a Genesys
    user."""

    name = models.CharField(max_length=50, primary_key=True)
    version = models.PositiveBigIntegerField(default=1)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"
