//! Fills in `{{ .ScheduledTime }}`, `{{ .Name }}` and `{{ .Namespace }}` in Jobs that a CronJob or an
//! HTTPTrigger made, and what the request said in those of the latter: `{{ .Path.name }}`,
//! `{{ .Query.name }}` and `{{ .Header.Name }}`.

use std::borrow::Cow;

use jobling_core::engine::PodStart;
use jobling_core::trigger::TriggerCall;

use super::request::header;

/// Where the CronJob controller leaves the time that a run was scheduled for.
const SCHEDULED: &str = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/// What the words in braces stand for; nothing, in a Job that a person made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Braces<'a>(Option<Words<'a>>);

#[derive(Debug, Clone, Copy)]
struct Words<'a> {
    scheduled_time: Option<&'a str>,
    name: &'a str,
    namespace: &'a str,
    call: Option<&'a TriggerCall>,
}

impl<'a> Braces<'a> {
    /// Returns what the words stand for in the pod of `start`.
    pub(crate) fn of(start: &'a PodStart) -> Self {
        let job = &start.job;
        let scheduled_time = job.annotations.get(SCHEDULED).map(String::as_str);
        let owned = job.owner.as_ref().is_some_and(|owner| owner.kind == "CronJob");
        let call = start.call.as_deref();
        Self((owned || scheduled_time.is_some() || call.is_some()).then(|| Words {
            scheduled_time,
            name: &job.name,
            namespace: &job.namespace,
            call,
        }))
    }

    /// Returns `text` with the words filled in; other text in braces stays as it is. `$(VAR)` is expanded
    /// in what is returned, but never in what a request said: its dollar signs are doubled.
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
            let (value, after) = filled.unwrap_or((Cow::Borrowed("{{"), after));
            out.push_str(&value);
            rest = after;
        }
        out.push_str(rest);
        Cow::Owned(out)
    }
}

impl<'a> Words<'a> {
    fn get(&self, word: &str) -> Option<Cow<'a, str>> {
        match word.trim() {
            ".ScheduledTime" => self.scheduled_time.map(Cow::Borrowed),
            ".Name" => Some(self.name.into()),
            ".Namespace" => Some(self.namespace.into()),
            word => said(self.call?, word).map(|said| said.replace('$', "$$").into()),
        }
    }
}

/// Returns what a request said that `word` names; empty where it did not say it.
fn said<'c>(call: &'c TriggerCall, word: &str) -> Option<Cow<'c, str>> {
    if let Some(name) = word.strip_prefix(".Path.") {
        return Some(call.segments.get(name).map(String::as_str).unwrap_or_default().into());
    }
    if let Some(name) = word.strip_prefix(".Header.") {
        return Some(header(call, name).unwrap_or_default().into());
    }
    let name = word.strip_prefix(".Query.")?;
    let mut pairs = form_urlencoded::parse(call.query.as_bytes());
    // The environment and argv of WASI end at a NUL.
    Some(
        pairs
            .find(|(own, _)| own == name)
            .map_or_else(String::new, |(_, value)| value.replace('\0', ""))
            .into(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::expand;
    use crate::testing::{call, job, pod_start};
    use jobling_core::pods::Owner;
    use std::sync::Arc;

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
            let (run, other) = (pod_start(info.clone()), pod_start(job("daily")));
            assert_eq!(Braces::of(&run).fill(text), filled, "{text}");
            assert_eq!(Braces::of(&other).fill(text), text, "no run: {text}");
        }
        info.annotations.clear();
        info.owner = Some(Owner { kind: "CronJob".into(), name: "daily".into() });
        let run = pod_start(info);
        assert_eq!(Braces::of(&run).fill("{{ .Name }}"), "daily-29000000");
        assert_eq!(Braces::of(&run).fill("{{ .ScheduledTime }}"), "{{ .ScheduledTime }}");
    }

    #[test]
    fn what_a_request_said_is_filled_in_and_never_expanded() {
        let mut request = call(&[("X-Kind", "a$(SECRET)b"), ("X-Kind", "second")]);
        request.query = "q=%24%28SECRET%29+x&n=%00&q=2".into();
        request.segments = [("id".to_owned(), "$$7 {{ .Name }}".to_owned())].into();
        let start = PodStart { call: Some(Arc::new(request)), ..pod_start(job("thumbnail-x")) };
        for (text, filled) in [
            ("{{ .Path.id }}", "$$7 {{ .Name }}"),
            ("{{.Query.q}}-{{ .Query.n }}-{{ .Query.none }}", "$(SECRET) x--"),
            ("{{ .Header.x-kind }}{{ .Header.None }}", "a$(SECRET)b"),
            ("$(SECRET) {{ .Path.none }}{{ .Name }}", "hidden thumbnail-x"),
            ("{{ .Body }}", "{{ .Body }}"),
        ] {
            let braces = Braces::of(&start);
            let expanded =
                expand(&braces.fill(text), |name| (name == "SECRET").then_some("hidden"));
            assert_eq!(expanded, filled, "{text}");
        }
    }
}
