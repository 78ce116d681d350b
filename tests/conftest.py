"""What every kind of test shares: the scale of a run, the profile of Hypothesis, the servers."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings

T = TypeVar("T")


class Scale(StrEnum):
    """How much a run of the suite does: `quick` on every change, `full` before a release."""

    QUICK = "quick"
    FULL = "full"

    def pick(self, quick: T, full: T) -> T:
        """Return the value for this scale, so that a test names both side by side."""
        return full if self is Scale.FULL else quick


# Derandomised: the same tree gives the same verdict. The full scale looks further afield.
settings.register_profile(
    Scale.QUICK, derandomize=True, deadline=None, database=None, max_examples=100
)
settings.register_profile(
    Scale.FULL, derandomize=True, deadline=None, database=None, max_examples=2_000
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--scale",
        choices=[scale.value for scale in Scale],
        default=Scale.QUICK.value,
        help="quick: minutes in all; full: every seed, kill and year that the promises name",
    )


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile(config.getoption("--scale"))


@pytest.fixture(scope="session")
def scale(request: pytest.FixtureRequest) -> Scale:
    """The scale of this run; `scale.pick(quick, full)` chooses a size."""
    return Scale(request.config.getoption("--scale"))


# --- servers -------------------------------------------------------------------------------------


class PostgresServer:
    """A PostgreSQL of this test run, in a folder of its own, reached by a Unix socket.

    Its data are not synced to the disk: what these tests kill is the clients, and a server that is
    stopped in between is stopped in good order. A benchmark wants it `durable`.
    """

    def __init__(self, binaries: Path, *, durable: bool = False) -> None:
        self._binaries = binaries
        self._sync = "on" if durable else "off"
        # Short, for the path of a socket; outside of pytest's folders, which only root may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="cronkit-pg-", dir="/tmp"))
        self._user = {}
        if os.getuid() == 0:  # PostgreSQL refuses to run as root
            self._user = {"user": "nobody", "group": "nogroup", "extra_groups": []}
            shutil.chown(self.folder, "nobody", "nogroup")
        self._schemas = itertools.count(1)
        self._process = None
        self._port = ""
        self._run("initdb", "-D", str(self.data), "-A", "trust", "-U", "postgres", "--no-sync")

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def dsn(self) -> str:
        return f"host={self.folder} {self._port} user=postgres dbname=postgres"

    def schema(self) -> str:
        """Make an empty schema; return a DSN that leads to it."""
        name = f"test_{next(self._schemas)}"
        self.sql(f"CREATE SCHEMA {name}")
        return f"{self.dsn} options='-c search_path={name}'"

    def sql(self, statement: str) -> str:
        """Run a statement as the administrator; return what it prints, bare."""
        return self._run("psql", "-XAtq", "-d", self.dsn, "-c", statement)

    def take(self, file: Path) -> None:
        """Copy a file into the folder, for the server alone to read."""
        copy = Path(shutil.copy(file, self.folder))
        copy.chmod(0o600)
        if self._user:
            shutil.chown(copy, "nobody", "nogroup")

    def start(self, *own: str) -> None:
        """Start with settings `own` besides those that keep it to its folder."""
        self._port = next((each for each in own if each.startswith("port=")), "")
        log = (self.folder / "log").open("ab")
        settings = (
            "listen_addresses=",
            f"unix_socket_directories={self.folder}",
            f"fsync={self._sync}",
            *own,
        )
        self._process = subprocess.Popen(
            [
                self._binaries / "postgres",
                "-D",
                self.data,
                *(word for each in settings for word in ("-c", each)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            **self._user,
        )
        log.close()
        self._run("pg_isready", "-q", "-t", "30", "-d", self.dsn, patience=100)

    def stop(self, *, how: str = "fast") -> None:
        if self._process is not None:
            self.thaw()
            numbers = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
            self._process.send_signal(numbers[how])
            self._process.wait(30)
            self._process = None

    def freeze(self) -> None:
        """Stop the server and all its processes where they are; the kernel keeps the sockets."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def remove(self) -> None:
        self.stop(how="immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, number: int) -> None:
        parent = self._process.pid
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
        for pid in (parent, *map(int, children)):
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def _run(self, name: str, *arguments: str, patience: int = 1) -> str:
        for _ in range(patience):
            done = subprocess.run(
                [self._binaries / name, *arguments],
                cwd=self.folder,
                capture_output=True,
                text=True,
                check=False,
                **self._user,
            )
            if done.returncode == 0:
                return done.stdout.strip()
        raise RuntimeError(f"{name}: {done.stderr or done.stdout}")


def postgres_binaries() -> Path | None:
    """Return the folder of the newest PostgreSQL here; ``None``: there is none."""
    found = shutil.which("postgres")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if found is not None:
        folders.append(Path(found).resolve().parent)
    return next((each for each in folders if (each / "initdb").exists()), None)


def _unavailable(what: str) -> None:
    if os.environ.get("CRONKIT_REQUIRE_SERVERS") == "1":
        pytest.fail(f"CRONKIT_REQUIRE_SERVERS=1, and {what}")
    pytest.skip(what)


@pytest.fixture(scope="session")
def _servers():
    """Make PostgreSQL servers; all are gone at the end of the run."""
    try:
        import psycopg  # noqa: F401 -- the extra `postgres`
    except ImportError:
        _unavailable("psycopg is not installed: pip install 'cronkit[postgres]'")
    binaries = postgres_binaries()
    if binaries is None:
        _unavailable("there is no PostgreSQL server here")
    servers = []

    def make() -> PostgresServer:
        servers.append(PostgresServer(binaries))
        servers[-1].start()
        return servers[-1]

    yield make
    for each in servers:
        each.remove()


@pytest.fixture(scope="session")
def postgres(_servers) -> PostgresServer:
    """A PostgreSQL that all tests share; take a `schema()` of it."""
    return _servers()


@pytest.fixture
def own_postgres(_servers) -> PostgresServer:
    """A PostgreSQL for one test, which may stop it."""
    return _servers()
