//! The units' text: what systemd is told of the daemon. Pure.

use std::net::SocketAddr;
use std::path::Path;

use crate::environment::SYSTEM_SOCKET;

const SERVICE: &str = include_str!("jobling.service");
const SOCKET: &str = include_str!("jobling.socket");

/// A unit file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) name: &'static str,
    pub(super) text: String,
}

/// Why the units would not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum UnitError {
    /// The daemon could not see its own program.
    #[error(
        "{program} is in a directory that the daemon will not see; copy it to /usr/local/bin/jobling \
         and give that with --program"
    )]
    Hidden {
        /// The program.
        program: String,
    },
    /// systemd would read the path as something else.
    #[error(
        "{program:?} has spaces, quotes, '%' or other marks in it that systemd reads as its own"
    )]
    Marks {
        /// The program.
        program: String,
    },
}

/// Returns the units of a daemon that `program` is, reached on its socket and on `listen`.
///
/// # Errors
/// Where the program could not be started by them.
pub(super) fn units(program: &Path, listen: Option<SocketAddr>) -> Result<[Unit; 2], UnitError> {
    let text = program.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+".contains(c);
    if !text.chars().all(plain) {
        return Err(UnitError::Marks { program: text });
    }
    // What ProtectHome and PrivateTmp take away.
    let hidden = ["/home", "/root", "/run/user", "/tmp", "/var/tmp"];
    if hidden.iter().any(|hidden| program.starts_with(hidden)) {
        return Err(UnitError::Hidden { program: text });
    }
    let listen = listen.map(|listen| {
        format!("# Over TLS, for whoever has a token.\nListenStream={listen}\nNoDelay=yes\n")
    });
    let socket = SOCKET
        .replace("{socket}", SYSTEM_SOCKET)
        .replace("{listen}\n", &listen.map_or_else(|| "\n".to_owned(), |text| text + "\n"));
    Ok([
        Unit { name: "jobling.socket", text: socket },
        Unit { name: "jobling.service", text: SERVICE.replace("{program}", &text) },
    ])
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn the_socket_is_its_owners_and_tls_is_there_where_it_is_asked_for() {
        let [socket, _] = units(Path::new("/usr/bin/jobling"), None).unwrap();
        expect![[r"
            [Unit]
            Description=Where jobling is reached

            [Socket]
            # Whoever may open it is an admin.
            ListenStream=/run/jobling/jobling.sock
            SocketMode=0600
            DirectoryMode=0755

            [Install]
            WantedBy=sockets.target
        "]]
        .assert_eq(&socket.text);
        let listen = Some("127.0.0.1:6443".parse().unwrap());
        let [socket, service] = units(Path::new("/usr/bin/jobling"), listen).unwrap();
        assert!(socket.text.contains("\nListenStream=127.0.0.1:6443\n"), "{}", socket.text);
        assert!(service.text.contains("\nExecStart=/usr/bin/jobling serve\n"), "{}", service.text);
    }

    #[test]
    fn a_program_that_systemd_could_not_start_is_refused() {
        for (program, fault) in [
            ("/home/ada/jobling", "will not see"),
            ("/tmp/jobling", "will not see"),
            ("/opt/my tools/jobling", "spaces"),
            ("/opt/%h/jobling", "spaces"),
        ] {
            let error = units(Path::new(program), None).unwrap_err().to_string();
            assert!(error.contains(fault), "{error}");
        }
    }
}
