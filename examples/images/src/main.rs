//! Takes a picture of `INPUT` that no other pod has taken and writes a small one to `OUTPUT`; with the
//! argument `draw` and perhaps a count, draws pictures into `INPUT`.

mod draw;
mod share;
mod shrink;

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => process(),
        ["draw"] => draw(None),
        ["draw", count] => draw(Some(count)),
        _ => {
            Err("the arguments are: none, to take a picture and make it smaller; or: draw [COUNT]"
                .into())
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn process() -> Result<(), Box<dyn Error>> {
    let (input, output) = (directory("INPUT", "/input"), directory("OUTPUT", "/output"));
    let longest = number("LONGEST_SIDE", 320)?;
    let Some(taken) = share::take(&input, &output, &pod_name())? else {
        println!("every picture is taken");
        return Ok(());
    };
    let picture = fs::read(&taken.picture)?;
    let small = shrink::shrink(&picture, longest)
        .map_err(|error| format!("{}: {error}", taken.picture.display()))?;
    taken.finish(&small.jpeg)?;
    println!(
        "{}: {}x{} to {}x{}",
        taken.picture.display(),
        small.from.0,
        small.from.1,
        small.to.0,
        small.to.1
    );
    Ok(())
}

/// Draws `count` pictures, or one that bears the pod's name.
fn draw(count: Option<&str>) -> Result<(), Box<dyn Error>> {
    let input = directory("INPUT", "/input");
    let names: Vec<String> = match count {
        None => vec![pod_name()],
        Some(count) => {
            let count: u32 = count.parse().map_err(|_| format!("{count} is no count"))?;
            (0..count).map(|number| format!("{number:04}")).collect()
        }
    };
    for name in names {
        let path = input.join(format!("{name}.jpg"));
        fs::write(&path, draw::photograph(&name)?)?;
        println!("drew {}", path.display());
    }
    Ok(())
}

fn directory(variable: &str, default: &str) -> PathBuf {
    env::var_os(variable).map_or_else(|| default.into(), PathBuf::from)
}

fn number(variable: &str, default: u32) -> Result<u32, String> {
    let Ok(text) = env::var(variable) else { return Ok(default) };
    let number = text.parse().ok().filter(|&number| number > 0);
    number.ok_or_else(|| format!("{variable} is \"{text}\"; it must be a number above 0"))
}

/// Returns who takes: the pod's name, which stays the same when its container is started again.
fn pod_name() -> String {
    env::var("HOSTNAME").unwrap_or_else(|_| "nobody".to_owned())
}
