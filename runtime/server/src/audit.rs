//! The audit: one line for every request that may have changed something, and who made it. Names and
//! outcomes only, never what is in an object.

use crate::access::{Asked, Caller, OnResource};
use crate::answer::Answer;

/// The name that a created object got, told by the answer to whoever writes the audit.
#[derive(Debug, Clone)]
pub(crate) struct CreatedName(pub(crate) String);

/// A change that is under way. Its line is written with the answer, or when nobody waits for that any
/// more: what was asked for may be done all the same.
pub(crate) struct Record<'a> {
    caller: &'a Caller,
    on: OnResource<'a>,
    name: String,
    /// The answer's; 0 where the client has left before.
    status: u16,
}

impl<'a> Record<'a> {
    /// Returns the record of what `caller` asks; `None` where that changes nothing.
    pub(crate) fn begin(caller: &'a Caller, asked: &Asked<'a>) -> Option<Self> {
        match asked {
            Asked::Resource(on) if asked.is_change() => {
                Some(Self { caller, on: *on, name: on.name.to_owned(), status: 0 })
            }
            Asked::Resource(_) | Asked::Path { .. } => None,
        }
    }

    /// Puts down how it was answered.
    pub(crate) fn end(mut self, answer: &Answer) {
        self.status = answer.status().as_u16();
        if let Some(created) = answer.extensions().get::<CreatedName>() {
            self.name.clone_from(&created.0);
        }
    }
}

impl Drop for Record<'_> {
    fn drop(&mut self) {
        tracing::info!(
            user = self.caller.name(),
            verb = self.on.verb,
            group = self.on.group,
            resource = self.on.resource,
            subresource = self.on.subresource,
            namespace = self.on.namespace,
            name = self.name,
            status = self.status,
            "change asked for"
        );
    }
}
