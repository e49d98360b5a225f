//! How large a manifest may be, so that a few kilobytes cannot take the host's memory.

/// Bytes of one file: five times the 3 MiB that the Kubernetes API server takes in one request.
pub(super) const BYTES: usize = 16 * 1024 * 1024;

/// Documents in one file.
pub(super) const DOCUMENTS: usize = 10_000;

/// Lists and maps within each other. A Job's deepest field is at about twenty.
pub(super) const DEPTH: usize = 100;

/// Values, keys not counted, in all documents of a file, with every alias written out.
pub(super) const VALUES: usize = 500_000;

/// Errors of one file; a person mends the first ones and asks again.
pub(super) const ERRORS: usize = 100;
