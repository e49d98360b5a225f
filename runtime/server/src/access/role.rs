//! Who asks: a name, the groups that Kubernetes would put it in, and what role it has where.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a caller may do, by the names that every Kubernetes cluster gives its ordinary roles. What each
/// means stands in `rules.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Read everything but Secrets and tokens.
    View,
    /// Read and change everything but Namespaces and tokens.
    Edit,
    /// Everything.
    Admin,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Self; 3] = [Self::View, Self::Edit, Self::Admin];

    /// Returns the role's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Edit => "edit",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a word is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the role is {given:?}; it must be view, edit or admin")]
pub struct UnknownRole {
    given: String,
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        let known = Self::ALL.into_iter().find(|role| role.as_str() == text);
        known.ok_or_else(|| UnknownRole { given: text.to_owned() })
    }
}

/// What a caller is to this host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It shows nothing: a probe.
    Anonymous,
    /// It holds the socket, or the host's own token: it may do everything that is served.
    Owner,
    /// It holds a token that was given out.
    Holder {
        /// The role.
        role: Role,
        /// The only namespace that the role is good for; `None` for all of the host.
        namespace: Option<String>,
    },
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    name: String,
    standing: Standing,
}

impl Caller {
    /// Returns a caller that shows nothing.
    pub(crate) fn anonymous() -> Self {
        Self { name: "system:anonymous".to_owned(), standing: Standing::Anonymous }
    }

    /// Returns whoever owns this host.
    pub(crate) fn owner() -> Self {
        Self { name: "jobling-admin".to_owned(), standing: Standing::Owner }
    }

    /// Returns the holder of the token called `name`.
    pub(crate) const fn holder(name: String, role: Role, namespace: Option<String>) -> Self {
        Self { name, standing: Standing::Holder { role, namespace } }
    }

    /// Returns the name by which refusals and the audit call it.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns what it is to this host.
    pub(crate) const fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Returns the groups that it is in.
    pub(crate) fn groups(&self) -> Vec<String> {
        let (own, all) = match &self.standing {
            Standing::Anonymous => return vec!["system:unauthenticated".to_owned()],
            Standing::Owner => ("system:masters".to_owned(), "system:authenticated"),
            Standing::Holder { role, .. } => (format!("jobling:{role}"), "system:authenticated"),
        };
        vec![own, all.to_owned()]
    }
}
