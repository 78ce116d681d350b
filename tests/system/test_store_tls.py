"""The options of TLS in a DSN reach libpq: the server's certificate is checked, or is not trusted."""

from __future__ import annotations

import shutil
import socket
import subprocess

import pytest

from cronkit import Scheduler
from cronkit.errors import StoreError

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]


def certificate(folder, name):
    """Make a key, and a certificate for 127.0.0.1 that it has signed itself."""
    key, signed = folder / f"{name}.key", folder / f"{name}.crt"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(signed)),
        ],
        check=True,
        capture_output=True,
    )
    return key, signed


@pytest.fixture
def served(own_postgres, tmp_path):
    """A server that speaks TLS on the loopback: the DSN, its certificate, and a stranger's."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    key, signed = certificate(tmp_path, "server")
    own_postgres.stop()
    for file in (key, signed):
        own_postgres.take(file)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own_postgres.start(
        "listen_addresses=127.0.0.1", f"port={port}", "ssl=on",
        f"ssl_key_file={own_postgres.folder / key.name}",
        f"ssl_cert_file={own_postgres.folder / signed.name}",
    )  # fmt: skip
    dsn = f"host=127.0.0.1 port={port} user=postgres dbname=postgres"
    return dsn, signed, certificate(tmp_path, "stranger")[1]


def test_a_trusted_server_is_talked_to_under_tls(served, own_postgres):
    from cronkit.integrations.postgres import PostgresStore

    dsn, trusted, _ = served
    scheduler = Scheduler(store=PostgresStore(f"{dsn} sslmode=verify-full sslrootcert={trusted}"))
    scheduler.add(lambda: 42, id="job")
    with scheduler:
        assert scheduler.run_now("job").result(30) == 42
        tls = own_postgres.sql(
            "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
            " WHERE client_addr IS NOT NULL"
        )
    assert tls == "t"


def test_a_server_that_is_not_trusted_is_refused(served):
    from cronkit.integrations.postgres import PostgresStore

    dsn, _, stranger = served
    store = PostgresStore(f"{dsn} sslmode=verify-full sslrootcert={stranger}")
    with pytest.raises(StoreError, match="certificate verify failed"):
        store.runs()
