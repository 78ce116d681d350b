"""`PostgresStore`: one PostgreSQL database, many schedulers of many hosts. Extra: ``postgres``.

The tables are those of ``cronkit/stores/schema.sql``. A scheduler needs SELECT, INSERT, UPDATE and
DELETE on them, and a connection that is its own for its life: LISTEN and the timeouts belong to a
session, so a pooler in transaction mode cannot stand between.
"""

from cronkit.errors import MissingExtraError

try:
    import psycopg as _  # noqa: F401 -- asked here whether it is there
except ImportError as error:
    raise MissingExtraError("PostgresStore", "postgres") from error

from cronkit.integrations.postgres._store import PostgresStore

__all__ = ["PostgresStore"]
