//! What the host keeps of one running guest: its WASI state, its limiter, and what its descriptors are
//! charged to.

use std::collections::BTreeMap;
use std::sync::Arc;

use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::{WasiCtxView, WasiView};

use crate::exit::HostStop;
use crate::handler::Http;
use crate::limiter::Limiter;
use crate::network::Outbound;
use crate::quota::{Charge, Full, Overflow, Quota};
use crate::task::TaskState;

/// The data of one store.
pub(crate) struct Guest {
    pub(crate) wasi: WasiP1Ctx,
    pub(crate) limiter: Limiter,
    pub(crate) files: Files,
    pub(crate) outbound: Outbound,
    pub(crate) task: TaskState,
    pub(crate) http: Http,
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi.ctx()
    }
}

/// One of a run's mounts, by its place in the spec.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MountId(pub(crate) usize);

/// Which mount each of a guest's descriptors belongs to. A descriptor is a file descriptor of a module
/// (preview 1) or a resource of a component (preview 2).
#[derive(Debug)]
pub(crate) struct Files {
    quotas: Vec<Vec<Arc<Quota>>>,
    mount_of: BTreeMap<u32, MountId>,
    limit: u32,
}

/// Why a write may not happen.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The call fails with ENOSPC.
    NoSpace,
    /// The guest is ended.
    Stop(HostStop),
}

impl From<Full> for Refused {
    fn from(full: Full) -> Self {
        match full.overflow {
            Overflow::Refuse => Self::NoSpace,
            Overflow::End => Self::Stop(HostStop::Storage { quota: full.quota }),
        }
    }
}

impl Files {
    pub(crate) fn new(quotas: Vec<Vec<Arc<Quota>>>, limit: u32) -> Self {
        Self { quotas, mount_of: BTreeMap::new(), limit }
    }

    /// Notes that `descriptor` is open and belongs to `mount`.
    pub(crate) fn opened(&mut self, descriptor: u32, mount: MountId) {
        self.mount_of.insert(descriptor, mount);
    }

    /// Notes that `descriptor` is closed; returns where it belonged.
    pub(crate) fn closed(&mut self, descriptor: u32) -> Option<MountId> {
        self.mount_of.remove(&descriptor)
    }

    /// Returns which mount `descriptor` belongs to; `None` for stdio and what is not open.
    pub(crate) fn mount_of(&self, descriptor: u32) -> Option<MountId> {
        self.mount_of.get(&descriptor).copied()
    }

    /// Returns whether one more descriptor may be opened.
    pub(crate) fn may_open(&self) -> bool {
        u32::try_from(self.mount_of.len()).is_ok_and(|open| open < self.limit)
    }

    /// Returns the quotas that writes through `descriptor` are charged to.
    pub(crate) fn quotas_of(&self, descriptor: u32) -> Vec<Arc<Quota>> {
        let mount = self.mount_of(descriptor);
        mount.and_then(|MountId(index)| self.quotas.get(index)).cloned().unwrap_or_default()
    }

    /// Charges a write of `bytes` through `descriptor`.
    pub(crate) async fn charge_write(
        &self,
        descriptor: u32,
        bytes: u64,
    ) -> Result<Vec<Charge>, Refused> {
        let mut charges = Vec::new();
        for quota in self.quotas_of(descriptor) {
            charges.push(quota.charge_write(bytes).await?);
        }
        Ok(charges)
    }

    /// Charges a new file, directory or link in the directory `descriptor`.
    pub(crate) async fn charge_entry(&self, descriptor: u32) -> Result<Vec<Charge>, Refused> {
        let mut charges = Vec::new();
        for quota in self.quotas_of(descriptor) {
            charges.push(quota.charge_entry().await?);
        }
        Ok(charges)
    }
}
