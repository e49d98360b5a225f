//! The host's images: stored, moved from and to registries, let go of.

use crate::client::World;
use crate::names;

#[tokio::test]
async fn an_image_is_stored_shown_and_removed_by_its_reference() {
    let world = World::new().await;
    let base = "/apis/jobling.dev/v1alpha1/images";
    let path = format!("{base}/tools%2Fbackup:1.0");
    let stored = world.send(&format!("PUT {path}/content"), &[], b"\0asm").await;
    assert_eq!(stored.status, 201, "{}", stored.text);
    assert_eq!(world.get(&path).await.json()["metadata"]["name"], "tools/backup:1.0");
    assert_eq!(names(&world.get(base).await.json()), ["tools/backup:1.0"]);
    assert_eq!(world.send(&format!("DELETE {path}"), &[], b"").await.status, 200);
    assert_eq!(world.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_transfer_is_told_a_line_at_a_time() {
    let world = World::new().await;
    let path = "/apis/jobling.dev/v1alpha1/images/r.io%2Ftool:1";
    let pull = world.send(&format!("POST {path}/pull"), &[], br#"{"plainHttp": true}"#).await;
    let lines: Vec<&str> = pull.text.lines().collect();
    assert_eq!(pull.status, 200);
    assert!(
        lines[0].contains(r#""doneBytes":1"#) && lines[1].contains("r.io/tool:1: plain true"),
        "{lines:?}"
    );
    let push = world.send(&format!("POST {path}/push"), &[], br#"{"remote": "s.io/x"}"#).await;
    assert_eq!(push.text.trim(), r#"{"pushed":{"digest":"sha256:1","name":"s.io/x"}}"#);
    assert_eq!(world.send(&format!("POST {path}/push"), &[], b"{").await.status, 400);
}

#[tokio::test]
async fn images_that_are_not_in_use_are_let_go_of() {
    let world = World::new().await;
    let base = "/apis/jobling.dev/v1alpha1/images";
    world.send(&format!("PUT {base}/tool/content"), &[], b"\0asm").await;
    let shown = world.get(&format!("{base}/tool")).await.json();
    assert_eq!(shown["status"]["permissions"][0]["name"], "files");
    let gone = world.send(&format!("DELETE {base}?all=true"), &[], b"").await;
    assert_eq!(names(&gone.json()), ["tool"]);
    assert_eq!(world.send(&format!("DELETE {base}?keepBytes=x"), &[], b"").await.status, 400);
}
