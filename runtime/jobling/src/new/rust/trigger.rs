//! Answers a request: what is printed is the answer's body.

use jobling_sdk::{Failure, Task};

#[jobling_sdk::task]
fn main(task: Task) -> jobling_sdk::Result {
    let request = task.request().ok_or_else(|| Failure::fatal("there is no request"))?;
    let body = request.body()?;
    println!("{}", answer(request.method(), &request.path(), body.len()));
    Ok(())
}

fn answer(method: &str, path: &str, bytes: usize) -> String {
    format!("You sent {method} {path} with {bytes} bytes.")
}

#[cfg(test)]
mod tests {
    use jobling_sdk::testing::Host;

    use super::*;

    #[test]
    fn an_answer_tells_what_was_asked() {
        assert_eq!(answer("POST", "/orders", 2), "You sent POST /orders with 2 bytes.");
        let host = Host::new().var("REQUEST_METHOD", "POST").var("PATH_INFO", "/orders");
        assert!(main(host.input("42").task()).is_ok());
    }

    #[test]
    fn without_a_request_there_is_nothing_to_answer() {
        assert_eq!(main(Host::new().task()).unwrap_err().exit_code(), Failure::FATAL);
    }
}
