"""The HTTP side: everything under `/api/v2/` and `/oauth/`, as the real service has it."""
