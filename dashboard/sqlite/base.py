"""Django's SQLite, with a queue for the threads of one process that want to write.

SQLite has one writer at a time and lets the others sleep: 1 ms, 2, 5, ... up to 100 ms at a time, whoever wakes at the
right moment gets the lock. Eight threads of a worker would sleep most of the time. Here they wait for each other at a
lock of this process, which wakes the next one at once; SQLite's own waiting is left for other processes.
"""

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.backends.sqlite3 import base

_writer = threading.Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    """One connection. Every transaction of ours means to write (`transaction_mode` IMMEDIATE), so it waits its turn."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_writer = False

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        _keep_private(Path(self.settings_dict["NAME"]))
        return super().get_new_connection(conn_params)

    def _start_transaction_under_autocommit(self) -> None:
        # In vain after `timeout` seconds: then SQLite's own waiting says that the database is locked.
        self._is_writer = _writer.acquire(timeout=self.settings_dict["OPTIONS"]["timeout"])
        try:
            super()._start_transaction_under_autocommit()  # type: ignore[misc]
        except BaseException:
            self._let_the_next()
            raise

    def _commit(self) -> None:
        super()._commit()  # type: ignore[misc]
        self._let_the_next()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]
        finally:
            self._let_the_next()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]
        finally:
            self._let_the_next()

    def _let_the_next(self) -> None:
        if self._is_writer:
            self._is_writer = False
            _writer.release()


def _keep_private(file: Path) -> None:
    """What customers have said is for nobody else on this machine. SQLite's other files have the mode of this one."""
    if file.parent != settings.DATA_DIR:
        return  # whoever has put it elsewhere has chosen who may read there
    with suppress(OSError):  # SQLite says better what is wrong
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        file.touch(mode=0o600)
        for path, mode in ((file.parent, 0o700), (file, 0o600)):
            if path.stat().st_mode & 0o077 and path.stat().st_uid == os.geteuid():
                path.chmod(mode)
