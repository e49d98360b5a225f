//! Where work waits: opens queues for the runs of containers, one [`Session`] for each. Knows neither
//! pods nor guests, and reads no clock.
//!
//! Whatever keeps the items, the promise is the same: an item is delivered at least once; a session that
//! ends gives back what it holds; an item that was delivered too often is buried in the dead letters.
//! [`Queues`] opens the built-in queues, Redis and RabbitMQ alike; [`Place`] says which.

mod amqp;
mod broker;
mod builtin;
mod error;
mod held;
mod open;
mod patience;
mod place;
mod probed;
mod redis;
mod session;

pub use builtin::{Builtin, Clock};
pub use error::QueueError;
pub use open::{OpenQueues, Opening, Queues, builtin_name};
pub use place::{Place, PlaceError, QUEUE_URL};
pub use session::{Delivery, Receipt, Reply, Session};
