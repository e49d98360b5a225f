//! The user's own manifests, unchanged, with a module behind each image name.

use harness::{Daemon, Folder, jobling, manifest, module};

use crate::outcome::run;

/// Each manifest that is a Job: its name, its image, the module behind that, and its pods.
const JOBS: [(&str, &str, &str, usize); 5] = [
    ("one-time-task", "ubuntu", "multicall", 1),
    ("db-migration", "myapp:1.0", "migrate", 1),
    ("batch-process", "batch-processor:1.0", "hello", 100),
    ("work-queue-job", "worker:latest", "queue-url", 10),
    ("image-processor", "image-processor:latest", "image-processor", 100),
];

#[test]
fn the_manifests_run_to_complete_in_the_foreground() {
    for (name, image, guest, pods) in JOBS {
        let folder = Folder::new();
        let outcome = run(
            folder.path(),
            &[&manifest(&format!("{name}.yaml"))],
            &[(image, &module(guest))],
            &[],
        );
        assert_eq!(
            (outcome.code, outcome.result(name).as_str()),
            (0, "Complete"),
            "{name}\n{}",
            outcome.stderr
        );
        assert_eq!(outcome.endings(name), vec!["0 Completed"; pods], "{name}");
        assert_eq!(outcome.job(name)["status"]["succeeded"], pods, "{name}");
    }
}

/// Each manifest that is a CronJob: its image, the module behind that, and what it prints.
const CRON_JOBS: [(&str, &str, &str, &str); 2] = [
    ("daily-backup", "backup-tool:latest", "backup", ".tar.gz: 0 files, "),
    ("daily-report", "reporting:latest", "report", "<h1>Report of 20"),
];

#[test]
fn the_manifests_with_a_schedule_run_at_once_with_now_and_only_with_it() {
    for (name, image, guest, printed) in CRON_JOBS {
        let folder = Folder::new();
        let (manifest, image) =
            (manifest(&format!("{name}.yaml")), format!("{image}={}", module(guest).display()));
        let arguments = ["run".as_ref(), manifest.as_os_str(), "--image".as_ref(), image.as_ref()];
        let refused = jobling(&folder, arguments).expect_code(2);
        assert!(refused.stderr.contains("try one run of it with --now"), "{refused}");
        let output =
            jobling(&folder, arguments.into_iter().chain(["--now".as_ref()])).expect_code(0);
        assert!(output.stdout.contains(printed), "{output}");
    }
}

#[test]
fn one_time_task_prints_hello_world_and_nothing_else() {
    let image = format!("ubuntu={}", module("multicall").display());
    let task = manifest("one-time-task.yaml");
    let arguments = ["run".as_ref(), task.as_os_str(), "--image".as_ref(), image.as_ref()];
    let folder = Folder::new();
    let output = jobling(&folder, arguments).expect_code(0);
    assert_eq!(output.stdout, "Hello World\n");
}

#[test]
fn django_migrate_gets_its_database_from_a_secret() {
    let folder = Folder::new();
    let secret = folder.write(
        "secret.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: db-secret}\nstringData: {url: 'sqlite::memory:'}\n",
    );
    let paths = [secret.as_path(), &manifest("django-migrate.yaml")];
    let outcome = run(folder.path(), &paths, &[("myapp:2.0", &module("migrate"))], &[]);
    assert_eq!(outcome.result("django-migrate"), "Complete", "{}", outcome.stderr);
    assert!(outcome.stderr.contains(":memory: is at version 3, 3 applied"), "{}", outcome.stderr);
    let [pod] = outcome.pods("django-migrate")[..] else { panic!("one pod") };
    assert_eq!(pod["spec"]["containers"][0]["command"][2], "migrate");
}

/// The commands that the user types, in tests/manifests/README.md.
#[test]
fn kubectl_drives_a_job_from_apply_to_delete() {
    let data = Folder::new();
    let daemon = Daemon::start(data.path(), &[]);
    daemon.import("ubuntu", &module("multicall"));
    let task = manifest("one-time-task.yaml").display().to_string();
    let rows: [(&[&str], &str); 6] = [
        (&["apply", "-f", &task], "job.batch/one-time-task created\n"),
        (
            &["wait", "--for=condition=complete", "job/one-time-task", "--timeout=60s"],
            "job.batch/one-time-task condition met\n",
        ),
        (&["logs", "job/one-time-task"], "Hello World\n"),
        (&["logs", "job/one-time-task", "--all-containers=true"], "Hello World\n"),
        (&["get", "jobs", "-o", "name"], "job.batch/one-time-task\n"),
        (&["get", "jobs", "-l", "cronjob=daily-backup", "-o", "name"], ""),
    ];
    for (arguments, stdout) in rows {
        assert_eq!(daemon.kubectl(arguments).expect_code(0).stdout, stdout, "{arguments:?}");
        if arguments[0] != "apply" {
            assert_eq!(
                daemon.jobling(arguments).expect_code(0).stdout,
                stdout,
                "jobling {arguments:?}"
            );
        }
    }
    let table = daemon.kubectl(["get", "jobs"]).expect_code(0).stdout;
    let row: Vec<&str> = table.lines().nth(1).expect("a row").split_whitespace().collect();
    assert_eq!(row[..3], ["one-time-task", "Complete", "1/1"], "{table}");
    let described = daemon.kubectl(["describe", "job", "one-time-task"]).expect_code(0).stdout;
    for words in ["SuccessfulCreate", "Completed", "1 Succeeded / 0 Failed"] {
        assert!(described.contains(words), "{words} is not in\n{described}");
    }
    let deleted = daemon.kubectl(["delete", "job", "one-time-task"]).expect_code(0).stdout;
    assert!(deleted.starts_with("job.batch \"one-time-task\" deleted"), "{deleted}");
    assert_eq!(daemon.kubectl(["get", "pods", "-o", "name"]).expect_code(0).stdout, "");
    assert_eq!(daemon.stop(), 0);
}
