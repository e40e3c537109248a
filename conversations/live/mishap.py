"""What is logged of an error nobody foresaw: its kind and its place, never its words, which may quote a value."""

import traceback
from pathlib import Path


def facts(error: Exception) -> dict[str, str]:
    """For the log."""
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"{Path(each.filename).name}:{each.lineno}" for each in frames[-3:]]
    return {"error": type(error).__name__, "at": " > ".join(places)}
