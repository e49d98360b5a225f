//! `token`: who else may use the daemon, and for what.

use std::str::FromStr;
use std::time::Duration;

use super::{DataFormat, GoDuration};

/// Give out and take back tokens.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum TokenCommand {
    /// Give out a token. Its secret is printed once and kept nowhere.
    ///
    /// It is good over TLS (`serve --listen`). With --namespace for that namespace alone.
    #[command(after_help = "\
Roles:
  view   read everything but Secrets and tokens
  edit   read and change everything but Namespaces and tokens
  admin  everything

Examples:
  jobling token create ci --role edit --namespace team --expires 30d -o kubeconfig > ci.kubeconfig
  jobling token create dashboard --role view")]
    Create(TokenCreate),
    /// List the tokens that are out.
    #[command(alias = "list")]
    Ls {
        /// The form of the answer.
        #[arg(short, long, value_enum)]
        output: Option<DataFormat>,
    },
    /// Take tokens back: they open nothing from then on, and their watches end.
    #[command(alias = "rm")]
    Revoke {
        /// The names.
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
}

/// Give out a token.
#[derive(Debug, clap::Args)]
pub(crate) struct TokenCreate {
    /// Whose it is: what refusals and the audit call its holder.
    pub(crate) name: String,
    /// What for.
    #[arg(long, value_parser = ["view", "edit", "admin"])]
    pub(crate) role: String,
    /// After how long it is good for nothing, such as 12h or 30d. Default: never.
    #[arg(long, value_name = "DURATION")]
    pub(crate) expires: Option<Lifetime>,
    /// The form of the answer. Default: the secret alone.
    #[arg(short, long, value_enum)]
    pub(crate) output: Option<TokenOutput>,
}

/// In which form a new token is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum TokenOutput {
    /// A kubeconfig that has it.
    Kubeconfig,
    /// The object as JSON.
    Json,
    /// The object as YAML.
    Yaml,
}

/// A length of time that may be told in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetime(Duration);

/// Why a text is no lifetime.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{given}\" is no length of time from 1s to 49710d; write it as 30d, 12h or 90m")]
pub(crate) struct LifetimeError {
    given: String,
}

impl Lifetime {
    /// Returns it in seconds.
    pub(crate) const fn as_secs(self) -> u64 {
        self.0.as_secs()
    }
}

impl FromStr for Lifetime {
    type Err = LifetimeError;

    fn from_str(given: &str) -> Result<Self, LifetimeError> {
        let days = given.strip_suffix('d').and_then(|days| days.parse::<u64>().ok());
        let length = match days {
            Some(days) => Some(Duration::from_secs(days.saturating_mul(86_400))),
            None => given.parse::<GoDuration>().ok().and_then(GoDuration::limit),
        };
        length
            .filter(|length| (1..=u64::from(u32::MAX)).contains(&length.as_secs()))
            .map(Self)
            .ok_or_else(|| LifetimeError { given: given.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_told_in_days_or_as_go_does() {
        for (given, seconds) in [
            ("30d", Some(2_592_000)),
            ("1h30m", Some(5400)),
            ("90", Some(90)),
            ("0d", None),
            ("-1h", None),
            ("50000d", None),
            ("d", None),
            ("soon", None),
        ] {
            assert_eq!(given.parse().ok().map(Lifetime::as_secs), seconds, "{given}");
        }
    }
}
