//! The texts that a new project is made of, by language and kind.

use super::facts::TaskKind;
use crate::build::Language;

/// A file's path and its text, words to be put in.
pub(super) type Text = (&'static str, &'static str);

/// Returns the manifests.
pub(super) const fn manifests(kind: TaskKind) -> &'static [Text] {
    match kind {
        TaskKind::Job => &[("job.yaml", include_str!("manifests/job.yaml"))],
        TaskKind::CronJob => &[("cronjob.yaml", include_str!("manifests/cronjob.yaml"))],
        TaskKind::Worker => &[
            ("job.yaml", include_str!("manifests/trial.yaml")),
            ("worker.yaml", include_str!("manifests/worker.yaml")),
        ],
        TaskKind::Trigger => &[
            ("job.yaml", include_str!("manifests/rehearsal.yaml")),
            ("trigger.yaml", include_str!("manifests/trigger.yaml")),
        ],
    }
}

/// Returns the sources, in groups that others have, too.
pub(super) const fn sources(language: Language, kind: TaskKind) -> &'static [&'static [Text]] {
    match (language, kind) {
        (Language::Rust, TaskKind::Job) => {
            &[CARGO, &[("src/main.rs", include_str!("rust/job.rs"))]]
        }
        (Language::Rust, TaskKind::CronJob) => {
            &[CARGO, &[("src/main.rs", include_str!("rust/cronjob.rs"))]]
        }
        (Language::Rust, TaskKind::Worker) => {
            &[CARGO, &[("src/main.rs", include_str!("rust/worker.rs"))]]
        }
        (Language::Rust, TaskKind::Trigger) => {
            &[CARGO, &[("src/main.rs", include_str!("rust/trigger.rs"))]]
        }
        (Language::C, TaskKind::Worker) => &[
            &[
                ("main.c", include_str!("c/worker.c")),
                ("queue.c", include_str!("c/queue.c")),
                ("queue.h", include_str!("c/queue.h")),
            ],
            C_TASK,
        ],
        (Language::C, _) => &[&[("main.c", include_str!("c/main.c"))], C_TASK],
        // What calls the host is compiled for it alone: the tests run elsewhere.
        (Language::Go, TaskKind::Worker) => &[
            &[
                ("go.mod", GO_MODULE),
                ("line.go", include_str!("go/line.go")),
                ("main_wasip1.go", include_str!("go/worker.go")),
                ("queue_wasip1.go", include_str!("go/queue.go")),
            ],
            GO_TEST,
        ],
        (Language::Go, _) => {
            &[&[("go.mod", GO_MODULE), ("main.go", include_str!("go/main.go"))], GO_TEST]
        }
        (Language::JavaScript, TaskKind::Worker) => {
            &[&[("main.js", include_str!("js/worker.js"))], JS_TASK, WORLD]
        }
        (Language::JavaScript, _) => &[&[("main.js", include_str!("js/main.js"))], JS_TASK],
        (Language::Python, TaskKind::Worker) => {
            &[&[("app.py", include_str!("python/worker.py"))], PYTHON_TASK, WORLD]
        }
        (Language::Python, _) => &[&[("app.py", include_str!("python/app.py"))], PYTHON_TASK],
    }
}

const CARGO: &[Text] = &[("Cargo.toml", include_str!("rust/Cargo.toml"))];

const C_TASK: &[Text] = &[
    ("task.c", include_str!("c/task.c")),
    ("task.h", include_str!("c/task.h")),
    ("test.c", include_str!("c/test.c")),
    ("Makefile", include_str!("c/Makefile")),
];

const GO_MODULE: &str = include_str!("go/go.mod");
const GO_TEST: &[Text] = &[("main_test.go", include_str!("go/main_test.go"))];

const JS_TASK: &[Text] = &[
    ("package.json", include_str!("js/package.json")),
    ("task.js", include_str!("js/task.js")),
    ("task.test.js", include_str!("js/task.test.js")),
];

const PYTHON_TASK: &[Text] = &[
    ("task.py", include_str!("python/task.py")),
    ("test_task.py", include_str!("python/test_task.py")),
];

/// What a component imports and exports, in place of the world that a build has for it.
const WORLD: &[Text] = &[
    ("wit/world.wit", include_str!("wit/worker.wit")),
    ("wit/deps/cli/cli.wit", include_str!("../build/wit/cli.wit")),
    ("wit/deps/task/task.wit", include_str!("../../../../sdk/wit/task.wit")),
];
