-- What is remembered, version 1. A released version's text is never changed: a change is a new file.

-- One row: what holds for the database as a whole.
CREATE TABLE meta (
  id       INTEGER PRIMARY KEY CHECK (id = 1),
  seed     BLOB    NOT NULL CHECK (length(seed) = 16),
  revision INTEGER NOT NULL CHECK (revision >= 0),
  next_job INTEGER NOT NULL CHECK (next_job >= 1)
) STRICT;
INSERT INTO meta (id, seed, revision, next_job) VALUES (1, randomblob(16), 0, 1);

-- Every object but Jobs and pods, whole.
CREATE TABLE objects (
  kind      TEXT    NOT NULL CHECK (kind NOT IN ('Job', 'Pod')),
  namespace TEXT    NOT NULL,
  name      TEXT    NOT NULL CHECK (name <> ''),
  revision  INTEGER NOT NULL CHECK (revision > 0),
  body      TEXT    NOT NULL,
  PRIMARY KEY (kind, namespace, name)
) STRICT, WITHOUT ROWID;

-- Jobs without their status: written when a person changes one, or one finishes. An orphan is a Job
-- that is gone while its pods stay: they still need its template.
CREATE TABLE jobs (
  id          INTEGER PRIMARY KEY CHECK (id >= 1),
  namespace   TEXT    NOT NULL CHECK (namespace <> ''),
  name        TEXT    NOT NULL CHECK (name <> ''),
  revision    INTEGER NOT NULL CHECK (revision > 0),
  orphaned    INTEGER NOT NULL DEFAULT 0 CHECK (orphaned IN (0, 1)),
  deleting    INTEGER NOT NULL DEFAULT 0 CHECK (deleting IN (0, 1)),
  ttl_seconds INTEGER CHECK (ttl_seconds >= 0),
  finished_at INTEGER,
  body        TEXT    NOT NULL
) STRICT;
CREATE UNIQUE INDEX jobs_by_name ON jobs (namespace, name) WHERE orphaned = 0;
CREATE INDEX orphans_by_name ON jobs (namespace, name) WHERE orphaned = 1;
-- What a start reads: nothing of it grows with the history.
CREATE INDEX jobs_unfinished ON jobs (id)
  WHERE orphaned = 0 AND (finished_at IS NULL OR deleting = 1);
CREATE INDEX jobs_expiring ON jobs (id)
  WHERE orphaned = 0 AND finished_at IS NOT NULL AND ttl_seconds IS NOT NULL;

-- A Job's status and its controller's memory: narrow, as every batch that ends a pod replaces it.
CREATE TABLE job_status (
  job      INTEGER PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  revision INTEGER NOT NULL CHECK (revision > 0),
  status   TEXT    NOT NULL,
  memory   TEXT    NOT NULL
) STRICT;

-- Pods: the id is the Job's number and the ordinal in one, so a Job's pods are a range of the table.
CREATE TABLE pods (
  id       INTEGER PRIMARY KEY CHECK (id >= 1 << 24),
  revision INTEGER NOT NULL CHECK (revision > 0),
  live     INTEGER NOT NULL CHECK (live IN (0, 1)),
  body     TEXT    NOT NULL
) STRICT;
-- Holds the pods that have not ended, and no others: as small as what runs.
CREATE INDEX pods_live ON pods (id) WHERE live = 1;
