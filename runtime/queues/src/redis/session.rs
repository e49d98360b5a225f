//! One run's hold on a queue in Redis.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use jobling_core::queues::{QueueName, QueueRules};
use tokio::time::Instant;

use super::connection::{Broken, Connected};
use crate::broker::{ANSWER_TIME, Broker};
use crate::held::Held;
use crate::patience::Patience;
use crate::session::MAX_BODY_BYTES;
use crate::{Delivery, QueueError, Receipt, Reply, Session};

/// The longest that one blocking command waits: a delivery that somebody else lost is found after it.
const WAIT: Duration = Duration::from_secs(5);

/// A delivery, by what Redis calls it.
#[derive(Debug, Clone)]
struct Lease {
    id: String,
    attempt: u32,
}

/// A queue in Redis, opened for one run.
pub(crate) struct RedisSession {
    broker: Broker,
    hosts: BTreeMap<String, IpAddr>,
    queue: QueueName,
    /// The run: the consumer of the stream's group.
    consumer: String,
    rules: QueueRules,
    connected: Option<Connected>,
    held: Held<Lease>,
    /// Whether something may be held there, also by a reply that was dropped.
    has_reserved: bool,
}

/// What the script says of a delivery that is to be settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It is settled now.
    Settled,
    /// Another delivery was made since.
    Lost,
    /// Nobody holds it.
    Gone,
}

impl RedisSession {
    pub(crate) fn new(
        broker: Broker,
        hosts: BTreeMap<String, IpAddr>,
        queue: QueueName,
        consumer: String,
        rules: QueueRules,
    ) -> Self {
        let (connected, held) = (None, Held::default());
        Self { broker, hosts, queue, consumer, rules, connected, held, has_reserved: false }
    }

    /// Returns the connection, made as needed.
    async fn connection(&mut self) -> Result<&Connected, QueueError> {
        let connected = if let Some(connected) = self.connected.take() {
            connected
        } else {
            let mut patience = Patience::new();
            loop {
                match Connected::open(&self.broker, &self.hosts, &self.queue).await {
                    Ok(connected) => break connected,
                    Err(error) => patience.after(error).await?,
                }
            }
        };
        Ok(self.connected.insert(connected))
    }

    /// Lets a connection go that broke, and waits; returns the error where that does not help.
    async fn broke(&mut self, broken: Broken, patience: &mut Patience) -> Result<(), QueueError> {
        self.connected = None;
        patience.after(broken.told(&self.broker)).await
    }

    async fn push_item(&mut self, body: Vec<u8>) -> Result<(), QueueError> {
        let bytes = body.len() as u64;
        if bytes > MAX_BODY_BYTES {
            return Err(QueueError::TooLarge { bytes, most: MAX_BODY_BYTES });
        }
        let connected = self.connection().await?;
        let push = connected.keys.push(&body);
        match connected.command::<redis::Value>(&push, Duration::ZERO).await {
            Ok(_id_or_length) => Ok(()),
            // Not again: it may be in.
            Err(broken) => {
                self.connected = None;
                Err(broken.told(&self.broker))
            }
        }
    }

    async fn next(&mut self, wait: Duration) -> Result<Option<Delivery>, QueueError> {
        self.held.check_room()?;
        self.has_reserved = true;
        let end = Instant::now() + wait;
        let mut patience = Patience::new();
        loop {
            let (consumer, rules) = (self.consumer.clone(), self.rules);
            let connected = self.connection().await?;
            let call = connected.keys.call("reserve", &consumer, &rules);
            let (id, number, body): (String, u64, Vec<u8>) = match connected.script(&call).await {
                Ok(answer) => answer,
                Err(broken) => {
                    self.broke(broken, &mut patience).await?;
                    continue;
                }
            };
            if !id.is_empty() {
                let attempt = u32::try_from(number).unwrap_or(u32::MAX);
                let receipt = self.held.add(Lease { id, attempt });
                return Ok(Some(Delivery { receipt, attempt, body }));
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            // 0: nothing is known to come.
            let known = if number == 0 { WAIT } else { Duration::from_millis(number) };
            let time = left.min(known).min(WAIT);
            let command = connected.keys.wait(&body, time);
            if let Err(broken) = connected.command::<redis::Value>(&command, time).await {
                self.broke(broken, &mut patience).await?;
            }
        }
    }

    /// Has the script settle, or extend, a delivery.
    async fn settle(
        &mut self,
        operation: &str,
        receipt: Receipt,
        delay: Duration,
    ) -> Result<(), QueueError> {
        let lease = self.held.get(receipt)?.clone();
        let mut patience = Patience::new();
        let mut again = false;
        let state = loop {
            let (consumer, rules) = (self.consumer.clone(), self.rules);
            let connected = self.connection().await?;
            let mut call = connected.keys.call(operation, &consumer, &rules);
            let delay_millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
            call.arg(&lease.id).arg(lease.attempt).arg(delay_millis);
            match connected.script::<u8>(&call).await {
                Ok(0) => break State::Lost,
                Ok(1) => break State::Settled,
                Ok(_) => break State::Gone,
                Err(broken) => self.broke(broken, &mut patience).await?,
            }
            again = true;
        };
        match state {
            State::Settled => Ok(()),
            // The first try was carried out, and its answer was lost.
            State::Gone if again => Ok(()),
            State::Gone | State::Lost => {
                self.held.remove(receipt);
                Err(QueueError::Lost(receipt))
            }
        }
    }
}

impl Session for RedisSession {
    fn push(&mut self, body: Vec<u8>) -> Reply<'_, ()> {
        Box::pin(self.push_item(body))
    }

    fn reserve(&mut self, wait: Duration) -> Reply<'_, Option<Delivery>> {
        Box::pin(self.next(wait))
    }

    fn ack(&mut self, receipt: Receipt) -> Reply<'_, ()> {
        Box::pin(async move {
            self.settle("ack", receipt, Duration::ZERO).await?;
            self.held.remove(receipt);
            Ok(())
        })
    }

    fn nack(&mut self, receipt: Receipt, delay: Duration) -> Reply<'_, ()> {
        Box::pin(async move {
            self.settle("nack", receipt, delay).await?;
            self.held.remove(receipt);
            Ok(())
        })
    }

    fn extend(&mut self, receipt: Receipt) -> Reply<'_, ()> {
        Box::pin(self.settle("extend", receipt, Duration::ZERO))
    }
}

impl Drop for RedisSession {
    fn drop(&mut self) {
        if !self.has_reserved {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (broker, hosts, queue) =
            (self.broker.clone(), std::mem::take(&mut self.hosts), self.queue.clone());
        let (consumer, rules) = (std::mem::take(&mut self.consumer), self.rules);
        let connected = self.connected.take();
        // What cannot be given back now is delivered again when its lease ends.
        runtime.spawn(tokio::time::timeout(ANSWER_TIME, async move {
            let connected = match connected {
                Some(connected) => connected,
                None => Connected::open(&broker, &hosts, &queue).await?,
            };
            let call = connected.keys.call("release", &consumer, &rules);
            let released = connected.script::<u8>(&call).await;
            released.map(drop).map_err(|broken| broken.told(&broker))
        }));
    }
}
