-- From the tables of each older version to the next one, for PostgreSQL; SQLiteStore reads the same
-- file. A scheduler that may change tables runs what is missing by itself, in one transaction.
-- With PostgresStore(dsn, create=False) an administrator does, inside BEGIN and COMMIT:
--   SELECT value FROM cronkit_meta WHERE name = 'schema';   -- no row: version 1
-- and then the steps from that version on.

-- from version 1 to 2: a running row carries the tags of its job. Schedulers of version 1 that still
-- go on write none: until the last of them has stopped, their runs count for no tag.
ALTER TABLE cronkit_runs ADD COLUMN tags TEXT;
INSERT INTO cronkit_meta (name, value) VALUES ('schema', 1) ON CONFLICT DO NOTHING;
UPDATE cronkit_meta SET value = 2 WHERE name = 'schema';

-- from version 2 to 3: the change of a job that was made while schedulers ran.
ALTER TABLE cronkit_jobs ADD COLUMN edit TEXT;
UPDATE cronkit_meta SET value = 3 WHERE name = 'schema';

-- from version 3 to 4: what schedulers publish of themselves.
ALTER TABLE cronkit_owners ADD COLUMN triggers TEXT;
ALTER TABLE cronkit_owners ADD COLUMN digest TEXT;
UPDATE cronkit_meta SET value = 4 WHERE name = 'schema';

-- from version 4 to 5: rows that give up are found without a look at all others.
CREATE INDEX cronkit_runs_giving_up ON cronkit_runs (give_up_at)
  WHERE phase = 'waiting' AND give_up_at IS NOT NULL;
UPDATE cronkit_meta SET value = 5 WHERE name = 'schema';

-- from version 5 to 6: waiting rows stand in one order of names, whatever the language is.
DROP INDEX cronkit_runs_order;
CREATE INDEX cronkit_runs_order
  ON cronkit_runs (priority DESC, fire_time, job_id COLLATE "C") WHERE phase = 'waiting';
UPDATE cronkit_meta SET value = 6 WHERE name = 'schema';
