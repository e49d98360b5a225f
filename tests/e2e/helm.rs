//! helm: a chart with a CronJob, rendered for kubectl and installed as a release.

use std::ffi::OsString;

use harness::{Daemon, Folder, client};

#[test]
fn a_chart_that_helm_renders_is_applied_by_kubectl() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder.path().join("data"), &[]);
    let chart = client("charts/report");
    let rendered = daemon.helm(["template".into(), "nightly".into(), chart.into_os_string()]);
    let rendered = rendered.expect_code(0).stdout;
    for done in ["created", "unchanged"] {
        let applied = daemon.kubectl_reading(["apply", "-f", "-"], &rendered).expect_code(0);
        assert_eq!(
            applied.stdout,
            format!("configmap/nightly-report {done}\ncronjob.batch/nightly-report {done}\n")
        );
    }
    let label = "app.kubernetes.io/managed-by=Helm";
    let found = daemon.kubectl(["get", "cronjobs", "-l", label, "-o", "name"]).expect_code(0);
    assert_eq!(found.stdout, "cronjob.batch/nightly-report\n");
}

#[test]
fn a_release_is_installed_upgraded_rolled_back_and_uninstalled() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder.path().join("data"), &[]);
    let chart = client("charts/report");
    let helm = |line: &str| {
        let arguments = line.split(' ').map(|word| match word {
            "CHART" => chart.clone().into_os_string(),
            word => OsString::from(word),
        });
        daemon.helm(arguments).expect_code(0).stdout
    };
    let greeting = || {
        let path = "jsonpath={.data.GREETING}";
        daemon.kubectl(["get", "configmap", "nightly-report", "-o", path]).expect_code(0).stdout
    };
    let install = helm("install nightly CHART --server-side=false");
    assert!(install.contains("STATUS: deployed") && install.contains("Runs at 0 3 * * *."));
    assert_eq!(greeting(), "Ada");
    assert!(helm("list -q").contains("nightly"));
    helm("upgrade nightly CHART --server-side=false --set greeting=Bo");
    assert_eq!(greeting(), "Bo");
    helm("rollback nightly 1 --server-side=false");
    assert_eq!(greeting(), "Ada");
    assert_eq!(helm("history nightly --max 3 -o json").matches("\"revision\"").count(), 3);
    assert!(helm("status nightly").contains("0 3 * * *"));
    helm("uninstall nightly");
    assert_eq!(helm("list -q"), "");
    let gone = daemon.kubectl(["get", "cronjobs,secrets", "-o", "name"]).expect_code(0);
    assert_eq!(gone.stdout, "");
}
