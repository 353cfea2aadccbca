//! The least that any server of this kind can cost: the same HTTP library, one answer, nothing decided.

use axum::Router;
use axum::http::header;
use axum::routing::post;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// The argument that turns this program into that server; the answer comes over its standard input.
pub const ARGUMENT: &str = "--constant-answer";

/// The server in a process of its own, so that its threads compete for the cores as the daemon's do.
pub struct Constant {
    child: Child,
    pub address: SocketAddr,
}

impl Constant {
    /// Starts it with this answer.
    pub fn start(answer: &str) -> Constant {
        use std::io::{BufRead, BufReader, Write};
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .arg(ARGUMENT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut stdin = child.stdin.take().expect("its input");
        stdin.write_all(answer.as_bytes()).expect("it reads");
        drop(stdin);
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("it says where");
        Constant { child, address: line.trim().parse().expect("an address") }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Constant {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Serves until it is killed.
pub fn serve() -> std::io::Result<()> {
    let answer: &'static str = Box::leak(std::io::read_to_string(std::io::stdin())?.into_boxed_str());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        // The body is read, as any server must before it can answer the next request.
        let handle = move |_: bytes::Bytes| async move { ([(header::CONTENT_TYPE, "application/json")], answer) };
        let router = Router::new().route("/v1/caller-id", post(handle));
        use axum::serve::ListenerExt;
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        axum::serve(listener, router).await
    })
}
