//! What a container may use: its template's limits, else the daemon's defaults, never "unlimited".

use jobling_core::api::quantity::Quantity;
use k8s_openapi::api::core::v1::Container;

/// The resource that counts instructions.
const FUEL: &str = "jobling.dev/fuel";

/// Limits of containers whose template gives none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Defaults {
    /// All memories and tables of a container together.
    pub memory_bytes: u64,
    /// Share of a core, in thousandths.
    pub cpu_millis: u32,
    /// Units of fuel.
    pub fuel: u64,
    /// emptyDirs and logs of a pod together.
    pub ephemeral_storage_bytes: u64,
    /// What a container may print before it is ended; what is kept of it is the log bounds' business.
    pub output_bytes: u64,
    /// Open files.
    pub descriptors: u32,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            memory_bytes: 256 << 20,
            cpu_millis: 1_000,
            fuel: 100_000_000_000_000,
            ephemeral_storage_bytes: 1 << 30,
            output_bytes: 256 << 20,
            descriptors: 256,
        }
    }
}

impl Defaults {
    /// Returns the default of a resource; `None` where there is no such resource here.
    pub(crate) fn amount(&self, resource: &str) -> Option<Quantity> {
        match resource {
            "memory" => Some(Quantity::of_units(self.memory_bytes)),
            "cpu" => Some(Quantity::of_milli_units(u64::from(self.cpu_millis))),
            "ephemeral-storage" => Some(Quantity::of_units(self.ephemeral_storage_bytes)),
            FUEL => Some(Quantity::of_units(self.fuel)),
            _ => None,
        }
    }

    /// Returns the limits of `container`; what it does not give, or gives as no quantity, is the default.
    #[must_use]
    pub(crate) fn limits_of(&self, container: &Container) -> Self {
        let limits = container.resources.as_ref().and_then(|resources| resources.limits.as_ref());
        let given = |resource: &str| limits?.get(resource)?.0.parse::<Quantity>().ok();
        let whole = |resource: &str, default| given(resource).map_or(default, Quantity::units);
        Self {
            memory_bytes: whole("memory", self.memory_bytes),
            cpu_millis: given("cpu").map_or(self.cpu_millis, |amount| {
                u32::try_from(amount.milli_units()).unwrap_or(u32::MAX)
            }),
            fuel: whole(FUEL, self.fuel),
            ephemeral_storage_bytes: whole("ephemeral-storage", self.ephemeral_storage_bytes),
            ..*self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::limited;

    #[test]
    fn what_the_template_does_not_give_is_the_default() {
        let defaults = Defaults::default();
        assert_eq!(defaults.limits_of(&Container::default()), defaults);
        let container = limited(&[("memory", "1Mi"), ("cpu", "250m"), (FUEL, "5G")]);
        let limits = defaults.limits_of(&container);
        let expected =
            Defaults { memory_bytes: 1 << 20, cpu_millis: 250, fuel: 5_000_000_000, ..defaults };
        assert_eq!(limits, expected);
    }
}
