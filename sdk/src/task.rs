//! What a pod knows, and what it may tell.

use std::ffi::OsString;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::host::{Host, Process};
use crate::{Queue, QueueError, Request, Secret, VariableError, Volume, VolumeError};

/// Bytes of a termination message that Kubernetes keeps.
const MESSAGE_BYTES: usize = 4096;

/// One attempt at a task, in a container of a Job's pod.
///
/// The host sets `HOSTNAME` and, in Indexed Jobs, `JOB_COMPLETION_INDEX`. Other facts come from variables
/// that the manifest fills by the downward API, here as on any cluster; the README has them to copy.
///
/// ```
/// use jobling_sdk::testing::Host;
///
/// let task = Host::new().var("HOSTNAME", "report-2-x7k2p").index(2).task();
/// assert_eq!(task.pod().as_deref(), Some("report-2-x7k2p"));
/// assert_eq!(task.job().as_deref(), Some("report"));
/// ```
#[derive(Clone)]
pub struct Task {
    host: Arc<dyn Host>,
}

impl Task {
    pub(crate) fn of_process() -> Self {
        Self::on(Arc::new(Process::started_now()))
    }

    pub(crate) fn on(host: Arc<dyn Host>) -> Self {
        Self { host }
    }

    /// Returns the pod's name: `POD_NAME`, else `HOSTNAME`, which is cut after 63 bytes.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let task = Host::new().var("HOSTNAME", "a-x7k2p").task();
    /// assert_eq!(task.pod().as_deref(), Some("a-x7k2p"));
    /// ```
    #[must_use]
    pub fn pod(&self) -> Option<String> {
        self.text("POD_NAME").or_else(|| self.text("HOSTNAME"))
    }

    /// Returns the Job's name: `JOB_NAME`, else what the pod's name has before its index and its five
    /// letters.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let task = Host::new().var("HOSTNAME", "nightly-report-x7k2p").task();
    /// assert_eq!(task.job().as_deref(), Some("nightly-report"));
    /// ```
    pub fn job(&self) -> Option<String> {
        if let Some(name) = self.text("JOB_NAME") {
            return Some(name);
        }
        let pod = self.pod()?;
        let (job, _) = pod.rsplit_once('-')?;
        let index = self.index().ok()?;
        let suffix = index.map(|index| format!("-{index}")).unwrap_or_default();
        job.strip_suffix(&suffix).map(str::to_owned)
    }

    /// Returns the namespace: `POD_NAMESPACE`.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let task = Host::new().var("POD_NAMESPACE", "shop").task();
    /// assert_eq!(task.namespace().as_deref(), Some("shop"));
    /// ```
    #[must_use]
    pub fn namespace(&self) -> Option<String> {
        self.text("POD_NAMESPACE")
    }

    /// Returns the index of this completion, in an Indexed Job.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// assert_eq!(Host::new().index(3).task().index()?, Some(3));
    /// assert_eq!(Host::new().task().index()?, None);
    /// # Ok::<(), jobling_sdk::VariableError>(())
    /// ```
    pub fn index(&self) -> Result<Option<u32>, VariableError> {
        self.optional("JOB_COMPLETION_INDEX")
    }

    /// Returns how many completions the Job wants: `JOB_COMPLETIONS`, which the manifest repeats, since no
    /// field of a pod has it.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// assert_eq!(Host::new().var("JOB_COMPLETIONS", "10").task().completions()?, Some(10));
    /// # Ok::<(), jobling_sdk::VariableError>(())
    /// ```
    pub fn completions(&self) -> Result<Option<u32>, VariableError> {
        self.optional("JOB_COMPLETIONS")
    }

    /// Returns which attempt at its index this pod is, from 1: one more than `JOB_INDEX_FAILURES`, which
    /// Jobs with a `backoffLimitPerIndex` know.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// assert_eq!(Host::new().var("JOB_INDEX_FAILURES", "2").task().attempt()?, Some(3));
    /// # Ok::<(), jobling_sdk::VariableError>(())
    /// ```
    pub fn attempt(&self) -> Result<Option<u32>, VariableError> {
        let failures: Option<u32> = self.optional("JOB_INDEX_FAILURES")?;
        Ok(failures.map(|failures| failures.saturating_add(1)))
    }

    /// Returns the time that this run of a CronJob was scheduled for, `SCHEDULED_TIME`, as any type that
    /// reads RFC 3339: `jiff::Timestamp`, or `chrono::DateTime<FixedOffset>`.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let task = Host::new().var("SCHEDULED_TIME", "2026-11-24T06:00:00Z").task();
    /// let time: jiff::Timestamp = task.scheduled_time()?.expect("a time");
    /// assert_eq!(time.as_second(), 1_795_500_000);
    /// let time: chrono::DateTime<chrono::FixedOffset> = task.scheduled_time()?.expect("a time");
    /// assert_eq!(time.timestamp(), 1_795_500_000);
    /// # Ok::<(), jobling_sdk::VariableError>(())
    /// ```
    pub fn scheduled_time<T>(&self) -> Result<Option<T>, VariableError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        self.optional("SCHEDULED_TIME")
    }

    /// Returns the time left of `JOB_DEADLINE_SECONDS`, which repeats the pod's `activeDeadlineSeconds`,
    /// counted from the program's start; zero when it is over.
    ///
    /// ```
    /// use std::time::Duration;
    /// # use jobling_sdk::testing::Host;
    /// let host = Host::new().var("JOB_DEADLINE_SECONDS", "600").elapsed(Duration::from_secs(60));
    /// assert_eq!(host.task().remaining()?, Some(Duration::from_secs(540)));
    /// # Ok::<(), jobling_sdk::VariableError>(())
    /// ```
    pub fn remaining(&self) -> Result<Option<Duration>, VariableError> {
        let seconds: Option<u64> = self.optional("JOB_DEADLINE_SECONDS")?;
        let elapsed = self.host.elapsed();
        Ok(seconds.map(|seconds| Duration::from_secs(seconds).saturating_sub(elapsed)))
    }

    /// Returns how many units of fuel are left, of which an instruction takes about one; `None` where nobody
    /// counts them. Needs the feature `host`.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// assert_eq!(Host::new().fuel(1_000).task().remaining_fuel(), Some(1_000));
    /// assert_eq!(Host::new().task().remaining_fuel(), None);
    /// ```
    #[must_use]
    pub fn remaining_fuel(&self) -> Option<u64> {
        self.host.remaining_fuel()
    }

    /// Returns the arguments, without the program's name; what is not UTF-8 in them is replaced.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// assert_eq!(Host::new().argument("a").argument("b").task().args(), ["a", "b"]);
    /// ```
    #[must_use]
    pub fn args(&self) -> Vec<String> {
        let arguments = self.host.arguments();
        arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect()
    }

    /// Returns the argument at `place`, from 1.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let task = Host::new().argument("7").argument("x").task();
    /// assert_eq!(task.arg::<u32>(1)?, 7);
    /// let error = task.arg::<u32>(2).unwrap_err();
    /// assert_eq!(error.to_string(), r#"argument 2 is "x": invalid digit found in string"#);
    /// assert!(task.arg::<u32>(3).is_err());
    /// # Ok::<(), jobling_sdk::VariableError>(())
    /// ```
    pub fn arg<T>(&self, place: usize) -> Result<T, VariableError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        let mut arguments = self.host.arguments();
        let count = arguments.len();
        if place == 0 || place > count {
            return Err(VariableError::NoArgument { place, count });
        }
        read(&format!("argument {place}"), arguments.swap_remove(place - 1))
    }

    /// Returns a variable.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let task = Host::new().var("SIZE", "7").task();
    /// assert_eq!(task.var::<usize>("SIZE")?, 7);
    /// # Ok::<(), jobling_sdk::VariableError>(())
    /// ```
    pub fn var<T>(&self, name: &str) -> Result<T, VariableError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        self.optional(name)?.ok_or_else(|| VariableError::Missing { name: name.to_owned() })
    }

    /// Returns a variable, or `default` where it is not set; a wrong one is an error all the same.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// assert_eq!(Host::new().task().var_or("SIZE", 10)?, 10);
    /// assert!(Host::new().var("SIZE", "x").task().var_or("SIZE", 10).is_err());
    /// # Ok::<(), jobling_sdk::VariableError>(())
    /// ```
    pub fn var_or<T>(&self, name: &str, default: T) -> Result<T, VariableError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        Ok(self.optional(name)?.unwrap_or(default))
    }

    /// Returns a secret: the variable of that name, else the file that `NAME_FILE` names, without the
    /// end of its last line, else (with the feature `host`) the one that the host has by handle.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let task = Host::new().var("PORT_KEY", "abc").task();
    /// assert_eq!(task.secret::<String>("PORT_KEY")?.expose(), "abc");
    /// let error = task.secret::<u16>("PORT_KEY").unwrap_err();
    /// assert!(!error.to_string().contains("abc"));
    /// # Ok::<(), jobling_sdk::VariableError>(())
    /// ```
    pub fn secret<T: FromStr>(&self, name: &str) -> Result<Secret<T>, VariableError> {
        let text = self.secret_text(name)?;
        let length_bytes = text.len();
        let wrong = |_| VariableError::WrongSecret { name: name.to_owned(), length_bytes };
        text.parse().map(Secret::new).map_err(wrong)
    }

    fn secret_text(&self, name: &str) -> Result<String, VariableError> {
        if let Some(value) = self.host.variable(name) {
            return text(name, value);
        }
        let pointer = format!("{name}_FILE");
        let Some(file) = self.host.variable(&pointer) else {
            return match self.host.secret(name) {
                Some(value) => text(name, OsString::from(String::from_utf8_lossy(&value).as_ref())),
                None => Err(VariableError::Missing { name: name.to_owned() }),
            };
        };
        let file = text(&pointer, file)?;
        match std::fs::read_to_string(&file) {
            Ok(value) => Ok(value.trim_end_matches(['\r', '\n']).to_owned()),
            Err(why) => Err(VariableError::NoFile { name: pointer, file, why: why.to_string() }),
        }
    }

    /// Returns the directory that is mounted at `mount_path`.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let task = Host::new().volume("/data", std::env::temp_dir()).task();
    /// assert_eq!(task.volume("/data")?.path(), std::env::temp_dir());
    /// assert!(task.volume("/other").is_err());
    /// # Ok::<(), jobling_sdk::VolumeError>(())
    /// ```
    pub fn volume(&self, mount_path: &str) -> Result<Volume, VolumeError> {
        Volume::open(mount_path, self.host.directory(mount_path))
    }

    /// Returns the request that triggered this Job, if one did.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// assert!(Host::new().task().request().is_none());
    /// assert!(Host::new().var("REQUEST_METHOD", "POST").task().request().is_some());
    /// ```
    #[must_use]
    pub fn request(&self) -> Option<Request> {
        Request::of(&self.host)
    }

    /// Opens the work queue of that name, which the host reaches by the container's `QUEUE_URL`. Needs the
    /// feature `host`.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let host = Host::new().queue("orders", ["a", "b"]);
    /// for item in host.task().queue("orders")? {
    ///     let item = item?;
    ///     println!("{}", item.text()?);
    ///     item.ack()?;
    /// }
    /// assert_eq!(host.done("orders"), [b"a", b"b"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn queue(&self, name: &str) -> Result<Queue, QueueError> {
        self.host.open_queue(name).map(Queue::new)
    }

    /// Tells that `done` of `total` is done. With the feature `host` the host is told. Without it, it is a line
    /// on stderr: `progress 3 10 rows read`.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let host = Host::new();
    /// host.task().progress(3, 10, "rows read");
    /// assert_eq!(host.progress(), ["3 10 rows read"]);
    /// ```
    pub fn progress(&self, done: u64, total: u64, text: &str) {
        self.host.report_progress(done, total, text);
    }

    /// Leaves the container's termination message, which `kubectl describe` shows: a result in a line. The
    /// first 4096 bytes are kept; a failure's own message replaces it.
    ///
    /// ```
    /// # use jobling_sdk::testing::Host;
    /// let host = Host::new();
    /// host.task().conclude("7 rows written");
    /// assert_eq!(host.message().as_deref(), Some("7 rows written"));
    /// ```
    pub fn conclude(&self, message: &str) {
        self.host.leave_message(&message[..message.floor_char_boundary(MESSAGE_BYTES)]);
    }

    fn text(&self, name: &str) -> Option<String> {
        self.host.variable(name)?.into_string().ok().filter(|value| !value.is_empty())
    }

    fn optional<T>(&self, name: &str) -> Result<Option<T>, VariableError>
    where
        T: FromStr<Err: fmt::Display>,
    {
        self.host.variable(name).map(|value| read(name, value)).transpose()
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the environment: it may hold secrets.
        formatter.debug_struct("Task").field("pod", &self.pod()).finish_non_exhaustive()
    }
}

fn text(name: &str, value: OsString) -> Result<String, VariableError> {
    value.into_string().map_err(|_| VariableError::NotText { name: name.to_owned() })
}

fn read<T>(name: &str, value: OsString) -> Result<T, VariableError>
where
    T: FromStr<Err: fmt::Display>,
{
    let found = text(name, value)?;
    found.parse().map_err(|why: T::Err| VariableError::Wrong {
        name: name.to_owned(),
        why: why.to_string(),
        found,
    })
}

#[cfg(test)]
mod tests {
    use crate::testing::Host;

    #[test]
    fn the_jobs_name_is_told_or_read_from_the_pods() {
        let rows = [
            ("report-x7k2p", None, Some("report")),
            ("nightly-report-2-x7k2p", Some(2), Some("nightly-report")),
            ("report-2-x7k2p", None, Some("report-2")),
            ("report-3-x7k2p", Some(2), None),
            ("report", None, None),
        ];
        for (pod, index, job) in rows {
            let host = Host::new().var("HOSTNAME", pod);
            let host = if let Some(index) = index { host.index(index) } else { host };
            assert_eq!(host.task().job().as_deref(), job, "{pod} {index:?}");
            assert_eq!(host.var("JOB_NAME", "told").task().job().as_deref(), Some("told"));
        }
    }

    #[test]
    fn a_secret_is_read_from_a_file_without_its_line_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        std::fs::write(&file, "abc\n").unwrap();
        let host = Host::new().var("KEY_FILE", &file);
        assert_eq!(host.task().secret::<String>("KEY").unwrap().expose(), "abc");
        std::fs::remove_file(&file).unwrap();
        let error = host.task().secret::<String>("KEY").unwrap_err().to_string();
        assert!(error.starts_with("KEY_FILE names "), "{error}");
    }

    #[test]
    fn a_long_message_is_cut_between_letters() {
        let host = Host::new();
        host.task().conclude(&"ü".repeat(3000));
        assert_eq!(host.message().unwrap().len(), 4096);
        host.task().conclude(&format!("x{}", "ü".repeat(3000)));
        assert_eq!(host.message().unwrap().len(), 4095);
    }

    #[test]
    fn a_task_shows_no_environment() {
        let task = Host::new().var("KEY", "abc").task();
        assert!(!format!("{task:?}").contains("abc"));
    }
}
