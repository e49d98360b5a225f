//! What the local store promises, asked of its public face alone.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use jobling_images::{
    Digest, Entry, Image, ImageError, ImageKind, ImageStore, ImportError, Limits, Prune, Reference,
    Removal,
};

const LIMITS: Limits = Limits { image_bytes: 1000, total_bytes: 2000 };

#[test]
fn an_imported_image_is_found_by_its_name_and_read_back_also_after_a_restart() {
    let (directory, store) = given_a_store();
    let entry = Entry {
        entrypoint: vec!["tool".to_owned(), "--fast".to_owned()],
        cmd: vec!["go".to_owned()],
        env: vec![("A".to_owned(), "b".to_owned())],
        labels: [("colour".to_owned(), "red".to_owned())].into(),
    };
    let (name, bytes) = (reference("tool:v1"), module("a"));
    let image = store.import(&name, bytes.as_slice(), entry.clone(), at(5)).unwrap();

    assert_eq!(image.reference, name);
    assert_eq!(image.digest, Digest::of(&bytes));
    assert_eq!(image.size_bytes, bytes.len() as u64);
    assert_eq!((image.kind, &image.entry, image.imported_at), (ImageKind::Module, &entry, at(5)));
    assert_eq!(store.read(&image).unwrap(), bytes);
    assert_eq!(store.resolve(&name), Some(image.clone()));
    assert_eq!(store.resolve(&reference("tool:v2")), None);
    assert_eq!(store.list(), std::slice::from_ref(&image));

    drop(store);
    let store = ImageStore::open(directory.path(), LIMITS).unwrap();
    assert_eq!(store.resolve(&name), Some(image));
}

#[test]
fn a_component_is_told_from_a_module() {
    let (_directory, store) = given_a_store();
    let bytes = wat::parse_str("(component)").unwrap();
    assert_eq!(import(&store, "c", &bytes).unwrap().kind, ImageKind::Component);
}

#[test]
fn two_names_share_their_bytes_which_go_with_the_last_of_them() {
    let (directory, store) = given_a_store();
    import(&store, "one", &module("a")).unwrap();
    import(&store, "two", &module("a")).unwrap();
    assert_eq!(blobs(directory.path()).len(), 1);

    assert_eq!(store.remove(&reference("one")).unwrap(), Removal::Name);
    assert!(store.read(&store.resolve(&reference("two")).unwrap()).is_ok());
    assert_eq!(store.remove(&reference("two")).unwrap(), Removal::Image);
    assert_eq!(store.remove(&reference("two")).unwrap(), Removal::Unknown);
    assert_eq!(blobs(directory.path()), [] as [PathBuf; 0]);
    assert_eq!(store.list(), []);
}

#[test]
fn a_name_that_is_imported_again_leads_to_the_new_bytes_and_the_old_go() {
    let (directory, store) = given_a_store();
    import(&store, "tool", &module("a")).unwrap();
    let new = import(&store, "tool", &module("b")).unwrap();
    assert_eq!(store.resolve(&reference("tool")), Some(new.clone()));
    assert_eq!(blobs(directory.path()), [new.path]);
}

#[test]
fn a_name_with_a_digest_finds_those_bytes_in_its_repository_and_takes_no_others() {
    let (_directory, store) = given_a_store();
    let image = import(&store, "tool:v1", &module("a")).unwrap();
    let by_digest = |name: &str| reference(&format!("{name}@{}", image.digest));
    assert_eq!(store.resolve(&by_digest("tool")), Some(image.clone()));
    assert_eq!(store.resolve(&by_digest("tool:v9")), Some(image.clone()));
    assert_eq!(store.resolve(&by_digest("other")), None);

    let name = by_digest("tool");
    let refused = store.import(&name, module("b").as_slice(), Entry::default(), at(0));
    assert!(matches!(refused, Err(ImportError::Digest { .. })), "{refused:?}");
}

#[test]
fn what_is_refused_leaves_nothing() {
    let (directory, store) = given_a_store();
    let large = module(&"x".repeat(1000));
    assert!(matches!(import(&store, "a", &large), Err(ImportError::TooLarge { most: 1000 })));
    assert!(matches!(import(&store, "a", b"(module)"), Err(ImportError::Module(_))));
    let broken = store.import(&reference("a"), Broken, Entry::default(), at(0));
    assert!(matches!(broken, Err(ImportError::File(_))));

    assert_eq!(store.list(), []);
    assert_eq!(blobs(directory.path()), [] as [PathBuf; 0]);
    assert_eq!(fs::read_dir(directory.path().join("incoming")).unwrap().count(), 0);
}

#[test]
fn an_image_may_be_as_large_as_the_limit() {
    let directory = tempfile::tempdir().unwrap();
    let bytes = module("a");
    let exact = Limits { image_bytes: bytes.len() as u64, total_bytes: bytes.len() as u64 };
    let store = ImageStore::open(directory.path(), exact).unwrap();
    import(&store, "a", &bytes).unwrap();
    assert!(matches!(import(&store, "b", &module("ab")), Err(ImportError::TooLarge { .. })));
}

#[test]
fn all_images_together_stay_under_their_limit() {
    let (_directory, store) = given_a_store();
    let bytes = |name: &str| module(&name.repeat(900));
    import(&store, "a", &bytes("a")).unwrap();
    import(&store, "b", &bytes("b")).unwrap();
    assert!(matches!(import(&store, "c", &bytes("c")), Err(ImportError::StoreFull { .. })));
    import(&store, "c", &bytes("b")).unwrap();
    store.remove(&reference("a")).unwrap();
    import(&store, "d", &bytes("d")).unwrap();
}

#[test]
fn what_was_not_used_for_longest_goes_first_and_never_what_is_in_use() {
    let (directory, store) = given_a_store();
    for (second, name) in [(1, "a"), (2, "b"), (3, "c")] {
        store
            .import(&reference(name), module(name).as_slice(), Entry::default(), at(second))
            .unwrap();
    }
    assert_eq!(store.prune(Prune::Pulled, 0).unwrap(), [], "nobody could bring them back");
    let hour = 3600;
    store.note_use(&reference("a"), at(9 * hour));
    drop(store);
    let store = ImageStore::open(directory.path(), LIMITS).unwrap();
    let in_use = store.resolve(&reference("b")).unwrap();
    let one = in_use.size_bytes;
    let gone = |keep_bytes| -> Vec<String> {
        let gone = store.prune(Prune::All, keep_bytes).unwrap();
        gone.iter().map(|image| image.reference.familiar()).collect()
    };
    assert_eq!(gone(2 * one), ["c:latest"]);
    assert_eq!(gone(0), ["a:latest"]);
    drop(in_use);
    assert_eq!(gone(0), ["b:latest"]);
    assert_eq!(blobs(directory.path()), [] as [PathBuf; 0]);
}

#[test]
fn a_use_is_known_at_once_and_written_once_an_hour() {
    let (directory, store) = given_a_store();
    import(&store, "tool", &module("a")).unwrap();
    let used_after_restart = || {
        let store = ImageStore::open(directory.path(), LIMITS).unwrap();
        store.resolve(&reference("tool")).unwrap().used_at
    };
    for (second, written) in [(4000, 4000), (4001, 4000), (7599, 4000), (7600, 7600)] {
        store.note_use(&reference("tool"), at(second));
        assert_eq!(store.resolve(&reference("tool")).unwrap().used_at, at(second), "{second}");
        assert_eq!(used_after_restart(), at(written), "{second}");
    }
}

#[test]
fn bytes_that_have_changed_on_disk_are_refused_and_mended_by_another_import() {
    let (_directory, store) = given_a_store();
    let image = import(&store, "tool", &module("a")).unwrap();
    fs::write(&image.path, module("b")).unwrap();
    assert!(matches!(store.read(&image), Err(ImageError::Changed { .. })));

    import(&store, "tool", &module("a")).unwrap();
    assert_eq!(store.read(&image).unwrap(), module("a"));
}

#[test]
fn what_a_crash_left_is_removed_at_the_next_start() {
    let (directory, store) = given_a_store();
    let image = import(&store, "tool", &module("a")).unwrap();
    drop(store);
    let unnamed = directory.path().join("blobs/sha256/00");
    fs::create_dir_all(&unnamed).unwrap();
    fs::write(unnamed.join("0".repeat(64)), module("b")).unwrap();
    fs::write(directory.path().join("incoming/half"), "half").unwrap();

    let store = ImageStore::open(directory.path(), LIMITS).unwrap();
    assert_eq!(blobs(directory.path()), std::slice::from_ref(&image.path));
    assert_eq!(fs::read_dir(directory.path().join("incoming")).unwrap().count(), 0);
    assert_eq!(store.list(), [image]);
}

#[test]
fn a_record_that_cannot_be_read_is_named() {
    let (directory, store) = given_a_store();
    drop(store);
    fs::write(directory.path().join("names/x.json"), "{").unwrap();
    let refused = ImageStore::open(directory.path(), LIMITS).unwrap_err();
    assert!(refused.to_string().contains("names/x.json is no image's record"), "{refused}");
}

fn given_a_store() -> (tempfile::TempDir, ImageStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = ImageStore::open(directory.path(), LIMITS).unwrap();
    (directory, store)
}

fn import(store: &ImageStore, name: &str, bytes: &[u8]) -> Result<Image, ImportError> {
    store.import(&reference(name), bytes, Entry::default(), at(0))
}

fn reference(name: &str) -> Reference {
    name.parse().unwrap()
}

fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A module of its own: it exports `name`.
fn module(name: &str) -> Vec<u8> {
    wat::parse_str(format!("(module (func (export \"{name}\")))")).unwrap()
}

fn blobs(root: &Path) -> Vec<PathBuf> {
    let directories = fs::read_dir(root.join("blobs/sha256")).unwrap();
    let files = directories.flat_map(|entry| fs::read_dir(entry.unwrap().path()).unwrap());
    files.map(|entry| entry.unwrap().path()).collect()
}

/// A source that fails before its end.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the line is cut"))
    }
}
