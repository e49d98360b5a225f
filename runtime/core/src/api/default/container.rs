//! The defaults of a container, its probes and its environment.

use k8s_openapi::api::core::v1::{Container, HTTPGetAction, LifecycleHandler, Probe};

use super::pod::{default_field_ref, default_resource_ref};

/// Fills in a container of either list.
pub(super) fn default_container(container: &mut Container) {
    let policy = pull_policy(container.image.as_deref().unwrap_or_default());
    container.image_pull_policy.get_or_insert_with(|| policy.to_owned());
    container.termination_message_path.get_or_insert_with(|| "/dev/termination-log".to_owned());
    container.termination_message_policy.get_or_insert_with(|| "File".to_owned());
    container.resources.get_or_insert_default();
    for port in container.ports.iter_mut().flatten() {
        port.protocol.get_or_insert_with(|| "TCP".to_owned());
    }
    for source in container.env.iter_mut().flatten().filter_map(|env| env.value_from.as_mut()) {
        default_field_ref(source.field_ref.as_mut());
        default_resource_ref(source.resource_field_ref.as_mut());
    }
    let probes = [
        &mut container.liveness_probe,
        &mut container.readiness_probe,
        &mut container.startup_probe,
    ];
    probes.into_iter().flatten().for_each(default_probe);
    if let Some(lifecycle) = &mut container.lifecycle {
        [&mut lifecycle.post_start, &mut lifecycle.pre_stop]
            .into_iter()
            .flatten()
            .for_each(default_handler);
    }
}

/// Returns `Always` for an image that is tagged `latest` or not at all, as
/// `SetDefaults_Container` does.
fn pull_policy(image: &str) -> &'static str {
    if image.contains('@') {
        return "IfNotPresent";
    }
    let last = image.rsplit('/').next().unwrap_or_default();
    match last.split_once(':') {
        Some((_, tag)) if tag != "latest" => "IfNotPresent",
        Some(_) | None => "Always",
    }
}

fn default_probe(probe: &mut Probe) {
    probe.timeout_seconds.get_or_insert(1);
    probe.period_seconds.get_or_insert(10);
    probe.success_threshold.get_or_insert(1);
    probe.failure_threshold.get_or_insert(3);
    probe.http_get.iter_mut().for_each(default_http_get);
    if let Some(grpc) = &mut probe.grpc {
        grpc.service.get_or_insert_default();
    }
}

fn default_handler(handler: &mut LifecycleHandler) {
    handler.http_get.iter_mut().for_each(default_http_get);
}

fn default_http_get(action: &mut HTTPGetAction) {
    action.path.get_or_insert_with(|| "/".to_owned());
    action.scheme.get_or_insert_with(|| "HTTP".to_owned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_without_a_tag_or_tagged_latest_is_always_pulled() {
        for (image, policy) in [
            ("busybox", "Always"),
            ("busybox:latest", "Always"),
            ("busybox:1", "IfNotPresent"),
            ("localhost:5000/busybox", "Always"),
            ("localhost:5000/busybox:2", "IfNotPresent"),
            ("busybox@sha256:aa", "IfNotPresent"),
            ("busybox:latest@sha256:aa", "IfNotPresent"),
        ] {
            assert_eq!(pull_policy(image), policy, "{image}");
        }
    }
}
