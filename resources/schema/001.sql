-- Schema 1. A file of this folder is never changed once released: the next change is 002.sql.
-- Times are seconds since 1970, 0 = not yet. A number column holds the text 'NaN' for a NaN, which SQLite has no value for.

CREATE TABLE run (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  wanted TEXT NOT NULL DEFAULT '',         -- what was asked of the running attempt: '', 'stop', 'pause', 'kill'
  failure TEXT NOT NULL DEFAULT '',
  config TEXT NOT NULL,                    -- the resolved snapshot, TOML
  map TEXT NOT NULL,
  generator TEXT NOT NULL,
  cache TEXT NOT NULL,
  layers INTEGER NOT NULL,
  query_heads INTEGER NOT NULL,
  kv_heads INTEGER NOT NULL,
  head_width INTEGER NOT NULL,
  hidden INTEGER NOT NULL,
  parameters INTEGER NOT NULL,
  kv_bytes_per_token REAL NOT NULL,
  seed INTEGER NOT NULL,
  steps INTEGER NOT NULL,
  tags TEXT NOT NULL DEFAULT '[]',         -- JSON list of texts
  note TEXT NOT NULL DEFAULT '',
  starred INTEGER NOT NULL DEFAULT 0,
  archived INTEGER NOT NULL DEFAULT 0,
  baseline INTEGER NOT NULL DEFAULT 0,     -- at most one row is 1
  priority INTEGER NOT NULL DEFAULT 0,
  position INTEGER NOT NULL DEFAULT 0,
  attempt INTEGER NOT NULL DEFAULT 0,
  created REAL NOT NULL,
  started REAL NOT NULL DEFAULT 0,
  ended REAL NOT NULL DEFAULT 0,
  updated REAL NOT NULL,
  events_offset INTEGER NOT NULL DEFAULT 0 -- bytes of events.jsonl that are ingested: moves in the transaction that stores their rows
);
CREATE INDEX run_by_state ON run (state);
CREATE INDEX run_by_name ON run (name);

-- What the run list shows of a run's series, kept up at ingest so that the list never reads them.
CREATE TABLE run_summary (
  run INTEGER PRIMARY KEY REFERENCES run (id) ON DELETE CASCADE,
  step INTEGER NOT NULL DEFAULT 0,
  tokens INTEGER NOT NULL DEFAULT 0,
  last_loss REAL,
  best_loss REAL,
  perplexity REAL,
  best_perplexity REAL,
  unigram_perplexity REAL,
  entropy_floor_nats REAL,
  tokens_per_second REAL,
  kv_bytes_per_token_measured REAL,
  device TEXT NOT NULL DEFAULT '',
  phase TEXT NOT NULL DEFAULT '',
  progress REAL NOT NULL DEFAULT 0,
  heartbeat REAL NOT NULL DEFAULT 0,       -- time of the last event
  promise_s REAL NOT NULL DEFAULT 0,       -- the worker promised its next event within this time; 0 = no promise
  sparkline BLOB,                          -- (int64 step, float64 loss) pairs
  sparkline_stride INTEGER NOT NULL DEFAULT 1,
  events_attempt INTEGER NOT NULL DEFAULT 0,  -- the attempt whose hello was read last: the events after it are its own
  series_attempt INTEGER NOT NULL DEFAULT 0   -- the attempt of the newest metric or evaluation: a later one's first makes the series go back to there
);

CREATE TABLE attempt (
  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  pid INTEGER NOT NULL DEFAULT 0,
  pid_start TEXT NOT NULL DEFAULT '',      -- start time of /proc/PID/stat: a pid alone may be somebody else's by now
  started REAL NOT NULL DEFAULT 0,
  ended REAL NOT NULL DEFAULT 0,
  device TEXT NOT NULL DEFAULT '',
  torch TEXT NOT NULL DEFAULT '',
  build TEXT NOT NULL DEFAULT '',
  outcome TEXT NOT NULL DEFAULT '',
  code TEXT NOT NULL DEFAULT '',
  message TEXT NOT NULL DEFAULT '',
  detail TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (run, number)
);

CREATE TABLE metric_name (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE metric (
  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  metric INTEGER NOT NULL REFERENCES metric_name (id),
  step INTEGER NOT NULL,
  value REAL NOT NULL,
  time REAL NOT NULL,
  PRIMARY KEY (run, metric, step)
) WITHOUT ROWID;

CREATE TABLE evaluation (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  step INTEGER NOT NULL,
  split TEXT NOT NULL,
  task TEXT NOT NULL,
  loss_nats REAL NOT NULL,
  perplexity REAL NOT NULL,
  tokens INTEGER NOT NULL,
  time REAL NOT NULL,
  "values" TEXT NOT NULL,                  -- JSON object of numbers
  by_worker INTEGER NOT NULL               -- 0: added by a face, so no part of the run's course
);
CREATE INDEX evaluation_by_run ON evaluation (run, step);

CREATE TABLE measurement (
  id INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  attempt INTEGER NOT NULL,
  name TEXT NOT NULL,
  time REAL NOT NULL,
  "values" TEXT NOT NULL,
  labels TEXT NOT NULL
);
CREATE INDEX measurement_by_run ON measurement (run);

CREATE TABLE checkpoint (
  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  step INTEGER NOT NULL,
  path TEXT NOT NULL,                      -- relative to the run's folder
  bytes INTEGER NOT NULL,
  time REAL NOT NULL,
  PRIMARY KEY (run, step)
);

CREATE TABLE alert (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  run INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
  level TEXT NOT NULL,
  message TEXT NOT NULL,
  step INTEGER NOT NULL,
  time REAL NOT NULL
);
CREATE INDEX alert_by_run ON alert (run);

CREATE TABLE request (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  run INTEGER NOT NULL,                    -- 0: the service itself
  time REAL NOT NULL,
  answered REAL NOT NULL DEFAULT 0
);
CREATE INDEX request_open ON request (id) WHERE answered = 0;

CREATE TABLE engine (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  pid INTEGER NOT NULL,
  host TEXT NOT NULL,
  heartbeat REAL NOT NULL,
  devices TEXT NOT NULL                    -- JSON list of texts
);
