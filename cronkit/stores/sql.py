"""What a store on another SQL database needs: the tables, the statements, the row codec.

`SqlStore` is the contract of `cronkit.abc.SharedStore` on any database that has transactions, row
locks or a lock on the whole, and partial indexes. A store for one more database gives it three
kinds of transactions, each a `Session`; `cronkit.integrations.postgres` is such a store. The
tables are in ``schema.sql`` beside this file, the steps from older ones in ``migrations.sql``;
`bring_up` runs what is missing.
"""

from cronkit.stores._forks import follow_forks
from cronkit.stores._sql_base import LEASE_SECONDS
from cronkit.stores._sql_gate import Deadline, Gate
from cronkit.stores._sql_rows import Row, run_of
from cronkit.stores._sql_schema import SCHEMA_VERSION, bring_up
from cronkit.stores._sql_session import Session
from cronkit.stores._sql_store import SqlStore
from cronkit.stores._sql_text import RUN_COLUMNS, Dialect
from cronkit.stores._sql_values import from_micros, storable, to_micros

__all__ = [
    "LEASE_SECONDS",
    "RUN_COLUMNS",
    "SCHEMA_VERSION",
    "Deadline",
    "Dialect",
    "Gate",
    "Row",
    "Session",
    "SqlStore",
    "bring_up",
    "follow_forks",
    "from_micros",
    "run_of",
    "storable",
    "to_micros",
]
