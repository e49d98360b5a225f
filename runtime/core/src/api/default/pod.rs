//! The defaults of a pod and its volumes.

use k8s_openapi::api::core::v1::{
    ObjectFieldSelector, Pod, PodSpec, PodTemplateSpec, ResourceFieldSelector, Volume,
    VolumeProjection,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;

use super::container;

/// The mode of the files of configMap, secret, downwardAPI and projected volumes: 0644.
const FILE_MODE: i32 = 0o644;

/// How long a projected token lives.
const TOKEN_SECONDS: i64 = 3600;

/// Fills in a Pod; its requests default to its limits, which a template's do not.
pub(super) fn default_pod(pod: &mut Pod) {
    let spec = pod.spec.get_or_insert_default();
    default_spec(spec);
    spec.enable_service_links.get_or_insert(true);
    let containers = spec.containers.iter_mut().chain(spec.init_containers.iter_mut().flatten());
    for resources in containers.filter_map(|container| container.resources.as_mut()) {
        if let Some(limits) = resources.limits.clone() {
            let requests = resources.requests.get_or_insert_default();
            for (name, limit) in limits {
                requests.entry(name).or_insert(limit);
            }
        }
    }
    pod.status.get_or_insert_default().phase.get_or_insert_with(|| "Pending".to_owned());
}

/// Fills in a pod template.
pub(super) fn default_template(template: &mut PodTemplateSpec) {
    template.metadata.get_or_insert_default();
    default_spec(template.spec.get_or_insert_default());
}

fn default_spec(spec: &mut PodSpec) {
    spec.restart_policy.get_or_insert_with(|| "Always".to_owned());
    spec.dns_policy.get_or_insert_with(|| "ClusterFirst".to_owned());
    spec.scheduler_name.get_or_insert_with(|| "default-scheduler".to_owned());
    spec.security_context.get_or_insert_default();
    spec.termination_grace_period_seconds.get_or_insert(30);
    default_service_account(spec);
    spec.init_containers.iter_mut().flatten().for_each(container::default_container);
    spec.containers.iter_mut().for_each(container::default_container);
    spec.volumes.iter_mut().flatten().for_each(default_volume);
}

/// `serviceAccount` is the old name of `serviceAccountName`; both are kept alike.
fn default_service_account(spec: &mut PodSpec) {
    if spec.service_account_name.is_none() {
        spec.service_account_name.clone_from(&spec.service_account);
    }
    spec.service_account.clone_from(&spec.service_account_name);
}

fn default_volume(volume: &mut Volume) {
    if !has_source(volume) {
        volume.empty_dir.get_or_insert_default();
    }
    if let Some(secret) = &mut volume.secret {
        secret.default_mode.get_or_insert(FILE_MODE);
    }
    if let Some(config_map) = &mut volume.config_map {
        config_map.default_mode.get_or_insert(FILE_MODE);
    }
    if let Some(downward) = &mut volume.downward_api {
        downward.default_mode.get_or_insert(FILE_MODE);
        for item in downward.items.iter_mut().flatten() {
            default_field_ref(item.field_ref.as_mut());
            default_resource_ref(item.resource_field_ref.as_mut());
        }
    }
    if let Some(projected) = &mut volume.projected {
        projected.default_mode.get_or_insert(FILE_MODE);
        projected.sources.iter_mut().flatten().for_each(default_projection);
    }
    if let Some(host_path) = &mut volume.host_path {
        host_path.type_.get_or_insert_default();
    }
    if let Some(ephemeral) = &mut volume.ephemeral
        && let Some(template) = &mut ephemeral.volume_claim_template
    {
        template.spec.volume_mode.get_or_insert_with(|| "Filesystem".to_owned());
    }
}

/// Returns whether the volume says what it is. A new source in the API is seen by its JSON.
fn has_source(volume: &Volume) -> bool {
    *volume != Volume { name: volume.name.clone(), ..Volume::default() }
}

fn default_projection(source: &mut VolumeProjection) {
    for item in source.downward_api.iter_mut().flat_map(|api| api.items.iter_mut().flatten()) {
        default_field_ref(item.field_ref.as_mut());
        default_resource_ref(item.resource_field_ref.as_mut());
    }
    if let Some(token) = &mut source.service_account_token {
        token.expiration_seconds.get_or_insert(TOKEN_SECONDS);
    }
}

/// Fills in the version that a `fieldRef` is read in.
pub(super) fn default_field_ref(field: Option<&mut ObjectFieldSelector>) {
    if let Some(field) = field {
        field.api_version.get_or_insert_with(|| "v1".to_owned());
    }
}

/// Fills in the divisor of a `resourceFieldRef`: 0, which stands for 1.
pub(super) fn default_resource_ref(field: Option<&mut ResourceFieldSelector>) {
    if let Some(field) = field {
        field.divisor.get_or_insert_with(|| Quantity("0".to_owned()));
    }
}
