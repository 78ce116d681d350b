-- The tables of a cronkit store, for PostgreSQL; SQLiteStore reads the same file.
--
-- Times are microseconds since the Unix epoch: to_timestamp(fire_time / 1e6) shows one.
-- A scheduler needs SELECT, INSERT, UPDATE and DELETE on these tables and no other right; with
-- PostgresStore(dsn, create=False) an administrator runs this file once, and migrations.sql when a
-- new version of cronkit asks for it.

CREATE TABLE IF NOT EXISTS cronkit_meta (
  name TEXT PRIMARY KEY,              -- schema: version; created: Unix ms; changes: a counter
  value BIGINT NOT NULL
);
INSERT INTO cronkit_meta (name, value) VALUES ('schema', 6) ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS cronkit_jobs (
  id TEXT PRIMARY KEY,
  first_seen BIGINT NOT NULL,         -- nothing is owed before
  mark BIGINT,                        -- the newest fire time decided
  fence BIGINT NOT NULL,              -- rises by one with every take
  planned BIGINT NOT NULL DEFAULT 0,  -- runs that the trigger has been given
  pause TEXT,                         -- JSON: at, until, by, why
  keep_runs BIGINT,                   -- ended runs to keep; null: the store's default
  definition TEXT,                    -- JSON: what the newest scheduler with the job says of it
  edit TEXT                           -- JSON: what was changed of it while schedulers ran
);

CREATE TABLE IF NOT EXISTS cronkit_owners (
  id TEXT PRIMARY KEY,
  beat BIGINT NOT NULL,               -- rises while the scheduler lives
  since BIGINT NOT NULL,
  tzdata TEXT,                        -- the version of its zone database
  triggers TEXT,                      -- JSON: a digest of the trigger of each of its jobs
  digest TEXT                         -- of both
);

CREATE TABLE IF NOT EXISTS cronkit_runs (
  serial BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,            -- job, fire time, suffix: a fire time has one row
  job_id TEXT NOT NULL,
  fire_time BIGINT NOT NULL,
  phase TEXT NOT NULL,                -- waiting, running, ended
  live INT NOT NULL,                  -- 1: not ended, or its abandoned thread goes on
  outcome TEXT,
  reason TEXT,
  origin TEXT NOT NULL,
  priority BIGINT NOT NULL,
  forced INT NOT NULL,
  due BIGINT NOT NULL,                -- fire time and jitter
  not_before BIGINT NOT NULL,         -- the earliest start of the next attempt
  give_up_at BIGINT,
  attempt INT NOT NULL DEFAULT 0,
  begun INT NOT NULL DEFAULT 0,       -- the newest attempt that a remote worker began
  owner TEXT,
  fence BIGINT,
  started_at BIGINT,
  first_started_at BIGINT,
  ended_at BIGINT,
  error TEXT,
  error_type TEXT,
  blocked_by TEXT,
  first_fire BIGINT,                  -- of a stretch of fire times that did not run
  stood_for BIGINT NOT NULL DEFAULT 1,
  at_least INT NOT NULL DEFAULT 0,
  abandoned INT NOT NULL DEFAULT 0,
  cancel_reason TEXT,                 -- asked to stop
  idem_key TEXT,
  args TEXT,                          -- JSON, in place of the job's own
  kwargs TEXT,
  notes TEXT,
  tags TEXT                           -- JSON: the job's tags when the run was taken
);

CREATE UNIQUE INDEX IF NOT EXISTS cronkit_runs_key ON cronkit_runs (job_id, idem_key)
  WHERE idem_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS cronkit_runs_of_job ON cronkit_runs (job_id, fire_time);
CREATE INDEX IF NOT EXISTS cronkit_runs_by_time ON cronkit_runs (fire_time);
CREATE INDEX IF NOT EXISTS cronkit_runs_live ON cronkit_runs (job_id) WHERE live = 1;
CREATE INDEX IF NOT EXISTS cronkit_runs_history ON cronkit_runs (job_id, ended_at)
  WHERE live = 0;
CREATE INDEX IF NOT EXISTS cronkit_runs_order
  ON cronkit_runs (priority DESC, fire_time, job_id COLLATE "C") WHERE phase = 'waiting';
CREATE INDEX IF NOT EXISTS cronkit_runs_waiting ON cronkit_runs (not_before)
  WHERE phase = 'waiting';
CREATE INDEX IF NOT EXISTS cronkit_runs_giving_up ON cronkit_runs (give_up_at)
  WHERE phase = 'waiting' AND give_up_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS cronkit_runs_owner ON cronkit_runs (owner)
  WHERE live = 1 AND owner IS NOT NULL;
