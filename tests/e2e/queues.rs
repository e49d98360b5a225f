//! Work queues with real pods: ten workers, thousands of items, pods and daemons and brokers that die on the way.

use std::collections::BTreeSet;

use harness::{Broker, Daemon, Folder, Output, manifest, module};

/// Items that are pushed; one in five hundred is poison.
const ITEMS: u32 = 10_000;

/// A daemon, the user's Job of ten workers whose queues are at `url`, and the files that the workers write.
struct Scene {
    data: Folder,
    results: Folder,
    daemon: Option<Daemon>,
    url: String,
}

impl Scene {
    fn new(url: &str) -> Self {
        let (data, results) = (Folder::new(), Folder::new());
        let mut scene = Self { data, results, daemon: None, url: url.to_owned() };
        scene.start_daemon();
        scene.daemon().import("worker:latest", &module("worker"));
        scene
    }

    fn start_daemon(&mut self) {
        let results = self.results.path().to_str().expect("UTF-8");
        let options =
            ["--allow-host-path", results, "--pod-retry", "10ms", "--pod-retry-cap", "100ms"];
        self.daemon = Some(Daemon::start(self.data.path(), &options));
    }

    fn daemon(&self) -> &Daemon {
        self.daemon.as_ref().expect("it runs")
    }

    /// Ends the daemon as a power cut would, and starts it again.
    fn kill_the_daemon(&mut self) {
        self.daemon.take().expect("it runs").kill();
        self.start_daemon();
    }

    fn kubectl(&self, arguments: &[&str]) -> Output {
        self.daemon().kubectl(arguments).expect_code(0)
    }

    fn apply(&self, name: &str, manifest: String) {
        let file = self.data.write(name, manifest);
        drop(self.kubectl(&["apply", "-f", file.to_str().expect("UTF-8")]));
    }

    /// Starts the user's own manifest, with the address of the queue that is here and a place for results.
    fn start_the_workers(&self) {
        let user = std::fs::read_to_string(manifest("work-queue-job.yaml")).expect("a manifest");
        let volume =
            format!("{{name: results, hostPath: {{path: {}}}}}", self.results.path().display());
        let changed = user
            .replace("rabbitmq-service:5672", &self.url)
            .replace("backoffLimit: 3", "backoffLimit: 1000")
            .replace(
                "            - name: QUEUE_URL",
                &format!("{RESULTS}            - name: QUEUE_URL"),
            )
            .replace(
                "          env:",
                "          volumeMounts: [{name: results, mountPath: /results}]\n          env:",
            )
            .replace(
                "      restartPolicy",
                &format!("      volumes: [{volume}]\n      restartPolicy"),
            );
        self.apply("work-queue-job.yaml", changed);
    }

    /// Runs a Job of the same image with other arguments to its end.
    fn run(&self, name: &str, pods: u32, queue: &str, arguments: &str) {
        let manifest = format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}}}\nspec:\n  completions: {pods}\n  \
             parallelism: {pods}\n  completionMode: Indexed\n  template:\n    spec:\n      \
             restartPolicy: Never\n      containers:\n        - name: worker\n          \
             image: worker:latest\n          args: {arguments}\n          env:\n            \
             - {{name: QUEUE_URL, value: \"{}\"}}\n            - {{name: QUEUE, value: \"{queue}\"}}\n            \
             - {{name: JOB_COMPLETIONS, value: \"{pods}\"}}\n            - {{name: IDLE_SECONDS, value: \"2\"}}\n",
            self.url
        );
        self.apply(&format!("{name}.yaml"), manifest);
        let job = format!("job/{name}");
        drop(self.kubectl(&["wait", "--for=condition=complete", &job, "--timeout=170s"]));
    }

    /// Waits until so many items are done, by the lines that workers have written.
    fn wait_for(&self, items: usize) {
        let mut watch = self.daemon().follow(["get", "pods", "--watch", "-o", "name"]);
        while self.done().len() < items {
            // Each pod that works tells its progress, which is a change that a watch tells.
            assert!(watch.next().is_some(), "the watch ended at {}", self.done().len());
        }
    }

    /// Returns the numbers that are done.
    fn done(&self) -> BTreeSet<u32> {
        let files = std::fs::read_dir(self.results.path()).expect("the results");
        let texts = files.map(|file| std::fs::read_to_string(file.expect("a file").path()));
        let texts: Vec<String> = texts.map(|text| text.expect("a file of lines")).collect();
        let number = |line: &str| line.split_once(" = ")?.0.parse().ok();
        texts.iter().flat_map(|text| text.lines().filter_map(number)).collect()
    }

    /// Kills a worker that runs, without grace.
    fn kill_a_pod(&self) {
        let running = ["get", "pods", "--field-selector=status.phase=Running", "-o", "name"];
        let pods = self.kubectl(&running).stdout;
        let pod = pods.lines().next().unwrap_or_else(|| panic!("no pod runs any more"));
        drop(self.kubectl(&["delete", pod, "--grace-period=0", "--force"]));
    }

    /// Waits for the end of the workers, and checks that nothing was lost.
    fn check(&self) {
        let wait = ["wait", "--for=condition=complete", "job/work-queue-job", "--timeout=170s"];
        drop(self.kubectl(&wait));
        let done = self.done();
        let lost: Vec<u32> = (0..ITEMS).filter(|n| n % 500 != 0 && !done.contains(n)).collect();
        assert!(lost.is_empty(), "{} items were lost, such as {}", lost.len(), lost[0]);
    }

    /// Returns the dead letters of a broker's queue.
    fn dead_letters(&self, queue: &str) -> BTreeSet<String> {
        self.run("dead", 1, queue, "[drain]");
        self.kubectl(&["logs", "job/dead"]).stdout.lines().map(str::to_owned).collect()
    }
}

const RESULTS: &str = "            - {name: RESULTS, value: /results}\n";

fn item(number: u32) -> String {
    if number.is_multiple_of(500) { format!("poison {number}") } else { number.to_string() }
}

fn all_poison() -> BTreeSet<String> {
    (0..ITEMS).step_by(500).map(item).collect()
}

#[test]
fn ten_workers_do_ten_thousand_items_of_the_hosts_own_queue_through_kills() {
    let mut scene = Scene::new("jobling:?attempts=10");
    let items: Vec<String> = (0..ITEMS).map(item).collect();
    let file = scene.data.write("items", items.join("\n"));
    let push = ["queue", "push", "numbers", "--lines", file.to_str().expect("UTF-8")];
    let pushed = scene.daemon().jobling(push).expect_code(0);
    assert_eq!(pushed.stdout, "queue/numbers: 10000 pushed\n");

    scene.start_the_workers();
    scene.wait_for(1_000);
    scene.kill_a_pod();
    scene.wait_for(4_000);
    scene.kill_the_daemon();
    scene.wait_for(7_000);
    scene.kill_a_pod();
    scene.check();

    let list = scene.daemon().jobling(["queue", "ls", "-o", "json"]).expect_code(0).json();
    assert_eq!(list["items"][0]["status"]["dead"], 20, "{list}");
    assert_eq!(list["items"][0]["status"]["waiting"], 0, "{list}");
    let dead = scene.daemon().jobling(["queue", "dead", "numbers", "-n", "100"]).expect_code(0);
    let dead: BTreeSet<String> = dead
        .stdout
        .lines()
        .filter_map(|line| Some(line.split_once("poison ")?.1.to_owned()))
        .collect();
    assert_eq!(dead.len(), 20, "{dead:?}");
    let seen = scene.kubectl(&["get", "pods", "-o", "json"]).json();
    let progress = &seen["items"][0]["metadata"]["annotations"]["jobling.dev/progress"];
    assert!(progress.as_str().is_some_and(|told| told.ends_with(" numbers")), "{progress}");
}

/// Plays the same with a broker, which is killed on the way, too.
fn through_kills_of(broker: &mut Broker, url: &str, dead: &str) {
    let scene = Scene::new(url);
    scene.run("numbers", 10, "numbers", &format!("[push, \"{ITEMS}\"]"));
    scene.start_the_workers();
    scene.wait_for(1_000);
    scene.kill_a_pod();
    scene.wait_for(4_000);
    broker.kill();
    broker.resume();
    scene.wait_for(7_000);
    scene.kill_a_pod();
    scene.check();
    assert_eq!(scene.dead_letters(dead), all_poison());
}

#[test]
fn ten_workers_do_ten_thousand_items_of_redis_through_kills() {
    let mut broker = Broker::redis();
    let url = format!("redis://{}?attempts=10&lease=10", broker.address());
    through_kills_of(&mut broker, &url, "numbers:dead");
}

#[test]
fn ten_workers_do_ten_thousand_items_of_rabbitmq_through_kills() {
    let mut broker = Broker::rabbitmq();
    let url = format!("{}?attempts=10", broker.address());
    through_kills_of(&mut broker, &url, "numbers.dead");
}

#[test]
fn the_hosts_own_queues_are_filled_looked_into_and_emptied() {
    let data = Folder::new();
    let daemon = Daemon::start(data.path(), &[]);
    let jobling = |arguments: &[&str]| daemon.jobling(arguments).expect_code(0);
    let said = |arguments: &[&str]| jobling(arguments).stdout;
    assert_eq!(said(&["queue", "ls"]), "");
    assert_eq!(
        said(&["queue", "push", "team/orders", "one", "two\nlines"]),
        "queue/team/orders: 2 pushed\n"
    );
    assert_eq!(
        said(&["queue", "ls"]),
        "NAME          WAITING   LEASED   DEAD   SIZE\nteam/orders   2         0        0      12B\n"
    );
    assert_eq!(
        said(&["queue", "peek", "team/orders"]),
        "ID    ATTEMPTS   ITEM\n1     0          one\n2     0          two\\nlines\n"
    );
    let through_kubectl = daemon.kubectl(["get", "queues", "-A", "-o", "name"]).expect_code(0);
    assert_eq!(through_kubectl.stdout, "queue.jobling.dev/team/orders\n");
    assert_eq!(said(&["-n", "other", "queue", "ls"]), "");
    assert_eq!(said(&["queue", "purge", "team/orders"]), "queue/team/orders: 2 removed\n");
    let refused = daemon.jobling(["queue", "push", "two words", "x"]).expect_code(1);
    assert!(refused.stderr.contains("queue name \"two words\" has ' '"), "{refused}");
}
