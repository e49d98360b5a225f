//! One connection to each broker, which all sessions share: a connection is a thread.

use std::net::SocketAddr;
use std::sync::{Arc, Weak};

use lapin::uri::{AMQPAuthority, AMQPQueryString, AMQPScheme, AMQPUri, AMQPUserInfo};
use lapin::{Connection, ConnectionProperties};
use tokio::sync::Mutex;

use super::channel::told;
use crate::QueueError;
use crate::broker::{ANSWER_TIME, Broker};

/// Connections that are open, by broker and address. Each is closed with its last session.
#[derive(Default)]
pub(crate) struct Connections(Mutex<Vec<(Broker, SocketAddr, Weak<Connection>)>>);

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}

impl Connections {
    /// Returns a connection to `broker` at `address`, which may be one that others use.
    pub(super) async fn to(
        &self,
        broker: &Broker,
        address: SocketAddr,
    ) -> Result<Arc<Connection>, QueueError> {
        let mut all = self.0.lock().await;
        all.retain(|(_, _, open)| open.strong_count() > 0);
        let same = all.iter().filter(|(of, at, _)| of == broker && *at == address);
        let open = same.filter_map(|(_, _, open)| open.upgrade());
        if let Some(open) = open.into_iter().find(|open| open.status().connected()) {
            return Ok(open);
        }
        let connecting = Connection::connect_uri(uri(broker, address), properties());
        let connection = match tokio::time::timeout(ANSWER_TIME, connecting).await {
            Ok(Ok(connection)) => Arc::new(connection),
            Ok(Err(error)) => return Err(told(&error, broker)),
            Err(_) => return Err(broker.unreachable("it does not answer")),
        };
        all.push((broker.clone(), address, Arc::downgrade(&connection)));
        Ok(connection)
    }
}

fn properties() -> ConnectionProperties {
    ConnectionProperties::default().with_connection_name("jobling".into())
}

fn uri(broker: &Broker, address: SocketAddr) -> AMQPUri {
    let or_guest = |text: Option<String>| text.unwrap_or_else(|| "guest".to_owned());
    let userinfo = AMQPUserInfo {
        username: or_guest(broker.user.clone()),
        password: or_guest(broker.password.as_ref().map(|password| password.0.clone())),
    };
    AMQPUri {
        scheme: AMQPScheme::AMQP,
        authority: AMQPAuthority { userinfo, host: address.ip().to_string(), port: address.port() },
        vhost: broker.path.clone().unwrap_or_else(|| "/".to_owned()),
        query: AMQPQueryString::default(),
    }
}
