//! A server on loopback that means no good: `/redirect` leads to the place where clouds keep credentials,
//! `/drip` brings its body one byte at a time and never ends.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Where no adapter may ever be led.
pub const CREDENTIALS: &str = "http://169.254.169.254/latest/meta-data/";
/// Far more patience than anybody has who waits for a body.
const DRIP_EVERY: Duration = Duration::from_millis(50);
const REQUEST_BYTES_MAX: usize = 16 * 1024;

/// What it has seen.
#[derive(Clone, Default)]
pub struct Villain {
    redirected: Arc<AtomicU64>,
    given_up: Arc<watch::Sender<u64>>,
}

impl Villain {
    /// Serves on a free port.
    pub async fn start() -> (Villain, SocketAddr) {
        let villain = Villain::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let serving = villain.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let villain = serving.clone();
                // Whoever asked may go away at any moment, which is the point.
                tokio::spawn(async move { drop(villain.answer(stream).await) });
            }
        });
        (villain, address)
    }

    /// Answers that led elsewhere.
    pub fn redirected(&self) -> u64 {
        self.redirected.load(Ordering::Relaxed)
    }

    /// Waits until nobody waits any more for one of the bodies that drip, which this end notices at its next drop.
    pub async fn is_given_up(&self) {
        let mut given_up = self.given_up.subscribe();
        given_up.wait_for(|given_up| *given_up > 0).await.expect("this end lives as long as the test");
    }

    async fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") && request.len() < REQUEST_BYTES_MAX {
            request.push(stream.read_u8().await?);
        }
        if request.starts_with(b"GET /drip ") {
            let ended = drip(&mut stream).await;
            self.given_up.send_modify(|given_up| *given_up += 1);
            return ended;
        }
        self.redirected.fetch_add(1, Ordering::Relaxed);
        let answer =
            format!("HTTP/1.1 302 Found\r\nLocation: {CREDENTIALS}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await
    }
}

/// Ends only when the other side does.
async fn drip(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n[").await?;
    loop {
        stream.write_all(b" ").await?;
        tokio::time::sleep(DRIP_EVERY).await;
    }
}
