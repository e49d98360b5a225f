//! Where a guest may connect to. Everything else is refused; so are addresses inside the host's own
//! networks, unless a rule names them.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// Where a guest may connect to: `host:port`, `*` for any port, an address or a network (CIDR) for the
/// host. IPv6 addresses stand in brackets: `[2001:db8::/32]:443`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundRule {
    host: Host,
    port: Option<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    /// Resolved once, when the run starts.
    Name(String),
    Network {
        address: IpAddr,
        prefix: u8,
    },
}

/// Why a rule cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// There is no port.
    #[error("{given:?} has no port; write host:port, or host:* for any")]
    NoPort {
        /// The rule.
        given: String,
    },
    /// The port is not a number from 1 to 65535.
    #[error("{given:?} has port {port:?}; it must be from 1 to 65535, or *")]
    Port {
        /// The rule.
        given: String,
        /// Its port.
        port: String,
    },
    /// The host is neither a name nor an address nor a network.
    #[error("{given:?} names no host; write a DNS name, an address, or a network as 10.0.0.0/8")]
    Host {
        /// The rule.
        given: String,
    },
}

impl FromStr for OutboundRule {
    type Err = OutboundError;

    fn from_str(given: &str) -> Result<Self, OutboundError> {
        let (host, port) = given
            .trim()
            .rsplit_once(':')
            .ok_or_else(|| OutboundError::NoPort { given: given.to_owned() })?;
        Ok(Self { host: host_of(host, given)?, port: port_of(port, given)? })
    }
}

fn port_of(port: &str, given: &str) -> Result<Option<u16>, OutboundError> {
    if port == "*" {
        return Ok(None);
    }
    match port.parse::<u16>() {
        Ok(port) if port > 0 => Ok(Some(port)),
        _ => Err(OutboundError::Port { given: given.to_owned(), port: port.to_owned() }),
    }
}

fn host_of(host: &str, given: &str) -> Result<Host, OutboundError> {
    let refused = || OutboundError::Host { given: given.to_owned() };
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    let (address, prefix) = match bare.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (bare, None),
    };
    if let Ok(address) = address.parse::<IpAddr>() {
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => {
                prefix.parse::<u8>().ok().filter(|p| *p <= widest).ok_or_else(refused)?
            }
            None => widest,
        };
        return Ok(Host::Network { address, prefix });
    }
    let is_name = bare.len() <= 253
        && bare.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
        && !bare.is_empty();
    if is_name { Ok(Host::Name(bare.to_ascii_lowercase())) } else { Err(refused()) }
}

/// The rules of one run, with their names resolved: what a name led to at the start is what it leads to
/// until the end, so that a name cannot be turned to another address after it was checked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbound {
    rules: Vec<OutboundRule>,
    names: BTreeMap<String, Vec<IpAddr>>,
    aliases: BTreeMap<String, IpAddr>,
}

impl Outbound {
    /// Resolves the names in `rules`; `aliases` come first. An error is a sentence.
    pub(crate) async fn resolve(
        rules: Vec<OutboundRule>,
        aliases: BTreeMap<String, IpAddr>,
    ) -> Result<Self, String> {
        let aliases: BTreeMap<String, IpAddr> = aliases
            .into_iter()
            .map(|(name, address)| (name.to_ascii_lowercase(), address))
            .collect();
        let mut names = BTreeMap::new();
        for rule in &rules {
            let Host::Name(name) = &rule.host else { continue };
            if aliases.contains_key(name) || names.contains_key(name) {
                continue;
            }
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(|error| {
                format!("host {name} of the outbound allowlist does not resolve: {error}")
            })?;
            // A public name must not lead inside: only a rule with the address itself does that.
            let addresses: Vec<IpAddr> = found.map(|address| unmapped(address.ip())).collect();
            names.insert(name.clone(), addresses);
        }
        Ok(Self { rules, names, aliases })
    }

    /// Returns whether there is nowhere to connect to.
    pub(crate) fn is_shut(&self) -> bool {
        self.rules.is_empty()
    }

    /// Returns the address that `name` leads to for this guest.
    pub(crate) fn address_of(&self, name: &str) -> Option<IpAddr> {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        let alias = self.aliases.get(&name).copied();
        alias.or_else(|| {
            let addresses = self.names.get(&name)?;
            let may_go = |address: &&IpAddr| {
                self.rules.iter().any(|rule| {
                    self.allows(SocketAddr::new(**address, rule.port.unwrap_or(u16::MAX)))
                })
            };
            addresses.iter().find(may_go).or(addresses.first()).copied()
        })
    }

    /// Returns whether this guest may connect to `to`.
    pub(crate) fn allows(&self, to: SocketAddr) -> bool {
        let address = unmapped(to.ip());
        self.rules.iter().any(|rule| {
            rule.port.is_none_or(|port| port == to.port()) && self.leads_to(&rule.host, address)
        })
    }

    fn leads_to(&self, host: &Host, to: IpAddr) -> bool {
        match host {
            Host::Network { address, prefix } => {
                in_network(to, unmapped(*address), *prefix) && (*prefix > 0 || !is_inside(to))
            }
            Host::Name(name) => {
                if let Some(alias) = self.aliases.get(name) {
                    return unmapped(*alias) == to;
                }
                let led = self.names.get(name).is_some_and(|found| found.contains(&to));
                led && (name == "localhost" || !is_inside(to))
            }
        }
    }
}

/// Returns an IPv4 address that is written as IPv6 as what it is.
fn unmapped(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

fn in_network(address: IpAddr, network: IpAddr, prefix: u8) -> bool {
    match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => {
            (a.to_bits() ^ n.to_bits()).checked_shr(32 - u32::from(prefix.min(32))).unwrap_or(0)
                == 0
        }
        (IpAddr::V6(a), IpAddr::V6(n)) => {
            let shift = 128 - u32::from(prefix.min(128));
            (a.to_bits() ^ n.to_bits()).checked_shr(shift).unwrap_or(0) == 0
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

/// Returns whether `address` is no address of the public internet: loopback, private, link-local (cloud
/// metadata is there), shared, multicast and the like.
fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_inside_v4(v4),
        IpAddr::V6(v6) => is_inside_v6(v6),
    }
}

fn is_inside_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19))
}

/// NAT64 (`64:ff9b::/96`), 6to4 (`2002::/16`) and IPv4-compatible addresses carry an IPv4 address within.
fn is_inside_v6(address: Ipv6Addr) -> bool {
    let s = address.segments();
    let low = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || (s[0] & 0xffc0 == 0xfec0)
        || (s[..6] == [0; 6] && is_inside_v4(low(s[6], s[7])))
        || (s[..2] == [0x64, 0xff9b] && is_inside_v4(low(s[6], s[7])))
        || (s[0] == 0x2002 && is_inside_v4(low(s[1], s[2])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_with_port_star_and_networks() {
        for (given, host, port) in [
            ("example.com:443", Host::Name("example.com".into()), Some(443)),
            ("Example.com:*", Host::Name("example.com".into()), None),
            ("10.1.0.0/16:5432", network("10.1.0.0", 16), Some(5432)),
            ("[2001:db8::/32]:443", network("2001:db8::", 32), Some(443)),
            ("[::1]:80", network("::1", 128), Some(80)),
        ] {
            assert_eq!(given.parse(), Ok(OutboundRule { host, port }), "{given}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for given in
            ["example.com", "example.com:0", "example.com:http", ":80", "10.0.0.0/33:1", "a b:1"]
        {
            assert!(given.parse::<OutboundRule>().is_err(), "{given}");
        }
    }

    #[tokio::test]
    async fn only_what_is_named_is_reached() {
        let rules = ["93.184.0.0/16:443", "10.0.0.5:5432", "0.0.0.0/0:8080", "db:*"];
        let aliases = BTreeMap::from([("db".to_owned(), "10.9.9.9".parse().unwrap())]);
        let rules = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        let outbound = Outbound::resolve(rules, aliases).await.unwrap();
        for (to, allowed) in [
            ("93.184.216.34:443", true),
            ("93.184.216.34:80", false),
            ("10.0.0.5:5432", true),
            ("[::ffff:10.0.0.5]:5432", true),
            ("10.0.0.6:5432", false),
            ("1.1.1.1:8080", true),
            ("127.0.0.1:8080", false),
            ("169.254.169.254:8080", false),
            ("[::ffff:169.254.169.254]:8080", false),
            ("10.9.9.9:1", true),
        ] {
            assert_eq!(outbound.allows(to.parse().unwrap()), allowed, "{to}");
        }
        assert_eq!(outbound.address_of("DB."), Some("10.9.9.9".parse().unwrap()));
        assert_eq!(outbound.address_of("example.com"), None);
    }

    #[test]
    fn a_public_name_does_not_lead_inside() {
        let inside: IpAddr = "192.168.1.1".parse().unwrap();
        let outbound = Outbound {
            rules: vec!["rebound.example:*".parse().unwrap()],
            names: BTreeMap::from([("rebound.example".to_owned(), vec![inside])]),
            aliases: BTreeMap::new(),
        };
        assert!(!outbound.allows(SocketAddr::new(inside, 80)));
    }

    fn network(address: &str, prefix: u8) -> Host {
        Host::Network { address: address.parse().unwrap(), prefix }
    }
}
