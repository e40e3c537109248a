"""Sets the environment that Django's settings read, and loads Django: imported before anything of the product."""

import os

import django

os.environ["MIDCALL_TEST_ON_DISK"] = "1"

from tests import profile  # noqa: F401 - a database, a broker folder and ports of this run's own

os.environ |= {
    "VERIFY_WINDOW_SECONDS": "10",
    "EDIT_DEADLINE_SECONDS": "120",
    "LOG_LEVEL": "WARNING",
}
django.setup()
