//! The rules of probes and lifecycle hooks. They have no effect here; a wrong one is an error all the
//! same.

use k8s_openapi::api::core::v1::{
    Container, ExecAction, GRPCAction, HTTPGetAction, LifecycleHandler, Probe, SleepAction,
    TCPSocketAction,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::container::port_number;
use super::job::nonnegative;
use super::names;
use crate::api::field::{Errors, Path};

/// The ways in which a probe or hook can act, of which it has one.
struct Handler<'a> {
    exec: Option<&'a ExecAction>,
    http_get: Option<&'a HTTPGetAction>,
    tcp_socket: Option<&'a TCPSocketAction>,
    grpc: Option<&'a GRPCAction>,
    sleep: Option<&'a SleepAction>,
}

/// Checks the probes and hooks of a container that runs beside others.
pub(super) fn validate_container(
    errors: &mut Errors,
    path: &Path,
    container: &Container,
    grace_seconds: i64,
) {
    if let Some(lifecycle) = &container.lifecycle {
        let path = path.child("lifecycle");
        hook(errors, &path.child("postStart"), lifecycle.post_start.as_ref(), grace_seconds);
        hook(errors, &path.child("preStop"), lifecycle.pre_stop.as_ref(), grace_seconds);
    }
    for (field, probe) in [
        ("livenessProbe", &container.liveness_probe),
        ("readinessProbe", &container.readiness_probe),
        ("startupProbe", &container.startup_probe),
    ] {
        let (Some(probe), path) = (probe, path.child(field)) else { continue };
        validate_probe(errors, &path, probe, grace_seconds);
        let readiness = field == "readinessProbe";
        if !readiness && probe.success_threshold.unwrap_or(1) != 1 {
            let given = probe.success_threshold;
            errors.invalid(&path.child("successThreshold"), given, "must be 1");
        }
        if readiness && let Some(seconds) = probe.termination_grace_period_seconds {
            let path = path.child("terminationGracePeriodSeconds");
            errors.invalid(&path, seconds, "must not be set for readinessProbes");
        }
    }
}

/// Refuses probes and hooks of an init container that ends before the others start.
pub(super) fn refuse(errors: &mut Errors, path: &Path, container: &Container) {
    let why = "may not be set for init containers without restartPolicy=Always";
    for (field, set) in [
        ("lifecycle", container.lifecycle.is_some()),
        ("livenessProbe", container.liveness_probe.is_some()),
        ("readinessProbe", container.readiness_probe.is_some()),
        ("startupProbe", container.startup_probe.is_some()),
    ] {
        if set {
            errors.forbidden(&path.child(field), why);
        }
    }
}

fn validate_probe(errors: &mut Errors, path: &Path, probe: &Probe, grace_seconds: i64) {
    let handler = Handler {
        exec: probe.exec.as_ref(),
        http_get: probe.http_get.as_ref(),
        tcp_socket: probe.tcp_socket.as_ref(),
        grpc: probe.grpc.as_ref(),
        sleep: None,
    };
    validate_handler(errors, path, &handler, grace_seconds);
    for (field, number) in [
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ] {
        nonnegative(errors, &path.child(field), number);
    }
    if let Some(seconds) = probe.termination_grace_period_seconds.filter(|seconds| *seconds <= 0) {
        let path = path.child("terminationGracePeriodSeconds");
        errors.invalid(&path, seconds, "must be greater than 0");
    }
}

fn hook(errors: &mut Errors, path: &Path, hook: Option<&LifecycleHandler>, grace_seconds: i64) {
    let Some(hook) = hook else { return };
    let handler = Handler {
        exec: hook.exec.as_ref(),
        http_get: hook.http_get.as_ref(),
        tcp_socket: hook.tcp_socket.as_ref(),
        grpc: None,
        sleep: hook.sleep.as_ref(),
    };
    validate_handler(errors, path, &handler, grace_seconds);
}

fn validate_handler(errors: &mut Errors, path: &Path, handler: &Handler<'_>, grace_seconds: i64) {
    let given: Vec<&str> = [
        ("exec", handler.exec.is_some()),
        ("httpGet", handler.http_get.is_some()),
        ("tcpSocket", handler.tcp_socket.is_some()),
        ("grpc", handler.grpc.is_some()),
        ("sleep", handler.sleep.is_some()),
    ]
    .into_iter()
    .filter_map(|(field, given)| given.then_some(field))
    .collect();
    let Some((first, others)) = given.split_first() else {
        errors.required(path, "must specify a handler type");
        return;
    };
    action(errors, &path.child(first), first, handler, grace_seconds);
    for other in others {
        errors.forbidden(&path.child(other), "may not specify more than 1 handler type");
    }
}

fn action(
    errors: &mut Errors,
    path: &Path,
    field: &str,
    handler: &Handler<'_>,
    grace_seconds: i64,
) {
    match (field, handler) {
        ("exec", Handler { exec: Some(exec), .. })
            if exec.command.as_ref().is_none_or(Vec::is_empty) =>
        {
            errors.required(&path.child("command"), "");
        }
        ("httpGet", Handler { http_get: Some(http), .. }) => http_get(errors, path, http),
        ("tcpSocket", Handler { tcp_socket: Some(tcp), .. }) => {
            port(errors, &path.child("port"), &tcp.port);
        }
        ("grpc", Handler { grpc: Some(grpc), .. }) => {
            port_number(errors, &path.child("port"), grpc.port);
        }
        ("sleep", Handler { sleep: Some(sleep), .. })
            if !(0..=grace_seconds).contains(&sleep.seconds) =>
        {
            let why = format!(
                "must be non-negative and less than terminationGracePeriodSeconds ({grace_seconds})"
            );
            errors.invalid(path, sleep.seconds, &why);
        }
        _ => {}
    }
}

fn http_get(errors: &mut Errors, path: &Path, http: &HTTPGetAction) {
    if http.path.as_deref().unwrap_or_default().is_empty() {
        errors.required(&path.child("path"), "");
    }
    port(errors, &path.child("port"), &http.port);
    match http.scheme.as_deref() {
        Some("HTTP" | "HTTPS") => {}
        other => errors.not_supported(
            &path.child("scheme"),
            other.unwrap_or_default(),
            &["HTTP", "HTTPS"],
        ),
    }
}

fn port(errors: &mut Errors, path: &Path, port: &IntOrString) {
    match port {
        IntOrString::Int(number) => port_number(errors, path, *number),
        IntOrString::String(name) => names::check(errors, path, name, names::port_name),
    }
}
