"""What several files of these tests begin with."""

import pytest

from tests.builders import Hands, save
from tests.genesys import Made, Sandbox


@pytest.fixture
def made(sandbox: Sandbox, hands: Hands) -> Made:
    """A conversation whose attributes we know."""
    made = sandbox.conversation(attributes={"tier": "silver"})
    hands.until_settled(save(made, {"other": "thing"}))
    return made
