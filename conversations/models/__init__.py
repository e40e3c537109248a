"""What Midcall remembers. Read `edit.py` first: the rest serves it."""

from conversations.models.budget import RequestBudget
from conversations.models.catalogue import AttributeDefinition
from conversations.models.census import Census, Remedy, SeenKey
from conversations.models.conversation import (
    AttributeSighting,
    Conversation,
    GenesysUser,
    Participant,
    Queue,
)
from conversations.models.diagnosis import Diagnosis
from conversations.models.edit import AttributeChange, AttributeEdit, EditMove, State, Verdict
from conversations.models.feed import Feed, FeedTopic, Leadership
from conversations.models.finding import LiveAttribute, LiveDivision
from conversations.models.lane import EditLane
from conversations.models.lookup import Lookup
from conversations.models.people import Density, Role, Theme, User
from conversations.models.processes import AccessToken, ConnectionTest, Heartbeat
from conversations.models.reason import Reason
from conversations.models.scope import Scope
from conversations.models.tally import Tally
from conversations.models.view import SavedView
from conversations.models.words import Says

__all__ = [
    "AccessToken",
    "AttributeChange",
    "AttributeDefinition",
    "AttributeEdit",
    "AttributeSighting",
    "Census",
    "ConnectionTest",
    "Conversation",
    "Density",
    "Diagnosis",
    "EditLane",
    "EditMove",
    "Feed",
    "FeedTopic",
    "GenesysUser",
    "Heartbeat",
    "Leadership",
    "LiveAttribute",
    "LiveDivision",
    "Lookup",
    "Participant",
    "Queue",
    "Reason",
    "Remedy",
    "RequestBudget",
    "Role",
    "SavedView",
    "Says",
    "Scope",
    "SeenKey",
    "State",
    "Tally",
    "Theme",
    "User",
    "Verdict",
]
