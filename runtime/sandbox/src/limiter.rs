//! Counts the memories and tables of one store together and refuses growth past the limit.

use wasmtime::ResourceLimiter;

use crate::meter::Meter;

/// Bytes that one table element takes in wasmtime.
const TABLE_ELEMENT_BYTES: u64 = 8;
/// Instances, memories and tables that one store may have: components are made of several.
const MAX_INSTANCES: usize = 64;
const MAX_MEMORIES: usize = 16;
const MAX_TABLES: usize = 64;

/// What has become of a guest's wishes for more memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Growth {
    /// All were granted.
    NeverRefused,
    /// One was refused and a later one granted.
    RefusedBefore,
    /// The last one was refused.
    RefusedLast,
}

/// The limiter of one store. `StoreLimits` counts each memory alone, so ten memories would have ten times
/// the limit.
#[derive(Debug)]
pub(crate) struct Limiter {
    limit_bytes: u64,
    used_bytes: u64,
    peak_bytes: u64,
    last_granted_bytes: u64,
    growth: Growth,
    meter: Meter,
}

impl Limiter {
    pub(crate) fn new(limit_bytes: u64, meter: Meter) -> Self {
        Self {
            limit_bytes,
            used_bytes: 0,
            peak_bytes: 0,
            last_granted_bytes: 0,
            growth: Growth::NeverRefused,
            meter,
        }
    }

    /// Returns the most bytes that were granted at once.
    pub(crate) fn peak_bytes(&self) -> u64 {
        self.peak_bytes
    }

    /// Returns what has become of the guest's wishes.
    pub(crate) fn growth(&self) -> Growth {
        self.growth
    }

    /// Grants `wanted` more bytes, or refuses them.
    fn grant(&mut self, wanted: u64) -> bool {
        let used = self.used_bytes.saturating_add(wanted);
        if used > self.limit_bytes {
            self.growth = Growth::RefusedLast;
            return false;
        }
        self.used_bytes = used;
        self.meter.has(used);
        self.peak_bytes = self.peak_bytes.max(used);
        self.last_granted_bytes = wanted;
        if self.growth == Growth::RefusedLast {
            self.growth = Growth::RefusedBefore;
        }
        true
    }

    /// Takes back what was granted last: the host could not provide it.
    fn take_back(&mut self) {
        self.used_bytes -= self.last_granted_bytes;
        self.meter.has(self.used_bytes);
        self.last_granted_bytes = 0;
        self.growth = Growth::RefusedLast;
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // Past the memory's own maximum it fails anyway, and that is no limit of ours.
        if maximum.is_some_and(|maximum| desired > maximum) {
            self.last_granted_bytes = 0;
            return Ok(false);
        }
        Ok(self.grant((desired - current) as u64))
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.take_back();
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // Here the maximum may be the pool's and not the module's own, so it counts as refused.
        if maximum.is_some_and(|maximum| desired > maximum) {
            self.last_granted_bytes = 0;
            self.growth = Growth::RefusedLast;
            return Ok(false);
        }
        Ok(self.grant(((desired - current) as u64).saturating_mul(TABLE_ELEMENT_BYTES)))
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.take_back();
        Ok(())
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_share_one_limit() {
        let mut limiter = Limiter::new(100, Meter::default());
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        assert!(limiter.table_growing(0, 5, None).unwrap(), "40 bytes are left");
        assert!(!limiter.memory_growing(60, 61, None).unwrap(), "nothing is left");
        assert_eq!((limiter.peak_bytes(), limiter.meter.memory_bytes()), (100, 100));
        assert_eq!(limiter.growth(), Growth::RefusedLast);
    }

    #[test]
    fn what_the_host_could_not_provide_is_given_back() {
        let mut limiter = Limiter::new(100, Meter::default());
        assert!(limiter.memory_growing(0, 60, None).unwrap());
        limiter.memory_grow_failed(wasmtime::Error::msg("no address space")).unwrap();
        assert_eq!(limiter.growth(), Growth::RefusedLast);
        assert!(limiter.memory_growing(0, 100, None).unwrap());
        assert_eq!(limiter.growth(), Growth::RefusedBefore);
    }

    #[test]
    fn a_memory_that_reached_its_own_maximum_is_not_refused_by_us() {
        let mut limiter = Limiter::new(1000, Meter::default());
        assert!(!limiter.memory_growing(60, 120, Some(100)).unwrap());
        assert_eq!(limiter.growth(), Growth::NeverRefused);
    }
}
