//! The `jobling` binary: the command line, the daemon and the runner in the foreground, where the rooms
//! are wired together.

mod args;
mod build;
mod client;
mod clock;
mod environment;
mod host;
mod install;
mod jsonpath;
mod manifest;
mod new;
mod output;
mod print;
mod run;
mod serve;
mod start;
mod verbs;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use args::{Cli, Command};
use build::Built;
use client::Rest;
use output::Output;
use verbs::{Exit, Failure, Switched};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Of a process that was started to compile a module, this is all.
    jobling_sandbox::compile_child_main();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misunderstood(&error),
    };
    let mut output = Output::of_process();
    match carry_out(cli, &mut output) {
        Ok(exit) => ExitCode::from(exit.code()),
        // What a shell makes of a program that SIGPIPE ended.
        Err(failure) if failure.is_broken_pipe() => ExitCode::from(141),
        Err(failure) => {
            output.note(&failure.to_string());
            ExitCode::from(failure.exit().code())
        }
    }
}

/// Says what is wrong with the command line. A wrong word of a command that kubectl has exits as
/// kubectl does, so that scripts carry over.
fn misunderstood(error: &clap::Error) -> ExitCode {
    drop(error.print());
    if !error.use_stderr() {
        return ExitCode::SUCCESS;
    }
    let words = std::env::args().skip(1);
    let verb = words.into_iter().find(|word| !word.starts_with('-')).unwrap_or_default();
    match Command::is_kubectls(&verb) {
        true => ExitCode::from(Exit::Failure.code()),
        false => ExitCode::from(Exit::Usage.code()),
    }
}

fn carry_out(cli: Cli, output: &mut Output) -> Result<Exit, Failure> {
    if let Command::Completion { shell } = cli.command {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "jobling", &mut script);
        output.print(&String::from_utf8_lossy(&script))?;
        return Ok(Exit::Success);
    }
    if let Command::Run(args) = &cli.command {
        return with_pods()?.block_on(start::run(args, &cli.connection, output));
    }
    if let Command::Serve(args) = &cli.command {
        return with_pods()?.block_on(start::serve(args, output));
    }
    if let Command::Schedule(args) = &cli.command {
        return verbs::schedule(args, output);
    }
    if let Command::Install(args) = &cli.command {
        return install::install(args, output);
    }
    if let Command::New(args) = &cli.command {
        return verbs::new(args, &environment::tools(), output);
    }
    let mut built = Vec::new();
    if let Command::Build(args) = &cli.command {
        built = verbs::build(args, &environment::tools(), output)?;
        if args.import.is_none() {
            return Ok(Exit::Success);
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(client_verb(&cli, &built, output))
}

/// Returns a runtime in which pods run: a thread for each core.
fn with_pods() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

async fn client_verb(cli: &Cli, built: &[Built], output: &mut Output) -> Result<Exit, Failure> {
    let socket = environment::default_socket();
    let (client, target, namespace) = client::connect(&cli.connection, &socket).await?;
    let rest = &Rest::new(client, target, namespace, cli.connection.namespace.clone());
    match &cli.command {
        Command::Apply(args) => verbs::apply(args, rest, output).await,
        Command::Create(args) => verbs::create(args, rest, output).await,
        Command::Get(args) => verbs::get(args, rest, output).await,
        Command::Describe(args) => verbs::describe(args, rest, output).await,
        Command::Logs(args) => verbs::logs(args, rest, output).await,
        Command::Wait(args) => verbs::wait(args, rest, output).await,
        Command::Delete(args) => verbs::delete(args, rest, output).await,
        Command::Suspend(args) => verbs::switch(args, Switched::Suspended, rest, output).await,
        Command::Resume(args) => verbs::switch(args, Switched::Resumed, rest, output).await,
        Command::Trigger(args) => verbs::trigger(args, rest, output).await,
        Command::Image(command) => verbs::image(command, rest, output).await,
        Command::Token(command) => verbs::token(command, rest, output).await,
        Command::Queue(command) => verbs::queue(command, rest, output).await,
        Command::Version(args) => {
            verbs::version(args, (!args.client).then_some(rest), output).await
        }
        Command::Build(args) => match &args.import {
            Some(name) => verbs::import_built(name, built, rest, output).await,
            None => Ok(Exit::Success),
        },
        Command::Run(_)
        | Command::New(_)
        | Command::Serve(_)
        | Command::Schedule(_)
        | Command::Install(_)
        | Command::Completion { .. } => Ok(Exit::Success),
    }
}
