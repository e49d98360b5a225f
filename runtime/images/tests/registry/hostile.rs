//! Registries that lie, break off or never end: each costs a pull, with a sentence that says what they did,
//! and leaves nothing.

use jobling_images::Digest;
use serde_json::json;

use crate::given::{
    MANIFEST, OCI_CONFIG, TAR_GZIP, WASM, WASM_CONFIG, World, descriptor, given, layer,
    manifest_of, module, path_of, told,
};
use crate::played::Answer;

/// What a registry is made to say.
type Lie = fn(&World);

#[tokio::test]
async fn each_lie_ends_in_a_sentence_about_it_and_leaves_nothing() {
    let lies: [(&str, Lie); 15] = [
        ("the module from the registry has the digest", |world| {
            let bytes = module("a", 0);
            world.artifact("tool", &bytes);
            let other = module("b", 0);
            world
                .registry
                .answer(&path_of("tool", &bytes), Answer::Whole { media: "x", bytes: other });
        }),
        ("does not end after", |world| {
            let bytes = module("a", 0);
            world.artifact("tool", &bytes);
            world.registry.answer(&path_of("tool", &bytes), Answer::Endless { media: "x" });
        }),
        ("ended after 10 of", |world| {
            let bytes = module("a", 0);
            world.artifact("tool", &bytes);
            let answer = Answer::Whole { media: "x", bytes: bytes[..10].to_vec() };
            world.registry.answer(&path_of("tool", &bytes), answer);
        }),
        ("has no module in tool", |world| {
            world.artifact("tool", &module("a", 0));
            let missing = descriptor(WASM, &module("gone", 0));
            world.manifest("tool", "v1", &manifest_of(&descriptor(WASM_CONFIG, b"{}"), &[missing]));
        }),
        ("the manifest from the registry does not end", |world| {
            world.registry.answer("/v2/tool/manifests/v1", Answer::Endless { media: MANIFEST });
        }),
        ("the manifest from the registry has the digest", |world| {
            let bytes = manifest_of(&descriptor(WASM_CONFIG, b""), &[]).to_string().into_bytes();
            let digest = Digest::of(b"another").to_string();
            let answer = Answer::Lying { media: MANIFEST, bytes, digest };
            world.registry.answer("/v2/tool/manifests/v1", answer);
        }),
        ("the manifest cannot be read", |world| {
            let answer = Answer::Whole { media: "text/html", bytes: b"<html>".to_vec() };
            world.registry.answer("/v2/tool/manifests/v1", answer);
        }),
        (
            "answered 500 Internal Server Error when asked for the manifest: BROKEN:  [2J no",
            |world| {
                let body = r#"{"errors": [{"code": "BROKEN", "message": "\u001b[2J no"}]}"#;
                let answer = Answer::Other {
                    status: "500 Internal Server Error",
                    header: String::new(),
                    body,
                };
                world.registry.answer("/v2/tool/manifests/v1", answer);
            },
        ),
        ("sends on to http://192.0.2.1/x, which is not over TLS", |world| {
            let header = "Location: http://192.0.2.1/x\r\n".to_owned();
            let answer = Answer::Other { status: "307 Temporary Redirect", header, body: "" };
            world.registry.answer("/v2/tool/manifests/v1", answer);
        }),
        ("after as many places as are followed", |world| {
            let header = "Location: /v2/tool/manifests/v1\r\n".to_owned();
            let answer = Answer::Other { status: "307 Temporary Redirect", header, body: "" };
            world.registry.answer("/v2/tool/manifests/v1", answer);
        }),
        ("path \"../../app.wasm\" leads out of it", |world| {
            world.image("tool", "/app.wasm", &[layer(&[("../../app.wasm", &module("a", 0))])]);
        }),
        ("path \"/app.wasm\" leads out of it", |world| {
            world.image("tool", "/app.wasm", &[layer(&[("/app.wasm", &module("a", 0))])]);
        }),
        ("unpacks to more than", |world| {
            let zeros = vec![0; 40 << 20];
            world.image("tool", "/app.wasm", &[layer(&[("zeros", &zeros)])]);
        }),
        ("the image has more than 1 MiB", |world| {
            let mut huge = descriptor(WASM, b"huge");
            huge["size"] = json!(1u64 << 40);
            world.manifest("tool", "v1", &manifest_of(&descriptor(WASM_CONFIG, b"{}"), &[huge]));
        }),
        ("the configuration from the registry does not end after", |world| {
            let mut config = descriptor(OCI_CONFIG, b"huge");
            config["size"] = json!(1u64 << 40);
            let layer = world.blob("tool", TAR_GZIP, b"");
            world.manifest("tool", "v1", &manifest_of(&config, &[layer]));
        }),
    ];
    for (part, lie) in lies {
        let world = given();
        lie(&world);
        let error = told(&world.pull("tool:v1").await.expect_err(part));
        assert!(error.contains(part), "{part}: {error}");
        assert!(!error.contains('\x1b'), "{error}");
        assert_eq!(world.store.list(), [], "{part}");
        let incoming = std::fs::read_dir(world.directory.path().join("incoming")).unwrap();
        assert_eq!(incoming.count(), 0, "{part}");
    }
}

#[tokio::test]
async fn a_digest_in_the_name_is_what_comes_or_nothing_does() {
    let world = given();
    let digest = world.artifact("tool", &module("a", 0));
    let other = manifest_of(&descriptor(WASM_CONFIG, b""), &[]).to_string().into_bytes();
    let path = format!("/v2/tool/manifests/{digest}");
    world.registry.answer(&path, Answer::Whole { media: MANIFEST, bytes: other });
    let error = told(&world.pull(&format!("tool@{digest}")).await.unwrap_err());
    assert!(error.contains(&format!("and not {digest}")), "{error}");
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_named() {
    let world = given();
    let name = world.name("tool:v1");
    let puller = world.puller.clone();
    drop(world);
    let request = jobling_images::registry::PullRequest { image: name, ..Default::default() };
    let error = told(&puller.pull(request).unwrap().await.unwrap_err());
    assert!(error.contains("cannot be reached") && error.contains("onnection refused"), "{error}");
}
