//! The rows of the kinds that hold something: configuration, secrets, claims, namespaces,
//! accounts.

use jobling_core::Timestamp;
use k8s_openapi::api::core::v1::{
    ConfigMap, Namespace, PersistentVolumeClaim, PersistentVolumeClaimSpec, Secret, ServiceAccount,
};
use serde_json::json;

use super::age::since;
use super::row::{Column, Row, or};

pub(super) const CONFIG_MAP: [Column; 3] =
    [Column::name(), Column::text("Data"), Column::text("Age")];
pub(super) const SECRET: [Column; 4] =
    [Column::name(), Column::text("Type"), Column::text("Data"), Column::text("Age")];
pub(super) const NAMESPACE: [Column; 3] =
    [Column::name(), Column::text("Status"), Column::text("Age")];
pub(super) const SERVICE_ACCOUNT: [Column; 3] =
    [Column::name(), Column::text("Secrets"), Column::text("Age")];
pub(super) const CLAIM: [Column; 9] = [
    Column::name(),
    Column::text("Status"),
    Column::text("Volume"),
    Column::text("Capacity"),
    Column::text("Access Modes"),
    Column::text("StorageClass"),
    Column::text("VolumeAttributesClass"),
    Column::text("Age"),
    Column::wide("VolumeMode"),
];

pub(super) fn config_map(map: &ConfigMap, now: Timestamp) -> Row {
    let entries = map.data.as_ref().map_or(0, std::collections::BTreeMap::len)
        + map.binary_data.as_ref().map_or(0, std::collections::BTreeMap::len);
    Row::new(vec![
        json!(map.metadata.name),
        json!(entries),
        json!(since(map.metadata.creation_timestamp.as_ref(), now)),
    ])
}

pub(super) fn secret(secret: &Secret, now: Timestamp) -> Row {
    Row::new(vec![
        json!(secret.metadata.name),
        json!(secret.type_.as_deref().unwrap_or_default()),
        json!(secret.data.as_ref().map_or(0, std::collections::BTreeMap::len)),
        json!(since(secret.metadata.creation_timestamp.as_ref(), now)),
    ])
}

pub(super) fn namespace(namespace: &Namespace, now: Timestamp) -> Row {
    let phase = namespace.status.as_ref().and_then(|status| status.phase.as_deref());
    Row::new(vec![
        json!(namespace.metadata.name),
        json!(phase.unwrap_or_default()),
        json!(since(namespace.metadata.creation_timestamp.as_ref(), now)),
    ])
}

pub(super) fn service_account(account: &ServiceAccount, now: Timestamp) -> Row {
    Row::new(vec![
        json!(account.metadata.name),
        json!(account.secrets.as_ref().map_or(0, Vec::len)),
        json!(since(account.metadata.creation_timestamp.as_ref(), now)),
    ])
}

pub(super) fn claim(claim: &PersistentVolumeClaim, now: Timestamp) -> Row {
    let no_spec = PersistentVolumeClaimSpec::default();
    let spec = claim.spec.as_ref().unwrap_or(&no_spec);
    let status = claim.status.as_ref();
    let phase = match &claim.metadata.deletion_timestamp {
        Some(_) => "Terminating",
        None => status.and_then(|status| status.phase.as_deref()).unwrap_or_default(),
    };
    let volume = spec.volume_name.as_deref().unwrap_or_default();
    // What a claim holds is known once it is bound.
    let bound = status.filter(|_| !volume.is_empty());
    let capacity = bound.and_then(|status| status.capacity.as_ref()?.get("storage"));
    let modes = bound.and_then(|status| status.access_modes.as_deref()).unwrap_or_default();
    Row::new(vec![
        json!(claim.metadata.name),
        json!(phase),
        json!(volume),
        json!(capacity.map(|amount| amount.0.as_str()).unwrap_or_default()),
        json!(short_modes(modes)),
        json!(spec.storage_class_name.as_deref().unwrap_or_default()),
        json!(or(spec.volume_attributes_class_name.as_deref(), "<unset>")),
        json!(since(claim.metadata.creation_timestamp.as_ref(), now)),
        json!(or(spec.volume_mode.as_deref(), "<unset>")),
    ])
}

/// Returns access modes by their initials, in Kubernetes' order.
fn short_modes(modes: &[String]) -> String {
    let known = [
        ("ReadWriteOnce", "RWO"),
        ("ReadOnlyMany", "ROX"),
        ("ReadWriteMany", "RWX"),
        ("ReadWriteOncePod", "RWOP"),
    ];
    let given = known.iter().filter(|(mode, _)| modes.iter().any(|given| given == mode));
    given.map(|(_, short)| *short).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use jobling_core::api::Kind;
    use serde_json::json;

    use super::super::row::testing::{ago, printed};

    #[test]
    fn what_holds_something_shows_how_much() {
        let made = |name: &str| json!({"name": name, "creationTimestamp": ago(60)});
        for (kind, object, row) in [
            (
                Kind::ConfigMap,
                json!({"metadata": made("c"), "data": {"a": "1"}, "binaryData": {"b": "MQ=="}}),
                "c | 2 | 60s",
            ),
            (
                Kind::Secret,
                json!({"metadata": made("s"), "type": "Opaque", "data": {"a": "MQ=="}}),
                "s | Opaque | 1 | 60s",
            ),
            (
                Kind::Namespace,
                json!({"metadata": made("n"), "status": {"phase": "Active"}}),
                "n | Active | 60s",
            ),
            (Kind::ServiceAccount, json!({"metadata": made("default")}), "default | 0 | 60s"),
            (
                Kind::PersistentVolumeClaim,
                json!({"metadata": made("p"), "status": {"phase": "Pending"}}),
                "p | Pending |  |  |  |  | <unset> | 60s | <unset>",
            ),
            (
                Kind::PersistentVolumeClaim,
                json!({
                    "metadata": made("p"),
                    "spec": {"volumeName": "v", "volumeMode": "Filesystem"},
                    "status": {
                        "phase": "Bound",
                        "capacity": {"storage": "1Gi"},
                        "accessModes": ["ReadWriteMany", "ReadWriteOnce"],
                    },
                }),
                "p | Bound | v | 1Gi | RWO,RWX |  | <unset> | 60s | Filesystem",
            ),
        ] {
            assert_eq!(printed(kind, object), row);
        }
    }
}
