//! What differs between the kinds of tasks, and how each language says it.

use crate::build::Language;

/// What starts a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum TaskKind {
    /// A person or a program: a Job.
    Job,
    /// The clock: a CronJob.
    #[value(name = "cronjob")]
    CronJob,
    /// Items in a work queue: a Job whose pods work them off.
    Worker,
    /// A request over HTTP.
    Trigger,
}

/// What a kind's task does, in words that every language's source shares.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// What it does.
    pub(super) purpose: &'static str,
    /// What it prints before and after what it is about.
    pub(super) before: &'static str,
    pub(super) after: &'static str,
    /// What it is about, as the tests have it.
    pub(super) example: &'static str,
    /// What it says where that is missing.
    pub(super) missing: &'static str,
    /// The variable that it is told by; the first argument where there is none.
    variable: Option<&'static str>,
}

impl TaskKind {
    pub(super) const fn facts(self) -> Facts {
        match self {
            Self::Job => Facts {
                purpose: "Greets whom the first argument names.",
                before: "Hello, ",
                after: "!",
                example: "Ada",
                missing: "the first argument is missing; give the container args",
                variable: None,
            },
            Self::CronJob => Facts {
                purpose: "Writes the report of the time that the run was scheduled for.",
                before: "The report of ",
                after: ".",
                example: "2026-11-24T06:00:00Z",
                missing: "SCHEDULED_TIME is not set; give it a value in the container's env",
                variable: Some("SCHEDULED_TIME"),
            },
            Self::Worker => Facts {
                purpose: "Works off the queue of its own name; what the arguments name is pushed first.",
                before: "Hello, ",
                after: "!",
                example: "Ada",
                missing: "",
                variable: None,
            },
            Self::Trigger => Facts {
                purpose: "Answers a request: what is printed is the answer's body.",
                before: "You asked for ",
                after: ".",
                example: "/orders",
                missing: "PATH_INFO is not set; there is no request",
                variable: Some("PATH_INFO"),
            },
        }
    }
}

/// How a language gets at what the task is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Access {
    /// The expression.
    pub(super) subject: String,
    /// What it needs imported.
    pub(super) import: &'static str,
    /// The parameters of C's `main`.
    pub(super) parameters: &'static str,
}

impl Facts {
    /// Returns how `language` gets at what the task is about. Rust has sources of its own for each kind.
    pub(super) fn access(&self, language: Language) -> Access {
        let (subject, import, parameters) = match (language, self.variable) {
            (Language::C, Some(name)) => {
                (format!("getenv(\"{name}\")"), "#include <stdlib.h>\n", "void")
            }
            (Language::C, None) => {
                ("argc > 1 ? argv[1] : NULL".to_owned(), "", "int argc, char **argv")
            }
            (Language::Go, Some(name)) => (format!("os.Getenv(\"{name}\")"), "", ""),
            (Language::Go, None) => {
                ("strings.Join(os.Args[1:], \" \")".to_owned(), "\t\"strings\"\n", "")
            }
            (Language::JavaScript, Some(name)) => {
                (format!("new Map(getEnvironment()).get(\"{name}\")"), "getEnvironment", "")
            }
            (Language::JavaScript, None) => ("getArguments()[1]".to_owned(), "getArguments", ""),
            (Language::Python, Some(name)) => {
                (format!("os.environ.get(\"{name}\")"), "import os\n", "")
            }
            (Language::Python, None) => ("\" \".join(sys.argv[1:])".to_owned(), "", ""),
            (Language::Rust, _) => (String::new(), "", ""),
        };
        Access { subject, import, parameters }
    }
}
