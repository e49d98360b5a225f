//! A worker of a queue: takes numbers until none come any more, and tells each one's prime factors. With
//! the argument `push COUNT` it fills the queue instead, and with `drain` it prints what is in it.

mod factors;

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::time::Duration;

use factors::factors;
use jobling_sdk::{Failure, Item, Queue, Task};

/// What is pushed in place of every so many numbers: no number, which no worker can do.
const POISON_EVERY: u64 = 500;

#[jobling_sdk::task]
fn main(task: Task) -> jobling_sdk::Result {
    let name = task.var_or("QUEUE", "numbers".to_owned())?;
    let idle = Duration::from_secs(task.var_or("IDLE_SECONDS", 5)?);
    let mut queue = task.queue(&name)?.waiting(idle);
    match task.args().first().map(String::as_str) {
        Some("push") => push(&queue, &task, task.arg(2)?),
        Some("drain") => drain(&mut queue),
        Some(word) => Err(Failure::fatal(format!("{word:?} is neither push nor drain"))),
        None => work(&mut queue, &task),
    }
}

fn work(queue: &mut Queue, task: &Task) -> jobling_sdk::Result {
    let mut results = Results::open(task)?;
    let mut done = 0;
    let worked = queue.work(|item| {
        results.add(&line(item)?)?;
        done += 1;
        task.progress(done, 0, "numbers");
        Ok(())
    })?;
    task.conclude(&format!("{} done, {} failed", worked.done, worked.failed));
    Ok(())
}

/// Pushes the numbers below `count`; the pods of an Indexed Job share them out.
fn push(queue: &Queue, task: &Task, count: u64) -> jobling_sdk::Result {
    let first = task.index()?.unwrap_or(0).into();
    let step = task.completions()?.unwrap_or(1) as usize;
    for number in (first..count).step_by(step) {
        match number % POISON_EVERY {
            0 => queue.push(format!("poison {number}"))?,
            _ => queue.push(number.to_string())?,
        }
        task.progress(number + 1, count, "pushed");
    }
    task.conclude(&format!("numbers below {count} pushed"));
    Ok(())
}

fn drain(queue: &mut Queue) -> jobling_sdk::Result {
    queue.work(|item| {
        println!("{}", String::from_utf8_lossy(item.body()));
        Ok(())
    })?;
    Ok(())
}

fn line(item: &Item) -> jobling_sdk::Result<String> {
    let number = item.text()?.parse::<u64>().map_err(|error| {
        Failure::fatal(format!("{:?} is no number: {error}", String::from_utf8_lossy(item.body())))
    })?;
    Ok(format!("{number} = {}", factors(number)))
}

/// Where results go: to a file of this pod's in the directory `RESULTS`, or to stdout.
struct Results(Option<File>);

impl Results {
    fn open(task: &Task) -> jobling_sdk::Result<Self> {
        let Ok(directory) = task.var::<String>("RESULTS") else { return Ok(Self(None)) };
        let pod = task.pod().unwrap_or_else(|| "worker".to_owned());
        let file = task.volume(&directory)?.file(pod);
        Ok(Self(Some(OpenOptions::new().create(true).append(true).open(file)?)))
    }

    fn add(&mut self, line: &str) -> jobling_sdk::Result {
        match &mut self.0 {
            Some(file) => file.write_all(format!("{line}\n").as_bytes())?,
            None => println!("{line}"),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jobling_sdk::testing::Host;

    #[test]
    fn numbers_are_done_and_what_is_none_is_a_dead_letter() {
        let folder = std::env::temp_dir().join(format!("worker-test-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let host = Host::new()
            .queue("numbers", ["12", "poison 0", "7"])
            .var("RESULTS", "/results")
            .var("HOSTNAME", "worker-x7k2p")
            .volume("/results", &folder);
        main(host.task()).unwrap();
        assert_eq!(host.done("numbers"), [b"12".to_vec(), b"7".to_vec()]);
        assert_eq!(host.dead("numbers"), [b"poison 0"]);
        assert_eq!(host.message().as_deref(), Some("2 done, 3 failed"));
        let written = std::fs::read_to_string(folder.join("worker-x7k2p")).unwrap();
        assert_eq!(written, "12 = 2 * 2 * 3\n7 = 7\n");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn one_in_five_hundred_of_what_is_pushed_is_poison() {
        let host = Host::new().argument("push").argument("501");
        main(host.task()).unwrap();
        let pushed = host.waiting("numbers");
        assert_eq!(pushed.len(), 501);
        assert_eq!((pushed[0].as_slice(), pushed[1].as_slice()), (&b"poison 0"[..], &b"1"[..]));
        assert_eq!(pushed[500], b"poison 500");
    }

    #[test]
    fn the_pods_of_an_indexed_job_share_the_numbers_out() {
        let host = Host::new().argument("push").argument("7").index(1).var("JOB_COMPLETIONS", "3");
        main(host.task()).unwrap();
        assert_eq!(host.waiting("numbers"), [b"1", b"4"]);
    }
}
