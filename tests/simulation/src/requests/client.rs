//! Clients: each has a key and asks until it has its answer, whatever goes wrong in between.

use std::collections::BTreeMap;
use std::sync::Arc;

use jobling_core::Timestamp;
use jobling_core::trigger::{IdempotencyKey, TriggerCall};

/// A client, and what it knows of its request.
#[derive(Debug, Clone)]
pub(super) struct Client {
    /// Which trigger it asks.
    pub(super) trigger: u8,
    /// Its number, which its key and its body are made of.
    pub(super) number: u32,
    /// The Job that it was told of.
    pub(super) job: Option<String>,
}

impl Client {
    /// Returns its request.
    pub(super) fn call(&self, now: Timestamp) -> Arc<TriggerCall> {
        Arc::new(TriggerCall {
            method: "POST".to_owned(),
            path: format!("/{}", super::triggers::name(self.trigger)),
            query: String::new(),
            segments: BTreeMap::new(),
            headers: Vec::new(),
            body: self.body(),
            remote: None,
            received: now,
            idempotency: Some(IdempotencyKey {
                key: format!("key-{}", self.number),
                fingerprint: self.fingerprint(),
            }),
        })
    }

    /// Returns what its body says, and so what its pod prints.
    pub(super) fn body(&self) -> Vec<u8> {
        format!("body of {}", self.number).into_bytes()
    }

    /// Returns what is the same in each of its repeats.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        let mut fingerprint = [0; 32];
        fingerprint[..4].copy_from_slice(&self.number.to_be_bytes());
        fingerprint
    }

    /// Returns the number of the client whose request has that fingerprint.
    pub(super) fn of_fingerprint(fingerprint: [u8; 32]) -> u32 {
        let [a, b, c, d, ..] = fingerprint;
        u32::from_be_bytes([a, b, c, d])
    }
}
