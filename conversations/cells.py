"""Cells of a spreadsheet: one that begins with one of `=+-@` would be taken for a formula.

Such a cell is written with an apostrophe before it, and so is one that begins with apostrophes and then one of these;
reading takes one apostrophe away again.
"""

import re

_FORMULA = "=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20"  # the last four: their full-width forms
_RISKY = re.compile(f"'*[{_FORMULA}]")
_DEFUSED = re.compile(f"'+[{_FORMULA}]")
#: Begins every file: without it a spreadsheet takes the file for something else than UTF-8.
MARK = "\ufeff"


def defused(cell: str) -> str:
    return f"'{cell}" if _RISKY.match(cell) else cell


def restored(cell: str) -> str:
    return cell[1:] if _DEFUSED.match(cell) else cell
