//! What the real kubectl is told of the host itself: its kinds' documentation, and who may do what.

use harness::{Daemon, Folder};

#[test]
fn kubectl_explains_fields_and_says_who_may_do_what() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder.path().join("data"), &[]);
    for (arguments, word) in [
        ("explain job.spec.backoffLimit", "number of retries before marking this job failed"),
        ("explain cronjob.spec.jobTemplate.spec.template --recursive", "initContainers"),
        ("explain secret.data", "<map[string]string>"),
        ("explain events --api-version=events.k8s.io/v1", "events.k8s.io"),
        ("auth whoami", "system:masters"),
        ("auth can-i --list", "*.*"),
    ] {
        let output = daemon.kubectl(arguments.split(' ')).expect_code(0);
        assert!(output.stdout.contains(word), "kubectl {arguments}: {output}");
    }
    let refused =
        daemon.kubectl(["auth", "can-i", "create", "pods", "--subresource=exec"]).expect_code(1);
    assert!(refused.stdout.starts_with("no"), "{refused}");
}
