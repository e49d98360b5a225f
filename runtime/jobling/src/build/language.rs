//! In which language a folder is written, told by the file that its tools ask for.

use std::path::Path;

/// A language that tasks are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Language {
    /// Rust, by cargo.
    Rust,
    /// C, by clang or zig.
    C,
    /// Go, by go.
    Go,
    /// JavaScript, by componentize-js.
    #[value(name = "js", alias = "javascript")]
    JavaScript,
    /// Python, by componentize-py.
    #[value(name = "python", alias = "py")]
    Python,
}

impl Language {
    /// Returns the language of `folder`; `None` where it holds no task's sources.
    pub(crate) fn of(folder: &Path) -> Option<Self> {
        let has = |name: &str| folder.join(name).is_file();
        if has("Cargo.toml") {
            Some(Self::Rust)
        } else if has("go.mod") {
            Some(Self::Go)
        } else if has("package.json") {
            Some(Self::JavaScript)
        } else if has("app.py") {
            Some(Self::Python)
        } else {
            has("main.c").then_some(Self::C)
        }
    }

    /// Returns its name, as people write it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::C => "C",
            Self::Go => "Go",
            Self::JavaScript => "JavaScript",
            Self::Python => "Python",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_in_the_language_whose_tools_would_take_it() {
        for (file, language) in [
            ("Cargo.toml", Some(Language::Rust)),
            ("go.mod", Some(Language::Go)),
            ("package.json", Some(Language::JavaScript)),
            ("app.py", Some(Language::Python)),
            ("main.c", Some(Language::C)),
            ("job.yaml", None),
        ] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(file), "").unwrap();
            assert_eq!(Language::of(folder.path()), language, "{file}");
        }
    }
}
