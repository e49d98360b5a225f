//! Images that are files: a manifest's `image: ./task.wasm` becomes a name of the local store, and the
//! file is put behind it.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::args::ImageFile;

/// Returns the pod template's containers in a Job, CronJob or HTTPTrigger.
fn containers_mut(object: &mut Value) -> Vec<&mut Value> {
    let pointer = match object["kind"].as_str() {
        Some("CronJob" | "HTTPTrigger") => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    };
    let Some(spec) = object.pointer_mut(pointer).and_then(Value::as_object_mut) else {
        return Vec::new();
    };
    let lists =
        spec.iter_mut().filter(|(key, _)| matches!(key.as_str(), "containers" | "initContainers"));
    lists.filter_map(|(_, list)| list.as_array_mut()).flatten().collect()
}

/// Returns every image that the object's containers name.
pub(crate) fn image_names(object: &Value) -> BTreeSet<String> {
    let mut object = object.clone();
    let containers = containers_mut(&mut object);
    let names = containers.iter().filter_map(|container| container["image"].as_str());
    names.map(str::to_owned).collect()
}

/// Gives images that are paths a name, and returns the files behind those names.
pub(crate) fn name_image_files(object: &mut Value, directory: &Path) -> Vec<ImageFile> {
    let mut files = Vec::new();
    for container in containers_mut(object) {
        let Some(image) = container["image"].as_str().filter(|image| is_path(image)) else {
            continue;
        };
        let file = directory.join(image);
        let name = name_of(&file);
        container["image"] = Value::from(name.clone());
        let entry = ImageFile { name, file };
        if !files.contains(&entry) {
            files.push(entry);
        }
    }
    files
}

/// Returns whether an image is a path: no reference begins with a dot or a slash.
fn is_path(image: &str) -> bool {
    ["./", "../", "/"].iter().any(|start| image.starts_with(start))
}

/// Returns a name for a file that no other file has: its own, and a tag of its path.
fn name_of(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let stem: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let stem = match stem.trim_matches('-') {
        "" => "module",
        stem => stem,
    };
    let digest = jobling_images::Digest::of(file.as_os_str().as_encoded_bytes()).to_string();
    let tag: String = digest.chars().skip_while(|c| *c != ':').skip(1).take(12).collect();
    format!("{stem}:file-{tag}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_image_that_is_a_path_gets_a_name_with_the_file_behind_it() {
        let mut job = json!({"kind": "Job", "spec": {"template": {"spec": {
            "initContainers": [{"name": "a", "image": "./tasks/My Task.wasm"}],
            "containers": [{"name": "b", "image": "myapp:1.0"}, {"name": "c", "image": "./tasks/My Task.wasm"}]}}}});
        let files = name_image_files(&mut job, Path::new("/work"));
        let [file] = files.as_slice() else { panic!("one file: {files:?}") };
        assert_eq!(file.file, Path::new("/work/./tasks/My Task.wasm"));
        assert!(file.name.starts_with("my-task:file-"), "{}", file.name);
        let all = image_names(&job);
        assert_eq!(all, BTreeSet::from(["myapp:1.0".to_owned(), file.name.clone()]));
    }

    #[test]
    fn two_files_of_one_name_stay_apart() {
        assert_ne!(name_of(Path::new("/a/x.wasm")), name_of(Path::new("/b/x.wasm")));
    }
}
