//! What the API server says of a pod template, beyond the recorded cases: pkg/apis/core/validation and
//! pkg/api/pod/warnings.go.

#![expect(clippy::unwrap_used, reason = "a template that is not judged is a failed test")]

use jobling_core::Timestamp;
use jobling_core::api::{Admitted, ApiError, FieldValidation, Identity, Kind, admit_create};
use serde_json::{Value, json};

/// A Job whose pod and container have these fields besides what they need.
fn create(pod: &Value, container: &Value) -> Result<Admitted, ApiError> {
    let mut spec = json!({
        "restartPolicy": "Never",
        "containers": [{"name": "c", "image": "i:1"}],
    });
    let merge = |into: &mut Value, fields: &Value| {
        into.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    };
    merge(&mut spec["containers"][0], container);
    merge(&mut spec, pod);
    let identity = Identity {
        uid: "5e0c1b1e-0000-4000-8000-000000000001".to_owned(),
        now: Timestamp::from_unix_seconds(1_700_000_000),
        suffix: "abcde".to_owned(),
    };
    let job = json!({"metadata": {"name": "j"}, "spec": {"template": {"spec": spec}}});
    admit_create(Kind::Job, "default", &job, FieldValidation::Strict, &identity)
}

const SPEC: &str = "spec.template.spec.";

#[test]
fn what_breaks_a_rule_is_refused_by_its_field() {
    for (pod, container, fields) in [
        (json!({"dnsPolicy": "None"}), json!({}), "dnsConfig"),
        (json!({"dnsPolicy": "None", "dnsConfig": {}}), json!({}), "dnsConfig.nameservers"),
        (
            json!({"dnsConfig": {"nameservers": ["1.1.1.1", "::1", "x", "1.1.1.1"], "searches": ["a."], "options": [{}]}}),
            json!({}),
            "dnsConfig.nameservers dnsConfig.nameservers[2] dnsConfig.options[0]",
        ),
        (
            json!({"readinessGates": [{"conditionType": "_"}]}),
            json!({}),
            "readinessGates[0].conditionType",
        ),
        (
            json!({"schedulingGates": [{"name": "a"}, {"name": "a"}]}),
            json!({}),
            "schedulingGates[1]",
        ),
        (
            json!({"topologySpreadConstraints": [
                {"maxSkew": 0, "topologyKey": "", "whenUnsatisfiable": "x", "minDomains": 1},
            ]}),
            json!({}),
            "topologySpreadConstraints[0].maxSkew topologySpreadConstraints[0].topologyKey \
             topologySpreadConstraints[0].whenUnsatisfiable topologySpreadConstraints[0].minDomains",
        ),
        (json!({"overhead": {"cpu": "-1"}}), json!({}), "overhead.limits[cpu]"),
        (
            json!({"hostAliases": [{"ip": "x", "hostnames": ["_"]}]}),
            json!({}),
            "hostAliases[0].ip hostAliases[0].hostnames[0]",
        ),
        (json!({"hostNetwork": true}), json!({}), "hostNetwork"),
        (
            json!({"securityContext": {"supplementalGroupsPolicy": "x", "seLinuxChangePolicy": "x"}}),
            json!({"securityContext": {"procMount": "x"}}),
            "containers[0].securityContext.procMount securityContext.supplementalGroupsPolicy \
             securityContext.seLinuxChangePolicy",
        ),
        (
            json!({"volumes": [
                {"name": "a", "nfs": {"server": "", "path": "x"}},
                {"name": "b", "csi": {"driver": "_"}},
                {"name": "c", "rbd": {"image": "", "monitors": []}},
            ]}),
            json!({}),
            "volumes[0].nfs.server volumes[0].nfs.path volumes[1].csi.driver volumes[2].rbd.image \
             volumes[2].rbd.monitors",
        ),
        (json!({"hostname": "a.b"}), json!({}), "hostname"),
        (json!({"priorityClassName": "A"}), json!({}), "priorityClassName"),
        (
            json!({"initContainers": [{"name": "c", "image": "i"}]}),
            json!({}),
            "initContainers[0].name",
        ),
        (
            json!({}),
            json!({"resources": {"limits": {"hugepages-2Mi": "2Mi"}}}),
            "containers[0].resources",
        ),
        (json!({}), json!({"imagePullPolicy": "x"}), "containers[0].imagePullPolicy"),
        (json!({}), json!({"image": ""}), "containers[0].image"),
        (
            json!({}),
            json!({"livenessProbe": {"successThreshold": 2, "exec": {"command": ["a"]}}}),
            "containers[0].livenessProbe.successThreshold",
        ),
    ] {
        let error = create(&pod, &container).unwrap_err();
        let found: Vec<&str> = error
            .causes
            .iter()
            .map(|cause| cause.field.strip_prefix(SPEC).unwrap_or(&cause.field))
            .collect();
        assert_eq!(found.join(" "), fields, "{pod} {container}: {error}");
    }
}

#[test]
fn what_is_only_odd_is_a_warning() {
    for (pod, container, warnings) in [
        (
            json!({"imagePullSecrets": [{}]}),
            json!({}),
            "imagePullSecrets[0].name: invalid empty name \"\"",
        ),
        (
            json!({"hostAliases": [{"ip": "::1"}, {"ip": "::1"}]}),
            json!({}),
            "hostAliases[1].ip: duplicate ip \"::1\"",
        ),
        (
            json!({"nodeSelector": {"beta.kubernetes.io/os": "linux"}}),
            json!({}),
            "nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead",
        ),
        (
            json!({"schedulerName": "Any Name"}),
            json!({"resources": {"limits": {"memory": "100m"}}}),
            "containers[0].resources.limits[memory]: fractional byte value \"100m\" is invalid, must be an integer",
        ),
        (
            json!({}),
            json!({"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "$(A)2"}]}),
            "",
        ),
        (
            json!({}),
            json!({"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "$(A)"}]}),
            "containers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply",
        ),
        (
            json!({}),
            json!({"ports": [{"containerPort": 80}, {"containerPort": 80, "name": "b"}]}),
            "containers[0].ports[1]: duplicate port definition with spec.template.spec.containers[0].ports[0]",
        ),
        (
            json!({"volumes": [{"name": "v", "gitRepo": {"repository": "r"}}]}),
            json!({}),
            "volumes[0].gitRepo: deprecated in v1.11",
        ),
    ] {
        let admitted = create(&pod, &container).unwrap_or_else(|error| panic!("{pod}: {error}"));
        let found: Vec<&str> = admitted
            .warnings
            .iter()
            .map(|warning| warning.strip_prefix(SPEC).unwrap_or(warning))
            .collect();
        assert_eq!(found.join("\n"), warnings, "{pod} {container}");
    }
}
