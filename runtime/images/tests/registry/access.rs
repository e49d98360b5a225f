//! What registries want to be shown, and to whom nothing is shown.

use jobling_images::registry::{DockerConfig, Keyring};

use crate::given::{World, given, module, path_of, told};
use crate::played::{Answer, Played};

// ada:s3cret
const ADA: &str = "Basic YWRhOnMzY3JldA==";

#[tokio::test]
async fn basic_credentials_are_shown_when_they_are_asked_for() {
    let world = given();
    guard(&world, &[ADA], "Basic realm=\"x\"");
    let anonymous = told(&world.pull("tool:v1").await.unwrap_err());
    assert!(anonymous.contains("denies access to tool (without credentials"), "{anonymous}");
    let wrong = told(&world.pull_with("tool:v1", keyring(&world, &["wrong"])).await.unwrap_err());
    assert!(wrong.contains("denies access to tool (with the credentials"), "{wrong}");
    assert!(!wrong.contains("wrong"), "{wrong}");
    assert!(world.pull_with("tool:v1", keyring(&world, &["wrong", "s3cret"])).await.is_ok());
}

#[tokio::test]
async fn a_token_is_fetched_where_the_registry_says_and_shown_to_it() {
    let world = given();
    let realm = format!("http://{}/token", world.registry.host());
    guard(&world, &["Bearer t0ken"], &format!("Bearer realm=\"{realm}\",service=\"registry\""));
    let asked = "/token?service=registry&scope=repository%3Atool%3Apull";
    let token = r#"{"token": "t0ken"}"#;
    let inside = Answer::Other { status: "200 OK", header: String::new(), body: token };
    let outside = Answer::Other { status: "401 Unauthorized", header: String::new(), body: "" };
    let (inside, outside) = (Box::new(inside), Box::new(outside));
    world
        .registry
        .answer(asked, Answer::Guarded { authorization: ADA.to_owned(), inside, outside });
    assert!(world.pull("tool:v1").await.is_err());
    assert!(world.pull_with("tool:v1", keyring(&world, &["wrong", "s3cret"])).await.is_ok());
    assert_eq!(world.registry.asked(asked).len(), 3);
}

#[tokio::test]
async fn credentials_do_not_go_to_a_token_service_without_tls() {
    let world = given();
    guard(&world, &["Bearer t0ken"], "Bearer realm=\"http://192.0.2.1/token\"");
    let error = world.pull_with("tool:v1", keyring(&world, &["s3cret"])).await.unwrap_err();
    assert!(told(&error).contains("credentials would go without TLS"), "{}", told(&error));
}

#[tokio::test]
async fn who_is_sent_on_shows_nothing_there() {
    let world = given();
    let bytes = module("a", 0);
    guard(&world, &[ADA], "Basic realm=\"x\"");
    let elsewhere = Played::start();
    let header = format!("Location: http://{}/there\r\n", elsewhere.host());
    let sent_on = Answer::Other { status: "307 Temporary Redirect", header, body: "" };
    world.registry.answer(&path_of("tool", &bytes), sent_on);
    elsewhere.answer("/there", Answer::Whole { media: "x", bytes });
    assert!(world.pull_with("tool:v1", keyring(&world, &["s3cret"])).await.is_ok());
    let asked = elsewhere.asked("/there");
    assert_eq!((asked.len(), &asked[0].authorization), (1, &None));
}

#[tokio::test]
async fn those_with_other_credentials_do_not_share_a_pull() {
    let world = given();
    guard(&world, &[ADA], "Basic realm=\"x\"");
    let (with, without) = tokio::join!(
        world.pull_with("tool:v1", keyring(&world, &["s3cret"])),
        world.pull("tool:v1"),
    );
    assert!(with.is_ok() && without.is_err());
}

/// Has the registry show `tool:v1` to those alone who show one of `authorizations`.
fn guard(world: &World, authorizations: &[&str], challenge: &str) {
    let bytes = module("a", 0);
    let digest = world.artifact("tool", &bytes);
    let manifest = crate::given::manifest_of(
        &crate::given::descriptor(crate::given::WASM_CONFIG, b"{}"),
        &[crate::given::descriptor(crate::given::WASM, &bytes)],
    );
    assert_eq!(digest, jobling_images::Digest::of(manifest.to_string().as_bytes()));
    let manifest = manifest.to_string().into_bytes();
    for (path, media, bytes) in [
        ("/v2/tool/manifests/v1".to_owned(), crate::given::MANIFEST, manifest),
        (path_of("tool", &bytes), "x", bytes),
    ] {
        for authorization in authorizations {
            let header = format!("WWW-Authenticate: {challenge}\r\n");
            let outside = Answer::Other { status: "401 Unauthorized", header, body: "" };
            let inside = Answer::Whole { media, bytes: bytes.clone() };
            let (inside, outside) = (Box::new(inside), Box::new(outside));
            let authorization = (*authorization).to_owned();
            world.registry.answer(&path, Answer::Guarded { authorization, inside, outside });
        }
    }
}

/// Returns ada's keyring with these passwords.
fn keyring(world: &World, passwords: &[&str]) -> Keyring {
    let config = |password: &&str| {
        let host = world.registry.host();
        let text = serde_json::json!({"auths": {host: {"username": "ada", "password": password}}});
        DockerConfig::parse("config.json", text.to_string().as_bytes()).unwrap()
    };
    Keyring::new(passwords.iter().map(config).collect())
}
