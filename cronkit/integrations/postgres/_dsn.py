"""What a connection string says, and what it leaves open."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import conninfo_to_dict

from cronkit.errors import PolicyError

if TYPE_CHECKING:
    from typing import Any


def defaults(dsn: str) -> dict[str, Any]:
    """Return options that the DSN leaves open."""
    given = conninfo_to_dict(dsn)
    wanted = {
        "application_name": "cronkit",
        "connect_timeout": 2,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
        "tcp_user_timeout": 5_000,
    }
    return {word: value for word, value in wanted.items() if word not in given}


def address(dsn: str) -> str:
    """Return where a DSN leads, without its password.

    Raises:
        PolicyError: it cannot be read; the error does not show it, for it may hold a password.
    """
    if not isinstance(dsn, str):
        raise PolicyError("dsn", type(dsn).__name__, "a connection string of libpq")
    try:
        facts = None if "\0" in dsn else conninfo_to_dict(dsn)  # libpq reads up to a NUL
    except (psycopg.ProgrammingError, UnicodeEncodeError):
        facts = None
    if facts is None:
        raise PolicyError("dsn", "***", "a connection string or URI of libpq")
    user = f"{facts['user']}@" if facts.get("user") else ""
    port = f":{facts['port']}" if facts.get("port") else ""
    return f"postgresql://{user}{facts.get('host', '')}{port}/{facts.get('dbname', '')}"
