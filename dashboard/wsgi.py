"""The web server's door."""

import os
import signal
from multiprocessing import parent_process
from threading import Thread

from django.core.wsgi import get_wsgi_application

from dashboard.intake import Intake


def end_with_the_server() -> None:
    """A worker of a web server that was killed would answer for ever beside those of the next one."""
    server = parent_process()
    if server is not None:
        server.join()
        os.kill(os.getpid(), signal.SIGKILL)


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")
application = Intake(get_wsgi_application())
Thread(target=end_with_the_server, name="server", daemon=True).start()
