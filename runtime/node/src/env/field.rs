//! What fieldRef and resourceFieldRef name: the pod's own fields and its containers' resources.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use jobling_core::api::quantity::Quantity;
use jobling_core::engine::PodStart;
use k8s_openapi::api::core::v1::{Container, ObjectFieldSelector, Pod, ResourceFieldSelector};

use super::ConfigError;
use crate::limits::Defaults;
use crate::settings::Host;

/// What a pod may be told of itself. The Pod object is made only when a field of it is asked for.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    start: &'a PodStart,
    host: &'a Host,
    defaults: &'a Defaults,
    object: OnceCell<Pod>,
}

impl<'a> Facts<'a> {
    /// Returns what the pod of `start` may be told.
    pub(crate) const fn new(start: &'a PodStart, host: &'a Host, defaults: &'a Defaults) -> Self {
        Self { start, host, defaults, object: OnceCell::new() }
    }

    /// Returns the pod's namespace.
    pub(crate) fn namespace(&self) -> &str {
        &self.start.job.namespace
    }

    /// Returns the limits of containers whose template gives none.
    pub(crate) const fn defaults(&self) -> &Defaults {
        self.defaults
    }

    /// Returns the pod's completion index.
    pub(crate) fn index(&self) -> Option<u32> {
        self.start.pod.index
    }

    /// Returns the pod's Job.
    pub(crate) fn start(&self) -> &PodStart {
        self.start
    }

    fn object(&self) -> &Pod {
        self.object.get_or_init(|| self.start.pod.to_object(&self.start.job))
    }

    fn labels(&self) -> Option<&BTreeMap<String, String>> {
        self.object().metadata.labels.as_ref()
    }

    fn annotations(&self) -> Option<&BTreeMap<String, String>> {
        self.object().metadata.annotations.as_ref()
    }
}

/// Returns the value that `field` names (`pkg/fieldpath` and kubelet's podFieldSelectorRuntimeValue).
pub(crate) fn field_value(
    field: &ObjectFieldSelector,
    facts: &Facts<'_>,
) -> Result<String, ConfigError> {
    let job = &facts.start.job;
    let path = field.field_path.as_str();
    Ok(match path {
        "metadata.name" => facts.start.pod.name(job),
        "metadata.namespace" => job.namespace.clone(),
        "metadata.uid" => facts.start.pod.uid(job),
        "metadata.labels" => lines(facts.labels()),
        "metadata.annotations" => lines(facts.annotations()),
        "spec.nodeName" => facts.host.node_name.clone(),
        "spec.serviceAccountName" => service_account(facts).to_owned(),
        "status.hostIP" | "status.podIP" | "status.hostIPs" | "status.podIPs" => {
            facts.host.ip.clone()
        }
        _ => {
            let keyed =
                |name: &str| path.strip_prefix(name)?.strip_prefix("['")?.strip_suffix("']");
            let of = |map: Option<&BTreeMap<String, String>>, key: &str| {
                map.and_then(|map| map.get(key)).cloned().unwrap_or_default()
            };
            if let Some(key) = keyed("metadata.labels") {
                of(facts.labels(), key)
            } else if let Some(key) = keyed("metadata.annotations") {
                of(facts.annotations(), key)
            } else {
                return Err(ConfigError::UnknownField(path.to_owned()));
            }
        }
    })
}

fn service_account<'a>(facts: &'a Facts<'_>) -> &'a str {
    let spec = facts.start.job.template.spec.as_ref();
    spec.and_then(|spec| spec.service_account_name.as_deref()).unwrap_or("default")
}

/// A map as a downward API file has it: sorted, one `key="value"` a line, values quoted as Go does.
fn lines(map: Option<&BTreeMap<String, String>>) -> String {
    let lines: Vec<String> =
        map.into_iter().flatten().map(|(key, value)| format!("{key}={value:?}")).collect();
    lines.join("\n")
}

/// Returns the value that `field` names of `container`, or of the container that it names itself.
pub(crate) fn resource_value(
    field: &ResourceFieldSelector,
    container: Option<&Container>,
    facts: &Facts<'_>,
) -> Result<String, ConfigError> {
    let unknown = || ConfigError::UnknownField(field.resource.clone());
    let container = match field.container_name.as_deref().filter(|name| !name.is_empty()) {
        Some(name) => named(facts, name).ok_or_else(unknown)?,
        None => container.ok_or_else(unknown)?,
    };
    let (list, resource) = field.resource.split_once('.').ok_or_else(unknown)?;
    let amount: Quantity = match given(container, list, resource).map_err(|NoList| unknown())? {
        Some(text) => text.parse().map_err(|_| unknown())?,
        None => facts.defaults.amount(resource).ok_or_else(unknown)?,
    };
    let divisor = field.divisor.as_ref().map(|divisor| Quantity::of_checked(&divisor.0));
    Ok(amount.in_units_of(divisor.unwrap_or(Quantity::zero())).to_string())
}

fn named<'a>(facts: &'a Facts<'_>, name: &str) -> Option<&'a Container> {
    let spec = facts.start.job.template.spec.as_ref()?;
    let all = spec.containers.iter().chain(spec.init_containers.iter().flatten());
    all.into_iter().find(|container| container.name == name)
}

/// There is no such list of quantities.
struct NoList;

/// Returns the quantity that `list` (`limits` or `requests`) gives `resource`; requests default to limits.
fn given<'a>(
    container: &'a Container,
    list: &str,
    resource: &str,
) -> Result<Option<&'a str>, NoList> {
    let resources = container.resources.as_ref();
    let limits = resources.and_then(|r| r.limits.as_ref()).and_then(|map| map.get(resource));
    let requests = resources.and_then(|r| r.requests.as_ref()).and_then(|map| map.get(resource));
    match list {
        "limits" => Ok(limits.map(|quantity| quantity.0.as_str())),
        "requests" => Ok(requests.or(limits).map(|quantity| quantity.0.as_str())),
        _ => Err(NoList),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{host, job, limited, pod_start};
    use k8s_openapi::apimachinery::pkg::api::resource;

    #[test]
    fn fields_of_the_pod_are_told() {
        let start = pod_start(job("report"));
        let (host, defaults) = (host(), Defaults::default());
        let facts = Facts::new(&start, &host, &defaults);
        for (path, value) in [
            ("metadata.name", Some(start.pod.name(&start.job))),
            ("metadata.namespace", Some("default".into())),
            ("metadata.uid", Some(start.pod.uid(&start.job))),
            ("spec.nodeName", Some(host.node_name.clone())),
            ("spec.serviceAccountName", Some("default".into())),
            ("status.podIP", Some(host.ip.clone())),
            ("metadata.labels['none']", Some(String::new())),
            ("spec.hostname", None),
        ] {
            let field = ObjectFieldSelector { field_path: path.into(), api_version: None };
            assert_eq!(field_value(&field, &facts).ok(), value, "{path}");
        }
    }

    #[test]
    fn resources_of_a_container_are_told_in_the_divisors_units() {
        let start = pod_start(job("report"));
        let (host, defaults) = (host(), Defaults::default());
        let facts = Facts::new(&start, &host, &defaults);
        let container = limited(&[("memory", "64Mi"), ("cpu", "250m")]);
        for (resource, divisor, value) in [
            ("limits.memory", Some("1Mi"), Some("64")),
            ("requests.memory", None, Some("67108864")),
            ("limits.cpu", None, Some("1")),
            ("limits.cpu", Some("1m"), Some("250")),
            ("limits.ephemeral-storage", Some("1"), Some("1073741824")),
            ("limits.gpu", None, None),
            ("memory", None, None),
        ] {
            let field = ResourceFieldSelector {
                container_name: None,
                divisor: divisor.map(|text| resource::Quantity(text.into())),
                resource: resource.into(),
            };
            let told = resource_value(&field, Some(&container), &facts).ok();
            assert_eq!(told.as_deref(), value, "{resource} in {divisor:?}");
        }
    }
}
