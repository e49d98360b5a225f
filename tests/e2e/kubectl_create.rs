//! What the real kubectl makes without a manifest: its typed clients send protobuf.

use harness::{Daemon, Folder};

#[test]
fn kubectl_makes_objects_without_a_manifest() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder.path().join("data"), &[]);
    for (arguments, said) in [
        ("create namespace other", "namespace/other created"),
        ("create configmap settings --from-literal=a=1", "configmap/settings created"),
        ("create secret generic key --from-literal=k=v", "secret/key created"),
        ("create serviceaccount runner", "serviceaccount/runner created"),
        (
            "create cronjob nightly --image=x --schedule=@daily -- a b",
            "cronjob.batch/nightly created",
        ),
        ("create job once --image=x -- a b", "job.batch/once created"),
        ("create job now --from=cronjob/nightly", "job.batch/now created"),
        ("auth can-i create jobs", "yes"),
    ] {
        let output = daemon.kubectl(arguments.split(' ')).expect_code(0);
        assert_eq!(output.stdout.trim(), said, "kubectl {arguments}");
    }
    for (arguments, value) in [
        ("get job once -o jsonpath={.spec.template.spec.containers[0].command}", r#"["a","b"]"#),
        ("get job now -o jsonpath={.metadata.ownerReferences[0].name}", "nightly"),
        ("get secret key -o jsonpath={.data.k}", "dg=="),
        ("get configmap settings -o jsonpath={.data}", r#"{"a":"1"}"#),
    ] {
        let output = daemon.kubectl(arguments.split(' ')).expect_code(0);
        assert_eq!(output.stdout, value, "kubectl {arguments}");
    }
}
