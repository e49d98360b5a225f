//! Tokens: jobling gives one out, kubectl uses it as far as its role goes, and it is taken back.

use harness::{Daemon, Folder};

const JOB: &str = r#"{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"report"},"spec":{
    "suspend":true,"template":{"spec":{"restartPolicy":"Never","containers":[
    {"name":"main","image":"hello:1"}]}}}}"#;

#[test]
fn a_token_does_what_its_role_says_until_it_is_revoked() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder.path().join("data"), &[]);
    drop(daemon.kubectl_reading(["apply", "-f", "-"], JOB).expect_code(0));
    let create = "token create ci --role view --expires 30d -o kubeconfig";
    let made = daemon.jobling(create.split(' ')).expect_code(0);
    let kubeconfig = folder.write("ci.kubeconfig", &made.stdout);
    let ci = |line: &str| {
        let words = line.split(' ').map(str::to_owned);
        daemon.kubectl(
            ["--kubeconfig".into(), kubeconfig.display().to_string()].into_iter().chain(words),
        )
    };
    assert!(ci("get jobs").expect_code(0).stdout.contains("report"));
    for (line, code, said) in [
        ("auth whoami", 0, "jobling:view"),
        ("auth can-i list jobs", 0, "yes"),
        ("auth can-i create jobs", 1, "no"),
        ("auth can-i get secrets", 1, "no"),
        ("auth can-i get pods --subresource=log", 0, "yes"),
        ("auth can-i list tokens.jobling.dev", 1, "no"),
        ("auth can-i --list", 0, "cronjobs.batch"),
    ] {
        let output = ci(line).expect_code(code);
        assert!(output.stdout.contains(said), "{line}: {output}");
    }
    let refused = ci("delete job report").expect_code(1);
    assert_eq!(
        refused.stderr,
        "Error from server (Forbidden): jobs.batch \"report\" is forbidden: User \"ci\" cannot delete \
         resource \"jobs\" in API group \"batch\" in the namespace \"default\"\n"
    );
    let listed = daemon.jobling(["token", "ls"]).expect_code(0);
    assert!(listed.stdout.contains("ci") && listed.stdout.contains("view"), "{listed}");

    let mut watch = daemon.follow_as(&kubeconfig, ["get", "jobs", "-w", "--no-headers"]);
    assert!(watch.next().is_some_and(|line| line.starts_with("report")), "it is watched");
    drop(daemon.jobling(["token", "revoke", "ci"]).expect_code(0));
    assert_eq!(watch.next(), None, "the watch has ended with its token");
    let refused = ci("get jobs").expect_code(1);
    assert!(refused.stderr.contains("Unauthorized"), "{refused}");
    let again = daemon.jobling(["token", "revoke", "ci"]).expect_code(1);
    assert!(again.stderr.contains("tokens.jobling.dev \"ci\" not found"), "{again}");
}
