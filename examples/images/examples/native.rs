//! The same work as a program of this machine: makes each JPEG of one directory smaller into another, and
//! prints how many microseconds one takes, in the median.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let directories: Vec<String> = std::env::args().skip(1).collect();
    let [from, to] = &directories[..] else { return Err("give two directories".into()) };
    let mut times = Vec::new();
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let (Some("jpg"), Some(name)) =
            (path.extension().and_then(|extension| extension.to_str()), path.file_name())
        else {
            continue;
        };
        let started = Instant::now();
        let png = images::made_smaller(&fs::read(&path)?)?;
        fs::write(Path::new(to).join(name).with_extension("png"), png)?;
        times.push(started.elapsed().as_micros());
    }
    times.sort_unstable();
    println!("{}", times.get(times.len() / 2).ok_or("there is no JPEG")?);
    Ok(())
}
