//! What honest registries have, and how little is asked of them.

use jobling_images::registry::{Fetched, PullRequest, RegistrySettings, Stage};
use jobling_images::{Digest, Prune, Reference};
use serde_json::json;

use crate::given::{
    LIMITS, OCI_CONFIG, WASM, given, given_settings, layer, manifest_of, module, open, path_of,
    told,
};
use crate::played::Answer;

#[tokio::test]
async fn an_artifact_comes_by_tag_and_by_digest_and_is_there_after_a_restart() {
    let world = given();
    let bytes = module("a", 10);
    let digest = world.artifact("team/tool", &bytes);
    let by_digest = format!("team/tool@{digest}");
    for name in ["team/tool:v1", &by_digest] {
        let pulled = world.pull(name).await.unwrap();
        assert_eq!(pulled.fetched, Fetched::Downloaded, "{name}");
        assert_eq!(pulled.image.digest, Digest::of(&bytes), "{name}");
        assert_eq!(pulled.image.origin.as_ref(), Some(&digest), "{name}");
        assert_eq!(world.store.read(&pulled.image).unwrap(), bytes, "{name}");
    }
    let name: Reference = world.name(&by_digest).parse().unwrap();
    let (store, _) = open(world.directory.path(), RegistrySettings::default());
    assert_eq!(store.resolve(&name).unwrap().origin, Some(digest));
}

#[tokio::test]
async fn what_has_not_changed_is_asked_for_and_does_not_come_again() {
    let world = given();
    let (one, two) = (module("one", 0), module("two", 0));
    world.artifact("tool", &one);
    world.pull("tool:v1").await.unwrap();
    assert_eq!(world.pull("tool:v1").await.unwrap().fetched, Fetched::Unchanged);
    assert_eq!(world.registry.asked(&path_of("tool", &one)).len(), 1);

    world.artifact("tool", &two);
    let pulled = world.pull("tool:v1").await.unwrap();
    assert_eq!((pulled.fetched, pulled.image.digest), (Fetched::Downloaded, Digest::of(&two)));
}

#[tokio::test]
async fn the_highest_layer_that_has_the_program_counts() {
    let (old, new) = (module("old", 0), module("new", 0));
    for (layers, expected) in [
        (vec![layer(&[("app.wasm", &old)])], Ok(&old)),
        (vec![layer(&[("app.wasm", &old)]), layer(&[("./app.wasm", &new)])], Ok(&new)),
        (vec![layer(&[("app.wasm", &old)]), layer(&[("etc/x", b"")])], Ok(&old)),
        (
            vec![layer(&[("app.wasm", &old)]), layer(&[(".wh.app.wasm", b"")])],
            Err("do not have its program"),
        ),
        (vec![layer(&[("etc/x", b"")])], Err("do not have its program \"app.wasm\"")),
        (vec![layer(&[("app.wasm", b"\x7fELF")])], Err("a native Linux program")),
    ] {
        let world = given();
        world.image("tool", "/app.wasm", &layers);
        match (world.pull("tool:v1").await, expected) {
            (Ok(pulled), Ok(bytes)) => {
                assert_eq!(pulled.image.digest, Digest::of(bytes));
                assert_eq!(pulled.image.entry.entrypoint, ["/app.wasm"]);
                assert_eq!(pulled.image.entry.cmd, ["serve"]);
                assert_eq!(pulled.image.entry.env, [("MODE".to_owned(), "fast".to_owned())]);
            }
            (Err(error), Err(part)) => assert!(told(&error).contains(part), "{}", told(&error)),
            (found, expected) => panic!("{found:?}, not {expected:?}"),
        }
    }
}

#[tokio::test]
async fn runwasis_shape_has_the_module_as_a_layer_beside_an_images_configuration() {
    let world = given();
    let bytes = module("a", 0);
    let config =
        json!({"architecture": "wasm", "os": "wasip1", "config": {"Entrypoint": ["/a.wasm"]}});
    let config = world.blob("tool", OCI_CONFIG, config.to_string().as_bytes());
    let media = "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm";
    let layer = world.blob("tool", media, &bytes);
    world.manifest("tool", "v1", &manifest_of(&config, &[layer]));
    let image = world.pull("tool:v1").await.unwrap().image;
    assert_eq!(
        (image.digest, image.entry.entrypoint),
        (Digest::of(&bytes), vec!["/a.wasm".to_owned()])
    );
}

#[tokio::test]
async fn of_an_index_the_image_for_wasi_comes_and_its_name_has_the_indexs_digest() {
    let world = given();
    let bytes = module("a", 0);
    let digest = world.artifact("tool", &bytes);
    let entry = |os: &str, architecture: &str, digest: &Digest| {
        json!({"mediaType": crate::given::MANIFEST, "digest": digest, "size": 1,
            "platform": {"os": os, "architecture": architecture}})
    };
    let index = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [entry("linux", "amd64", &Digest::of(b"none")), entry("wasi", "wasm", &digest)]});
    let index = world.manifest("tool", "both", &index);
    let image = world.pull("tool:both").await.unwrap().image;
    assert_eq!((image.digest, image.origin), (Digest::of(&bytes), Some(index)));
}

#[tokio::test]
async fn what_breaks_off_goes_on_where_it_broke_off() {
    let world = given();
    let bytes = module("a", 900_000);
    world.artifact("tool", &bytes);
    let path = path_of("tool", &bytes);
    world.registry.answer(&path, Answer::Breaking { bytes: bytes.clone(), after: 300_000 });
    let pulled = world.pull("tool:v1").await.unwrap();
    assert_eq!(pulled.image.digest, Digest::of(&bytes));
    let ranges: Vec<_> = world.registry.asked(&path).into_iter().map(|asked| asked.range).collect();
    assert!(ranges.len() > 1 && ranges[0].is_none(), "{ranges:?}");
    assert!(ranges[1..].iter().all(Option::is_some), "{ranges:?}");
}

#[tokio::test]
async fn the_next_pull_goes_on_where_the_last_one_gave_up_also_after_a_restart() {
    let world = given();
    let bytes = module("a", 900_000);
    world.artifact("tool", &bytes);
    let path = path_of("tool", &bytes);
    world.registry.answer(&path, Answer::Breaking { bytes: bytes.clone(), after: 100_000 });
    let error = told(&world.pull("tool:v1").await.unwrap_err());
    assert!(error.contains("module from the registry ended after"), "{error}");
    let before = world.registry.asked(&path).len();

    let (_, puller) = open(world.directory.path(), RegistrySettings::default());
    world.registry.answer(&path, Answer::Whole { media: "x", bytes: bytes.clone() });
    let request = PullRequest { image: world.name("tool:v1"), ..PullRequest::default() };
    assert!(puller.pull(request).unwrap().await.is_ok());
    let asked = world.registry.asked(&path);
    assert_eq!(asked.len(), before + 1);
    assert!(asked[before].range.is_some(), "{asked:?}");
}

#[tokio::test]
async fn two_that_want_the_same_image_share_a_pull_and_its_progress() {
    let world = given();
    let bytes = module("a", 500_000);
    world.artifact("tool", &bytes);
    let request = || PullRequest { image: world.name("tool:v1"), ..PullRequest::default() };
    let flights = [(); 8].map(|()| world.puller.pull(request()).unwrap());
    let progress = flights[0].progress();
    assert_eq!(progress.borrow().stage, Stage::Waiting);
    for pulled in futures::future::join_all(flights).await {
        assert_eq!(pulled.unwrap().image.digest, Digest::of(&bytes));
    }
    assert_eq!(world.registry.asked("/v2/tool/manifests/v1").len(), 1);
    assert_eq!(world.registry.asked(&path_of("tool", &bytes)).len(), 1);
    let progress = *progress.borrow();
    assert_eq!((progress.stage, progress.done_bytes), (Stage::Storing, bytes.len() as u64));
}

#[tokio::test]
async fn a_bare_name_leads_nowhere_unless_a_registry_is_set_for_those() {
    let world = given();
    let bare = PullRequest { image: "tool:v1".to_owned(), ..PullRequest::default() };
    assert!(!world.puller.has_registry("tool:v1"));
    assert!(world.puller.has_registry("docker.io/tool:v1"));
    let error = world.puller.pull(bare.clone()).unwrap_err().to_string();
    assert_eq!(error, "the name tool:v1 has no registry to pull from");

    let default_registry = Some(world.registry.host());
    let settings = RegistrySettings { default_registry, ..RegistrySettings::default() };
    let other = given_settings(settings);
    world.artifact("tool", &module("a", 0));
    assert!(other.puller.has_registry("tool:v1"));
    let image = other.puller.pull(bare).unwrap().await.unwrap().image;
    assert_eq!(image.reference.familiar(), "tool:v1");
}

#[tokio::test]
async fn a_full_store_makes_room_by_what_was_used_longest_ago_and_is_not_in_use() {
    let world = given();
    let size = 900_000;
    let mut images = Vec::new();
    for name in ["one", "two"] {
        world.artifact(name, &module(name, size));
        images.push(world.pull(&format!("{name}:v1")).await.unwrap().image);
    }
    let one = images.remove(0);
    drop(images);
    // The first is in use, and so the second goes.
    world.artifact("three", &module("three", size));
    let three = world.pull("three:v1").await.unwrap().image;
    let names = || -> Vec<String> {
        world.store.list().iter().map(|image| image.reference.repository().to_owned()).collect()
    };
    assert_eq!(names(), ["one", "three"]);
    world.artifact("four", &module("four", size));
    let error = told(&world.pull("four:v1").await.unwrap_err());
    assert!(error.contains(&format!("over its {}", LIMITS.total_bytes)), "{error}");
    drop((one, three));
    assert_eq!(world.store.prune(Prune::Pulled, 0).unwrap().len(), 2);
}

#[tokio::test]
async fn a_layer_that_is_a_module_is_known_by_its_media_type() {
    let world = given();
    let config = world.blob("tool", "application/vnd.oci.empty.v1+json", b"{}");
    let layer = world.blob("tool", WASM, &module("a", 0));
    world.manifest("tool", "v1", &manifest_of(&config, &[layer]));
    assert!(world.pull("tool:v1").await.is_ok());
}
