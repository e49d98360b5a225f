//! The examples that do what people's Jobs do: a batch of records in each of a hundred pods, a hundred
//! photographs, and the migrations of a Django project.

use std::fs;
use std::path::{Path, PathBuf};

use harness::{Folder, Output, example, jobling, manifest, tool, toolchain};

#[test]
fn batch_is_the_users_manifest_and_each_of_its_pods_works_through_a_batch() {
    let own = fs::read_to_string(example("batch").join("job.yaml")).expect("a manifest");
    assert_eq!(own, fs::read_to_string(manifest("batch-process.yaml")).expect("a manifest"));
    let output = jobling(".", [Path::new("run"), &example("batch")]).expect_code(0);
    let told = output
        .stdout
        .lines()
        .filter(|line| line.contains("10000 records, ") && line.ends_with(" degrees on average"));
    assert_eq!(told.count(), 100, "{output}");
    assert!(output.stderr.contains("job/batch-process complete (100 succeeded"), "{output}");
}

#[test]
fn images_makes_each_photograph_smaller_pixel_for_pixel_as_this_machine_does() {
    let data = Folder::new();
    let folder = example("images");
    let arguments = [Path::new("run"), &folder, Path::new("--data"), data.path()];
    let output = jobling(".", arguments).expect_code(0);
    assert!(output.stderr.contains("(100 succeeded"), "{output}");
    let (photographs, small) = (claim(data.path(), "images-pvc"), claim(data.path(), "output-pvc"));
    let native = Folder::new();
    let options =
        ["run", "--release", "--quiet", "--package", "images", "--example", "native", "--"];
    let directories = [photographs.as_path(), native.path()];
    let arguments = options.iter().map(Path::new).chain(directories);
    drop(tool(example("../examples"), "cargo", "cargo", arguments).expect_code(0));
    for number in 0..100 {
        let name = format!("photograph-{number:03}.png");
        let read = |folder: &Path| {
            let path = folder.join(&name);
            fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        assert!(read(&small) == read(native.path()), "{name} is not what this machine makes of it");
    }
}

#[test]
fn django_migrates_its_database_on_a_claim_once() {
    let (data, folder) = (Folder::new(), Folder::new());
    let first = django("django-migrate", &data, &folder).expect_code(0);
    for told in ["Applying auth.0001_initial... OK\n", "Applying shop.0001_initial... OK\n"] {
        assert!(first.stdout.contains(told), "{first}");
    }
    let database = fs::read(claim(data.path(), "app-data").join("app.db")).expect("a database");
    assert!(database.starts_with(b"SQLite format 3\0"));
    let second = django("django-again", &data, &folder).expect_code(0);
    assert!(second.stdout.contains("No migrations to apply."), "{second}");
}

/// Runs the example's manifest as its README says, as a Job of that name.
fn django(name: &str, data: &Folder, folder: &Folder) -> Output {
    let tools = toolchain().join("django");
    assert!(tools.join("python.wasm").exists(), "Django is missing: run scripts/test");
    let example = example("django").canonicalize().expect("the example");
    let text = fs::read_to_string(example.join("job.yaml")).expect("a manifest");
    let text = text
        .replace("/srv/packages", &tools.join("packages").display().to_string())
        .replace("/srv/project", &example.join("project").display().to_string())
        .replace("name: django-migrate", &format!("name: {name}"));
    let manifest = folder.write("job.yaml", text);
    let image = format!("myapp:2.0={}", tools.join("python.wasm").display());
    let patience = ["--allow-host-path", "/", "--compile-timeout", "10m"].map(Path::new);
    let words = ["run".as_ref(), manifest.as_path(), "--image".as_ref(), image.as_ref()];
    let kept = ["--data".as_ref(), data.path()];
    jobling(folder, words.into_iter().chain(patience).chain(kept))
}

/// Returns the directory of a claim: its name, and its uid.
fn claim(data: &Path, name: &str) -> PathBuf {
    let claims = fs::read_dir(data.join("claims/default")).expect("claims");
    let paths = claims.map(|entry| entry.expect("an entry").path());
    let is_of_name = |path: &PathBuf| {
        let file = path.file_name().map(|file| file.to_string_lossy().into_owned());
        file.is_some_and(|file| file.starts_with(&format!("{name}-")))
    };
    let mut found = paths.filter(is_of_name);
    found.next().unwrap_or_else(|| panic!("no claim {name} below {}", data.display()))
}
