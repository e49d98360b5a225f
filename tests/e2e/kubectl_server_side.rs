//! Server-side apply: who set what, conflicts, and what is taken away, with the real kubectl.

#![expect(clippy::too_many_lines, reason = "a transcript is read from its first line to its last")]

use expect_test::expect;
use harness::{Folder, transcript};

use crate::kubectl_apply::daemon;

const MAP: &str = "apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
  labels: {app: demo}
data:
  a: '1'
  b: '1'
";
#[test]
fn server_side_apply_keeps_who_set_what_and_refuses_to_take_it() {
    let folder = Folder::new();
    let less = MAP.replace("  b: '1'\n", "");
    let other = less.replace("a: '1'", "a: '3'");
    let misspelt = MAP.replace("\ndata:", "\ndta:");
    let daemon = daemon(
        &folder,
        &[
            ("map.yaml", MAP.into()),
            ("less.yaml", less),
            ("other.yaml", other),
            ("misspelt.yaml", misspelt),
        ],
    );
    let managers = r#"'jsonpath={range .metadata.managedFields[*]}{.manager} {.operation} {.fieldsV1}{"\n"}{end}'"#;
    let given = transcript(
        &daemon,
        &format!(
            "kubectl apply --server-side -f map.yaml
             kubectl apply --server-side -f map.yaml
             kubectl patch configmap settings --field-manager=somebody -p '{{\"data\":{{\"a\":\"2\",\"x\":\"1\"}}}}'
             kubectl get configmap settings --show-managed-fields -o {managers}
             kubectl apply --server-side -f map.yaml
             kubectl apply --server-side --force-conflicts --dry-run=server -f map.yaml
             kubectl get configmap settings -o jsonpath={{.data}}
             kubectl diff --server-side --force-conflicts -f map.yaml
             kubectl apply --server-side --force-conflicts -f map.yaml
             kubectl get configmap settings -o jsonpath={{.data}}
             kubectl apply --server-side -f less.yaml
             kubectl get configmap settings -o jsonpath={{.data}}
             kubectl apply --server-side --field-manager=other -f less.yaml
             kubectl apply --server-side --field-manager=other -f other.yaml
             kubectl get configmap settings --show-managed-fields -o {managers}
             kubectl apply --server-side -f misspelt.yaml
             kubectl delete configmap settings
             kubectl apply -f map.yaml
             kubectl apply --server-side -f other.yaml
             kubectl get configmap settings -o jsonpath={{.data}}
             kubectl get configmap settings --show-managed-fields -o {managers}
             kubectl apply -f map.yaml
             kubectl get configmap settings -o jsonpath={{.data}}"
        ),
    );
    expect![[r#"
        $ kubectl apply --server-side -f map.yaml
        configmap/settings serverside-applied
        $ kubectl apply --server-side -f map.yaml
        configmap/settings serverside-applied
        $ kubectl patch configmap settings --field-manager=somebody -p '{"data":{"a":"2","x":"1"}}'
        configmap/settings patched
        $ kubectl get configmap settings --show-managed-fields -o 'jsonpath={range .metadata.managedFields[*]}{.manager} {.operation} {.fieldsV1}{"\n"}{end}'
        kubectl Apply {"f:data":{"f:b":{}},"f:metadata":{"f:labels":{"f:app":{}}}}
        somebody Update {"f:data":{"f:a":{},"f:x":{}}}
        $ kubectl apply --server-side -f map.yaml
        error: Apply failed with 1 conflict: conflict with "somebody" using v1: .data.a
        Please review the fields above--they currently have other managers. Here
        are the ways you can resolve this warning:
        * If you intend to manage all of these fields, please re-run the apply
          command with the `--force-conflicts` flag.
        * If you do not intend to manage all of the fields, please edit your
          manifest to remove references to the fields that should keep their
          current managers.
        * You may co-own fields by updating your manifest to match the existing
          value; in this case, you'll become the manager if the other manager(s)
          stop managing the field (remove it from their configuration).
        See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts
        [exit 1]
        $ kubectl apply --server-side --force-conflicts --dry-run=server -f map.yaml
        configmap/settings serverside-applied (server dry run)
        $ kubectl get configmap settings -o jsonpath={.data}
        {"a":"2","b":"1","x":"1"}
        $ kubectl diff --server-side --force-conflicts -f map.yaml
        diff -u -N /tmp/LIVE/v1.ConfigMap.default.settings /tmp/MERGED/v1.ConfigMap.default.settings
        --- /tmp/LIVE/v1.ConfigMap.default.settings	DATE TIME +0000
        +++ /tmp/MERGED/v1.ConfigMap.default.settings	DATE TIME +0000
        @@ -1,6 +1,6 @@
         apiVersion: v1
         data:
        -  a: "2"
        +  a: "1"
           b: "1"
           x: "1"
         kind: ConfigMap
        [exit 1]
        $ kubectl apply --server-side --force-conflicts -f map.yaml
        configmap/settings serverside-applied
        $ kubectl get configmap settings -o jsonpath={.data}
        {"a":"1","b":"1","x":"1"}
        $ kubectl apply --server-side -f less.yaml
        configmap/settings serverside-applied
        $ kubectl get configmap settings -o jsonpath={.data}
        {"a":"1","x":"1"}
        $ kubectl apply --server-side --field-manager=other -f less.yaml
        configmap/settings serverside-applied
        $ kubectl apply --server-side --field-manager=other -f other.yaml
        error: Apply failed with 1 conflict: conflict with "kubectl": .data.a
        Please review the fields above--they currently have other managers. Here
        are the ways you can resolve this warning:
        * If you intend to manage all of these fields, please re-run the apply
          command with the `--force-conflicts` flag.
        * If you do not intend to manage all of the fields, please edit your
          manifest to remove references to the fields that should keep their
          current managers.
        * You may co-own fields by updating your manifest to match the existing
          value; in this case, you'll become the manager if the other manager(s)
          stop managing the field (remove it from their configuration).
        See https://kubernetes.io/docs/reference/using-api/server-side-apply/#conflicts
        [exit 1]
        $ kubectl get configmap settings --show-managed-fields -o 'jsonpath={range .metadata.managedFields[*]}{.manager} {.operation} {.fieldsV1}{"\n"}{end}'
        kubectl Apply {"f:data":{"f:a":{}},"f:metadata":{"f:labels":{"f:app":{}}}}
        other Apply {"f:data":{"f:a":{}},"f:metadata":{"f:labels":{"f:app":{}}}}
        somebody Update {"f:data":{"f:x":{}}}
        $ kubectl apply --server-side -f misspelt.yaml
        Error from server (BadRequest): failed to create typed patch object (default/settings; v1, Kind=ConfigMap): .dta: field not declared in schema ("dta": did you mean "data"?)
        [exit 1]
        $ kubectl delete configmap settings
        configmap "settings" deleted from default namespace
        $ kubectl apply -f map.yaml
        configmap/settings created
        $ kubectl apply --server-side -f other.yaml
        configmap/settings serverside-applied
        $ kubectl get configmap settings -o jsonpath={.data}
        {"a":"3"}
        $ kubectl get configmap settings --show-managed-fields -o 'jsonpath={range .metadata.managedFields[*]}{.manager} {.operation} {.fieldsV1}{"\n"}{end}'
        kubectl Apply {"f:data":{"f:a":{}},"f:metadata":{"f:labels":{"f:app":{}}}}
        kubectl-last-applied Apply {"f:metadata":{"f:annotations":{"f:kubectl.kubernetes.io/last-applied-configuration":{}}}}
        $ kubectl apply -f map.yaml
        configmap/settings configured
        $ kubectl get configmap settings -o jsonpath={.data}
        {"a":"1","b":"1"}
    "#]].assert_eq(&given);
}
