//! systemd's part is played: sockets that are passed, the watchdog, and the units that are written.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::process::Command;
use std::time::Duration;

use harness::{Daemon, Folder, jobling};

#[test]
fn sockets_that_systemd_listens_on_are_served_and_its_watchdog_hears_of_the_engine() {
    let folder = Folder::new();
    let path = |name: &str| folder.path().join(name);
    let manager = UnixDatagram::bind(path("notify")).unwrap();
    manager.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    let unix = UnixListener::bind(path("run.sock")).unwrap();
    let owners = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(path("run.sock"), owners).unwrap();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = tcp.local_addr().unwrap().port();

    // A client that comes before the daemon waits for it.
    let mut early = UnixStream::connect(path("run.sock")).unwrap();
    early.write_all(b"GET /readyz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let daemon = Daemon::start_activated(&path("data"), (&path("notify"), 200_000), unix, tcp);
    let mut answer = String::new();
    early.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok"), "{answer}");

    assert_eq!(told(&manager), "READY=1");
    assert_eq!([told(&manager), told(&manager)], ["WATCHDOG=1", "WATCHDOG=1"]);
    let url = daemon.kubectl(["config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"]);
    assert_eq!(url.expect_code(0).stdout, format!("https://127.0.0.1:{port}"));
    drop(daemon.kubectl(["get", "namespaces"]).expect_code(0));
    let server = format!("unix://{}", path("run.sock").display());
    drop(daemon.jobling(["get", "jobs", "--server", &server]).expect_code(0));

    assert_eq!(daemon.stop(), 0);
    assert!(path("run.sock").exists(), "it is systemd's");
    assert!(!path("data/jobling.sock").exists(), "one is enough");
    let last = std::iter::from_fn(|| Some(told(&manager))).find(|state| state != "WATCHDOG=1");
    assert_eq!(last.as_deref(), Some("STOPPING=1"));
}

#[test]
fn the_units_are_shown_written_and_what_systemd_takes() {
    let folder = Folder::new();
    let units = folder.path().display().to_string();
    let install = |flags: &[&str]| {
        let arguments = ["install", "--program", "/bin/sh", "--directory", &units];
        jobling(folder.path(), arguments.iter().chain(flags))
    };
    let shown = install(&["--dry-run", "--listen", "127.0.0.1:6443"]).expect_code(0).stdout;
    let asked = install(&[]).expect_code(1);
    assert!(asked.stderr.contains("--yes"), "nobody is here to be asked: {asked}");
    assert!(!folder.path().join("jobling.service").exists(), "nothing was wanted yet");
    let written = install(&["--yes", "--listen", "127.0.0.1:6443"]).expect_code(0);
    assert!(written.stderr.contains("systemctl daemon-reload"), "{written}");
    let paths = ["jobling.socket", "jobling.service"].map(|name| folder.path().join(name));
    for path in &paths {
        let text = std::fs::read_to_string(path).unwrap();
        assert!(shown.contains(&text), "what was shown is what is written");
    }
    // Where there is a systemd, it must find nothing to complain of.
    let Ok(verified) = Command::new("systemd-analyze").arg("verify").args(&paths).output() else {
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr);
    let about_these = said.lines().filter(|line| line.contains("jobling")).collect::<Vec<_>>();
    assert!(verified.status.success() && about_these.is_empty(), "{said}");
}

/// Returns what the service manager is told next.
fn told(manager: &UnixDatagram) -> String {
    let mut state = [0; 64];
    let length = manager.recv(&mut state).expect("it is told in time");
    String::from_utf8_lossy(&state[..length]).into_owned()
}
