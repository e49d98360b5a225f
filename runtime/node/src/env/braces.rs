//! Fills in `{{ .ScheduledTime }}`, `{{ .Name }}` and `{{ .Namespace }}` in Jobs that a CronJob made.

use std::borrow::Cow;

use jobling_core::pods::JobInfo;

/// Where the CronJob controller leaves the time that a run was scheduled for.
const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// What the words in braces stand for; nothing, in a Job that is no run of a CronJob.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Braces<'a>(Option<Words<'a>>);

#[derive(Debug, Clone, Copy)]
struct Words<'a> {
    scheduled_time: Option<&'a str>,
    name: &'a str,
    namespace: &'a str,
}

impl<'a> Braces<'a> {
    /// Returns what the words stand for in the pods of `job`.
    pub(crate) fn of(job: &'a JobInfo) -> Self {
        let scheduled_time = job.annotations.get(SCHEDULED).map(String::as_str);
        let owned = job.owner.as_ref().is_some_and(|owner| owner.kind == "CronJob");
        Self((owned || scheduled_time.is_some()).then(|| Words {
            scheduled_time,
            name: &job.name,
            namespace: &job.namespace,
        }))
    }

    /// Returns `text` with the words filled in; other text in braces stays as it is.
    pub(crate) fn fill(self, text: &str) -> Cow<'_, str> {
        let Some(words) = self.0.filter(|_| text.contains("{{")) else {
            return Cow::Borrowed(text);
        };
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            out.push_str(before);
            let word = after.split_once("}}");
            let filled = word.and_then(|(word, after)| Some((words.get(word)?, after)));
            let (value, after) = filled.unwrap_or(("{{", after));
            out.push_str(value);
            rest = after;
        }
        out.push_str(rest);
        Cow::Owned(out)
    }
}

impl<'a> Words<'a> {
    fn get(&self, word: &str) -> Option<&'a str> {
        match word.trim() {
            ".ScheduledTime" => self.scheduled_time,
            ".Name" => Some(self.name),
            ".Namespace" => Some(self.namespace),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::job;
    use jobling_core::pods::Owner;

    #[test]
    fn words_are_filled_in_for_a_cronjobs_job_alone() {
        let mut info = job("daily-29000000");
        info.annotations.insert(SCHEDULED.into(), "2026-11-23T06:00:00+01:00".into());
        for (text, filled) in [
            ("{{ .ScheduledTime }}", "2026-11-23T06:00:00+01:00"),
            ("at {{.ScheduledTime}}!", "at 2026-11-23T06:00:00+01:00!"),
            ("{{ .Namespace }}/{{ .Name }}", "default/daily-29000000"),
            ("{{ .Values.x }} {{ .Name }}", "{{ .Values.x }} daily-29000000"),
            ("{{ .Name", "{{ .Name"),
            ("{\"a\": {}}", "{\"a\": {}}"),
        ] {
            assert_eq!(Braces::of(&info).fill(text), filled, "{text}");
            assert_eq!(Braces::of(&job("daily")).fill(text), text, "no run: {text}");
        }
        info.annotations.clear();
        info.owner = Some(Owner { kind: "CronJob".into(), name: "daily".into() });
        assert_eq!(Braces::of(&info).fill("{{ .Name }}"), "daily-29000000");
        assert_eq!(Braces::of(&info).fill("{{ .ScheduledTime }}"), "{{ .ScheduledTime }}");
    }
}
