//! `build`: a task's folder to a module.

use std::path::PathBuf;

use crate::build::{Names, Optimise, Order, Target};

/// Build a task's folder to a WASI module or component.
///
/// The language is told by the folder: Cargo.toml (Rust), go.mod (Go), package.json (JavaScript), app.py
/// (Python) or main.c (C). What its own tools made is stripped, and its imports are checked against what
/// runs are provided with. The module is left in the folder's target/.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  jobling build                                  The folder that this is
  jobling build examples/hello -q                Only the module's path
  jobling build mytask --import mytask:1.0       And put it behind an image name of the daemon's
  jobling build mytask --target wasm32-wasip2    A component, from Rust
  jobling build mytask --optimize -o mytask.wasm")]
pub(crate) struct Build {
    /// The folder.
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) folder: PathBuf,
    /// Put the module behind this image name of the daemon's.
    #[arg(long, value_name = "NAME:TAG")]
    pub(crate) import: Option<String>,
    /// Where the module goes; default: target/NAME.wasm in the folder.
    #[arg(short = 'o', long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// What Rust is compiled for.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) target: Target,
    /// Make it smaller and faster with Binaryen's wasm-opt.
    #[arg(long, visible_alias = "optimise")]
    optimize: bool,
    /// Keep the names of functions, for the backtraces of traps.
    #[arg(long)]
    keep_names: bool,
    /// Print the module's path and nothing else.
    #[arg(short, long)]
    pub(crate) quiet: bool,
}

impl Build {
    /// Returns what is to be built, and how.
    pub(crate) fn order(&self) -> Order<'_> {
        Order {
            target: self.target,
            names: if self.keep_names { Names::Kept } else { Names::Stripped },
            optimise: if self.optimize { Optimise::Yes } else { Optimise::No },
            out: self.out.as_deref(),
        }
    }
}
