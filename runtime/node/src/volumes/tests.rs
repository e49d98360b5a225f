//! Volumes of each kind, made and mounted on a disk of the test's own.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use jobling_core::api::FieldValidation;
use jobling_core::api::manifest::parse;
use jobling_core::engine::PodStart;
use jobling_core::pods::{JobId, PodId};
use k8s_openapi::api::core::v1::{Container, PodTemplateSpec};
use serde_json::{Value, json};

use super::{MountError, VolumeError, Volumes, VolumesOfPod};
use crate::containers::{Access, Mount, Overflow};
use crate::env::Facts;
use crate::limits::Defaults;
use crate::testing::{FakeObjects, host, job, pod_start};

const UID: &str = "aa271a5c-44e2-8b0a-9893-8167ef8b00dc";

/// A host with a data directory, one directory that hostPath volumes may be in, and a few objects.
struct World {
    dir: tempfile::TempDir,
    objects: FakeObjects,
}

fn given() -> World {
    let dir = tempfile::tempdir().unwrap();
    for below in ["data", "srv/dir"] {
        fs::create_dir_all(dir.path().join(below)).unwrap();
    }
    fs::write(dir.path().join("srv/app.conf"), "host").unwrap();
    let objects = FakeObjects::default()
        .config_map("settings", &[("app.conf", "a=1"), ("level", "debug")])
        .secret("keys", &[("url", b"db://x")])
        .claim("data", UID, "4Mi");
    World { dir, objects }
}

impl World {
    fn data(&self, below: &str) -> PathBuf {
        self.dir.path().join("data").join(below)
    }

    fn volumes(&self) -> Volumes {
        Volumes::new(self.data(""), vec![self.dir.path().join("srv")])
    }

    fn set_up(&self, start: &PodStart) -> Result<VolumesOfPod, VolumeError> {
        let (host, defaults) = (host(), Defaults::default());
        let facts = Facts::new(start, &host, &defaults);
        self.volumes().set_up(&facts, &self.objects)
    }

    /// Returns the mounts of the only container of a pod.
    fn mounts(&self, volumes: &Value, mounts: &Value) -> Result<Vec<Mount>, MountError> {
        let start = pod(&template(volumes, mounts));
        let made = self.set_up(&start).unwrap();
        made.mounts(&container(&start), &[("POD".to_owned(), "p".to_owned())])
    }

    /// The host path of a file of the test's own.
    fn srv(&self, below: &str) -> Value {
        json!({"path": self.dir.path().join("srv").join(below)})
    }
}

fn template(volumes: &Value, mounts: &Value) -> Value {
    json!({"spec": {"volumes": volumes, "containers": [{"name": "main", "volumeMounts": mounts}]}})
}

fn pod(template: &Value) -> PodStart {
    let mut info = job("report");
    info.template = serde_json::from_value(template.clone()).unwrap();
    pod_start(info)
}

fn container(start: &PodStart) -> Container {
    start.job.template.spec.as_ref().unwrap().containers[0].clone()
}

/// What a mount shows: `path rw|ro: files`.
fn seen(mounts: &[Mount]) -> Vec<String> {
    let line = |mount: &Mount| {
        let mut names: Vec<String> = fs::read_dir(mount.host.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let access = match mount.access {
            Access::ReadOnly => "ro",
            Access::ReadWrite => "rw",
        };
        format!("{} {access}: {}", mount.guest_path, names.join(" "))
    };
    mounts.iter().map(line).collect()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn each_kind_is_mounted_where_the_template_says_with_what_may_be_done_there() {
    let world = given();
    let mount = |more: &str| -> Value {
        let mut mount = json!({"name": "v", "mountPath": "/mnt/"});
        let more: Value = serde_json::from_str(more).unwrap();
        mount.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([mount])
    };
    let claim = json!({"persistentVolumeClaim": {"claimName": "data"}});
    let kept = json!({"persistentVolumeClaim": {"claimName": "data", "readOnly": true}});
    let map = json!({"configMap": {"name": "settings"}});
    let all = json!({"projected": {"sources": [
        {"configMap": {"name": "settings"}}, {"secret": {"name": "keys"}}]}});
    let about = json!({"downwardAPI": {"items":
        [{"path": "about/name", "fieldRef": {"fieldPath": "metadata.name"}}]}});
    for (volume, more, expected) in [
        (&claim, "{}", "/mnt rw: "),
        (&claim, r#"{"readOnly": true}"#, "/mnt ro: "),
        (&kept, "{}", "/mnt ro: "),
        (&claim, r#"{"subPath": "a/b"}"#, "/mnt rw: "),
        (&claim, "{}", "/mnt rw: a"),
        (&claim, r#"{"subPathExpr": "a"}"#, "/mnt rw: b"),
        (&claim, r#"{"subPathExpr": "of/$(POD)"}"#, "/mnt rw: "),
        (&claim, r#"{"subPath": "of"}"#, "/mnt rw: p"),
        (&json!({"emptyDir": {}}), "{}", "/mnt rw: "),
        (&json!({"hostPath": world.srv("")}), "{}", "/mnt rw: app.conf dir"),
        (&json!({"hostPath": world.srv("")}), r#"{"readOnly": true}"#, "/mnt ro: app.conf dir"),
        (&map, "{}", "/mnt ro: app.conf level"),
        (&json!({"secret": {"secretName": "keys"}}), "{}", "/mnt ro: url"),
        (&json!({"configMap": {"name": "no", "optional": true}}), "{}", "/mnt ro: "),
        (&all, "{}", "/mnt ro: app.conf level url"),
        (&about, r#"{"subPath": "about"}"#, "/mnt ro: name"),
    ] {
        let mut volume = volume.clone();
        volume["name"] = "v".into();
        let mounts = world.mounts(&json!([volume]), &mount(more)).unwrap();
        assert_eq!(seen(&mounts), [expected], "{volume} {more}");
    }
}

#[test]
fn a_single_file_is_a_copy_beside_those_of_the_same_directory() {
    let world = given();
    let volumes = json!([
        {"name": "map", "configMap": {"name": "settings"}},
        {"name": "keys", "secret": {"secretName": "keys"}},
        {"name": "host", "hostPath": world.srv("app.conf")},
        {"name": "data", "emptyDir": {}},
    ]);
    let mounts = json!([
        {"name": "map", "mountPath": "/etc/app.conf", "subPath": "app.conf"},
        {"name": "keys", "mountPath": "/etc/url", "subPath": "url"},
        {"name": "host", "mountPath": "/host.conf"},
        {"name": "data", "mountPath": "/etc/data"},
    ]);
    let mounts = world.mounts(&volumes, &mounts).unwrap();
    assert_eq!(seen(&mounts), ["/etc/data rw: ", "/ ro: host.conf", "/etc ro: app.conf url"]);
    let path = |mount: usize, name: &str| mounts[mount].host.path().join(name);
    assert_eq!(fs::read_to_string(path(1, "host.conf")).unwrap(), "host");
    assert_eq!(fs::read_to_string(path(2, "app.conf")).unwrap(), "a=1");
    assert_eq!(mode(&path(2, "url")), 0o400);
}

#[test]
fn what_cannot_be_mounted_is_told_with_the_container_and_the_path() {
    let world = given();
    let volumes = json!([
        {"name": "map", "configMap": {"name": "settings"}},
        {"name": "data", "emptyDir": {}},
        {"name": "file", "hostPath": world.srv("app.conf")},
    ]);
    let start = "failed to prepare volumeMount";
    for (mounts, told) in [
        (
            json!([{"name": "map", "mountPath": "/etc/app.conf", "subPath": "app.conf"},
                {"name": "data", "mountPath": "/etc"}]),
            "\"map\" of container \"main\" at /etc: a single file cannot be mounted into /etc, where \
             another volume is mounted",
        ),
        (
            json!([{"name": "map", "mountPath": "/", "subPath": "app.conf"}]),
            "\"map\" of container \"main\" at /: a single file cannot be mounted into /, where \
             another volume is mounted",
        ),
        (
            json!([{"name": "data", "mountPath": "/x", "subPath": "../other"}]),
            "\"data\" of container \"main\" at /x: path \"../other\" must be relative and must not \
             contain \"..\"",
        ),
        (
            json!([{"name": "data", "mountPath": "/x", "subPathExpr": "$(NO)"}]),
            "\"data\" of container \"main\" at /x: missing value for \"NO\"",
        ),
        (
            json!([{"name": "no", "mountPath": "/x"}]),
            "\"no\" of container \"main\" at /x: the pod has no such volume",
        ),
    ] {
        let error = world.mounts(&volumes, &mounts).unwrap_err().to_string();
        assert_eq!(error, format!("{start} {told}"), "{mounts}");
    }
}

#[test]
fn a_link_that_a_guest_left_in_a_volume_leads_out_of_none() {
    let world = given();
    let volumes = json!([{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]);
    let whole = world.mounts(&volumes, &json!([{"name": "data", "mountPath": "/d"}])).unwrap();
    let claim = whole[0].host.path();
    fs::write(world.data("state"), "the daemon's").unwrap();
    symlink("../../..", claim.join("up")).unwrap();
    symlink(world.data(""), claim.join("absolute")).unwrap();
    symlink("../../../state", claim.join("file")).unwrap();
    fs::create_dir(claim.join("real")).unwrap();
    symlink("real", claim.join("inner")).unwrap();
    for (sub_path, mounted) in [
        ("up", false),
        ("up/claims", false),
        ("up/made", false),
        ("absolute", false),
        ("absolute/made", false),
        ("file", false),
        ("inner", true),
        ("inner/made", true),
    ] {
        let mounts = json!([{"name": "data", "mountPath": "/d", "subPath": sub_path}]);
        assert_eq!(world.mounts(&volumes, &mounts).is_ok(), mounted, "{sub_path}");
        assert!(!world.data("made").exists(), "{sub_path}");
    }
}

#[test]
fn the_daemons_directories_are_its_own_and_secrets_can_be_read_by_it_alone() {
    let world = given();
    let volumes = json!([
        {"name": "keys", "secret": {"secretName": "keys", "defaultMode": 0o777}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
        {"name": "scratch", "emptyDir": {}},
    ]);
    world.mounts(&volumes, &json!([])).unwrap();
    for directory in [
        "claims",
        "claims/default",
        &format!("claims/default/data-{UID}"),
        "pods",
        "pods/7-0",
        "pods/7-0/volumes",
        "pods/7-0/volumes/keys",
        "pods/7-0/volumes/scratch",
    ] {
        assert_eq!(mode(&world.data(directory)), 0o700, "{directory}");
    }
    assert_eq!(mode(&world.data("pods/7-0/volumes/keys/url")), 0o400);
}

#[test]
fn a_claim_outlives_its_pods_and_an_empty_dir_does_not() {
    let world = given();
    let volumes = json!([
        {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
        {"name": "scratch", "emptyDir": {}},
        {"name": "map", "configMap": {"name": "settings"}},
    ]);
    let both = json!([{"name": "data", "mountPath": "/d"}, {"name": "scratch", "mountPath": "/s"}]);
    for mount in &world.mounts(&volumes, &both).unwrap() {
        fs::write(mount.host.path().join("mark"), "x").unwrap();
    }
    let again = world.mounts(&volumes, &both).unwrap();
    assert_eq!(seen(&again), ["/d rw: mark", "/s rw: mark"], "the daemon started anew");
    let id = PodId::new(JobId(7), 0);
    assert!(world.volumes().has_left(id));
    world.volumes().release(id);
    assert!(!world.volumes().has_left(id));
    world.volumes().release(id);
    let next = world.mounts(&volumes, &both).unwrap();
    assert_eq!(seen(&next), ["/d rw: mark", "/s rw: "]);
}

#[test]
fn quotas_are_a_claims_request_and_a_pods_ephemeral_storage() {
    let world = given();
    let template = json!({"spec": {
        "volumes": [
            {"name": "data", "persistentVolumeClaim": {"claimName": "data"}},
            {"name": "small", "emptyDir": {"sizeLimit": "1Mi"}},
            {"name": "large", "emptyDir": {"sizeLimit": "1Gi"}},
            {"name": "map", "configMap": {"name": "settings"}},
        ],
        "initContainers": [{"name": "load", "resources": {"limits": {"ephemeral-storage": "2Mi"}}}],
        "containers": [{"name": "main", "resources": {"limits": {"ephemeral-storage": "8Mi"}},
            "volumeMounts": [
                {"name": "data", "mountPath": "/d", "subPath": "x"},
                {"name": "small", "mountPath": "/s"},
                {"name": "large", "mountPath": "/l"},
                {"name": "map", "mountPath": "/m"}]}]}});
    let start = pod(&template);
    let mounts = world.set_up(&start).unwrap().mounts(&container(&start), &[]).unwrap();
    let quotas = |mount: usize| -> Vec<(&str, u64, usize, Overflow)> {
        let quotas = mounts[mount].quotas.iter();
        quotas.map(|q| (q.name.as_str(), q.bytes, q.directories.len(), q.overflow)).collect()
    };
    let all = ("pod ephemeral local storage", 8 << 20, 2, Overflow::End);
    let claim = ("persistentvolumeclaim \"data\"", 4 << 20, 1, Overflow::Refuse);
    assert_eq!(quotas(0), [claim]);
    assert_eq!(quotas(1), [("EmptyDir volume \"small\"", 1 << 20, 1, Overflow::End), all]);
    assert_eq!(quotas(2), [all], "its own limit is beyond that of all");
    assert!(quotas(3).is_empty(), "nobody writes there");
}

#[test]
fn pods_that_share_a_claim_share_its_directory_and_quota() {
    let world = given();
    let volumes = json!([{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]);
    let mounts = json!([{"name": "v", "mountPath": "/d"}]);
    let mut first = pod(&template(&volumes, &mounts));
    let both = [0, 1].map(|ordinal| {
        std::sync::Arc::make_mut(&mut first.pod).id = PodId::new(JobId(7), ordinal);
        let made = world.set_up(&first).unwrap();
        made.mounts(&container(&first), &[]).unwrap().remove(0)
    });
    fs::write(both[0].host.path().join("mark"), "x").unwrap();
    assert!(both[1].host.path().join("mark").exists());
    assert_eq!(both[0].quotas, both[1].quotas);
}

#[test]
fn what_is_missing_is_told_in_kubelets_words_and_awaited() {
    let world = given();
    for (volume, why, awaited) in [
        (json!({"configMap": {"name": "y"}}), "configmap \"y\" not found", Some("y")),
        (json!({"secret": {"secretName": "y"}}), "secret \"y\" not found", Some("y")),
        (
            json!({"configMap": {"name": "settings", "items": [{"key": "k", "path": "p"}]}}),
            "configmap references non-existent config key: k",
            Some("settings"),
        ),
        (
            json!({"persistentVolumeClaim": {"claimName": "y"}}),
            "persistentvolumeclaim \"y\" not found",
            Some("y"),
        ),
        (json!({"csi": {"driver": "d"}}), "this host has no volumes of its kind", None),
        (
            json!({"hostPath": {"path": "/etc"}}),
            "hostPath /etc is below none of the directories that this host allows; the daemon allows \
             one with --allow-host-path",
            None,
        ),
    ] {
        let mut volume = volume;
        volume["name"] = "x".into();
        let error = world.set_up(&pod(&template(&json!([volume]), &json!([])))).unwrap_err();
        let whole = format!("MountVolume.SetUp failed for volume \"x\" : {why}");
        assert_eq!(error.to_string(), whole, "{volume}");
        assert_eq!(error.awaited().map(|key| key.name.as_str()), awaited, "{volume}");
    }
}

/// The manifests that users gave, with the claims that they name.
#[test]
fn manifests_with_claims_mount_them() {
    for (text, expected) in [
        (
            include_str!("../../../../tests/manifests/image-processor.yaml"),
            vec!["/input rw: ", "/output rw: "],
        ),
        (include_str!("../../../../tests/manifests/daily-backup.yaml"), vec!["/backups rw: "]),
        (include_str!("../../../../tests/manifests/db-migration.yaml"), vec![]),
    ] {
        let mut world = given();
        for claim in ["images-pvc", "output-pvc", "backup-storage"] {
            world.objects = world.objects.claim(claim, UID, "1Gi");
        }
        let mut info = job("report");
        info.template = template_of(text);
        let start = pod_start(info);
        let mounts = world.set_up(&start).unwrap().mounts(&container(&start), &[]).unwrap();
        assert_eq!(seen(&mounts), expected);
    }
}

fn template_of(manifest: &str) -> PodTemplateSpec {
    let documents = parse(manifest, FieldValidation::Strict).unwrap();
    let spec = &documents[0].value["spec"];
    let job = spec.get("jobTemplate").map_or(spec, |template| &template["spec"]);
    serde_json::from_value(job["template"].clone()).unwrap()
}
