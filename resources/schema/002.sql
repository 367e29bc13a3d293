-- Schema 2: one table of jobs, of which a training is one kind; what changed since when; the last number of every name;
-- the roots of runs and shards. migration.cpp does what SQL cannot: keys of configurations, KV types, devices asked for.

-- 'id': drawn once. 'runs', 'shards': absolute folders outside the project (project_roots.h); absent: within it.
CREATE TABLE project (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Counts the writes that a reader of runs or jobs sees. A run's `revision` is the count at its own last change.
CREATE TABLE change (id INTEGER PRIMARY KEY CHECK (id = 1), last INTEGER NOT NULL);
INSERT INTO change VALUES (1, 1);

CREATE TABLE job (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,                      -- as in job.json (engine/protocol/jobs.h)
  run INTEGER REFERENCES run (id) ON DELETE CASCADE,  -- which a training makes, or the job is about; NULL: none
  body TEXT NOT NULL DEFAULT '',           -- job.json without what placement decides; '': the run's configuration says all
  device TEXT NOT NULL DEFAULT 'auto',     -- asked for: auto, cpu, cuda, cuda:1
  devices INTEGER NOT NULL DEFAULT 1,      -- how many
  state TEXT NOT NULL,
  wanted TEXT NOT NULL DEFAULT '',         -- what was asked of the running attempt: '', 'stop', 'pause', 'kill'
  failure TEXT NOT NULL DEFAULT '',
  priority INTEGER NOT NULL DEFAULT 0,
  position INTEGER NOT NULL DEFAULT 0,
  attempt INTEGER NOT NULL DEFAULT 0,
  created REAL NOT NULL,
  started REAL NOT NULL DEFAULT 0,
  ended REAL NOT NULL DEFAULT 0,
  phase TEXT NOT NULL DEFAULT '',
  progress REAL NOT NULL DEFAULT 0,
  heartbeat REAL NOT NULL DEFAULT 0,       -- time of the last event
  promise_s REAL NOT NULL DEFAULT 0,       -- the worker promised its next event within this time; 0 = no promise
  events_offset INTEGER NOT NULL DEFAULT 0,  -- bytes of events.jsonl that are ingested: moves in the transaction that stores their rows
  events_attempt INTEGER NOT NULL DEFAULT 0  -- the attempt whose hello was read last: the events after it are its own
);
INSERT INTO job (id, kind, run, state, wanted, failure, priority, position, attempt, created, started, ended, phase, progress,
                 heartbeat, promise_s, events_offset, events_attempt)
  SELECT id, 'train', id, state, wanted, failure, priority, position, attempt, created, started, ended, phase, progress,
         heartbeat, promise_s, events_offset, events_attempt
  FROM run JOIN run_summary ON run_summary.run = run.id;
CREATE UNIQUE INDEX job_training ON job (run) WHERE kind = 'train';
CREATE INDEX job_by_run ON job (run);
CREATE INDEX job_by_state ON job (state);

-- `job` may begin when `needs` has finished.
CREATE TABLE job_need (
  job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  needs INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  PRIMARY KEY (job, needs)
) WITHOUT ROWID;

DROP INDEX run_by_state;
ALTER TABLE run DROP COLUMN kind;
ALTER TABLE run DROP COLUMN state;
ALTER TABLE run DROP COLUMN wanted;
ALTER TABLE run DROP COLUMN failure;
ALTER TABLE run DROP COLUMN priority;
ALTER TABLE run DROP COLUMN position;
ALTER TABLE run DROP COLUMN attempt;
ALTER TABLE run DROP COLUMN started;
ALTER TABLE run DROP COLUMN ended;
ALTER TABLE run DROP COLUMN events_offset;
ALTER TABLE run ADD COLUMN kv_type TEXT NOT NULL DEFAULT '';            -- in what K and V are kept
ALTER TABLE run ADD COLUMN configuration_key TEXT NOT NULL DEFAULT '';  -- equal for runs that differ in name, tags and seed only
ALTER TABLE run ADD COLUMN text_key TEXT NOT NULL DEFAULT '';           -- equal for runs whose perplexity is of one text
ALTER TABLE run ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;
CREATE INDEX run_by_revision ON run (revision);

ALTER TABLE run_summary DROP COLUMN phase;
ALTER TABLE run_summary DROP COLUMN progress;
ALTER TABLE run_summary DROP COLUMN heartbeat;
ALTER TABLE run_summary DROP COLUMN promise_s;
ALTER TABLE run_summary DROP COLUMN events_attempt;

ALTER TABLE attempt RENAME TO attempt_of_run;
CREATE TABLE attempt (
  job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  host TEXT NOT NULL DEFAULT '',           -- what placement gave it: a machine and
  lanes TEXT NOT NULL DEFAULT '[]',        -- its devices, a JSON list of texts
  pid INTEGER NOT NULL DEFAULT 0,
  pid_start TEXT NOT NULL DEFAULT '',      -- start time of /proc/PID/stat: a pid alone may be somebody else's by now
  started REAL NOT NULL DEFAULT 0,
  ended REAL NOT NULL DEFAULT 0,
  device TEXT NOT NULL DEFAULT '',         -- in the worker's own words
  torch TEXT NOT NULL DEFAULT '',
  build TEXT NOT NULL DEFAULT '',
  outcome TEXT NOT NULL DEFAULT '',
  code TEXT NOT NULL DEFAULT '',
  message TEXT NOT NULL DEFAULT '',
  detail TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (job, number)
);
INSERT INTO attempt (job, number, lanes, pid, pid_start, started, ended, device, torch, build, outcome, code, message, detail)
  SELECT run, number,
         CASE device WHEN '' THEN '[]' ELSE json_array(lower(substr(device, 1, instr(device || ' ', ' ') - 1))) END,
         pid, pid_start, started, ended, device, torch, build, outcome, code, message, detail
  FROM attempt_of_run;
DROP TABLE attempt_of_run;

ALTER TABLE request RENAME TO request_of_run;
DROP INDEX request_open;
CREATE TABLE request (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  job INTEGER NOT NULL,                    -- 0: the service itself
  time REAL NOT NULL,
  answered REAL NOT NULL DEFAULT 0
);
INSERT INTO request (id, kind, job, time, answered) SELECT id, kind, run, time, answered FROM request_of_run;
DROP TABLE request_of_run;
CREATE INDEX request_open ON request (id) WHERE answered = 0;

-- The newest value of every name that a run has: of a metric under its own name ('train/grad_norm'), of an evaluation
-- as 'task/number', of a measurement as 'measurement/number'. Columns of the run table by these names.
CREATE TABLE run_value (
  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  name INTEGER NOT NULL REFERENCES metric_name (id),
  value REAL NOT NULL,
  PRIMARY KEY (run, name)
) WITHOUT ROWID;
