"""PostgreSQL, Redis and RabbitMQ on free ports: a storm stops servers, so it has its own."""

import os
import shutil
import socket
import subprocess
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import psutil

from tests.processes import until


class Server(ABC):
    """One server process with a folder of its own. Started again it finds what it had written."""

    name: ClassVar[str]
    #: A system user to run as where we are root and the server refuses to be.
    user: ClassVar[str] = ""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"midcall-{self.name}-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """What starts it, in the foreground."""

    def environment(self) -> Mapping[str, str]:
        return {}

    def prepare(self) -> None:  # noqa: B027 - most need nothing
        """What is needed once, before the first start."""

    def start(self) -> None:
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_user(), *self.command()],
                env={**os.environ, **self.environment()},
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until(self.ready, 60, what=f"{self.name} is ready")

    def kill(self) -> bool:
        """kill -9 of the server and all its children; whether it ran before and its port is dead now."""
        if self._process is None or self._process.poll() is not None or not self.answers():
            return False
        self._kill_all(self._process)
        until(lambda: not self.answers(), 10, what=f"the port of {self.name} is dead")
        return True

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._kill_all(self._process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _kill_all(self, process: "subprocess.Popen[bytes]") -> None:
        """Children too: PostgreSQL gives each a process group of its own, and one left over stops the next start."""
        family = [
            psutil.Process(process.pid),
            *psutil.Process(process.pid).children(recursive=True),
        ]
        for each in family:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        process.wait(10)
        psutil.wait_procs(family[1:], 10)

    def answers(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self._last_words()
        return self.answers()

    def _last_words(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")[-2000:]

    def _as_user(self) -> list[str]:
        if not self.user or os.geteuid() != 0:
            return []
        return ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--init-groups"]

    def run(self, *command: str) -> None:
        done = subprocess.run([*self._as_user(), *command], capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()


class PostgreSQL(Server):
    name, user = "postgresql", "postgres"

    def prepare(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.folder, self.user, self.user)
        options = ["-U", "postgres", "--auth=trust", "--encoding=UTF8"]
        self.run(self._program("initdb"), "-D", str(self.folder / "data"), *options)

    def command(self) -> list[str]:
        options = [f"port={self.port}", "listen_addresses=127.0.0.1", "max_connections=200"]
        options.append(f"unix_socket_directories={self.folder}")
        settings = [word for each in options for word in ("-c", each)]
        return [self._program("postgres"), "-D", str(self.folder / "data"), *settings]

    def ready(self) -> bool:
        where = ["-h", "127.0.0.1", "-p", str(self.port), "-q"]
        return subprocess.run([self._program("pg_isready"), *where], check=False).returncode == 0

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def _program(self, name: str) -> str:
        installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        return str(installed[-1]) if installed else name


class Redis(Server):
    name = "redis"

    def command(self) -> list[str]:
        options = {
            "port": str(self.port),
            "bind": "127.0.0.1",
            "dir": str(self.folder),
            "save": "",
            "appendonly": "yes",
        }
        return [
            "redis-server",
            *(word for key, value in options.items() for word in (f"--{key}", value)),
        ]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


class RabbitMQ(Server):
    name = "rabbitmq"

    def __init__(self) -> None:
        super().__init__()
        self._distribution, self._names = free_port(), free_port()

    def command(self) -> list[str]:
        return ["/usr/lib/rabbitmq/bin/rabbitmq-server"]

    def environment(self) -> Mapping[str, str]:
        plugins, configuration = self.folder / "enabled_plugins", self.folder / "rabbitmq.conf"
        plugins.write_text("[].\n")
        configuration.write_text(f"listeners.tcp.1 = 127.0.0.1:{self.port}\n")
        return {
            "HOME": str(self.folder),
            "ERL_EPMD_PORT": str(self._names),
            "RABBITMQ_NODENAME": f"storm{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(plugins),
            "RABBITMQ_CONFIG_FILE": str(configuration),
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"),
        }

    def end(self) -> None:
        super().end()
        # Erlang's name service is a daemon of its own, here on a port of its own.
        environment = {**os.environ, "ERL_EPMD_PORT": str(self._names)}
        subprocess.run(["epmd", "-kill"], env=environment, capture_output=True, check=False)

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}//"


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
    return port
