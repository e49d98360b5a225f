//! The rules of dnsConfig and hostAliases.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::{HostAlias, PodSpec};

use super::names;
use crate::api::field::{Errors, Path};

const IP: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

// The bounds of pkg/apis/core/validation.
const NAMESERVERS: usize = 3;
const SEARCH_PATHS: usize = 32;
const SEARCH_BYTES: usize = 2048;

/// Checks a pod's `dnsConfig`, which policy `None` asks for.
pub(super) fn validate_config(errors: &mut Errors, path: &Path, spec: &PodSpec) {
    let asked = spec.dns_policy.as_deref() == Some("None");
    let Some(config) = &spec.dns_config else {
        if asked {
            errors.required(path, "must provide `dnsConfig` when `dnsPolicy` is None");
        }
        return;
    };
    let servers = config.nameservers.as_deref().unwrap_or_default();
    let servers_path = path.child("nameservers");
    if asked && servers.is_empty() {
        let why = "must provide at least one DNS nameserver when `dnsPolicy` is None";
        errors.required(&servers_path, why);
        return;
    }
    if servers.len() > NAMESERVERS {
        let why = format!("must not have more than {NAMESERVERS} nameservers");
        errors.invalid(&servers_path, servers, &why);
    }
    for (index, server) in servers.iter().enumerate() {
        ip(errors, &servers_path.index(index), server);
    }
    searches(errors, &path.child("searches"), config.searches.as_deref().unwrap_or_default());
    for (index, option) in config.options.iter().flatten().enumerate() {
        if option.name.as_deref().unwrap_or_default().is_empty() {
            errors.required(&path.child("options").index(index), "must not be empty");
        }
    }
}

fn searches(errors: &mut Errors, path: &Path, searches: &[String]) {
    if searches.len() > SEARCH_PATHS {
        let why = format!("must not have more than {SEARCH_PATHS} search paths");
        errors.invalid(path, searches, &why);
    }
    if searches.join(" ").len() > SEARCH_BYTES {
        let why = format!(
            "must not have more than {SEARCH_BYTES} characters (including spaces) in the search \
             list"
        );
        errors.invalid(path, searches, &why);
    }
    for (index, search) in searches.iter().enumerate() {
        let search = search.strip_suffix('.').unwrap_or(search);
        names::check(errors, &path.index(index), search, names::dns_subdomain);
    }
}

/// Checks a pod's `hostAliases`.
pub(super) fn validate_aliases(errors: &mut Errors, path: &Path, aliases: Option<&[HostAlias]>) {
    for (index, alias) in aliases.unwrap_or_default().iter().enumerate() {
        let path = path.index(index);
        ip(errors, &path.child("ip"), &alias.ip);
        for (index, name) in alias.hostnames.iter().flatten().enumerate() {
            let path = path.child("hostnames").index(index);
            names::check(errors, &path, name, names::dns_subdomain);
        }
    }
}

fn ip(errors: &mut Errors, path: &Path, text: &str) {
    if text.parse::<IpAddr>().is_err() {
        errors.invalid(path, text, IP);
    }
}
