//! `build`: a task's folder to a module, and what there is to know of it.

use std::io;

use jobling_images::{ImageKind, Summary};

use super::{Exit, Failure};
use crate::args;
use crate::build::{self, BuildError, Built, Progress, Tools, needs};
use crate::output::Output;

/// Builds what `args` name, and reports it. The modules are returned, for whoever imports them.
pub(crate) fn build(
    args: &args::Build,
    tools: &Tools,
    output: &mut Output,
) -> Result<Vec<Built>, Failure> {
    let progress = Progress::on(output);
    let built = build::build(&args.folder, args.order(), tools, &progress);
    let built = built.map_err(|error| failure(&error))?;
    drop(progress);
    for program in &built {
        if args.quiet {
            output.line(&program.module.display().to_string())?;
        } else {
            report(program, output)?;
        }
    }
    Ok(built)
}

/// What was asked for is wrong, or what was found: both leave nothing built.
fn failure(error: &BuildError) -> Failure {
    Failure::Usage(error.to_string())
}

fn report(program: &Built, output: &mut Output) -> io::Result<()> {
    let Built { module, compiled_bytes, bytes, summary, .. } = program;
    let kind = match summary.kind {
        ImageKind::Module => "module",
        ImageKind::Component => "component",
    };
    let stripped = match compiled_bytes > bytes {
        true => format!(", {} before it was stripped", size(*compiled_bytes)),
        false => String::new(),
    };
    output.line(&format!("{}: {kind}, {}{stripped}", module.display(), size(*bytes)))?;
    for (interface, count) in interfaces(summary) {
        let functions = if count > 1 { format!(" ({count} functions)") } else { String::new() };
        output.line(&format!("  imports {interface}{functions}"))?;
    }
    for need in needs(summary) {
        output.line(&format!("  needs {need}"))?;
    }
    Ok(())
}

/// Returns the interfaces that a module imports, in their order, and how many functions of each. A
/// component imports whole interfaces.
fn interfaces(summary: &Summary) -> Vec<(&str, usize)> {
    let mut interfaces: Vec<(&str, usize)> = Vec::new();
    for import in &summary.imports {
        let interface = match summary.kind {
            ImageKind::Module => import.name.split_once('.').map_or("", |(module, _)| module),
            ImageKind::Component => &import.name,
        };
        match interfaces.iter_mut().find(|(known, _)| *known == interface) {
            Some((_, count)) => *count += 1,
            None => interfaces.push((interface, 1)),
        }
    }
    interfaces
}

/// Returns a size in words: in thousands, as files are sold.
#[expect(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

/// Puts the one module behind an image name of the daemon's.
pub(crate) async fn import(
    name: &str,
    built: &[Built],
    rest: &crate::client::Rest,
    output: &mut Output,
) -> Result<Exit, Failure> {
    let [program] = built else {
        let names: Vec<&str> = built.iter().map(|program| program.name.as_str()).collect();
        return Err(Failure::Usage(format!(
            "--import takes one program and {} are built; import each: jobling image import NAME FILE",
            names.join(", ")
        )));
    };
    let image = super::image::import_file(name, &program.module, rest).await?;
    let name = image["metadata"]["name"].as_str().unwrap_or(name);
    let digest = image["status"]["digest"].as_str().unwrap_or_default();
    output.line(&format!("image/{name} imported: {digest}"))?;
    Ok(Exit::Success)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use expect_test::expect;
    use jobling_images::{Extern, Sort};

    use super::*;

    #[test]
    fn the_report_has_the_size_the_imports_and_what_is_needed() {
        let import = |name: &str| Extern { name: name.to_owned(), sort: Sort::Func };
        let names = ["fd_write", "path_open", "proc_exit"];
        let imports = names.map(|name| import(&format!("wasi_snapshot_preview1.{name}")));
        let program = Built {
            name: "hello".to_owned(),
            module: PathBuf::from("hello/target/hello.wasm"),
            compiled_bytes: 2_345_678,
            bytes: 78_945,
            summary: Summary {
                kind: ImageKind::Module,
                imports: imports.to_vec(),
                exports: Vec::new(),
            },
        };
        let (mut output, stdout, _) = Output::captured();
        report(&program, &mut output).unwrap();
        expect![[r"
            hello/target/hello.wasm: module, 78.9 kB, 2.3 MB before it was stripped
              imports wasi_snapshot_preview1 (3 functions)
              needs files: a volume for each directory that it uses
        "]]
        .assert_eq(&stdout.text());
    }
}
