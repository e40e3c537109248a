"""A pretend Genesys Cloud, its own process, that can be trusted to be untrustworthy.

Read it in this order: `world/` (conversations that ring, connect, transfer and wrap up),
`shapes/` (how they look as JSON), `api/` and `notifications/` (how they are asked for and
announced), `faults/` (how it misbehaves on request) and `control/` (`/_sandbox/`: the truth, the
log of calls, a page to do it by hand). It imports nothing of the product, so that both sides
cannot agree on the same mistake.
"""
