//! What is to be run: every manifest read and every image's file found, or nothing is started.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jobling_core::Timestamp;
use jobling_core::api::{Kind, ObjectKey};
use serde_json::Value;

use super::claims;
use crate::args::{ImageFile, Run};
use crate::build::{self, BuildError, Built, Order, Progress, Tools};
use crate::manifest::{
    Depth, Manifest, ManifestFailure, image_names, instance_name, instance_of, name_image_files,
    parse_all, read_all,
};

/// An object to be made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Planned {
    /// Where it goes.
    pub(crate) key: ObjectKey,
    /// The object.
    pub(crate) object: Value,
}

/// What is to be run.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Plan {
    /// Objects, those first that others need.
    pub(crate) objects: Vec<Planned>,
    /// Claims that the Jobs name and no manifest makes.
    pub(crate) claims: Vec<Planned>,
    /// Files to be put behind image names.
    pub(crate) images: Vec<ImageFile>,
}

/// Why nothing was run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlanError {
    /// A manifest is wrong.
    #[error(transparent)]
    Manifest(#[from] ManifestFailure),
    /// A task cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// There is no Job in what was given.
    #[error("there is no Job in {0}; nothing to run")]
    NoJob(String),
    /// An object is of a kind that a run in the foreground does nothing with.
    #[error(
        "{place}: {} {kind} is not run in the foreground{}; hand it to a daemon: jobling serve, then \
         jobling apply -f", article(*kind), instead(*kind)
    )]
    NotRun {
        /// Which file and line.
        place: String,
        /// The kind.
        kind: Kind,
    },
    /// A Job that would never end.
    #[error("{place}: job/{name} would never end: {why}")]
    Idle {
        /// Which file and line.
        place: String,
        /// The Job.
        name: String,
        /// What keeps it from running.
        why: &'static str,
    },
    /// Two objects of one name.
    #[error("{place}: {object} is given twice; keep one of them")]
    Twice {
        /// Which file and line.
        place: String,
        /// Such as `job/report`.
        object: String,
    },
    /// An image's file cannot be read.
    #[error("the module {} for the image {name} cannot be read: {why}", file.display())]
    NoModule {
        /// The image's name.
        name: String,
        /// The file.
        file: PathBuf,
        /// Why.
        why: std::io::Error,
    },
    /// Several programs, and no way to tell which is which image.
    #[error(
        "{} builds {programs} and none of them is called as the image {image}; name one: \
         --image {image}=FILE.wasm", folder.display()
    )]
    WhichProgram {
        /// The folder.
        folder: PathBuf,
        /// The programs.
        programs: String,
        /// The image.
        image: String,
    },
}

/// Returns what `args` name, read, checked and, where it is a task's folder, built with `tools`.
/// With `--now`, a CronJob is one run of it at `now`.
pub(crate) fn plan(
    args: &Run,
    tools: &Tools,
    progress: &Progress,
    namespace: &str,
    now: Timestamp,
) -> Result<Plan, PlanError> {
    let (folders, manifests) = read(args)?;
    let moment = args.now.then_some(now);
    let mut plan = of_manifests(manifests, namespace, &args.paths.join(", "), moment)?;
    plan.images.extend(args.images.iter().cloned());
    for folder in folders {
        let built = build::build(&folder, Order::default(), tools, progress)?;
        let wanted = unprovided(&plan, &folder)?;
        plan.images.extend(provide(&folder, &built, wanted)?);
    }
    for image in &plan.images {
        std::fs::File::open(&image.file).map_err(|why| PlanError::NoModule {
            name: image.name.clone(),
            file: image.file.clone(),
            why,
        })?;
    }
    Ok(plan)
}

/// Returns the folders among the paths, and every manifest.
fn read(args: &Run) -> Result<(Vec<PathBuf>, Vec<Manifest>), PlanError> {
    let mut folders = Vec::new();
    let mut paths = Vec::new();
    for path in &args.paths {
        let folder = Path::new(path);
        if path != "-" && build::is_task(folder) {
            paths.push(build::manifest(folder)?.display().to_string());
            folders.push(folder.to_owned());
        } else {
            paths.push(path.clone());
        }
    }
    let sources = read_all(&paths, Depth::Flat).map_err(ManifestFailure::from)?;
    Ok((folders, parse_all(sources)?))
}

/// Returns the plan of `manifests`, which were `given` so; CronJobs are run at `now`, if there is one.
pub(super) fn of_manifests(
    manifests: Vec<Manifest>,
    namespace: &str,
    given: &str,
    now: Option<Timestamp>,
) -> Result<Plan, PlanError> {
    let mut plan = Plan::default();
    let mut seen = BTreeSet::new();
    for manifest in &manifests {
        let mut planned = planned(manifest, namespace, &mut plan.images);
        if let (Kind::CronJob | Kind::HTTPTrigger, Some(now)) = (planned.key.kind, now) {
            planned = instance(&planned, now);
        }
        check_runs(manifest, &planned)?;
        if !planned.key.name.is_empty() && !seen.insert(planned.key.clone()) {
            let (place, object) = (manifest.place_of("metadata.name"), manifest.document.object());
            return Err(PlanError::Twice { place, object });
        }
        plan.objects.push(planned);
    }
    if !plan.objects.iter().any(|planned| planned.key.kind == Kind::Job) {
        return Err(PlanError::NoJob(given.to_owned()));
    }
    // Kinds are in the order in which others need them.
    plan.objects.sort_by_key(|planned| planned.key.kind);
    let jobs = plan.objects.iter().filter(|planned| planned.key.kind == Kind::Job);
    let wanted: BTreeSet<ObjectKey> =
        jobs.flat_map(|job| claims::named_by(&job.object, &job.key.namespace)).collect();
    let missing = wanted.into_iter().filter(|key| !seen.contains(key));
    plan.claims = missing.map(|key| Planned { object: claims::made_for(&key), key }).collect();
    Ok(plan)
}

fn planned(manifest: &Manifest, namespace: &str, files: &mut Vec<ImageFile>) -> Planned {
    let document = &manifest.document;
    let mut object = document.value.clone();
    let mut key = ObjectKey::new(document.kind, "", document.name.clone());
    if document.kind.is_namespaced() {
        key.namespace = document.namespace.clone().unwrap_or_else(|| namespace.to_owned());
        object["metadata"]["namespace"] = Value::from(key.namespace.clone());
    }
    for file in name_image_files(&mut object, &manifest.directory) {
        if !files.contains(&file) {
            files.push(file);
        }
    }
    Planned { key, object }
}

const fn article(kind: Kind) -> &'static str {
    if matches!(kind, Kind::HTTPTrigger | Kind::Event) { "an" } else { "a" }
}

/// Returns what `run` does with a kind that waits for something.
const fn instead(kind: Kind) -> &'static str {
    match kind {
        Kind::CronJob => ": try one run of it with --now",
        Kind::HTTPTrigger => {
            ", where no request comes: try its Job once, without a request, with --now"
        }
        Kind::Namespace
        | Kind::ServiceAccount
        | Kind::ConfigMap
        | Kind::Secret
        | Kind::PersistentVolumeClaim
        | Kind::Job
        | Kind::Pod
        | Kind::Event => "",
    }
}

/// Returns the Job of one run of a CronJob or an HTTPTrigger.
fn instance(owner: &Planned, now: Timestamp) -> Planned {
    let name = instance_name(&owner.key.name, now);
    let object = instance_of(&owner.object, &name, now);
    Planned { key: ObjectKey::new(Kind::Job, owner.key.namespace.clone(), name), object }
}

/// Refuses what a run in the foreground would wait for in vain.
fn check_runs(manifest: &Manifest, planned: &Planned) -> Result<(), PlanError> {
    let document = &manifest.document;
    match planned.key.kind {
        Kind::CronJob | Kind::HTTPTrigger | Kind::Pod | Kind::Event => {
            return Err(PlanError::NotRun {
                place: manifest.place_of("kind"),
                kind: document.kind,
            });
        }
        Kind::Job => {}
        Kind::Namespace
        | Kind::ServiceAccount
        | Kind::ConfigMap
        | Kind::Secret
        | Kind::PersistentVolumeClaim => return Ok(()),
    }
    let spec = &planned.object["spec"];
    let (field, why) = if spec["suspend"] == true {
        ("spec.suspend", "it is suspended; leave suspend out")
    } else if spec["parallelism"] == 0 {
        ("spec.parallelism", "its parallelism is 0; leave it out or set at least 1")
    } else if spec["managedBy"].as_str().is_some_and(|by| by != "kubernetes.io/job-controller") {
        ("spec.managedBy", "another controller manages it; leave managedBy out")
    } else {
        return Ok(());
    };
    Err(PlanError::Idle { place: manifest.place_of(field), name: document.name.clone(), why })
}

/// Returns the images of the folder's own manifest that nothing else provides.
fn unprovided(plan: &Plan, folder: &Path) -> Result<BTreeSet<String>, PlanError> {
    let source = build::manifest(folder)?.display().to_string();
    let own = read_all(&[source], Depth::Flat).map_err(ManifestFailure::from)?;
    let all: BTreeSet<String> = parse_all(own)?
        .iter()
        .flat_map(|manifest| {
            let mut object = manifest.document.value.clone();
            name_image_files(&mut object, &manifest.directory);
            image_names(&object)
        })
        .collect();
    let provided = |image: &String| plan.images.iter().any(|given| given.name == *image);
    Ok(all.into_iter().filter(|image| !provided(image)).collect())
}

/// Returns which program is behind which image: the only one, or the one of the image's own name.
fn provide(
    folder: &Path,
    built: &[Built],
    wanted: BTreeSet<String>,
) -> Result<Vec<ImageFile>, PlanError> {
    let mut files = Vec::new();
    for image in wanted {
        let last = image.rsplit('/').next().unwrap_or(&image);
        let base = last.split(['@', ':']).next().unwrap_or(last);
        let of_name = built.iter().find(|program| program.name == base);
        let only = if let [program] = built { Some(program) } else { None };
        let Some(program) = of_name.or(only) else {
            let names: Vec<&str> = built.iter().map(|program| program.name.as_str()).collect();
            return Err(PlanError::WhichProgram {
                folder: folder.to_owned(),
                programs: names.join(", "),
                image,
            });
        };
        files.push(ImageFile { name: image, file: program.module.clone() });
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use jobling_images::{ImageKind, Summary};

    use super::*;
    use crate::manifest::Source;

    fn planned_of(text: &str) -> Result<Plan, PlanError> {
        let source = Source {
            name: "job.yaml".to_owned(),
            directory: PathBuf::from("/work"),
            text: text.to_owned(),
        };
        let now = Timestamp::from_unix_seconds(1_790_000_000);
        of_manifests(parse_all(vec![source])?, "default", "job.yaml", Some(now))
    }

    fn job(name: &str, spec: &str) -> String {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}}}\nspec:\n{spec}  template:\n    \
             spec:\n      restartPolicy: Never\n      containers: [{{name: main, image: ./x.wasm}}]\n      \
             volumes: [{{name: d, persistentVolumeClaim: {{claimName: data}}}}]\n"
        )
    }

    #[test]
    fn what_others_need_comes_first_and_missing_claims_are_made() {
        let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n";
        let plan = planned_of(&format!("{}---\n{config}", job("a", ""))).unwrap();
        let kinds: Vec<Kind> = plan.objects.iter().map(|planned| planned.key.kind).collect();
        assert_eq!(kinds, [Kind::ConfigMap, Kind::Job]);
        let claims: Vec<&str> =
            plan.claims.iter().map(|planned| planned.key.name.as_str()).collect();
        assert_eq!(claims, ["data"]);
        let files: Vec<&Path> = plan.images.iter().map(|image| image.file.as_path()).collect();
        assert_eq!(files, [Path::new("/work/./x.wasm")]);
    }

    #[test]
    fn a_cron_job_is_run_now_as_its_schedule_would_run_it() {
        let text = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: report}\nspec:\n  \
                    schedule: '@daily'\n  jobTemplate:\n    spec:\n      template:\n        spec:\n          \
                    restartPolicy: Never\n          containers: [{name: main, image: r:1.0}]\n          \
                    volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]\n";
        let plan = planned_of(text).unwrap();
        let [run] = &plan.objects[..] else { panic!("{plan:?}") };
        assert_eq!(run.key, ObjectKey::new(Kind::Job, "default", "report-29833333"));
        assert_eq!(run.object["spec"]["template"]["spec"]["containers"][0]["image"], "r:1.0");
        assert_eq!(plan.claims.len(), 1);
    }

    #[test]
    fn a_claim_that_the_manifest_makes_is_not_made_again() {
        let claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data}\nspec:\n  \
                     accessModes: [ReadWriteOnce]\n  resources: {requests: {storage: 1Mi}}\n";
        let plan = planned_of(&format!("{}---\n{claim}", job("a", ""))).unwrap();
        assert_eq!(plan.claims, []);
    }

    #[test]
    fn what_would_never_end_is_refused_with_its_line() {
        for (text, said) in [
            (
                job("a", "  suspend: true\n"),
                "job.yaml, line 5: job/a would never end: it is suspended",
            ),
            (
                job("a", "  parallelism: 0\n"),
                "job.yaml, line 5: job/a would never end: its parallelism",
            ),
            (job("a", "") + "---\n" + &job("a", ""), "job/a is given twice"),
            (
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n".to_owned(),
                "there is no Job in job.yaml",
            ),
        ] {
            let error = planned_of(&text).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn a_program_is_behind_the_image_of_its_name_or_the_only_one() {
        let built = |names: &[&str]| -> Vec<Built> {
            let program = |name: &&str| Built {
                name: (*name).to_owned(),
                module: PathBuf::from(format!("/t/{name}.wasm")),
                compiled_bytes: 0,
                bytes: 0,
                summary: Summary {
                    kind: ImageKind::Module,
                    imports: Vec::new(),
                    exports: Vec::new(),
                },
            };
            names.iter().map(program).collect()
        };
        let folder = Path::new("task");
        let wanted = || BTreeSet::from(["registry:5000/team/hello:1.0".to_owned()]);
        let images = provide(folder, &built(&["other"]), wanted()).unwrap();
        assert_eq!(images[0].file, Path::new("/t/other.wasm"));
        let error = provide(folder, &built(&["a", "b"]), wanted()).unwrap_err();
        assert!(error.to_string().contains("builds a, b"), "{error}");
        let images = provide(folder, &built(&["a", "hello"]), wanted()).unwrap();
        assert_eq!(images[0].file, Path::new("/t/hello.wasm"));
    }
}
