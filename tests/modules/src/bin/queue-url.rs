//! A worker of a queue that cannot be reached: says which one it was pointed at, and that its host has
//! shut the network, which is no failure.

use std::env;

fn main() -> Result<(), String> {
    let url = env::var("QUEUE_URL").map_err(|_| "QUEUE_URL is not set")?;
    let (host, port) =
        url.rsplit_once(':').ok_or(format!("QUEUE_URL is \"{url}\"; it must be HOST:PORT"))?;
    let port: u16 =
        port.parse().map_err(|_| format!("QUEUE_URL is \"{url}\"; its port is no number"))?;
    println!("nothing came from {host}, port {port}");
    Ok(())
}
