//! The connection of one session: made when it is first needed, and anew when it breaks.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use jobling_core::queues::QueueName;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, FromRedisValue,
    RedisConnectionInfo, RedisError, RedisResult, ScriptInvocation,
};

use super::keys::{Keys, Kind};
use crate::QueueError;
use crate::broker::{ANSWER_TIME, Broker};
use crate::place::RedisKind;

/// A connection, and what the queue turned out to be.
pub(super) struct Connected {
    connection: MultiplexedConnection,
    pub(super) keys: Keys,
}

impl Connected {
    /// Connects and looks what kind of queue it is.
    pub(super) async fn open(
        broker: &Broker,
        hosts: &BTreeMap<String, IpAddr>,
        queue: &QueueName,
    ) -> Result<Self, QueueError> {
        let address = broker.resolve(hosts).await?;
        let redis = RedisConnectionInfo {
            db: broker.path.as_deref().and_then(|path| path.parse().ok()).unwrap_or(0),
            username: broker.user.clone(),
            password: broker.password.as_ref().map(|password| password.0.clone()),
            ..RedisConnectionInfo::default()
        };
        let failed = |error: RedisError| Broken::Redis(error).told(broker);
        let addr = ConnectionAddr::Tcp(address.ip().to_string(), address.port());
        let client = Client::open(ConnectionInfo { addr, redis }).map_err(failed)?;
        // Each command has a time of its own: some wait on purpose.
        let config = AsyncConnectionConfig::new().set_connection_timeout(ANSWER_TIME);
        let connection = client.get_multiplexed_async_connection_with_config(&config);
        let mut connection = connection.await.map_err(failed)?;
        let kind: String = timed(
            Duration::ZERO,
            redis::cmd("TYPE").arg(queue.as_str()).query_async(&mut connection),
        )
        .await
        .map_err(|broken| broken.told(broker))?;
        let kind = match (kind.as_str(), broker.kind) {
            ("list", _) | ("none", RedisKind::List) => Kind::List,
            ("stream", _) | ("none", RedisKind::Stream) => Kind::Stream,
            (other, _) => {
                let why = format!("{queue} is a {other} there, and neither a stream nor a list");
                return Err(broker.refused(why));
            }
        };
        Ok(Self { connection, keys: Keys::new(kind, queue) })
    }

    /// Carries out a command that may wait for `wait`.
    pub(super) async fn command<T: FromRedisValue>(
        &self,
        command: &Cmd,
        wait: Duration,
    ) -> Result<T, Broken> {
        let mut connection = self.connection.clone();
        timed(wait, command.query_async(&mut connection)).await
    }

    /// Carries out a script.
    pub(super) async fn script<T: FromRedisValue>(
        &self,
        call: &ScriptInvocation<'_>,
    ) -> Result<T, Broken> {
        let mut connection = self.connection.clone();
        timed(Duration::ZERO, call.invoke_async(&mut connection)).await
    }
}

/// Why a command was not carried out, or it is not known whether it was.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    /// Redis says no, or is away.
    #[error(transparent)]
    Redis(#[from] RedisError),
    /// No answer came.
    #[error("it does not answer")]
    Silent,
}

impl Broken {
    /// Returns it as the task is told: what Redis itself refused, for another reason than that it is starting or
    /// busy, stays refused.
    pub(super) fn told(&self, broker: &Broker) -> QueueError {
        let Self::Redis(error) = self else { return broker.unreachable(self) };
        let for_now = ["LOADING", "BUSY", "MASTERDOWN", "TRYAGAIN", "CLUSTERDOWN", "READONLY"];
        let refused = error.code().is_some_and(|code| !for_now.contains(&code));
        match refused || error.kind() == ErrorKind::AuthenticationFailed {
            true => broker.refused(error),
            false => broker.unreachable(error),
        }
    }
}

async fn timed<T>(
    wait: Duration,
    answer: impl Future<Output = RedisResult<T>>,
) -> Result<T, Broken> {
    match tokio::time::timeout(wait + ANSWER_TIME, answer).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Broken::Silent),
    }
}
