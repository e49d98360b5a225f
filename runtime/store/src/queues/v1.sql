-- The work queues, version 1. A released version's text is never changed: a change is a new file.

-- What each queue holds, kept by whoever writes items: a push must not count a million rows.
CREATE TABLE queues (
  id    INTEGER PRIMARY KEY,
  name  TEXT    NOT NULL UNIQUE CHECK (name <> ''),
  items INTEGER NOT NULL DEFAULT 0 CHECK (items >= 0),
  bytes INTEGER NOT NULL DEFAULT 0 CHECK (bytes >= 0)
) STRICT;

-- An item may be delivered from ready_at on: 0 for one that waits, in microseconds the end of its delay
-- or of its lease. A dead letter has none. AUTOINCREMENT: a number is never used twice, so a lease of an
-- item that is gone never fits another.
CREATE TABLE items (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  queue     INTEGER NOT NULL REFERENCES queues (id),
  ready_at  INTEGER,
  attempts  INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  holder    TEXT CHECK (holder IS NULL OR (ready_at IS NOT NULL AND attempts > 0)),
  buried_at INTEGER CHECK ((buried_at IS NULL) = (ready_at IS NOT NULL)),
  why       TEXT,
  body      BLOB    NOT NULL
) STRICT;
CREATE INDEX items_ready ON items (queue, ready_at, id) WHERE ready_at IS NOT NULL;
CREATE INDEX items_dead ON items (queue, id) WHERE ready_at IS NULL;
CREATE INDEX items_held ON items (holder) WHERE holder IS NOT NULL;
