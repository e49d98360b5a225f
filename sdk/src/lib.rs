//! What the author of a task uses.
