//! Opens queues for runs, wherever they are.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jobling_core::queues::{QueueName, QueueRules};

use crate::amqp::{AmqpSession, Connections};
use crate::broker::{Broker, Protocol};
use crate::place::Location;
use crate::probed::ProbedSession;
use crate::redis::RedisSession;
use crate::{Builtin, Place, QueueError, Session};

/// Which queue, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Opening<'a> {
    /// Where it is.
    pub place: &'a Place,
    /// Names that lead to these addresses, before any other resolver is asked.
    pub hosts: &'a BTreeMap<String, IpAddr>,
    /// The namespace of the run.
    pub namespace: &'a str,
    /// The queue's name, as the task has it.
    pub name: &'a str,
    /// The run: no two that are alive at once have one.
    pub holder: &'a str,
}

/// Opens queues.
pub trait OpenQueues: Send + Sync {
    /// Opens a queue. Nothing is asked of a broker yet.
    ///
    /// # Errors
    /// Where the name is none, or the host's own queues cannot be opened.
    fn open(&self, opening: Opening<'_>) -> Result<Box<dyn Session>, QueueError>;
}

/// Opens the host's own queues.
type OpenBuiltin = Box<dyn Fn() -> Result<Builtin, QueueError> + Send + Sync>;

/// All queues that this host can reach. Its own are opened when somebody first asks for one: a host that has
/// no queues has no thread and no file for them.
pub struct Queues {
    open_builtin: OpenBuiltin,
    builtin: Mutex<Option<Builtin>>,
    rules: QueueRules,
    connections: Arc<Connections>,
    sessions: AtomicU64,
}

/// A queue at a broker, and for whom.
#[derive(Clone)]
pub(crate) struct AtBroker {
    pub(crate) broker: Broker,
    pub(crate) hosts: BTreeMap<String, IpAddr>,
    queue: QueueName,
    consumer: String,
    rules: QueueRules,
    connections: Arc<Connections>,
}

impl AtBroker {
    /// Returns a session that speaks `protocol`.
    pub(crate) fn session(self, protocol: Protocol) -> Box<dyn Session> {
        let Self { broker, hosts, queue, consumer, rules, connections } = self;
        match protocol {
            Protocol::Redis => Box::new(RedisSession::new(broker, hosts, queue, consumer, rules)),
            Protocol::Amqp => Box::new(AmqpSession::new(connections, broker, hosts, queue, rules)),
        }
    }
}

impl fmt::Debug for Queues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queues").field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl Queues {
    /// Returns the queues of a host whose own are opened by `open_builtin`, and where items are delivered by
    /// `rules` if their place does not say otherwise.
    #[must_use]
    pub fn new(
        rules: QueueRules,
        open_builtin: impl Fn() -> Result<Builtin, QueueError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            open_builtin: Box::new(open_builtin),
            builtin: Mutex::default(),
            rules,
            connections: Arc::default(),
            sessions: AtomicU64::new(0),
        }
    }

    /// Returns the host's own queues. It blocks where they are to be opened first.
    ///
    /// # Errors
    /// Where they cannot be; it is tried again the next time.
    pub fn builtin(&self) -> Result<Builtin, QueueError> {
        let mut builtin = self.builtin.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = &*builtin {
            return Ok(open.clone());
        }
        Ok(builtin.insert((self.open_builtin)()?).clone())
    }
}

/// Returns the name of one of the host's own queues: each namespace has its own.
///
/// # Errors
/// Where that is no queue's name.
pub fn builtin_name(namespace: &str, name: &str) -> Result<QueueName, QueueError> {
    // Checked alone, so that a refusal names what the task said.
    let name: QueueName = name.parse()?;
    Ok(format!("{namespace}/{name}").parse()?)
}

impl OpenQueues for Queues {
    fn open(&self, opening: Opening<'_>) -> Result<Box<dyn Session>, QueueError> {
        let Opening { place, hosts, namespace, name, holder } = opening;
        let rules = place.rules(self.rules);
        match &place.location {
            Location::Builtin => {
                let queue = builtin_name(namespace, name)?;
                Ok(Box::new(self.builtin()?.open_with(queue, holder, rules)))
            }
            Location::Broker(broker) => {
                let number = self.sessions.fetch_add(1, Ordering::Relaxed);
                let at = AtBroker {
                    broker: broker.clone(),
                    hosts: hosts.clone(),
                    queue: name.parse()?,
                    consumer: format!("{holder}#{number}"),
                    rules,
                    connections: Arc::clone(&self.connections),
                };
                Ok(match broker.protocol {
                    Some(protocol) => at.session(protocol),
                    None => Box::new(ProbedSession::new(at)),
                })
            }
        }
    }
}
