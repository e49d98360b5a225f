//! A few of the commands of a Unix system in one module, chosen by argv[0] as busybox does, or by the
//! first argument where argv[0] is none of them: what a test puts behind `ubuntu` or `busybox`.

use std::error::Error;
use std::io::{self, BufRead, Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, fs, thread};

type Outcome = Result<ExitCode, Box<dyn Error>>;

/// What a command does with its arguments.
type Act = fn(&[String]) -> Outcome;

/// A command: its name and its act.
type Applet = (&'static str, Act);

const APPLETS: [Applet; 16] = [
    ("cat", cat),
    ("cp", cp),
    ("echo", echo),
    ("env", environment),
    ("exit", exit),
    ("false", |_| Ok(ExitCode::FAILURE)),
    ("ls", ls),
    ("mkdir", |paths| each(paths, |path| fs::create_dir_all(path))),
    ("mv", mv),
    ("rm", |paths| each(paths, |path| fs::remove_file(path))),
    ("sleep", sleep),
    ("tee", tee),
    ("touch", |paths| each(paths, touch)),
    ("true", |_| Ok(ExitCode::SUCCESS)),
    ("uname", |_| print("WASI\n")),
    ("wc", wc),
];

fn main() -> ExitCode {
    let argv: Vec<String> = env::args().collect();
    let Some((name, applet, arguments)) = select(&argv) else {
        let names: Vec<&str> = APPLETS.iter().map(|(name, _)| *name).collect();
        eprintln!("usage: COMMAND [ARGUMENT…], with COMMAND one of {}", names.join(", "));
        return ExitCode::from(127);
    };
    applet(arguments).unwrap_or_else(|error| {
        eprintln!("{name}: {error}");
        ExitCode::FAILURE
    })
}

/// Returns the applet that `argv` means, and its arguments.
fn select(argv: &[String]) -> Option<(&'static str, Act, &[String])> {
    (0..argv.len().min(2)).find_map(|position| {
        let called = argv[position].rsplit('/').next()?;
        let (name, applet) = APPLETS.iter().find(|(name, _)| *name == called)?;
        Some((*name, *applet, &argv[position + 1..]))
    })
}

fn print(text: impl AsRef<[u8]>) -> Outcome {
    io::stdout().write_all(text.as_ref())?;
    Ok(ExitCode::SUCCESS)
}

fn each(paths: &[String], act: impl Fn(&Path) -> io::Result<()>) -> Outcome {
    for path in paths.iter().filter(|path| !path.starts_with('-')) {
        act(Path::new(path)).map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn echo(words: &[String]) -> Outcome {
    match words {
        [first, rest @ ..] if first == "-n" => print(rest.join(" ")),
        words => print(words.join(" ") + "\n"),
    }
}

fn cat(paths: &[String]) -> Outcome {
    if paths.is_empty() {
        io::copy(&mut io::stdin(), &mut io::stdout())?;
    }
    each(paths, print_file)
}

fn print_file(path: &Path) -> io::Result<()> {
    io::copy(&mut fs::File::open(path)?, &mut io::stdout()).map(drop)
}

/// Copies the standard input to the standard output and into files.
fn tee(paths: &[String]) -> Outcome {
    let mut text = Vec::new();
    io::stdin().read_to_end(&mut text)?;
    each(paths, |path| fs::write(path, &text))?;
    print(text)
}

/// Makes a file that is not there, as an empty one.
fn touch(path: &Path) -> io::Result<()> {
    fs::OpenOptions::new().append(true).create(true).open(path).map(drop)
}

fn cp(paths: &[String]) -> Outcome {
    let [from, to] = paths else { return Err("needs FROM and TO".into()) };
    fs::copy(from, to)?;
    Ok(ExitCode::SUCCESS)
}

fn mv(paths: &[String]) -> Outcome {
    let [from, to] = paths else { return Err("needs FROM and TO".into()) };
    fs::rename(from, to)?;
    Ok(ExitCode::SUCCESS)
}

/// Prints the names in each directory, sorted; in `/` where none is named.
fn ls(paths: &[String]) -> Outcome {
    let paths = if paths.is_empty() { &["/".to_owned()][..] } else { paths };
    for path in paths {
        let entries = fs::read_dir(path).map_err(|error| format!("{path}: {error}"))?;
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        for name in names {
            println!("{name}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the environment, sorted, or the values of the variables that are named.
fn environment(names: &[String]) -> Outcome {
    if names.is_empty() {
        let mut variables: Vec<(String, String)> = env::vars().collect();
        variables.sort();
        for (name, value) in variables {
            println!("{name}={value}");
        }
    }
    for name in names {
        println!("{}", env::var(name).map_err(|_| format!("{name} is not set"))?);
    }
    Ok(ExitCode::SUCCESS)
}

fn sleep(arguments: &[String]) -> Outcome {
    let [seconds] = arguments else { return Err("needs a number of seconds".into()) };
    thread::sleep(Duration::try_from_secs_f64(seconds.parse()?)?);
    Ok(ExitCode::SUCCESS)
}

/// Ends with the exit code that is named, saying what follows it on the standard error.
fn exit(arguments: &[String]) -> Outcome {
    let [code, words @ ..] = arguments else { return Err("needs an exit code".into()) };
    if !words.is_empty() {
        eprintln!("{}", words.join(" "));
    }
    Ok(ExitCode::from(code.parse::<u8>()?))
}

/// Prints the lines, words and bytes of the standard input.
fn wc(_: &[String]) -> Outcome {
    let (mut lines, mut words, mut bytes) = (0, 0, 0);
    for line in io::stdin().lock().lines() {
        let line = line?;
        lines += 1;
        words += line.split_whitespace().count();
        bytes += line.len() + 1;
    }
    print(format!("{lines} {words} {bytes}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_argv_0_or_the_first_argument() {
        let rows = [
            ("echo a b", "echo: a b"),
            ("/bin/echo a", "echo: a"),
            ("ubuntu cat x", "cat: x"),
            ("ubuntu", "none"),
            ("ubuntu sh echo", "none"),
        ];
        for (argv, expected) in rows {
            let words: Vec<String> = argv.split(' ').map(str::to_owned).collect();
            let selected = match select(&words) {
                Some((name, _, arguments)) => format!("{name}: {}", arguments.join(" ")),
                None => "none".to_owned(),
            };
            assert_eq!(selected, expected, "{argv}");
        }
    }

    #[test]
    fn applets_are_sorted_by_name() {
        assert!(APPLETS.is_sorted_by_key(|(name, _)| *name));
    }
}
