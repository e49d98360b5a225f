//! `schedule`: the fire times of a cron expression, worked out here.

use jobling_core::schedule::{Fold, Schedule, Zone};
use serde_json::json;

use super::{Exit, Failure};
use crate::args::{self, FoldArg, ScheduleOutput};
use crate::clock;
use crate::output::Output;
use crate::print::json_text;

/// Prints when the expression of `args` fires.
pub(crate) fn schedule(args: &args::Schedule, output: &mut Output) -> Result<Exit, Failure> {
    let zone = zone(&args.time_zone)?;
    if args.expression.contains("TZ=") {
        // As in spec.schedule of a CronJob.
        let text = "a schedule names no zone of its own; give it as --time-zone";
        return Err(Failure::BadInput(format!("\"{}\": {text}", args.expression)));
    }
    let schedule = Schedule::parse(&args.expression, zone)
        .map_err(|error| Failure::BadInput(format!("\"{}\": {error}", args.expression)))?;
    let schedule = match args.fold {
        FoldArg::Twice => schedule,
        FoldArg::Once => schedule.with_fold(Fold::Once),
    };
    let from = args.from.unwrap_or_else(clock::now);
    let from = jobling_core::Timestamp::from_unix_micros(from.as_microsecond());
    let runs = schedule.upcoming(from).take(args.count()).map(|run| zone.rfc3339(run));
    let runs: Vec<String> = runs.collect();
    match args.output {
        Some(ScheduleOutput::Json) => output.print(&json_text(&json!({
            "schedule": args.expression,
            "timeZone": zone.name(),
            "description": schedule.describe(),
            "runs": runs,
        })))?,
        None => {
            output.note(&schedule.describe());
            for run in &runs {
                output.line(run)?;
            }
            if runs.is_empty() {
                output.note("it never fires: no such day comes within five years");
            }
        }
    }
    Ok(Exit::Success)
}

fn zone(name: &str) -> Result<Zone, Failure> {
    Zone::parse(name)
        .map_err(|error| Failure::BadInput(format!("--time-zone: {error}; {}", error.advice())))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use expect_test::expect;

    use super::*;
    use crate::args::{Cli, Command};

    fn printed(words: &[&str]) -> Result<String, String> {
        let words = ["jobling", "schedule"].iter().chain(words);
        let Command::Schedule(args) = Cli::try_parse_from(words).unwrap().command else {
            panic!("a schedule")
        };
        let (mut output, stdout, stderr) = Output::captured();
        schedule(&args, &mut output).map_err(|failure| failure.to_string())?;
        Ok(format!("{}{}", stderr.text(), stdout.text()))
    }

    #[test]
    fn times_are_printed_in_the_zone_with_what_the_expression_means() {
        let words =
            ["30 2 * * *", "--time-zone", "Europe/Berlin", "--from", "2026-03-28T00:00:00Z"];
        let told = printed(&[&words[..], &["-n", "3"]].concat()).unwrap();
        expect![[r"
            at 02:30, every day, Europe/Berlin
            2026-03-28T02:30:00+01:00
            2026-03-30T02:30:00+02:00
            2026-03-31T02:30:00+02:00
        "]]
        .assert_eq(&told);
    }

    #[test]
    fn json_is_one_document() {
        let told = printed(&["@weekly", "--from", "2026-11-24T00:00:00Z", "-n", "1", "-o", "json"]);
        expect![[r#"
            {
                "description": "at 00:00, Sunday, UTC",
                "runs": [
                    "2026-11-29T00:00:00Z"
                ],
                "schedule": "@weekly",
                "timeZone": "UTC"
            }
        "#]]
        .assert_eq(&told.unwrap());
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place_and_what_is_allowed() {
        let told = printed(&["0 25 * * *"]).unwrap_err();
        expect![[r#"error: "0 25 * * *": end of range (25) above maximum (23): 25; this is the hour at column 3, which takes 0 to 23"#]]
            .assert_eq(&told);
        let told = printed(&["@daily", "--time-zone", "Berlin"]).unwrap_err();
        expect![[r"error: --time-zone: unknown time zone Berlin; a zone is an IANA name: did you mean Europe/Berlin?"]]
            .assert_eq(&told);
    }

    #[test]
    fn a_zone_in_the_expression_is_refused_as_in_a_cron_job() {
        let told = printed(&["TZ=Asia/Tokyo 0 9 * * *"]).unwrap_err();
        assert!(told.contains("--time-zone"), "{told}");
    }

    #[test]
    fn a_day_that_never_comes_is_said() {
        let told = printed(&["0 0 30 2 *"]).unwrap();
        assert!(told.contains("it never fires"), "{told}");
    }
}
