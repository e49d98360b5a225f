//! What the flags of `serve` and `run` mean for each room.

use std::path::PathBuf;
use std::time::Duration;

use jobling_core::api::quantity::Quantity;
use jobling_core::control::Backoff;
use jobling_sandbox::Compiler;

use crate::args::{GoDuration, Limits, Retries, Synchronous};
use crate::host::HostSettings;

/// What a container may take that gives no limit.
const DEFAULT_MEMORY_BYTES: u64 = 64 << 20;
/// Promised to pods where the host does not say what it has.
const UNKNOWN_MEMORY_BYTES: u64 = 1 << 30;

/// Why a flag means nothing.
#[derive(Debug, thiserror::Error)]
#[error("{flag} is \"{given}\"; it must be a quantity, such as {example}")]
pub(crate) struct SettingError {
    flag: &'static str,
    given: String,
    example: &'static str,
}

/// Returns the amount that a flag gives, if it is given.
pub(super) fn quantity(
    flag: &'static str,
    given: Option<&String>,
    example: &'static str,
) -> Result<Option<Quantity>, SettingError> {
    let parse = |text: &String| {
        text.parse::<Quantity>().map_err(|_| SettingError { flag, given: text.clone(), example })
    };
    given.map(parse).transpose()
}

/// Where retry delays begin if no flag says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryDefaults {
    /// As in Kubernetes, 10 s: nobody waits in front of it.
    Daemon,
    /// 1 s: somebody does.
    Foreground,
}

/// Returns the settings of a host in `data`.
pub(crate) fn settings(
    data: PathBuf,
    limits: &Limits,
    retries: &Retries,
    defaults: RetryDefaults,
) -> Result<HostSettings, SettingError> {
    let program = std::env::current_exe().map_or(Compiler::InProcess, Compiler::Child);
    let host = jobling_node::Host {
        node_name: jobling_core::pods::NODE_NAME.to_owned(),
        ip: "127.0.0.1".to_owned(),
    };
    let mut settings = HostSettings::new(data, host, program);
    set_limits(&mut settings, limits)?;
    set_retries(&mut settings, retries, defaults);
    Ok(settings)
}

/// Gives requests that run without a Job their share of what may be promised to pods.
pub(crate) fn set_trigger_memory(
    settings: &mut HostSettings,
    given: Option<&str>,
) -> Result<(), SettingError> {
    let flag = "--trigger-memory";
    let whole = settings.engine.memory_bytes;
    let share = match given.map(|text| (text, text.parse::<Quantity>())) {
        None => whole / 4,
        Some((_, Ok(quantity))) => quantity.units().min(whole),
        Some((text, Err(_))) => {
            return Err(SettingError { flag, given: text.to_owned(), example: "256Mi" });
        }
    };
    settings.node.calls_memory_bytes = share;
    settings.engine.memory_bytes = whole - share;
    Ok(())
}

/// Sets how surely a commit is on the disk.
pub(crate) fn set_synchronous(settings: &mut HostSettings, mode: Synchronous) {
    settings.store.synchronous = match mode {
        Synchronous::Full => jobling_store::Synchronous::Full,
        Synchronous::Normal => jobling_store::Synchronous::Normal,
    };
}

fn set_limits(settings: &mut HostSettings, limits: &Limits) -> Result<(), SettingError> {
    let defaults = &mut settings.node.defaults;
    let memory = quantity("--default-memory", limits.default_memory.as_ref(), "64Mi")?;
    defaults.memory_bytes = memory.map_or(DEFAULT_MEMORY_BYTES, Quantity::units);
    if let Some(fuel) = quantity("--default-fuel", limits.default_fuel.as_ref(), "5G")? {
        defaults.fuel = fuel.units();
    }
    if let Some(cpu) = quantity("--default-cpu", limits.default_cpu.as_ref(), "500m")? {
        defaults.cpu_millis = u32::try_from(cpu.milli_units()).unwrap_or(u32::MAX);
    }
    if let Some(storage) = quantity("--default-storage", limits.default_storage.as_ref(), "1Gi")? {
        defaults.ephemeral_storage_bytes = storage.units();
    }
    settings.engine.default_memory_bytes = defaults.memory_bytes;
    let compile = &mut settings.sandbox.compile;
    if let Some(memory) = quantity("--compile-memory", limits.compile_memory.as_ref(), "2Gi")? {
        compile.memory_bytes = memory.units();
    }
    if let Some(time) = limits.compile_timeout.and_then(GoDuration::limit) {
        compile.seconds = u32::try_from(time.as_secs()).unwrap_or(u32::MAX);
    }
    let memory = quantity("--memory", limits.memory.as_ref(), "512Mi")?;
    settings.engine.memory_bytes = memory.map_or_else(spare_memory, Quantity::units);
    settings.engine.most_pods = limits.max_pods.unwrap_or(settings.sandbox.runs);
    settings.sandbox.runs = settings.sandbox.runs.max(settings.engine.most_pods);
    settings.node.host_path_prefixes.clone_from(&limits.allow_host_path);
    Ok(())
}

/// Returns three quarters of the memory that is available, in bytes.
fn spare_memory() -> u64 {
    let told = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    available(&told).map_or(UNKNOWN_MEMORY_BYTES, |bytes| bytes / 4 * 3)
}

/// Returns what Linux says is available, in bytes.
fn available(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

fn set_retries(settings: &mut HostSettings, retries: &Retries, defaults: RetryDefaults) {
    let given = |flag: Option<GoDuration>| flag.and_then(GoDuration::limit);
    let first = match defaults {
        RetryDefaults::Daemon => Duration::from_secs(10),
        RetryDefaults::Foreground => Duration::from_secs(1),
    };
    let pods = Backoff::default();
    settings.engine.backoff = Backoff {
        first: given(retries.pod_retry).unwrap_or(first),
        longest: given(retries.pod_retry_cap).unwrap_or(pods.longest),
    };
    let restart = &mut settings.node.restart;
    restart.first = given(retries.restart_delay).unwrap_or(first);
    restart.cap = given(retries.restart_delay_cap).unwrap_or(restart.cap);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_reach_the_rooms_that_heed_them() {
        let limits = Limits {
            memory: Some("512Mi".into()),
            max_pods: Some(7),
            default_memory: Some("8Mi".into()),
            default_fuel: Some("5G".into()),
            default_cpu: Some("250m".into()),
            compile_memory: Some("256Mi".into()),
            compile_timeout: Some("30s".parse().unwrap()),
            ..Limits::default()
        };
        let retries = Retries { pod_retry: Some("2s".parse().unwrap()), ..Retries::default() };
        let settings =
            settings("/data".into(), &limits, &retries, RetryDefaults::Foreground).unwrap();
        assert_eq!(settings.engine.memory_bytes, 512 << 20);
        assert_eq!(settings.engine.most_pods, 7);
        assert_eq!(settings.engine.default_memory_bytes, 8 << 20);
        assert_eq!(settings.node.defaults.memory_bytes, 8 << 20);
        assert_eq!(settings.node.defaults.fuel, 5_000_000_000);
        assert_eq!(settings.node.defaults.cpu_millis, 250);
        assert_eq!(settings.sandbox.compile.memory_bytes, 256 << 20);
        assert_eq!(settings.sandbox.compile.seconds, 30);
        assert_eq!(settings.engine.backoff.first, Duration::from_secs(2));
        assert_eq!(settings.node.restart.first, Duration::from_secs(1));
    }

    #[test]
    fn requests_have_their_share_of_the_memory() {
        for (given, share) in [(None, 128), (Some("64Mi"), 64), (Some("8Gi"), 512)] {
            let limits = Limits { memory: Some("512Mi".into()), ..Limits::default() };
            let retries = Retries::default();
            let mut settings =
                settings("/data".into(), &limits, &retries, RetryDefaults::Daemon).unwrap();
            set_trigger_memory(&mut settings, given).unwrap();
            assert_eq!(settings.node.calls_memory_bytes >> 20, share, "{given:?}");
            assert_eq!(settings.engine.memory_bytes >> 20, 512 - share, "{given:?}");
        }
    }

    #[test]
    fn a_flag_that_means_nothing_is_named() {
        let limits = Limits { memory: Some("lots".into()), ..Limits::default() };
        let refused = settings("/data".into(), &limits, &Retries::default(), RetryDefaults::Daemon);
        let said = refused.map(drop).unwrap_err().to_string();
        assert_eq!(said, "--memory is \"lots\"; it must be a quantity, such as 512Mi");
    }

    #[test]
    fn what_is_available_is_what_linux_says() {
        let told = "MemTotal:        2048 kB\nMemAvailable:    1024 kB\n";
        assert_eq!(available(told), Some(1 << 20));
        assert_eq!(available(""), None);
    }
}
