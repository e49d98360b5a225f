//! Puts a webhook's delivery into a queue and answers at once; with the argument `drain` it works through
//! what is there. That the delivery is signed was seen to before this runs: by the trigger's `auth.hmac`.

use std::io::Write as _;
use std::time::Duration;

use jobling_sdk::{Failure, Item, Queue, Request, Task};

#[jobling_sdk::task]
fn main(task: Task) -> jobling_sdk::Result {
    let mut queue = task.queue(&task.var_or("QUEUE", "deliveries".to_owned())?)?;
    match task.request() {
        Some(request) => take(&queue, &request),
        None => {
            queue = queue.waiting(Duration::from_secs(task.var_or("IDLE_SECONDS", 5)?));
            drain(&mut queue, &task)
        }
    }
}

/// Answers once the delivery is in the queue: whoever sent it need not send it again.
fn take(queue: &Queue, request: &Request) -> jobling_sdk::Result {
    let body = request.body().map_err(|error| Failure::retry(error.to_string()))?;
    let event = request.header("X-Event").unwrap_or_else(|| "push".to_owned());
    queue.push([event.as_bytes(), b"\n", &body].concat())?;
    respond("202", &format!("{event} is taken\n"))
}

/// Answers in CGI's manner: headers, an empty line, the body.
fn respond(status: &str, text: &str) -> jobling_sdk::Result {
    let answer =
        format!("Status: {status}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}");
    let written = std::io::stdout().write_all(answer.as_bytes());
    written.map_err(|error| Failure::retry(format!("the answer cannot be written: {error}")))
}

fn drain(queue: &mut Queue, task: &Task) -> jobling_sdk::Result {
    let worked = queue.work(|item| {
        println!("{}", line(item)?);
        Ok(())
    })?;
    task.conclude(&format!("{} done, {} failed", worked.done, worked.failed));
    Ok(())
}

/// Returns what is done with a delivery: here it is told of.
fn line(item: &Item) -> jobling_sdk::Result<String> {
    let (event, body) =
        item.text()?.split_once('\n').ok_or_else(|| Failure::fatal("no delivery"))?;
    Ok(format!("{event}: {} bytes", body.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jobling_sdk::testing::Host;

    #[test]
    fn a_delivery_is_in_the_queue_before_it_is_answered() {
        let host = Host::new().var("REQUEST_METHOD", "POST").var("HTTP_X_EVENT", "order");
        main(host.input("two apples").task()).unwrap();
    }

    #[test]
    fn deliveries_are_worked_through_and_none_twice() {
        let host = Host::new().var("IDLE_SECONDS", "0").queue("deliveries", ["order\ntwo apples"]);
        main(host.task()).unwrap();
        assert_eq!(host.done("deliveries").len(), 1);
        assert_eq!(host.message().as_deref(), Some("1 done, 0 failed"));
    }
}
