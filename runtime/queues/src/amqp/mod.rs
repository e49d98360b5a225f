//! Queues in RabbitMQ (AMQP 0.9.1): durable, with confirmed pushes and acknowledged deliveries.
//!
//! RabbitMQ says of a message that it was delivered before, not how often. So a message that comes back is put
//! in again with one more in its header [`ATTEMPTS`](message::ATTEMPTS), and only then delivered: each way in
//! which a delivery can fail, the end of this host among them, is counted alike. A queue NAME has its dead
//! letters in `NAME.dead`; messages that wait for a delay are in `NAME.delay.MILLISECONDS`.
//!
//! A lease is the channel: it runs for as long as that is open. RabbitMQ itself ends it when a message is not
//! acknowledged for the broker's `consumer_timeout`.

mod channel;
mod connections;
mod message;
mod session;

pub(crate) use connections::Connections;
pub(crate) use session::AmqpSession;
