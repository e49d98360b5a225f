//! One run's hold on a queue in RabbitMQ.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jobling_core::queues::{Fate, QueueName, QueueRules, fate};
use lapin::BasicProperties;
use lapin::message::Delivery as Message;
use tokio::time::Instant;

use super::channel::{Broken, OpenChannel};
use super::connections::Connections;
use super::message;
use crate::broker::{ANSWER_TIME, Broker};
use crate::held::Held;
use crate::patience::Patience;
use crate::session::MAX_BODY_BYTES;
use crate::{Delivery, QueueError, Receipt, Reply, Session};

/// Bytes that the items of a session may have together: they are kept here, to be put in again.
const MAX_HELD_BYTES: usize = 16 << 20;

/// A delivery.
#[derive(Debug)]
struct Lease {
    /// Through which of the session's channels it came: with that, it is given back.
    channel: u64,
    tag: u64,
    attempt: u32,
    says: BasicProperties,
    body: Vec<u8>,
}

/// A queue in RabbitMQ, opened for one run.
pub(crate) struct AmqpSession {
    connections: Arc<Connections>,
    broker: Broker,
    hosts: BTreeMap<String, IpAddr>,
    queue: QueueName,
    rules: QueueRules,
    channel: Option<OpenChannel>,
    channels: u64,
    held: Held<Lease>,
    held_bytes: usize,
}

impl AmqpSession {
    pub(crate) fn new(
        connections: Arc<Connections>,
        broker: Broker,
        hosts: BTreeMap<String, IpAddr>,
        queue: QueueName,
        rules: QueueRules,
    ) -> Self {
        Self {
            connections,
            broker,
            hosts,
            queue,
            rules,
            channel: None,
            channels: 0,
            held: Held::default(),
            held_bytes: 0,
        }
    }

    /// Returns the channel, opened as needed.
    async fn channel(&mut self) -> Result<&OpenChannel, QueueError> {
        let channel = if let Some(channel) = self.channel.take().filter(OpenChannel::is_open) {
            channel
        } else {
            let mut patience = Patience::new();
            let (broker, hosts, queue) = (&self.broker, &self.hosts, &self.queue);
            self.channels += 1;
            loop {
                match OpenChannel::open(&self.connections, broker, hosts, queue).await {
                    Ok(channel) => break channel,
                    Err(error) => patience.after(error).await?,
                }
            }
        };
        Ok(self.channel.insert(channel))
    }

    fn broke(&mut self, broken: &Broken) -> QueueError {
        self.channel = None;
        broken.told(&self.broker)
    }

    async fn push_item(&mut self, body: Vec<u8>) -> Result<(), QueueError> {
        let bytes = body.len() as u64;
        if bytes > MAX_BODY_BYTES {
            return Err(QueueError::TooLarge { bytes, most: MAX_BODY_BYTES });
        }
        let pushed = self.channel().await?.put(&body, message::new()).await;
        // Not again: it may be in.
        pushed.map_err(|broken| self.broke(&broken))
    }

    async fn next(&mut self, wait: Duration) -> Result<Option<Delivery>, QueueError> {
        self.held.check_room()?;
        if self.held_bytes > MAX_HELD_BYTES {
            return Err(QueueError::TooManyHeld { held: self.held.len() });
        }
        let end = Instant::now() + wait;
        let mut patience = Patience::new();
        loop {
            let rules = self.rules;
            let channel = self.channel().await?;
            let taken = match take(channel, end).await {
                Ok(None) => return Ok(None),
                Ok(Some(message)) => deliverable(channel, message, &rules).await,
                Err(broken) => Err(broken),
            };
            match taken {
                Ok(Some((message, attempt))) => return Ok(Some(self.hold(message, attempt))),
                Ok(None) => {}
                Err(broken) => {
                    let error = self.broke(&broken);
                    patience.after(error).await?;
                }
            }
        }
    }

    fn hold(&mut self, message: Message, attempt: u32) -> Delivery {
        let Message { delivery_tag: tag, properties: says, data: body, .. } = message;
        self.held_bytes += body.len();
        let lease = Lease { channel: self.channels, tag, attempt, says, body: body.clone() };
        let receipt = self.held.add(lease);
        Delivery { receipt, attempt, body }
    }

    /// Returns a delivery that is still held, and its channel.
    fn held(&mut self, receipt: Receipt) -> Result<(&Lease, &OpenChannel), QueueError> {
        let is_here = self.held.get(receipt)?.channel == self.channels
            && self.channel.as_ref().is_some_and(OpenChannel::is_open);
        if !is_here {
            self.let_go(receipt);
            return Err(QueueError::Lost(receipt));
        }
        match &self.channel {
            Some(channel) => Ok((self.held.get(receipt)?, channel)),
            None => Err(QueueError::Lost(receipt)),
        }
    }

    fn let_go(&mut self, receipt: Receipt) {
        if let Ok(lease) = self.held.get(receipt) {
            self.held_bytes -= lease.body.len();
        }
        self.held.remove(receipt);
    }

    /// Lets go of a delivery that was settled, or whose channel broke: then it is given back.
    fn settled(&mut self, receipt: Receipt, done: Result<(), Broken>) -> Result<(), QueueError> {
        self.let_go(receipt);
        done.map_err(|broken| {
            tracing::debug!(%broken, "a delivery was lost with its channel");
            self.channel = None;
            QueueError::Lost(receipt)
        })
    }

    async fn nack_item(&mut self, receipt: Receipt, delay: Duration) -> Result<(), QueueError> {
        let rules = self.rules;
        let (lease, channel) = self.held(receipt)?;
        let again = fate(lease.attempt, &rules) == Fate::Again;
        let given = if again && !delay.is_zero() {
            let says = message::with_attempts(lease.says.clone(), lease.attempt);
            match channel.put_later(&lease.body, says, delay).await {
                Ok(()) => channel.ack(lease.tag).await,
                Err(broken) => Err(broken),
            }
        } else if again {
            channel.give_back(lease.tag).await
        } else {
            bury(channel, &lease.body, lease.says.clone(), lease.attempt, lease.tag).await
        };
        self.settled(receipt, given)
    }
}

/// Takes the next message, waiting for one until `end`.
async fn take(channel: &OpenChannel, end: Instant) -> Result<Option<Message>, Broken> {
    if let Some(message) = channel.get().await? {
        return Ok(Some(message));
    }
    match end.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Ok(None),
        left => channel.wait(left).await,
    }
}

/// Returns `message` and which delivery this is; `None` where it is put in again with its count, or buried.
async fn deliverable(
    channel: &OpenChannel,
    message: Message,
    rules: &QueueRules,
) -> Result<Option<(Message, u32)>, Broken> {
    let before = message::attempts(&message.properties).saturating_add(message.redelivered.into());
    if before > 0 && fate(before, rules) == Fate::Dead {
        bury(channel, &message.data, message.properties, before, message.delivery_tag).await?;
        return Ok(None);
    }
    if message.redelivered {
        let says = message::with_attempts(message.properties, before);
        channel.put(&message.data, says).await?;
        channel.ack(message.delivery_tag).await?;
        return Ok(None);
    }
    Ok(Some((message, before + 1)))
}

async fn bury(
    channel: &OpenChannel,
    body: &[u8],
    says: BasicProperties,
    attempts: u32,
    tag: u64,
) -> Result<(), Broken> {
    channel.put_dead(body, message::dead(says, attempts)).await?;
    channel.ack(tag).await
}

impl Session for AmqpSession {
    fn push(&mut self, body: Vec<u8>) -> Reply<'_, ()> {
        Box::pin(self.push_item(body))
    }

    fn reserve(&mut self, wait: Duration) -> Reply<'_, Option<Delivery>> {
        Box::pin(self.next(wait))
    }

    fn ack(&mut self, receipt: Receipt) -> Reply<'_, ()> {
        Box::pin(async move {
            let (lease, channel) = self.held(receipt)?;
            let done = channel.ack(lease.tag).await;
            self.settled(receipt, done)
        })
    }

    fn nack(&mut self, receipt: Receipt, delay: Duration) -> Reply<'_, ()> {
        Box::pin(self.nack_item(receipt, delay))
    }

    fn extend(&mut self, receipt: Receipt) -> Reply<'_, ()> {
        // A lease is the channel.
        Box::pin(async move { self.held(receipt).map(drop) })
    }
}

impl Drop for AmqpSession {
    fn drop(&mut self) {
        let runtime = tokio::runtime::Handle::try_current();
        if let (Ok(runtime), Some(channel)) = (runtime, self.channel.take()) {
            runtime.spawn(tokio::time::timeout(ANSWER_TIME, channel.close()));
        }
    }
}
