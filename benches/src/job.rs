//! The Job that the benches run: many pods of one small container.

/// Returns its manifest.
#[must_use]
pub fn manifest(name: &str, image: &str, completions: u32, parallelism: u32) -> String {
    format!(
        "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: {name}}}\nspec:\n  completions: {completions}\n  \
         parallelism: {parallelism}\n  template:\n    spec:\n      restartPolicy: Never\n      \
         containers:\n        - name: main\n          image: {image}\n          \
         resources: {{limits: {{memory: 1Mi}}, requests: {{memory: 64Ki}}}}\n"
    )
}
