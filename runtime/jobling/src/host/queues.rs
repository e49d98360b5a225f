//! The work queues of a host: its own in a file of the data directory, and whatever brokers tasks name.

use std::path::PathBuf;
use std::sync::Arc;

use jobling_core::queues::{QueueLimits, QueueRules};
use jobling_node::Clock;
use jobling_queues::{Builtin, QueueError, Queues};
use jobling_store::{QueueDatabase, QueueSettings};

use super::error::sentence;

/// Returns the queues of a host that keeps its own in `file`.
pub(super) fn queues(file: PathBuf, settings: QueueSettings, clock: Arc<dyn Clock>) -> Queues {
    let rules = QueueRules::default();
    Queues::new(rules, move || {
        let clock = Arc::clone(&clock);
        let database = QueueDatabase::open(&file, &settings).map_err(|error| closed(&error))?;
        Builtin::start(database, Arc::new(move || clock.now()), rules, QueueLimits::default())
            .map_err(|error| closed(&error))
    })
}

fn closed(error: &dyn std::error::Error) -> QueueError {
    let why = sentence(error);
    tracing::error!(why, "the host's queues cannot be opened");
    QueueError::Unreachable { broker: "the host's own queue".to_owned(), why }
}
