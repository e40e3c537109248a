"""The Celery app and its settings, each with its reason.

Celery carries nudges: "have a look at lane 42". The database remembers everything else, so losing every message costs
some delay and nothing more. Nothing here may therefore make the page wait, or make a message precious.
"""

import logging
import os
import sys
from typing import Any
from urllib.parse import urlsplit

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

import dashboard.doorbell

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "dashboard.settings")

app = Celery("midcall")

_scheme = urlsplit(settings.BROKER_URL).scheme
_is_worker = settings.PROCESS == "worker"


def _transport_options() -> dict[str, Any]:
    if _scheme == dashboard.doorbell.Transport.driver_type:
        return {"folder": str(settings.DATA_DIR / "broker")}
    # A dead broker must cost a page 3 ms. `task_publish_retry=False` alone does not do it: the transport would go on
    # retrying by itself, 6 s a click.
    options: dict[str, Any] = {"max_retries": 0} if not _is_worker else {}
    if _scheme.startswith("redis"):
        options |= {
            # A broker that accepts and never answers would block for ever.
            "socket_connect_timeout": 3 if _is_worker else 0.5,
            "socket_timeout": 15 if _is_worker else 0.5,
            # Half-open connections are found in seconds.
            "socket_keepalive": True,
            "health_check_interval": 10,
            # Messages of a dead worker come back after 5 minutes, looked for every 10 s; the sweep is much faster.
            "visibility_timeout": 300,
            "unacked_restore_interval": 10,
            "unacked_restore_throttle": 1,
        }
    else:  # RabbitMQ
        options |= {
            "confirm_publish": True,  # else a publish may vanish silently
            "connect_timeout": 3 if _is_worker else 0.5,
            "read_timeout": None if _is_worker else 0.5,
            "write_timeout": 3 if _is_worker else 0.5,
        }
    return options


app.conf.update(
    broker_url=settings.BROKER_URL,
    broker_transport_options=_transport_options(),
    # The row holds the outcome.
    task_ignore_result=True,
    result_backend=None,
    # Redelivery buys nothing here (the lane's lease is still running) and brings duplicates and endless requeues.
    task_acks_late=False,
    task_reject_on_worker_lost=False,
    # A frozen worker hoards nothing.
    worker_prefetch_multiplier=1,
    # A nudge is sent once; see the transport options.
    task_publish_retry=False,
    # Come back whenever the broker does.
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_connection_timeout=3 if _is_worker else 0.5,
    # The lease protects the work, not the connection to the broker.
    worker_cancel_long_running_tasks_on_connection_loss=False,
    # Threads: the work is waiting for Genesys. prefork is never right on the embedded broker (it stops consuming when
    # a child is killed), gevent never at all (it stops consuming after a freeze).
    worker_pool="threads",
    worker_concurrency=8,
    # Nothing to inject: a task's argument is one integer.
    accept_content=["json"],
    task_serializer="json",
    # No remote control: on RabbitMQ its queue lets only one worker of a machine start, the embedded broker cannot carry
    # it, and nothing of ours asks for it.
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    # A quorum queue survives the death of a RabbitMQ node; the other brokers do not know the argument.
    task_default_queue=settings.QUEUE,
    task_default_queue_type="quorum" if _scheme.startswith("amqp") else "classic",
    worker_detect_quorum_queues=True,
    # With quorum queues Celery declares 28 more for delayed delivery, which we never use; as classic ones they cost a
    # second of the start instead of twenty.
    broker_native_delayed_delivery_queue_type="classic",
    # Django's logging, untouched.
    worker_hijack_root_logger=False,
    # Threads keep their database connection; without this Celery would close it around every task.
    CELERY_DB_REUSE_MAX=sys.maxsize // 4,
)
app.autodiscover_tasks(["conversations"])


@setup_logging.connect
def keep_logging_as_it_is(**_: Any) -> None:
    """Somebody listening to this signal is what stops Celery from configuring logging itself."""
    logging.getLogger("celery").setLevel(logging.WARNING)
