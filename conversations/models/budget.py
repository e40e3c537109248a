"""The request budget of the organisation, shared by every process: one row, see `budget.py` beside this package."""

from django.db import models


class RequestBudget(models.Model):
    """One per OAuth client. In the database and not in the broker: a flush there would forget what was spent."""

    client_id = models.CharField(max_length=100, primary_key=True)
    #: The moment (epoch seconds) up to which calls are given out; see `budget.take`.
    tat = models.FloatField(default=0)
    #: Nobody calls before: Genesys said so with a 429.
    blocked_until = models.FloatField(default=0)
    #: Requests a minute that Genesys allows: from the settings, then from its headers.
    allowed = models.FloatField()
    #: How often Genesys said 429.
    refusals = models.PositiveBigIntegerField(default=0)
    #: Calls ever taken, and of these the ones given back unmade. Both only grow.
    taken = models.PositiveBigIntegerField(default=0)
    returned = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return self.client_id
