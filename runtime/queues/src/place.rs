//! Where a run's queues are: the URL that its container names, read once.

use std::time::Duration;

use jobling_core::queues::QueueRules;

use crate::broker::{Broker, Protocol};

/// The variable of a container that says where its queues are.
pub const QUEUE_URL: &str = "QUEUE_URL";

/// Where queues are, and how their items are delivered.
///
/// | `QUEUE_URL` | the place |
/// |---|---|
/// | unset, `jobling:`, `builtin:` | this host's own queues; each namespace has its own |
/// | `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]` | Redis: a stream, or a list |
/// | `amqp://[USER:PASSWORD@]HOST[:PORT][/VHOST]` | RabbitMQ |
/// | `HOST:PORT` | whichever of these two answers there |
///
/// Any of them may end in `?lease=SECONDS&attempts=COUNT`: how long a lease runs, and after how many deliveries
/// an item that failed is buried. `kind=list` makes a Redis queue that is not there yet a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    pub(crate) location: Location,
    lease: Option<Duration>,
    attempts: Option<u32>,
}

/// What keeps the items.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Location {
    /// This host.
    #[default]
    Builtin,
    /// A program somewhere.
    Broker(Broker),
}

/// What a Redis queue is made as where it is not there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum RedisKind {
    #[default]
    Stream,
    List,
}

/// Why a `QUEUE_URL` names no place. No text repeats the URL, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// Neither a URL nor a host and a port.
    #[error("QUEUE_URL is no URL; it must be redis://HOST, amqp://HOST, HOST:PORT or jobling:")]
    NoUrl,
    /// Another scheme.
    #[error("QUEUE_URL begins with \"{scheme}:\"; it must be redis:, amqp:, jobling: or HOST:PORT")]
    Scheme {
        /// What it begins with.
        scheme: String,
    },
    /// A scheme with TLS.
    #[error("QUEUE_URL begins with \"{scheme}:\"; TLS to brokers is not spoken here: use a tunnel")]
    Tls {
        /// What it begins with.
        scheme: String,
    },
    /// A bare host without its port.
    #[error("QUEUE_URL has no port; write HOST:PORT, redis://HOST or amqp://HOST")]
    NoPort,
    /// A Redis database that is no number.
    #[error("QUEUE_URL names a Redis database that is no number")]
    Database,
    /// A parameter that is not known, or whose value is none.
    #[error(
        "QUEUE_URL has the parameter \"{name}\"; it may have lease and attempts (numbers from 1) and kind \
         (stream or list)"
    )]
    Parameter {
        /// Its name.
        name: String,
    },
}

impl Place {
    /// Reads a `QUEUE_URL`; an empty one is as good as none.
    ///
    /// # Errors
    /// Where it names no place.
    pub fn parse(url: &str) -> Result<Self, PlaceError> {
        let (place, parameters) = url.trim().split_once('?').unwrap_or((url.trim(), ""));
        let mut read = Self { location: location(place)?, lease: None, attempts: None };
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            read.set(parameter)?;
        }
        Ok(read)
    }

    fn set(&mut self, parameter: &str) -> Result<(), PlaceError> {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let wrong = || PlaceError::Parameter { name: name.to_owned() };
        let number = || value.parse::<u32>().ok().filter(|number| *number > 0).ok_or_else(wrong);
        match (name, &mut self.location) {
            ("lease", _) => self.lease = Some(Duration::from_secs(number()?.into())),
            ("attempts", _) => self.attempts = Some(number()?),
            ("kind", Location::Broker(broker)) => {
                broker.kind = match value {
                    "stream" => RedisKind::Stream,
                    "list" => RedisKind::List,
                    _ => return Err(wrong()),
                };
            }
            _ => return Err(wrong()),
        }
        Ok(())
    }

    /// Returns how items are delivered there, where the host's own rules are `rules`.
    pub(crate) fn rules(&self, rules: QueueRules) -> QueueRules {
        QueueRules {
            visibility: self.lease.unwrap_or(rules.visibility),
            max_attempts: self.attempts.unwrap_or(rules.max_attempts),
        }
    }
}

fn location(place: &str) -> Result<Location, PlaceError> {
    let Some((scheme, rest)) = place.split_once("://") else {
        return match place {
            "" | "jobling:" | "builtin:" => Ok(Location::Builtin),
            bare => Broker::parse(bare, None).map(Location::Broker),
        };
    };
    match scheme {
        "jobling" | "builtin" if rest.is_empty() => Ok(Location::Builtin),
        "redis" => Broker::parse(rest, Some(Protocol::Redis)).map(Location::Broker),
        "amqp" => Broker::parse(rest, Some(Protocol::Amqp)).map(Location::Broker),
        "rediss" | "amqps" => Err(PlaceError::Tls { scheme: scheme.to_owned() }),
        _ => Err(PlaceError::Scheme { scheme: scheme.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_place_and_its_rules() {
        let rules = |url: &str| Place::parse(url).map(|place| place.rules(QueueRules::default()));
        let own = QueueRules::default();
        for url in ["", "jobling:", "builtin:", "jobling://", "jobling:?"] {
            assert_eq!(rules(url), Ok(own), "{url}");
            assert_eq!(Place::parse(url).unwrap().location, Location::Builtin, "{url}");
        }
        let given = QueueRules { visibility: Duration::from_secs(7), max_attempts: 2 };
        for url in ["jobling:?lease=7&attempts=2", "redis://a?attempts=2&lease=7&kind=list"] {
            assert_eq!(rules(url), Ok(given), "{url}");
        }
    }

    #[test]
    fn what_names_no_place_is_refused_without_repeating_it() {
        for (url, refusal) in [
            ("http://user:secret@host", "QUEUE_URL begins with \"http:\"; "),
            ("rediss://user:secret@host", "QUEUE_URL begins with \"rediss:\"; TLS "),
            ("user:secret@host", "QUEUE_URL has no port; "),
            ("secret", "QUEUE_URL has no port; "),
            ("redis://:secret@", "QUEUE_URL is no URL; "),
            ("redis://:secret@host/x", "QUEUE_URL names a Redis database "),
            ("jobling:?attempts=0", "QUEUE_URL has the parameter \"attempts\"; "),
            ("jobling:?kind=list", "QUEUE_URL has the parameter \"kind\"; "),
        ] {
            let refused = Place::parse(url).unwrap_err().to_string();
            assert!(refused.starts_with(refusal), "{url}: {refused}");
            assert!(!refused.contains("secret"), "{url}: {refused}");
        }
    }

    #[test]
    fn a_place_is_shown_without_its_password() {
        let place = Place::parse("amqp://user:s3cret@host").unwrap();
        assert!(!format!("{place:?}").contains("s3cret"));
    }
}
