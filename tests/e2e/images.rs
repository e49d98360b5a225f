//! The user's image-processor on pictures of real size: a hundred, shared out among ten pods at a time.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use harness::{Folder, manifest, module, native};

use crate::outcome::run;

/// Draws the pictures into the claim that image-processor.yaml reads.
const DRAW: &str = "apiVersion: batch/v1
kind: Job
metadata:
  name: draw
spec:
  template:
    spec:
      containers:
        - name: draw
          image: images:1.0
          args: [draw, \"100\"]
          volumeMounts:
            - name: images
              mountPath: /input
      volumes:
        - name: images
          persistentVolumeClaim:
            claimName: images-pvc
      restartPolicy: Never
";

#[test]
fn a_hundred_pictures_are_made_small_as_a_native_program_makes_them() {
    let folder = Folder::new();
    let draw = folder.write("draw.yaml", DRAW);
    let images = module("images");
    let data = ["--data", "data"];
    let drawn = run(folder.path(), &[&draw], &[("images:1.0", &images)], &data);
    assert_eq!(drawn.result("draw"), "Complete", "{}", drawn.stderr);
    let task = manifest("image-processor.yaml");
    let made = run(folder.path(), &[&task], &[("image-processor:latest", &images)], &data);
    assert_eq!(made.result("image-processor"), "Complete", "{}", made.stderr);
    assert_eq!(made.job("image-processor")["status"]["succeeded"], 100);

    let claims = folder.path().join("data/claims/default");
    let (input, output) = (claim(&claims, "images-pvc-"), claim(&claims, "output-pvc-"));
    let expected = Folder::new();
    for pod in 0..100 {
        let status = Command::new(native("images"))
            .env("INPUT", &input)
            .env("OUTPUT", expected.path())
            .env("HOSTNAME", format!("native-{pod}"))
            .status();
        assert!(status.expect("the native program starts").success());
    }
    for picture in 0..100 {
        let name = format!("{picture:04}.jpg");
        let read = |folder: &Path| fs::read(folder.join(&name)).expect("a picture");
        assert_eq!(read(&output), read(expected.path()), "{name}");
    }
}

/// Returns the directory of the claim whose name begins so.
#[track_caller]
fn claim(claims: &Path, name: &str) -> PathBuf {
    let mut entries =
        fs::read_dir(claims).expect("claims").map(|entry| entry.expect("an entry").path());
    let found = entries
        .find(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(name)));
    found.unwrap_or_else(|| panic!("{name} is in {}", claims.display()))
}
