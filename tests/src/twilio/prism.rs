//! Prism, a mock server that answers as a specification says and refuses what it does not permit.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// It reads the whole document before it listens; on a busy machine that takes some seconds.
const START_WITHIN: Duration = Duration::from_secs(120);

/// A running mock. It is ended when the test lets go of it.
pub struct Prism {
    child: Child,
    /// Where it listens.
    pub base: String,
}

impl Prism {
    /// Serves the document in this file on a free port, once it says that it listens.
    pub fn start(program: &OsStr, document: &Path) -> Prism {
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
        let child = Command::new(program)
            .args(["mock", "--host", "127.0.0.1", "--port", &free.port().to_string()])
            .arg(document)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn();
        let mut child = child.unwrap_or_else(|cause| panic!("{} does not run: {cause}", program.display()));
        let said = BufReader::new(child.stdout.take().expect("it is piped"));
        let prism = Prism { child, base: format!("http://{free}") };
        let (listens, listening) = mpsc::channel();
        // It goes on reading, so that the mock may go on talking.
        std::thread::spawn(move || {
            for line in said.lines().map_while(Result::ok) {
                if line.contains("Prism is listening") {
                    // Nobody waits any more where it came too late.
                    let _ = listens.send(());
                }
            }
        });
        listening.recv_timeout(START_WITHIN).expect("the mock listens in time");
        prism
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
