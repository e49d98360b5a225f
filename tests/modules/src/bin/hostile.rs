//! A guest that misbehaves in the way that its first argument names. Each way ends by a rule of the
//! host, never by itself; one that ends by itself has found a hole, and says so with exit code 0.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use std::{env, thread};

/// Seen by the host as refused, and by this guest as all that it wanted to know.
const REFUSED: u8 = 13;

fn main() -> ExitCode {
    let way = env::args().nth(1).unwrap_or_default();
    match misbehave(&way) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{way}: {error}");
            ExitCode::from(REFUSED)
        }
    }
}

fn misbehave(way: &str) -> io::Result<()> {
    match way {
        "loop" => loop {
            std::hint::black_box(());
        },
        "recurse" => recurse(0),
        "grow-memory" => grow_memory(),
        "flood" => flood(),
        "sleep" => {
            println!("sleeping");
            loop {
                thread::sleep(Duration::from_secs(3600));
            }
        }
        "read-outside" => ["/etc/passwd", "../../etc/passwd", "/data/../../etc/passwd"]
            .into_iter()
            .map(|path| fs::read(path).map(drop))
            .fold(Err(io::ErrorKind::NotFound.into()), Result::or),
        "link-outside" => link_outside(Path::new("/data/link")),
        "fill-claim" => fill(Path::new("/data/large")),
        "many-files" => many_files(Path::new("/data")),
        "many-descriptors" => many_descriptors(Path::new("/data/file")),
        _ => Err(io::Error::other("no such way")),
    }
}

/// Calls itself with next to nothing in a frame, so that the host's stack is used up before the guest's
/// own, in its memory, is.
#[expect(unconditional_recursion, reason = "it is the point")]
fn recurse(depth: u64) -> io::Result<()> {
    recurse(std::hint::black_box(depth) + 1)?;
    std::hint::black_box(depth);
    Ok(())
}

/// Takes memory until there is none, and then traps as a program does that was refused.
fn grow_memory() -> io::Result<()> {
    let mut all = Vec::new();
    loop {
        all.push(std::hint::black_box(vec![1u8; 1 << 20]));
    }
}

/// Writes for ever, a gigabyte at most: what the host keeps of it is the host's matter.
fn flood() -> io::Result<()> {
    let line = [b'x'; 1 << 16];
    let mut out = io::stdout().lock();
    for _ in 0..1 << 14 {
        out.write_all(&line)?;
    }
    Ok(())
}

/// Leaves a link to a file of the host in a volume and reads through it.
fn link_outside(link: &Path) -> io::Result<()> {
    #[cfg(target_os = "wasi")]
    {
        use std::ffi::CString;
        use std::os::raw::{c_char, c_int};
        unsafe extern "C" {
            fn symlink(target: *const c_char, link: *const c_char) -> c_int;
        }
        let target = CString::new("../../../../../../../../etc/passwd")?;
        let name = CString::new(link.to_string_lossy().as_bytes())?;
        // SAFETY: both are strings that end in NUL and outlive the call.
        if unsafe { symlink(target.as_ptr(), name.as_ptr()) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    fs::read(link).map(drop)
}

fn fill(path: &Path) -> io::Result<()> {
    let mut file = File::create(path)?;
    let block = [0x5a; 1 << 16];
    for _ in 0..1 << 14 {
        file.write_all(&block)?;
    }
    Ok(())
}

fn many_files(folder: &Path) -> io::Result<()> {
    for number in 0..100_000 {
        fs::write(folder.join(number.to_string()), b"x")?;
    }
    Ok(())
}

fn many_descriptors(path: &Path) -> io::Result<()> {
    let mut held = Vec::new();
    for _ in 0..1 << 20 {
        held.push(OpenOptions::new().append(true).create(true).open(path)?);
    }
    Ok(())
}
