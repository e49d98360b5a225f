CREATE TABLE orders (
    id          INTEGER PRIMARY KEY,
    user_id     INTEGER NOT NULL REFERENCES users (id),
    total_cents INTEGER NOT NULL CHECK (total_cents >= 0),
    placed      TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX orders_by_user ON orders (user_id);
