"""Ids in the pages, made of the names of attributes."""

import hashlib
import re


def slug(key: str) -> str:
    """An id for an attribute: its own name where that can be one, else a digest of it."""
    if re.fullmatch(r"[A-Za-z0-9_-]{1,40}", key):
        return key
    return "x" + hashlib.sha256(key.encode()).hexdigest()[:12]
