//! A broker's address: read from a URL, resolved with care, and asked which language it speaks.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use crate::QueueError;
use crate::place::{PlaceError, RedisKind};

/// How long a broker has to take a connection, or to answer where it has nothing to wait for.
pub(crate) const ANSWER_TIME: Duration = Duration::from_secs(10);

/// What a broker speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Redis,
    Amqp,
}

/// A password. It is shown nowhere.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Password(pub(crate) String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// A broker, as a URL names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broker {
    /// `None`: whoever connects finds out.
    pub(crate) protocol: Option<Protocol>,
    host: String,
    port: u16,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Password>,
    /// What stands behind the slash: a database of Redis, a virtual host of RabbitMQ.
    pub(crate) path: Option<String>,
    pub(crate) kind: RedisKind,
}

impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Broker {
    /// Reads what follows the scheme.
    pub(crate) fn parse(rest: &str, protocol: Option<Protocol>) -> Result<Self, PlaceError> {
        let url = Url::parse(&format!("broker://{rest}")).map_err(|_| PlaceError::NoUrl)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(PlaceError::NoUrl)?;
        let port = url.port().or(match protocol {
            Some(Protocol::Redis) => Some(6379),
            Some(Protocol::Amqp) => Some(5672),
            None => None,
        });
        let text = |part: &str| {
            let decoded = percent_encoding::percent_decode_str(part).decode_utf8();
            decoded.map(std::borrow::Cow::into_owned).map_err(|_| PlaceError::NoUrl)
        };
        let some = |part: &str| Some(part).filter(|part| !part.is_empty()).map(text).transpose();
        let path = some(url.path().trim_start_matches('/'))?;
        let database = path.as_deref().map_or(Ok(0), str::parse::<u16>);
        if protocol == Some(Protocol::Redis) && database.is_err() {
            return Err(PlaceError::Database);
        }
        Ok(Self {
            protocol,
            host: host.trim_matches(['[', ']']).to_owned(),
            port: port.ok_or(PlaceError::NoPort)?,
            user: some(url.username())?,
            password: url.password().map(text).transpose()?.map(Password),
            path,
            kind: RedisKind::default(),
        })
    }

    /// Returns the address of the broker. The manifest names it, so it may be a private one; addresses that
    /// never are a broker's and often a cloud's metadata are refused.
    pub(crate) async fn resolve(
        &self,
        hosts: &BTreeMap<String, IpAddr>,
    ) -> Result<SocketAddr, QueueError> {
        if let Some(address) = hosts.get(&self.host) {
            return self.checked([SocketAddr::new(*address, self.port)]);
        }
        match tokio::net::lookup_host((self.host.as_str(), self.port)).await {
            Ok(found) => self.checked(found),
            Err(error) => Err(self.unreachable(format!("its name does not resolve: {error}"))),
        }
    }

    fn checked(
        &self,
        found: impl IntoIterator<Item = SocketAddr>,
    ) -> Result<SocketAddr, QueueError> {
        let allowed = found.into_iter().find(|address| !is_forbidden(address.ip()));
        allowed.ok_or_else(|| self.unreachable("its address is none that a broker may have"))
    }

    /// Returns the error of a broker that cannot be reached.
    pub(crate) fn unreachable(&self, why: impl fmt::Display) -> QueueError {
        QueueError::Unreachable { broker: self.to_string(), why: why.to_string() }
    }

    /// Returns the error of a broker that says no.
    pub(crate) fn refused(&self, why: impl fmt::Display) -> QueueError {
        QueueError::Refused { broker: self.to_string(), why: why.to_string() }
    }

    /// Returns what the program at `address` speaks: RabbitMQ answers anything that is not AMQP with the
    /// version that it wants (AMQP 0-9-1, section 4.2.2), Redis answers a PING.
    pub(crate) async fn protocol_at(&self, address: SocketAddr) -> Result<Protocol, QueueError> {
        if let Some(known) = self.protocol {
            return Ok(known);
        }
        let asked = async {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(b"PING\r\n\r\n").await?;
            let mut answer = [0; 4];
            stream.read_exact(&mut answer).await?;
            Ok::<_, std::io::Error>(answer)
        };
        match tokio::time::timeout(ANSWER_TIME, asked).await {
            Ok(Ok(answer)) if &answer == b"AMQP" => Ok(Protocol::Amqp),
            Ok(Ok([b'+' | b'-', ..])) => Ok(Protocol::Redis),
            Ok(Ok(_)) => Err(self.unreachable("it speaks neither Redis nor AMQP 0.9.1")),
            Ok(Err(error)) => Err(self.unreachable(error)),
            Err(_) => Err(self.unreachable("it does not answer")),
        }
    }
}

/// Returns whether no broker has that address: link-local ones (a cloud's metadata is there), those of many,
/// and those of nobody.
fn is_forbidden(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            v4.is_link_local() || v4.is_multicast() || v4.is_broadcast() || v4.octets()[0] == 0
        }
        IpAddr::V6(v6) => {
            let aws_metadata = v6.segments()[..2] == [0xfd00, 0xec2];
            v6.is_unicast_link_local() || v6.is_multicast() || v6.is_unspecified() || aws_metadata
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_is_read_with_what_its_protocol_leaves_out() {
        let read = |rest: &str, protocol| {
            let broker = Broker::parse(rest, protocol).unwrap();
            let password = broker.password.as_ref().map(|password| password.0.clone());
            (broker.to_string(), broker.user.clone(), password, broker.path)
        };
        let some = |text: &str| Some(text.to_owned());
        for (rest, protocol, expected) in [
            ("queue:7", None, ("queue:7".to_owned(), None, None, None)),
            ("redis", Some(Protocol::Redis), ("redis:6379".to_owned(), None, None, None)),
            (
                ":p%40ss@10.0.0.1:1/3",
                Some(Protocol::Redis),
                ("10.0.0.1:1".to_owned(), None, some("p@ss"), some("3")),
            ),
            (
                "me:pw@rabbit/%2fteam",
                Some(Protocol::Amqp),
                ("rabbit:5672".to_owned(), some("me"), some("pw"), some("/team")),
            ),
            ("[::1]:6380", Some(Protocol::Redis), ("::1:6380".to_owned(), None, None, None)),
        ] {
            assert_eq!(read(rest, protocol), expected, "{rest}");
        }
    }

    #[tokio::test]
    async fn an_alias_leads_to_its_address_and_metadata_is_nowhere() {
        let hosts = |ip: &str| BTreeMap::from([("queue".to_owned(), ip.parse().unwrap())]);
        let broker = Broker::parse("queue:7", None).unwrap();
        for (ip, allowed) in [
            ("10.0.0.9", true),
            ("127.0.0.1", true),
            ("fd12::1", true),
            ("169.254.169.254", false),
            ("::ffff:169.254.169.254", false),
            ("fe80::1", false),
            ("fd00:ec2::254", false),
            ("0.0.0.0", false),
            ("224.0.0.1", false),
        ] {
            assert_eq!(broker.resolve(&hosts(ip)).await.is_ok(), allowed, "{ip}");
        }
    }
}
