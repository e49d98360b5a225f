-- What is remembered, version 3: requests to HTTPTriggers, each with the Job that answers it.

-- A row is of one Job, which may be gone before it. Until the Job has ended it has the request; from then
-- on the answer, and until when that is remembered.
CREATE TABLE calls (
  job         INTEGER PRIMARY KEY CHECK (job >= 1),
  trigger_uid TEXT    NOT NULL,
  namespace   TEXT    NOT NULL CHECK (namespace <> ''),
  job_name    TEXT    NOT NULL CHECK (job_name <> ''),
  key         TEXT,
  fingerprint BLOB CHECK (length(fingerprint) = 32),
  received    INTEGER NOT NULL,
  retention   INTEGER NOT NULL CHECK (retention >= 0),
  outcome     TEXT,
  until       INTEGER,
  truncated   INTEGER NOT NULL DEFAULT 0 CHECK (truncated IN (0, 1)),
  request     TEXT,
  body        BLOB,
  output      BLOB,
  CHECK ((key IS NULL) = (fingerprint IS NULL)),
  CHECK ((outcome IS NULL) = (until IS NULL)),
  CHECK ((request IS NULL) = (outcome IS NOT NULL))
) STRICT;
-- A key is one request's alone.
CREATE UNIQUE INDEX calls_by_key ON calls (trigger_uid, key) WHERE key IS NOT NULL;
CREATE INDEX calls_by_job ON calls (namespace, job_name);
CREATE INDEX calls_open ON calls (job) WHERE until IS NULL;
CREATE INDEX calls_by_age ON calls (until) WHERE until IS NOT NULL;
-- Answers to requests without a key, of which a trigger keeps so many.
CREATE INDEX calls_keyless ON calls (trigger_uid, job) WHERE key IS NULL AND until IS NOT NULL;
