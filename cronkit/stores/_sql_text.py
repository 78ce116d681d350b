"""The statements of a store in SQL, written once for every database.

Times are whole microseconds since the Unix epoch, in UTC; JSON is text. A statement is neutral:
``?`` stands for a parameter, ``among(?)`` for "is one of" with a list, ``bytewise`` for the order
of names that a memory store has too, and `Dialect` says how a database writes them.
"""

from __future__ import annotations

from functools import cache

import attrs


@attrs.frozen(kw_only=True)
class Dialect:
    """How one database writes what the statements leave open.

    Attributes:
        mark: a parameter.
        among: the test whether a column is one of a list.
        bytewise: after a column to sort by: by code points, whatever the language of the database.
        lock: ends a SELECT that locks its rows, and waits for rows that are locked.
        lock_free: ends a SELECT that locks its rows, and leaves out rows that are locked.
        tables: a SELECT that gives a row if the tables are there.
        serial: the type of a primary key that counts by itself.
    """

    mark: str = "?"
    among: str
    tables: str
    bytewise: str = ""
    lock: str = ""
    lock_free: str = ""
    serial: str = "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"

    def text(self, statement: str) -> str:
        """Return a neutral statement as this database reads it."""
        return _text(statement, self)


@cache
def _text(statement: str, dialect: Dialect) -> str:
    parts = {
        " among(?)": f" {dialect.among}",
        " bytewise": f" {dialect.bytewise}".rstrip(),
        " locked_free": f" {dialect.lock_free}",
        " locked": f" {dialect.lock}",
        "?": dialect.mark,
    }
    for word, written in parts.items():
        statement = statement.replace(word, written)
    return statement


RUN_COLUMNS = (
    "id",
    "job_id",
    "fire_time",
    "phase",
    "outcome",
    "reason",
    "origin",
    "attempt",
    "not_before",
    "due",
    "started_at",
    "first_started_at",
    "ended_at",
    "owner",
    "fence",
    "error",
    "error_type",
    "blocked_by",
    "first_fire",
    "stood_for",
    "at_least",
    "abandoned",
    "notes",
    "idem_key",
    "priority",
)
"""What a `Run` is built from, in this order."""

INSERTED = (
    "id",
    "job_id",
    "fire_time",
    "phase",
    "live",
    "outcome",
    "reason",
    "origin",
    "not_before",
    "due",
    "ended_at",
    "blocked_by",
    "first_fire",
    "stood_for",
    "at_least",
    "idem_key",
    "priority",
    "give_up_at",
    "forced",
    "args",
    "kwargs",
)
"""What a `Decision` becomes, in this order."""

INSERT_PLAIN = (
    "INSERT INTO cronkit_runs (id, job_id, fire_time, phase, live, origin, not_before, due,"
    " priority, forced) VALUES (?, ?, ?, 'waiting', 1, ?, ?, ?, ?, ?)"
)
"""As `INSERT_RUN`, for a run that waits and has none of the rest: most are such."""

_MARKS = ", ".join("?" * len(INSERTED))
RUNS = f"SELECT {', '.join(RUN_COLUMNS)} FROM cronkit_runs"  # noqa: S608 -- the names above
LAST_ENDED = (
    f"{RUNS} WHERE serial IN (SELECT (SELECT serial FROM cronkit_runs AS own"  # noqa: S608 -- as above
    " WHERE own.job_id = cronkit_jobs.id AND own.phase = 'ended'"
    " ORDER BY own.fire_time DESC, own.serial DESC LIMIT 1) FROM cronkit_jobs WHERE id among(?))"
)
INSERT_RUN = f"INSERT INTO cronkit_runs ({', '.join(INSERTED)}) VALUES ({_MARKS})"  # noqa: S608 -- as above

# --- jobs ----------------------------------------------------------------------------------------

NEW_JOB = (
    "INSERT INTO cronkit_jobs (id, first_seen, fence, keep_runs, definition)"
    " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
DEFINE_JOB = "UPDATE cronkit_jobs SET keep_runs = ?, definition = ? WHERE id = ?"
DEFINITIONS = "SELECT id, keep_runs, definition FROM cronkit_jobs WHERE id among(?)"
KNOWN_JOBS = (
    "SELECT id, definition, edit FROM cronkit_jobs WHERE definition IS NOT NULL"
    " ORDER BY id bytewise"
)
FORGET_JOB = "UPDATE cronkit_jobs SET definition = NULL, edit = NULL WHERE id = ?"
JOBS = "SELECT id, first_seen, mark, planned, pause, edit FROM cronkit_jobs WHERE id among(?)"
JOBS_FREE = f"{JOBS} ORDER BY id bytewise locked_free"
JOBS_WAITED_FOR = f"{JOBS} ORDER BY id bytewise locked"
LIVE_RUNS = (
    "SELECT job_id, id, phase, attempt, abandoned FROM cronkit_runs"
    " WHERE live = 1 AND job_id among(?) ORDER BY serial"
)
ADVANCE = (
    "UPDATE cronkit_jobs SET mark = CASE WHEN mark IS NULL OR mark < ? THEN ? ELSE mark END,"
    " planned = planned + ? WHERE id = ?"
)
SET_PAUSE = "UPDATE cronkit_jobs SET pause = ? WHERE id = ?"
SET_EDIT = "UPDATE cronkit_jobs SET edit = ? WHERE id = ?"

# --- runs ----------------------------------------------------------------------------------------

KNOWN_IDS = "SELECT id FROM cronkit_runs WHERE id among(?)"
KNOWN_KEY = "SELECT id FROM cronkit_runs WHERE job_id = ? AND idem_key = ?"
FENCE_OF = "SELECT fence FROM cronkit_runs WHERE id = ?"
WRITTEN_BEFORE = (
    "SELECT 1 FROM cronkit_runs WHERE id = ? AND fence = ?"
    " AND ((phase = 'ended' AND outcome = ? AND ended_at = ?)"
    " OR (phase = 'waiting' AND ? = '' AND not_before = ?)"
    " OR (phase = 'ended' AND outcome = 'cancelled' AND ? = '' AND ended_at = ?))"
)
"""Whether this very ending was committed when the answer to the commit was lost."""
CANCEL_WAITING = (
    "UPDATE cronkit_runs SET phase = 'ended', live = 0, outcome = 'cancelled', reason = ?,"
    " ended_at = ? WHERE id = ? AND phase = 'waiting'"
)
ASK_TO_STOP = (
    "UPDATE cronkit_runs SET cancel_reason = ? WHERE id = ? AND phase = 'running'"
    " AND cancel_reason IS NULL"
)
CANCEL_WAITING_OF = (
    "UPDATE cronkit_runs SET phase = 'ended', live = 0, outcome = 'cancelled', reason = ?,"
    " ended_at = ? WHERE job_id = ? AND phase = 'waiting'"
)
GIVING_UP = (
    "SELECT id, job_id FROM cronkit_runs AS mine WHERE phase = 'waiting' AND attempt = 0"
    " AND give_up_at <= ? AND EXISTS (SELECT 1 FROM cronkit_runs AS other"
    " WHERE other.job_id = mine.job_id AND other.live = 1 AND other.phase = 'running') locked_free"
)
GIVE_UP = (
    "UPDATE cronkit_runs SET phase = 'ended', live = 0, outcome = 'skipped',"
    " reason = 'not_stopped', ended_at = ? WHERE id = ? AND phase = 'waiting'"
)
END_RUN = (
    "UPDATE cronkit_runs SET phase = 'ended', live = ?, outcome = ?, reason = ?, ended_at = ?,"
    " error = ?, error_type = ?, abandoned = ?, notes = ?"
    " WHERE id = ? AND phase = 'running' AND fence = ?"
)
END_PLAIN = (
    "UPDATE cronkit_runs SET phase = 'ended', live = 0, outcome = ?, reason = NULL, ended_at = ?,"
    " error = NULL, error_type = NULL, notes = NULL"
    " WHERE id = ? AND phase = 'running' AND fence = ?"
)
"""As `END_RUN`, where there is nothing to say but the outcome: most ends are such."""
NOTE_LATE = (
    "UPDATE cronkit_runs SET reason = 'late_result_refused'"
    " WHERE id = ? AND phase = 'ended' AND outcome = 'interrupted'"
)
WAIT_AGAIN = (
    "UPDATE cronkit_runs SET phase = 'waiting', owner = NULL,"
    " not_before = ?, reason = ?, error = ?, error_type = ?, notes = ?"
    " WHERE id = ? AND phase = 'running' AND fence = ?"
)
CANCEL_ASKED = (
    "UPDATE cronkit_runs SET phase = 'ended', live = 0, outcome = 'cancelled',"
    " reason = cancel_reason, ended_at = ?"
    " WHERE id = ? AND phase = 'waiting' AND cancel_reason IS NOT NULL"
)
"""A run that was asked to stop while it ran does not wait for another attempt."""
BEGIN_ATTEMPT = (
    "UPDATE cronkit_runs SET begun = attempt"
    " WHERE id = ? AND phase = 'running' AND fence = ? AND attempt = ? AND begun < attempt"
)
SETTLE = (
    "UPDATE cronkit_runs SET abandoned = 0,"
    " live = CASE WHEN phase = 'ended' THEN 0 ELSE live END WHERE id = ? AND abandoned = 1"
)
PRUNE = (
    "DELETE FROM cronkit_runs WHERE serial IN (SELECT serial FROM cronkit_runs"
    " WHERE job_id = ? AND live = 0 ORDER BY ended_at DESC, serial DESC LIMIT ? OFFSET ?)"
)

# --- taking --------------------------------------------------------------------------------------

READY_JOBS = (
    "SELECT job_id FROM cronkit_runs WHERE phase = 'waiting' AND not_before <= ?"
    " ORDER BY priority DESC, fire_time, job_id bytewise LIMIT ?"
)
ANY_WAITING = "SELECT 1 FROM cronkit_runs WHERE phase = 'waiting' LIMIT 1"
NEXT_START = (
    "SELECT job_id, not_before FROM cronkit_runs WHERE phase = 'waiting'"
    " ORDER BY not_before LIMIT ?"
)
NEXT_END = (
    "SELECT job_id, give_up_at FROM cronkit_runs WHERE phase = 'waiting' AND attempt = 0"
    " AND give_up_at IS NOT NULL ORDER BY give_up_at LIMIT ?"
)
READY = (
    "SELECT serial, id, job_id, fire_time, due, attempt, first_started_at, forced, origin, args,"
    " kwargs FROM cronkit_runs WHERE phase = 'waiting' AND not_before <= ?"
    " AND NOT (job_id among(?)) AND (forced = 1 OR NOT (job_id among(?)))"
    " ORDER BY priority DESC, fire_time, job_id bytewise, serial LIMIT ?"
)
FENCES = "SELECT id, fence FROM cronkit_jobs WHERE id among(?) ORDER BY id bytewise locked_free"
RAISE_FENCE = "UPDATE cronkit_jobs SET fence = ? WHERE id = ?"
TAKE_RUN = (
    "UPDATE cronkit_runs SET phase = 'running', owner = ?, fence = ?, attempt = ?, started_at = ?,"
    " first_started_at = ?, tags = ? WHERE serial = ? AND phase = 'waiting' AND attempt = ?"
)
RUNNING = (
    "SELECT job_id, tags FROM cronkit_runs WHERE live = 1 AND owner IS NOT NULL"
    " AND phase = 'running'"
)

# --- owners --------------------------------------------------------------------------------------

BEAT = (
    "INSERT INTO cronkit_owners (id, beat, since) VALUES (?, 1, ?)"
    " ON CONFLICT (id) DO UPDATE SET beat = cronkit_owners.beat + 1"
)
PUBLISH = "UPDATE cronkit_owners SET tzdata = ?, triggers = ?, digest = ? WHERE id = ?"
PUBLISHED = "SELECT id, tzdata, triggers FROM cronkit_owners WHERE digest IS NOT NULL"
BEAT_OF = "SELECT beat FROM cronkit_owners WHERE id = ? locked"
DROP_OWNER = "DELETE FROM cronkit_owners WHERE id = ?"
OWNERS = "SELECT id, beat, digest FROM cronkit_owners"
HELD = "SELECT DISTINCT owner FROM cronkit_runs WHERE live = 1 AND owner IS NOT NULL"
ASKED = (
    "SELECT id, cancel_reason FROM cronkit_runs"
    " WHERE live = 1 AND owner = ? AND phase = 'running' AND cancel_reason IS NOT NULL"
)
ANY_READY = "SELECT 1 FROM cronkit_runs WHERE phase = 'waiting' AND not_before <= ? LIMIT 1"
HELD_BY = f"{RUNS} WHERE live = 1 AND owner = ? AND phase = 'running' ORDER BY serial"
SETTLE_OWNER = (
    "UPDATE cronkit_runs SET abandoned = 0, live = 0"
    " WHERE owner = ? AND live = 1 AND phase = 'ended'"
)

# --- the store itself ----------------------------------------------------------------------------

GET_META = "SELECT value FROM cronkit_meta WHERE name = ?"
NEW_META = "INSERT INTO cronkit_meta (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING"
COUNT_CHANGE = "UPDATE cronkit_meta SET value = value + 1 WHERE name = 'changes'"
