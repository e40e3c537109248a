"""One turn at a lane: claim it, do what is due, settle it.

A turn is at most three short transactions with calls between them, never a call inside one:
plan (claim, decide, write down the intention) - send - accept - look - settle.
"""

import structlog
from django.db import transaction

from conversations.edits import look, plan, send
from conversations.edits.plan import LookNow, Send
from conversations.edits.turn import Turn
from conversations.genesys import Client
from conversations.models import lane as lanes
from conversations.models.edit import MovedMeanwhile
from conversations.models.lane import LaneLost

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


def work(lane_id: int, genesys: Client) -> float | None:
    """Do what is due for one lane; returns in how many seconds it is due again, None for never.

    Safe to call at any time, by anybody, any number of times: who does not get the lease does nothing.
    """
    while True:
        try:
            due_in = _turn(lane_id, genesys)
        except MovedMeanwhile:  # an edit was withdrawn under our hands: plan again
            continue
        except LaneLost:
            log.warning("lane lost", lane=lane_id)
            return None
        if due_in is None or due_in > 0:
            return due_in


def _turn(lane_id: int, genesys: Client) -> float | None:
    with transaction.atomic():
        claim = lanes.claim(lane_id)
        if claim is None:
            return None
        turn = Turn.begin(claim)
        due = plan.plan(turn)
    if isinstance(due, Send):
        return send.carry_out(turn, due, genesys).due_in
    if isinstance(due, LookNow):
        return look.carry_out(turn, due, genesys)
    return due.due_in
