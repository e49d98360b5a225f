//! What is remembered: the only SQL. One writer, all-or-nothing commits, a change feed.
