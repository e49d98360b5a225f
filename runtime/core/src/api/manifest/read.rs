//! A manifest's text to its objects, and everything that is wrong with any of them.

use super::syntax::{self, Parsed};
use super::tree::{Inner, Node};
use super::{Document, ManifestError, Position, Problem, bounds};
use crate::Timestamp;
use crate::api::{FieldValidation, Identity, Kind, admit_create, decode};

/// Where an object lives that names no namespace.
const DEFAULT_NAMESPACE: &str = "default";

/// Returns the objects in a manifest, YAML or JSON, in their order; the items of a List each on its own.
/// Fields that a kind does not have are errors, warnings or nothing, as `validation` says.
///
/// # Errors
/// Everything that is wrong with any document, by line: with the text, with fields that the kind does
/// not have or of a wrong type, and with the rules that the API server checks.
pub fn parse(
    text: impl AsRef<[u8]>,
    validation: FieldValidation,
) -> Result<Vec<Document>, Vec<ManifestError>> {
    let Parsed { documents, faults } = syntax::documents(utf8(text.as_ref())?);
    let mut reader = Reader { validation, documents: Vec::new(), errors: Vec::new() };
    for (number, fault) in faults {
        let object = documents.iter().find(|(of, _)| *of == number).map(|(_, root)| named(root));
        reader.errors.push(ManifestError {
            document: number,
            object: object.unwrap_or_default(),
            position: fault.at,
            field: fault.field,
            problem: fault.problem,
        });
    }
    for (number, root) in documents {
        reader.object(number, root);
    }
    reader.finish()
}

/// Every object and every error found so far.
struct Reader {
    validation: FieldValidation,
    documents: Vec<Document>,
    errors: Vec<ManifestError>,
}

impl Reader {
    fn finish(mut self) -> Result<Vec<Document>, Vec<ManifestError>> {
        if self.errors.is_empty() {
            return Ok(self.documents);
        }
        self.errors.sort_by_key(|error| error.position);
        self.errors.truncate(bounds::ERRORS);
        Err(self.errors)
    }

    fn error(&mut self, number: usize, root: &Node, field: &str, problem: Problem) {
        self.errors.push(ManifestError {
            document: number,
            object: named(root),
            position: root.position_of(field),
            field: field.to_owned(),
            problem,
        });
    }

    /// Reads what a document, or an item of a List, says that it is.
    fn object(&mut self, number: usize, root: Node) {
        if !matches!(root.inner, Inner::Map(_)) {
            let given = root.kind_word();
            return self.error(number, &root, "", Problem::NotAnObject { given });
        }
        let Some(kind) = root.text("kind").map(str::to_owned) else {
            return self.error(number, &root, "kind", Problem::Untyped { kind: None });
        };
        let Some(api_version) = root.text("apiVersion").map(str::to_owned) else {
            return self.error(number, &root, "apiVersion", Problem::Untyped { kind: Some(kind) });
        };
        if is_list(&api_version, &kind) {
            return self.items(number, root);
        }
        match Kind::of_manifest(&api_version, &kind) {
            Some(kind) => self.typed(document(number, kind, root)),
            None => self.error(number, &root, "kind", Problem::NotServed { api_version, kind }),
        }
    }

    fn items(&mut self, number: usize, mut root: Node) {
        match root.entry("items").map(|entry| &entry.node) {
            Some(node) if !matches!(node.inner, Inner::List(_)) => {
                let given = node.kind_word();
                self.error(number, &root, "items", Problem::NotAList { given });
            }
            Some(_) | None => {
                for item in root.take_list("items") {
                    self.object(number, item);
                }
            }
        }
    }

    /// Checks an object as the API server will: its fields, then its rules.
    fn typed(&mut self, mut document: Document) {
        let mut readable = true;
        for fault in decode::read(document.kind, &document.value).faults {
            let fatal = fault.is_fatal();
            readable &= !fatal;
            let error = document.error(&fault.path, Problem::Field(fault.problem));
            match self.validation {
                FieldValidation::Strict => self.errors.push(error),
                FieldValidation::Warn | FieldValidation::Ignore if fatal => self.errors.push(error),
                FieldValidation::Warn => document.warnings.push(error),
                FieldValidation::Ignore => {}
            }
        }
        if readable {
            self.judge(&document);
        }
        self.documents.push(document);
    }

    fn judge(&mut self, document: &Document) {
        let namespace = document.namespace.as_deref().unwrap_or(DEFAULT_NAMESPACE);
        let validation = FieldValidation::Ignore;
        let admitted =
            admit_create(document.kind, namespace, &document.value, validation, &stand_in());
        if let Err(error) = admitted {
            self.errors.extend(document.errors(&error));
        }
    }
}

/// An identity to judge an object with that is not made yet: no rule depends on which one it is.
fn stand_in() -> Identity {
    Identity {
        uid: "00000000-0000-0000-0000-000000000000".to_owned(),
        now: Timestamp::default(),
        suffix: "aaaaa".to_owned(),
    }
}

fn document(number: usize, kind: Kind, root: Node) -> Document {
    let metadata = root.entry("metadata").map(|entry| &entry.node);
    let text = |key| metadata.and_then(|node| node.text(key)).map(str::to_owned);
    let (namespace, name) = (text("namespace"), text("name").unwrap_or_default());
    let value = root.to_value();
    Document { number, kind, namespace, name, value, warnings: Vec::new(), root }
}

/// Returns whether this is `v1` List, or the list of a served kind, as `kubectl get -o yaml` writes them.
fn is_list(api_version: &str, kind: &str) -> bool {
    match kind.strip_suffix("List") {
        Some("") => api_version == "v1",
        Some(of) => Kind::of_manifest(api_version, of).is_some(),
        None => false,
    }
}

/// Returns what a document is about, as far as it says: `job/report`.
fn named(root: &Node) -> String {
    let kind = root.text("kind").unwrap_or_default().to_lowercase();
    let metadata = root.entry("metadata").map(|entry| &entry.node);
    match metadata.and_then(|node| node.text("name")) {
        Some(name) => format!("{kind}/{name}"),
        None => kind,
    }
}

/// Returns the text of a file that is not too long.
fn utf8(bytes: &[u8]) -> Result<&str, Vec<ManifestError>> {
    if bytes.len() > bounds::BYTES {
        let remedy = "split the file";
        let problem = Problem::Bound { what: "bytes", limit: bounds::BYTES, remedy };
        return Err(vec![whole_file(Position { line: 1, column: 1 }, problem)]);
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = before.split(|byte| *byte == b'\n').count();
        let why = "not UTF-8 text; save the file as UTF-8".to_owned();
        vec![whole_file(Position { line, column: 1 }, Problem::Syntax(why))]
    })
}

fn whole_file(position: Position, problem: Problem) -> ManifestError {
    ManifestError { document: 0, object: String::new(), position, field: String::new(), problem }
}

#[cfg(test)]
#[expect(clippy::needless_raw_string_hashes, reason = "expect-test writes them")]
mod tests {
    use std::fmt::Write;

    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    /// What is said of a manifest: its objects, or its errors.
    fn said(text: &str) -> String {
        let mut out = String::new();
        match parse(text, FieldValidation::Strict) {
            Ok(documents) => {
                for document in documents {
                    let line = document.position().line;
                    writeln!(out, "{} on line {line}", document.object()).unwrap();
                }
            }
            Err(errors) => {
                for error in errors {
                    writeln!(out, "{error}").unwrap();
                }
            }
        }
        out
    }

    fn check(text: &str, expected: &Expect) {
        expected.assert_eq(&said(text));
    }

    const JOB: &str = "\
apiVersion: batch/v1
kind: Job
metadata:
  name: report
spec:
  template:
    spec:
      containers:
      - name: main
        image: report:1.0
      restartPolicy: Never
";

    fn config_map(name: &str) -> String {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n")
    }

    #[test]
    fn a_misspelt_field_is_named_with_the_nearest_known_one() {
        let text = JOB.replace("spec:\n  template", "spec:\n  backofLimit: 3\n  template");
        check(
            &text,
            &expect![[r#"
            line 6, column 3, document 1 (job/report): spec.backofLimit: unknown field; did you mean "backoffLimit"?
        "#]],
        );
        let text = JOB.replace("image:", "imagee:");
        check(
            &text,
            &expect![[r#"
            line 9, column 9, document 1 (job/report): spec.template.spec.containers[0].image: Required value; add this field
            line 10, column 9, document 1 (job/report): spec.template.spec.containers[0].imagee: unknown field; did you mean "image"?
        "#]],
        );
    }

    #[test]
    fn a_duplicate_key_is_named_with_the_line_of_the_first() {
        let text = JOB.replace("        image:", "        name: again\n        image:");
        check(
            &text,
            &expect![[r#"
            line 10, column 9, document 1 (job/report): spec.template.spec.containers[0].name: duplicate field, first given on line 9; keep one of them
        "#]],
        );
    }

    #[test]
    fn all_errors_of_all_documents_are_told_at_once() {
        let text = [
            config_map("one"),
            JOB.replace("restartPolicy: Never", "restartPolicy: Always")
                .replace("1.0", "1.0\n        env: [{value: x}]"),
            config_map("three"),
            config_map("Four_") + "dta: {}\n",
            JOB.replace("report", "five"),
        ];
        check(
            &text.join("---\n"),
            &expect![[r#"
            line 16, column 15, document 2 (job/report): spec.template.spec.containers[0].env[0].name: Required value; add this field
            line 17, column 7, document 2 (job/report): spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"
            line 27, column 3, document 4 (configmap/Four_): metadata.name: Invalid value: "Four_": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')
            line 28, column 1, document 4 (configmap/Four_): dta: unknown field; did you mean "data"?
        "#]],
        );
    }

    #[test]
    fn a_tab_is_found_where_it_is() {
        check(
            &JOB.replace("  template", "\ttemplate"),
            &expect![[r#"
            line 6, column 1, document 1: a tab where YAML takes only spaces; replace it by spaces
        "#]],
        );
        check(
            &JOB.replace("    spec:", "\t\tspec:"),
            &expect![[r#"
            line 7, column 1, document 1: a tab where YAML takes only spaces; replace it by spaces
        "#]],
        );
        check(
            "a: 1\n\tb: 2\n",
            &expect![[r#"
            line 2, column 1, document 1: a tab where YAML takes only spaces; replace it by spaces
        "#]],
        );
    }

    #[test]
    fn an_alias_bomb_ends_at_the_bound() {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
        for level in 1..20 {
            let last = vec![format!("*a{}", level - 1); 10].join(", ");
            writeln!(text, "a{level}: &a{level} [{last}]").unwrap();
        }
        check(
            &format!("{text}---\n{JOB}"),
            &expect![[r#"
            line 6, column 25, document 1: more than 500000 values, aliases written out; split the file, and write fewer aliases of large values
        "#]],
        );
    }

    #[test]
    fn as_many_documents_as_the_bound_are_read() {
        let map = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n";
        for (documents, is_read) in [(10_000, true), (10_001, false)] {
            let text = vec![map; documents].join("---\n");
            let read = parse(&text, FieldValidation::Strict);
            assert_eq!(read.is_ok(), is_read, "{documents} documents");
        }
    }

    #[test]
    fn nesting_ends_at_the_bound() {
        check(
            &"[".repeat(100_000),
            &expect![[r#"
            line 1, column 101, document 1: more than 100 lists and maps within each other; no kind has fields that deep
        "#]],
        );
        check(
            &"- ".repeat(100_000),
            &expect![[r#"
            line 1, column 201, document 1: more than 100 lists and maps within each other; no kind has fields that deep
        "#]],
        );
        check(
            &"{a: ".repeat(100_000),
            &expect![[r#"
            line 1, column 401, document 1: more than 100 lists and maps within each other; no kind has fields that deep
        "#]],
        );
        let text = format!("{}{}", "[".repeat(100), "]".repeat(100));
        check(
            &text,
            &expect![[r#"
            line 1, column 1, document 1: the document is a list; it must be a map with apiVersion, kind and metadata
        "#]],
        );
    }

    #[test]
    fn what_is_no_yaml_is_told_with_a_remedy_and_the_next_document_is_read() {
        for (text, expected) in [
            (
                "a: b: c\n---\nx: y\n",
                expect![[r#"
                    line 1, column 5, document 1: ": " is not expected here; align the key with its neighbours, or quote the text
                    line 3, column 1, document 2: kind: required; this host serves CronJob, Job of batch/v1 and Namespace, ServiceAccount, ConfigMap, Secret, PersistentVolumeClaim, Event of v1
                "#]],
            ),
            (
                "a: [1, 2\n",
                expect![[r#"
                line 1, column 4, document 1: unclosed bracket '['; check quotes, brackets and indentation from here on
            "#]],
            ),
            (
                "a: \"x\n",
                expect![[r#"
                line 1, column 4, document 1: unclosed quote; check quotes, brackets and indentation from here on
            "#]],
            ),
            (
                "a: {{ .X }}\n",
                expect![[r#"
                line 1, column 5, document 1: a key must be text; quote what begins with a brace or bracket
            "#]],
            ),
            (
                "a: *x\n",
                expect![[r#"
                line 1, column 4, document 1: the alias (*name) names no anchor (&name) above it in this document; add the anchor, or quote the text if it is none
            "#]],
            ),
            (
                "a: &x [*x]\n",
                expect![[r#"
                line 1, column 8, document 1: the alias stands within the value that it names; write the value out
            "#]],
            ),
            (
                "a: !!int x\n",
                expect![[r#"
                line 1, column 10, document 1: "x" is no !!int; remove the tag
            "#]],
            ),
            (
                "a: .nan\n",
                expect![[r#"
                line 1, column 4, document 1: .nan is no number of JSON's; quote it or give a number
            "#]],
            ),
            (
                "<<: 3\n",
                expect![[r#"
                line 1, column 5, document 1: << takes a map or a list of maps, such as *base; name one, or quote it
            "#]],
            ),
            (
                "a: @x\n",
                expect![[r#"
                    line 1, column 4, document 1: unexpected character '@'; quote the text that it is in
                "#]],
            ),
            (
                "a: 1\n b: 2\n",
                expect![[r#"
                    line 2, column 3, document 1: ": " is not expected here; align the key with its neighbours, or quote the text
                "#]],
            ),
            (
                "a:\n  - 1\n - 2\n",
                expect![[r#"
                line 3, column 2, document 1: while parsing a block mapping, did not find expected key; check quotes, brackets and indentation from here on
            "#]],
            ),
            (
                "a: x\u{0}\n",
                expect![[r#"
                    line 1, column 5, document 1: unexpected character '\0'; quote the text that it is in
                "#]],
            ),
        ] {
            expected.assert_eq(&said(text));
        }
    }

    #[test]
    fn what_is_no_object_of_a_served_kind_is_told_what_is() {
        for (text, expected) in [
            (
                "hello\n",
                expect![[r#"
                line 1, column 1, document 1: the document is text; it must be a map with apiVersion, kind and metadata
            "#]],
            ),
            (
                "- 1\n",
                expect![[r#"
                line 1, column 1, document 1: the document is a list; it must be a map with apiVersion, kind and metadata
            "#]],
            ),
            (
                "kind: Job\n",
                expect![[r#"
                line 1, column 1, document 1 (job): apiVersion: required; for a Job it is batch/v1
            "#]],
            ),
            (
                "apiVersion: v1\n",
                expect![[r#"
                    line 1, column 1, document 1: kind: required; this host serves CronJob, Job of batch/v1 and Namespace, ServiceAccount, ConfigMap, Secret, PersistentVolumeClaim, Event of v1
                "#]],
            ),
            (
                "apiVersion: batch/v1beta1\nkind: CronJob\n",
                expect![[r#"
                line 2, column 1, document 1 (cronjob): kind: CronJob is not served as batch/v1beta1; use batch/v1
            "#]],
            ),
            (
                "apiVersion: batch/v1\nkind: Jobs\n",
                expect![[r#"
                line 2, column 1, document 1 (jobs): kind: Jobs (batch/v1) is not served here; did you mean Job (batch/v1)?
            "#]],
            ),
            (
                "apiVersion: apps/v1\nkind: Deployment\n",
                expect![[r#"
                    line 2, column 1, document 1 (deployment): kind: Deployment (apps/v1) is not served here; this host serves CronJob, Job of batch/v1 and Namespace, ServiceAccount, ConfigMap, Secret, PersistentVolumeClaim, Event of v1
                "#]],
            ),
            (
                "apiVersion: v1\nkind: List\nitems: 3\n",
                expect![[r#"
                    line 3, column 1, document 1 (list): items: is a number; it must be a list of objects
                "#]],
            ),
            (
                "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n",
                expect![[r#"
                    line 1, column 1, document 1 (pod/p): pods "p" is forbidden: this host makes pods for Jobs only; put the pod's spec into a Job's spec.template
                "#]],
            ),
        ] {
            expected.assert_eq(&said(text));
        }
    }

    #[test]
    fn a_value_of_a_wrong_type_is_told_with_what_the_field_takes() {
        let text = JOB
            .replace("name: report", "name: 1.0")
            .replace("  template", "  parallelism: \"2\"\n  suspend: 1\n  template")
            .replace(
                "restartPolicy: Never",
                "restartPolicy: no\n      volumes: {}\n      activeDeadlineSeconds: 1.5",
            );
        check(
            &text,
            &expect![[r#"
                line 4, column 3, document 1 (job): metadata.name: is a number; it must be a string (quote it)
                line 6, column 3, document 1 (job): spec.parallelism: is a string; it must be a whole number from -2147483648 to 2147483647
                line 7, column 3, document 1 (job): spec.suspend: is a number; it must be true or false
                line 13, column 7, document 1 (job): spec.template.spec.restartPolicy: is true or false; it must be a string (quote it)
                line 14, column 7, document 1 (job): spec.template.spec.volumes: is a map; it must be a list
                line 15, column 7, document 1 (job): spec.template.spec.activeDeadlineSeconds: is the number 1.5; it must be a whole number
            "#]],
        );
    }

    #[test]
    fn the_items_of_a_list_are_objects_of_their_own() {
        let text = "\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: a}
- apiVersion: v1
  kind: ConfigMapList
  items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: b, labels: {x: 1}}
";
        check(
            &text.replace("x: 1", "x: '1'"),
            &expect![[r#"
            configmap/a on line 4
            configmap/b on line 10
        "#]],
        );
        check(
            text,
            &expect![[r#"
            line 12, column 34, document 1 (configmap/b): metadata.labels.x: is a number; it must be a string (quote it)
        "#]],
        );
    }

    #[test]
    fn json_is_read_as_yaml_is() {
        let text = r#"{
	"apiVersion": "v1",
	"kind": "ConfigMap",
	"metadata": {"name": "a"},
	"data": {"smile": "\ud83d\ude00\/", "smile": "twice"}
}"#;
        check(
            text,
            &expect![[r#"
            line 5, column 38, document 1 (configmap/a): data.smile: duplicate field, first given on line 5; keep one of them
        "#]],
        );
        check(
            &text.replace(r#""smile": "twice""#, r#""n": "\n""#),
            &expect![[r#"
            configmap/a on line 1
        "#]],
        );
    }

    #[test]
    fn documents_without_anything_in_them_do_not_count() {
        let text = format!("# first\n---\n---\n{JOB}---\n# last\n");
        check(
            &text,
            &expect![[r#"
            job/report on line 4
        "#]],
        );
        check("", &expect![[""]]);
    }

    #[test]
    fn an_unknown_field_may_be_a_warning() {
        let text = JOB.replace("spec:\n  template", "spec:\n  backofLimit: 3\n  template");
        let documents = parse(&text, FieldValidation::Warn).unwrap();
        assert_eq!(documents[0].warnings[0].position.line, 6);
        let documents = parse(text, FieldValidation::Ignore).unwrap();
        assert!(documents[0].warnings.is_empty());
    }

    #[test]
    fn a_file_that_is_no_text_is_refused_with_the_line() {
        let errors = parse(b"a: 1\nb: \xff\n", FieldValidation::Strict).unwrap_err();
        assert_eq!(
            errors[0].to_string(),
            "line 2, column 1: not UTF-8 text; save the file as UTF-8"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            let _answer = parse(text, FieldValidation::Strict);
        }

        #[test]
        fn any_text_of_yamls_own_characters_is_read_or_refused(
            text in "[-:?,\\[\\]{}#&*!|>'\"%@` \t\r\na0.~<]{0,80}"
        ) {
            let _answer = parse(text, FieldValidation::Strict);
        }

        #[test]
        fn a_manifest_cut_and_changed_anywhere_is_read_or_refused(
            at in 0..JOB.len(),
            length in 0..20_usize,
            with in "[-:,\\[\\]{}&*!|>'\"\t \na]{0,6}",
        ) {
            let mut text = JOB.to_owned();
            text.replace_range(at..(at + length).min(JOB.len()), &with);
            let _answer = parse(text, FieldValidation::Strict);
        }
    }
}
