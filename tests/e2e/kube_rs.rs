//! kube-rs, the client library for Rust: a reflector follows a thousand Jobs through their lives.

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use harness::{Daemon, Folder, module};
use k8s_openapi::api::batch::v1::Job;
use kube::api::{DeleteParams, ListParams, PostParams, WatchEvent, WatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::runtime::{reflector, watcher};
use kube::{Api, Client, Config, ResourceExt as _};
use serde_json::json;
use tokio::sync::{mpsc, oneshot};

const JOBS: usize = 1000;
/// Requests under way at once.
const AT_ONCE: usize = 50;

/// What was told of one Job: words and revisions, in order.
type Lives = BTreeMap<String, Vec<(&'static str, u64)>>;

#[test]
fn a_reflector_follows_a_thousand_jobs_and_misses_and_repeats_nothing() {
    let folder = Folder::new();
    let daemon = Daemon::start(&folder.path().join("data"), &["--pod-retry", "1s"]);
    daemon.import("hello:1", &module("hello"));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("tokio");
    let (reflected, told) = runtime.block_on(follow(&daemon)).expect("every request is answered");
    assert_eq!(reflected.len(), JOBS);
    for (name, life) in &reflected {
        assert!(life.windows(2).all(|pair| pair[0].1 < pair[1].1), "{name} goes forward: {life:?}");
        let words: Vec<_> = life.iter().map(|(word, _)| *word).collect();
        assert_eq!(words.first(), Some(&"new"), "{name}: {life:?}");
        assert!(words.contains(&"complete"), "{name}: {life:?}");
        assert_eq!(words.iter().filter(|word| **word == "gone").count(), 1, "{name}: {life:?}");
        assert_eq!(words.last(), Some(&"gone"), "{name}: {life:?}");
    }
    assert_eq!(reflected, told, "a watch from the beginning tells the same");
}

/// Makes the Jobs, deletes each once it is complete, and returns what a reflector and a plain watch have
/// seen of that.
async fn follow(daemon: &Daemon) -> kube::Result<(Lives, Lives)> {
    let jobs: Api<Job> = Api::namespaced(client(daemon).await?, "default");
    let start = jobs.list(&ListParams::default()).await?.metadata.resource_version;
    let (complete, completed) = mpsc::channel(JOBS);
    let (begin, begun) = oneshot::channel();
    let reflecting = tokio::spawn(reflect(jobs.clone(), begin, complete));
    let watching = tokio::spawn(watch(jobs.clone(), start.unwrap_or_default()));
    // What is made before the reflector has its list is in the list, and no change.
    begun.await.expect("the reflector begins");
    let names = stream::iter(0..JOBS).map(|at| Ok(format!("report-{at}")));
    let making = names.try_for_each_concurrent(AT_ONCE, |name| {
        let jobs = jobs.clone();
        async move { jobs.create(&PostParams::default(), &job(&name)).await.map(drop) }
    });
    let completed = stream::unfold(completed, |mut completed| async move {
        let name: String = completed.recv().await?;
        Some((Ok(name), completed))
    });
    let deleting = completed.take(JOBS).try_for_each_concurrent(AT_ONCE, |name| {
        let jobs = jobs.clone();
        async move { jobs.delete(&name, &DeleteParams::background()).await.map(drop) }
    });
    tokio::try_join!(making, deleting)?;
    let reflected = reflecting.await.expect("the reflector does not panic")?;
    Ok((reflected, watching.await.expect("the watch does not panic")?))
}

async fn client(daemon: &Daemon) -> kube::Result<Client> {
    let kubeconfig = Kubeconfig::read_from(daemon.kubeconfig()).expect("the daemon wrote it");
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await.expect("it is whole");
    Client::try_from(config)
}

/// Follows the Jobs as a controller would, and says when it begins and which are complete; returns once all are
/// gone.
async fn reflect(
    jobs: Api<Job>,
    begin: oneshot::Sender<()>,
    complete: mpsc::Sender<String>,
) -> kube::Result<Lives> {
    let (store, writer) = reflector::store();
    let events = reflector(writer, watcher(jobs, watcher::Config::default()));
    let mut events = std::pin::pin!(events);
    let (mut lives, mut gone, mut begun, mut begin) = (Lives::new(), 0, 0, Some(begin));
    while gone < JOBS {
        match events.next().await.expect("a watcher goes on").expect("and does not fail") {
            watcher::Event::Init => begun += 1,
            watcher::Event::InitDone => {
                if let Some(begin) = begin.take() {
                    begin.send(()).expect("somebody waits for it");
                }
            }
            watcher::Event::InitApply(job) | watcher::Event::Apply(job) => {
                let before = lives.get(&job.name_any()).is_some_and(|life| is_in(life, "complete"));
                note(&mut lives, &job);
                if !before && is_complete(&job) {
                    complete.send(job.name_any()).await.expect("somebody deletes them");
                }
            }
            watcher::Event::Delete(job) => {
                lives.entry(job.name_any()).or_default().push(("gone", revision(&job)));
                gone += 1;
            }
        }
    }
    assert_eq!(begun, 1, "it never had to begin anew");
    assert!(store.state().is_empty(), "what is gone is not in its store");
    Ok(lives)
}

/// Follows the Jobs by one watch from `start` on.
async fn watch(jobs: Api<Job>, start: String) -> kube::Result<Lives> {
    let events = jobs.watch(&WatchParams::default(), &start).await?;
    let mut events = std::pin::pin!(events);
    let (mut lives, mut gone) = (Lives::new(), 0);
    while gone < JOBS {
        match events.try_next().await?.expect("it lasts longer than this") {
            WatchEvent::Added(job) | WatchEvent::Modified(job) => note(&mut lives, &job),
            WatchEvent::Deleted(job) => {
                lives.entry(job.name_any()).or_default().push(("gone", revision(&job)));
                gone += 1;
            }
            WatchEvent::Bookmark(_) => {}
            WatchEvent::Error(error) => panic!("{error:?}"),
        }
    }
    Ok(lives)
}

fn note(lives: &mut Lives, job: &Job) {
    let life = lives.entry(job.name_any()).or_default();
    let word = if is_complete(job) {
        "complete"
    } else if life.is_empty() {
        "new"
    } else {
        "under way"
    };
    life.push((word, revision(job)));
}

fn is_in(life: &[(&str, u64)], word: &str) -> bool {
    life.iter().any(|(known, _)| *known == word)
}

fn is_complete(job: &Job) -> bool {
    let conditions = job.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|it| it.type_ == "Complete" && it.status == "True")
}

fn revision(job: &Job) -> u64 {
    let version = job.resource_version().expect("a stored object has one");
    version.parse().expect("here it is a number")
}

fn job(name: &str) -> Job {
    let container = json!({"name": "main", "image": "hello:1"});
    let template = json!({"spec": {"restartPolicy": "Never", "containers": [container]}});
    let job = json!({"metadata": {"name": name}, "spec": {"template": template}});
    serde_json::from_value(job).expect("it is a Job")
}
