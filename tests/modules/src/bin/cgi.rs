//! Answers a request in the way that its first argument names.

use std::io::{self, Read, Write};
use std::process::exit;
use std::{env, fs, thread, time};

fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let way = arguments.next().unwrap_or_default();
    let mut body = Vec::new();
    io::stdin().read_to_end(&mut body)?;
    let mut out = io::stdout().lock();
    match way.as_str() {
        "echo" => {
            write!(out, "Status: 201 Made\r\nContent-Type: text/x-echo\r\nX-Way: {way}\r\n\r\n")?;
            out.write_all(&body)?;
        }
        "plain" => out.write_all(&body)?,
        "environment" => {
            for (name, value) in env::vars() {
                writeln!(out, "{name}={value}")?;
            }
        }
        "arguments" => writeln!(out, "{:?}", arguments.collect::<Vec<_>>())?,
        "file" => {
            let path = env::var("JOBLING_REQUEST_BODY").unwrap_or_default();
            writeln!(out, "{} {}", fs::read(&path)? == body, fs::write(&path, "x").is_ok())?;
        }
        "flood" => {
            for _ in 0..3 << 10 {
                out.write_all(&[b'x'; 1 << 10])?;
            }
        }
        "fail" => {
            eprintln!("the guest's own words");
            exit(7)
        }
        "trap" => panic!("asked for"),
        "sleep" => thread::sleep(time::Duration::from_secs(3600)),
        "loop" => loop {
            std::hint::spin_loop();
        },
        way => write!(out, "Status: 404\r\n\r\nno way {way}\n")?,
    }
    Ok(())
}
