-- A store as cronkit wrote it when its tables had version 1: the tables, and rows of every phase.


CREATE TABLE IF NOT EXISTS cronkit_meta (
  name TEXT PRIMARY KEY,
  value BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS cronkit_jobs (
  id TEXT PRIMARY KEY,
  first_seen BIGINT NOT NULL,
  mark BIGINT,
  fence BIGINT NOT NULL,
  planned BIGINT NOT NULL DEFAULT 0,
  pause TEXT,
  keep_runs BIGINT,
  definition TEXT
);

CREATE TABLE IF NOT EXISTS cronkit_owners (
  id TEXT PRIMARY KEY,
  beat BIGINT NOT NULL,
  since BIGINT NOT NULL,
  tzdata TEXT
);

CREATE TABLE IF NOT EXISTS cronkit_runs (
  serial BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  job_id TEXT NOT NULL,
  fire_time BIGINT NOT NULL,
  phase TEXT NOT NULL,
  live INT NOT NULL,
  outcome TEXT,
  reason TEXT,
  origin TEXT NOT NULL,
  priority BIGINT NOT NULL,
  forced INT NOT NULL,
  due BIGINT NOT NULL,
  not_before BIGINT NOT NULL,
  give_up_at BIGINT,
  attempt INT NOT NULL DEFAULT 0,
  begun INT NOT NULL DEFAULT 0,
  owner TEXT,
  fence BIGINT,
  started_at BIGINT,
  first_started_at BIGINT,
  ended_at BIGINT,
  error TEXT,
  error_type TEXT,
  blocked_by TEXT,
  first_fire BIGINT,
  stood_for BIGINT NOT NULL DEFAULT 1,
  at_least INT NOT NULL DEFAULT 0,
  abandoned INT NOT NULL DEFAULT 0,
  cancel_reason TEXT,
  idem_key TEXT,
  args TEXT,
  kwargs TEXT,
  notes TEXT
);

CREATE UNIQUE INDEX IF NOT EXISTS cronkit_runs_key ON cronkit_runs (job_id, idem_key)
  WHERE idem_key IS NOT NULL;
CREATE INDEX IF NOT EXISTS cronkit_runs_of_job ON cronkit_runs (job_id, fire_time);
CREATE INDEX IF NOT EXISTS cronkit_runs_by_time ON cronkit_runs (fire_time);
CREATE INDEX IF NOT EXISTS cronkit_runs_live ON cronkit_runs (job_id) WHERE live = 1;
CREATE INDEX IF NOT EXISTS cronkit_runs_history ON cronkit_runs (job_id, ended_at)
  WHERE live = 0;
CREATE INDEX IF NOT EXISTS cronkit_runs_order ON cronkit_runs (priority DESC, fire_time, job_id)
  WHERE phase = 'waiting';
CREATE INDEX IF NOT EXISTS cronkit_runs_waiting ON cronkit_runs (not_before)
  WHERE phase = 'waiting';
CREATE INDEX IF NOT EXISTS cronkit_runs_owner ON cronkit_runs (owner)
  WHERE live = 1 AND owner IS NOT NULL;

INSERT INTO cronkit_meta (name, value) VALUES ('schema', 1), ('created', 1767268800000), ('changes', 3);

INSERT INTO cronkit_jobs (id, first_seen, mark, fence, planned, pause, keep_runs, definition) VALUES
  ('a', 1767268800000000, 1767268860000000, 1767268800002, 2, NULL, NULL,
   '{"trigger": "every 1m", "zone": "UTC", "parent": null, "enabled": true, "priority": 0, "tags": ["heavy"], "description": ""}'),
  ('b', 1767268800000000, NULL, 1767268800000, 0,
   '{"at": 1767268800000000, "until": null, "by": "Ada", "why": "a test"}', 5,
   '{"trigger": "", "zone": "UTC", "parent": null, "enabled": true, "priority": 0, "tags": [], "description": ""}');

INSERT INTO cronkit_owners (id, beat, since, tzdata) VALUES ('dead', 7, 1767268800000000, NULL);

INSERT INTO cronkit_runs (id, job_id, fire_time, phase, live, outcome, reason, origin, priority, forced,
  due, not_before, attempt, owner, fence, started_at, first_started_at, ended_at, notes) VALUES
  ('a@2026-01-01T12:00:00Z', 'a', 1767268800000000, 'ended', 0, 'succeeded', NULL, 'trigger', 0, 0,
   1767268800000000, 1767268800000000, 1, 'dead', 1767268800001, 1767268800000000, 1767268800000000,
   1767268801000000, '{"n": 1}'),
  ('a@2026-01-01T12:01:00Z', 'a', 1767268860000000, 'running', 1, NULL, NULL, 'trigger', 0, 0,
   1767268860000000, 1767268860000000, 1, 'dead', 1767268800002, 1767268860000000, 1767268860000000,
   NULL, NULL),
  ('b@2026-01-01T12:00:00Z#1', 'b', 1767268800000000, 'waiting', 1, NULL, NULL, 'hand', 0, 0,
   1767268800000000, 1767268800000000, 0, NULL, NULL, NULL, NULL, NULL, NULL);
