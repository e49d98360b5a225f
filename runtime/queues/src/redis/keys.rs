//! The keys of a queue in Redis, and how its scripts are called.

use std::time::Duration;

use jobling_core::queues::{QueueName, QueueRules};
use redis::{Cmd, Script, ScriptInvocation};

/// What keeps the items of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Stream,
    List,
}

/// A queue's keys and its script.
pub(super) struct Keys {
    kind: Kind,
    script: Script,
    names: Vec<String>,
}

impl Keys {
    pub(super) fn new(kind: Kind, queue: &QueueName) -> Self {
        let (script, beside): (_, &[&str]) = match kind {
            Kind::Stream => (include_str!("stream.lua"), &["dead"]),
            Kind::List => (
                include_str!("list.lua"),
                &["dead", "arrived", "counter", "leases", "bodies", "attempts", "holders"],
            ),
        };
        let keys = beside.iter().map(|name| format!("{queue}:{name}"));
        let names = std::iter::once(queue.to_string()).chain(keys).collect();
        Self { kind, script: Script::new(script), names }
    }

    /// Returns the call of an operation.
    pub(super) fn call(
        &self,
        operation: &str,
        consumer: &str,
        rules: &QueueRules,
    ) -> ScriptInvocation<'_> {
        let mut call = self.script.prepare_invoke();
        for key in &self.names {
            call.key(key);
        }
        let lease_millis = u64::try_from(rules.visibility.as_millis()).unwrap_or(u64::MAX);
        call.arg(operation).arg(consumer).arg(lease_millis).arg(rules.max_attempts.max(1));
        call
    }

    /// Returns the command that adds an item.
    pub(super) fn push(&self, body: &[u8]) -> Cmd {
        let queue = &self.names[0];
        match self.kind {
            Kind::Stream => {
                let mut command = redis::cmd("XADD");
                command.arg(queue).arg("*").arg("body").arg(body);
                command
            }
            Kind::List => {
                let mut command = redis::cmd("RPUSH");
                command.arg(queue).arg(body);
                command
            }
        }
    }

    /// Returns the command that waits until the script has something to find. `seen` is what it said last.
    pub(super) fn wait(&self, seen: &[u8], time: Duration) -> Cmd {
        let queue = &self.names[0];
        match self.kind {
            Kind::Stream => {
                let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
                let mut command = redis::cmd("XREAD");
                command.arg("COUNT").arg(1).arg("BLOCK").arg(millis);
                command.arg("STREAMS").arg(queue).arg(seen);
                command
            }
            Kind::List => {
                let mut command = redis::cmd("BLMOVE");
                command.arg(queue).arg(&self.names[2]).arg("LEFT").arg("RIGHT");
                command.arg(time.as_secs_f64().max(0.001));
                command
            }
        }
    }
}
