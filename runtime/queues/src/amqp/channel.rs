//! A channel to one queue: what is asked of the broker, call by call.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _};
use jobling_core::queues::QueueName;
use lapin::message::Delivery as Message;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicGetOptions, BasicNackOptions,
    BasicPublishOptions, BasicQosOptions, ConfirmSelectOptions, QueueDeclareOptions,
};
use lapin::types::{AMQPValue, FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection, Error};

use super::connections::Connections;
use super::message::step;
use crate::QueueError;
use crate::broker::{ANSWER_TIME, Broker};

/// A queue for messages that wait goes, once it was not used for so long after its last message.
const DELAY_QUEUE_SPARE_MILLIS: i64 = 60_000;

/// Why something was not done, or it is not known whether it was.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// The broker said no, or is away.
    #[error(transparent)]
    Amqp(#[from] Error),
    /// No answer came.
    #[error("it does not answer")]
    Silent,
    /// The broker did not take a message.
    #[error("it did not take the item")]
    Refused,
}

impl Broken {
    /// Returns it as the task is told.
    pub(super) fn told(&self, broker: &Broker) -> QueueError {
        match self {
            Self::Amqp(error) => told(error, broker),
            Self::Silent | Self::Refused => broker.unreachable(self),
        }
    }
}

/// Returns an error as the task is told: access that is refused stays so (reply codes 403 and 530).
pub(super) fn told(error: &Error, broker: &Broker) -> QueueError {
    let text = error.to_string();
    match ["ACCESS_REFUSED", "NOT_ALLOWED"].iter().any(|word| text.contains(word)) {
        true => broker.refused(text),
        false => broker.unreachable(text),
    }
}

/// A channel, open, whose queue is there.
pub(super) struct OpenChannel {
    channel: Channel,
    connection: Arc<Connection>,
    queue: ShortString,
}

impl OpenChannel {
    pub(super) async fn open(
        connections: &Connections,
        broker: &Broker,
        hosts: &BTreeMap<String, IpAddr>,
        queue: &QueueName,
    ) -> Result<Self, QueueError> {
        let address = broker.resolve(hosts).await?;
        let connection = connections.to(broker, address).await?;
        let opened = async {
            make_sure_of(&connection, queue.as_str()).await?;
            let channel = connection.create_channel().await?;
            channel.confirm_select(ConfirmSelectOptions::default()).await?;
            // Of each consumer: whoever waits takes one message.
            channel.basic_qos(1, BasicQosOptions::default()).await?;
            Ok(channel)
        };
        let channel = timed(Duration::ZERO, opened).await;
        let channel = channel.map_err(|broken: Broken| broken.told(broker))?;
        Ok(Self { channel, connection, queue: queue.as_str().into() })
    }

    /// Returns whether nothing is known to be wrong with it.
    pub(super) fn is_open(&self) -> bool {
        self.channel.status().connected()
    }

    /// Takes a message if there is one.
    pub(super) async fn get(&self) -> Result<Option<Message>, Broken> {
        let got = self.channel.basic_get(self.queue.clone(), BasicGetOptions::default());
        timed(Duration::ZERO, async { Ok(got.await?.map(|got| got.delivery)) }).await
    }

    /// Waits for a message.
    pub(super) async fn wait(&self, time: Duration) -> Result<Option<Message>, Broken> {
        let waited = async {
            let (queue, tag) = (self.queue.clone(), ShortString::from(""));
            let (options, arguments) = (BasicConsumeOptions::default(), FieldTable::default());
            let mut consumer = self.channel.basic_consume(queue, tag, options, arguments).await?;
            let message = tokio::time::timeout(time, consumer.next()).await.ok().flatten();
            let options = BasicCancelOptions::default();
            self.channel.basic_cancel(consumer.tag(), options).await?;
            // One may have come while it was cancelled.
            let message = message.or_else(|| consumer.next().now_or_never().flatten());
            Ok(message.transpose()?)
        };
        timed(time, waited).await
    }

    /// Says that a message is done.
    pub(super) async fn ack(&self, tag: u64) -> Result<(), Broken> {
        let done = self.channel.basic_ack(tag, BasicAckOptions::default());
        timed(Duration::ZERO, async { Ok(done.await?) }).await
    }

    /// Has a message delivered again.
    pub(super) async fn give_back(&self, tag: u64) -> Result<(), Broken> {
        let options = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
        let given = self.channel.basic_nack(tag, options);
        timed(Duration::ZERO, async { Ok(given.await?) }).await
    }

    /// Puts a message into the queue.
    pub(super) async fn put(&self, body: &[u8], says: BasicProperties) -> Result<(), Broken> {
        self.publish(self.queue.clone(), body, says).await
    }

    /// Puts a message among the dead letters.
    pub(super) async fn put_dead(&self, body: &[u8], says: BasicProperties) -> Result<(), Broken> {
        let dead = format!("{}.dead", self.queue);
        timed(Duration::ZERO, make_sure_of(&self.connection, &dead)).await?;
        self.publish(dead.into(), body, says).await
    }

    /// Puts a message where it waits for `delay` and then gets into the queue.
    pub(super) async fn put_later(
        &self,
        body: &[u8],
        says: BasicProperties,
        delay: Duration,
    ) -> Result<(), Broken> {
        let step = step(delay);
        let waiting = ShortString::from(format!("{}.delay.{step}", self.queue));
        let mut arguments = FieldTable::default();
        let text = |text: &str| AMQPValue::LongString(text.into());
        for (name, value) in [
            ("x-message-ttl", AMQPValue::LongLongInt(step.into())),
            ("x-dead-letter-exchange", text("")),
            ("x-dead-letter-routing-key", text(self.queue.as_str())),
            ("x-expires", AMQPValue::LongLongInt(i64::from(step) + DELAY_QUEUE_SPARE_MILLIS)),
        ] {
            arguments.insert(name.into(), value);
        }
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        let declared = self.channel.queue_declare(waiting.clone(), options, arguments);
        timed(Duration::ZERO, async { Ok(declared.await?) }).await?;
        self.publish(waiting, body, says).await
    }

    async fn publish(
        &self,
        queue: ShortString,
        body: &[u8],
        says: BasicProperties,
    ) -> Result<(), Broken> {
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let published = async {
            let sent = self.channel.basic_publish("".into(), queue, options, body, says).await?;
            match sent.await? {
                Confirmation::Ack(None) => Ok(()),
                // There is no such queue any more, or it takes no more.
                Confirmation::Ack(Some(_)) | Confirmation::Nack(_) | Confirmation::NotRequested => {
                    Err(Broken::Refused)
                }
            }
        };
        timed(Duration::ZERO, published).await
    }

    /// Closes it: what was delivered through it and not acknowledged is delivered again.
    pub(super) async fn close(self) {
        if self.is_open()
            && let Err(error) = self.channel.close(200, "done".into()).await
        {
            tracing::debug!(%error, "a channel did not close in order");
        }
    }
}

/// Makes the queue of that name where there is none; one that is there stays as somebody else declared it.
async fn make_sure_of(connection: &Connection, queue: &str) -> Result<(), Broken> {
    let look = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let channel = connection.create_channel().await?;
    if channel.queue_declare(queue.into(), look, FieldTable::default()).await.is_ok() {
        return Ok(());
    }
    // The broker has closed the channel over it.
    let make = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    let channel = connection.create_channel().await?;
    channel.queue_declare(queue.into(), make, FieldTable::default()).await?;
    Ok(())
}

async fn timed<T>(
    wait: Duration,
    answer: impl Future<Output = Result<T, Broken>>,
) -> Result<T, Broken> {
    tokio::time::timeout(wait + ANSWER_TIME, answer).await.unwrap_or(Err(Broken::Silent))
}
