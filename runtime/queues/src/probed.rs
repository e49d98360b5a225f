//! A queue at a broker of which only host and port are known: the first operation finds out what it speaks.

use std::time::Duration;

use crate::broker::Protocol;
use crate::open::AtBroker;
use crate::patience::Patience;
use crate::{Delivery, QueueError, Receipt, Reply, Session};

/// A queue at a broker, whose session is made with its first operation.
pub(crate) struct ProbedSession {
    at: AtBroker,
    session: Option<Box<dyn Session>>,
}

impl ProbedSession {
    pub(crate) fn new(at: AtBroker) -> Self {
        Self { at, session: None }
    }

    async fn session(&mut self) -> Result<&mut Box<dyn Session>, QueueError> {
        let session = if let Some(session) = self.session.take() {
            session
        } else {
            let mut patience = Patience::new();
            let protocol = loop {
                match protocol(&self.at).await {
                    Ok(protocol) => break protocol,
                    Err(error) => patience.after(error).await?,
                }
            };
            self.at.clone().session(protocol)
        };
        Ok(self.session.insert(session))
    }
}

async fn protocol(at: &AtBroker) -> Result<Protocol, QueueError> {
    let address = at.broker.resolve(&at.hosts).await?;
    at.broker.protocol_at(address).await
}

impl Session for ProbedSession {
    fn push(&mut self, body: Vec<u8>) -> Reply<'_, ()> {
        Box::pin(async move { self.session().await?.push(body).await })
    }

    fn reserve(&mut self, wait: Duration) -> Reply<'_, Option<Delivery>> {
        Box::pin(async move { self.session().await?.reserve(wait).await })
    }

    fn ack(&mut self, receipt: Receipt) -> Reply<'_, ()> {
        Box::pin(async move { self.session().await?.ack(receipt).await })
    }

    fn nack(&mut self, receipt: Receipt, delay: Duration) -> Reply<'_, ()> {
        Box::pin(async move { self.session().await?.nack(receipt, delay).await })
    }

    fn extend(&mut self, receipt: Receipt) -> Reply<'_, ()> {
        Box::pin(async move { self.session().await?.extend(receipt).await })
    }
}
