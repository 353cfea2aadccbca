//! The load: asks over kept connections, written and read by hand, because the generator shares the machine's cores
//! with what it measures and a full client would take more of them than the daemon does.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Whom to ask, and as whom. Clones go on with the same calls, so that no callee is called twice.
#[derive(Clone)]
pub struct Asker {
    address: SocketAddr,
    users: u64,
    next: Arc<AtomicU64>,
}

/// What asks took. Spans are in nanoseconds, ascending.
#[derive(Default)]
pub struct Measured {
    spans: Vec<u64>,
    took: Duration,
}

impl Measured {
    pub fn per_second(&self) -> f64 {
        self.spans.len() as f64 / self.took.as_secs_f64()
    }

    pub fn asks(&self) -> u64 {
        self.spans.len() as u64
    }

    /// The span that so many of a thousand asks stay within, in milliseconds.
    pub fn permille(&self, permille: usize) -> f64 {
        let at = (self.spans.len() * permille / 1000).min(self.spans.len() - 1);
        self.spans[at] as f64 / 1e6
    }

    pub fn max(&self) -> f64 {
        self.permille(1000)
    }

    /// Adds what another run measured, one after the other.
    pub fn join(&mut self, other: &Measured) {
        self.spans.extend(&other.spans);
        self.spans.sort_unstable();
        self.took += other.took;
    }
}

impl Asker {
    pub fn new(address: SocketAddr, users: u64) -> Asker {
        Asker { address, users, next: Arc::default() }
    }

    /// Each connection asks again as soon as it is answered, for so long.
    pub async fn closed(&self, connections: u64, span: Duration) -> Measured {
        self.run(connections, move |asker| async move {
            let mut connection = Connection::open(asker.address).await;
            let mut spans = Vec::new();
            let mut begun = Instant::now();
            let until = begun + span;
            while begun < until {
                connection.ask(&asker).await;
                let answered = Instant::now();
                spans.push((answered - begun).as_nanos() as u64);
                begun = answered;
            }
            spans
        })
        .await
    }

    /// So many asks a second in all, as dialers make them: whether or not the one before was answered.
    /// A connection whose answer came after its next ask was due counts that wait as well.
    pub async fn paced(&self, connections: u64, per_second: u64, span: Duration) -> Measured {
        let begun = Instant::now() + Duration::from_millis(20);
        let step = Duration::from_secs_f64(connections as f64 / per_second as f64);
        let asks = (span.as_secs_f64() / step.as_secs_f64()) as u32;
        let lane = Arc::new(AtomicU64::new(0));
        self.run(connections, move |asker| {
            let lane = lane.fetch_add(1, Ordering::Relaxed);
            async move {
                let mut connection = Connection::open(asker.address).await;
                let first = begun + step.mul_f64(lane as f64 / connections as f64);
                let mut spans = Vec::with_capacity(asks as usize);
                for turn in 0..asks {
                    let due = first + step * turn;
                    let late = Instant::now() >= due;
                    tokio::time::sleep_until(due.into()).await;
                    // A timer that fires late is the generator's fault, an answer that comes late is not.
                    let from = if late { due } else { Instant::now() };
                    connection.ask(&asker).await;
                    spans.push(from.elapsed().as_nanos() as u64);
                }
                spans
            }
        })
        .await
    }

    /// One task for each connection, all on one thread of their own.
    async fn run<F>(&self, connections: u64, each: impl Fn(Asker) -> F + Send + 'static) -> Measured
    where
        F: Future<Output = Vec<u64>> + Send + 'static,
    {
        let asker = self.clone();
        let thread = tokio::task::spawn_blocking(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let begun = Instant::now();
                let tasks: Vec<_> = (0..connections).map(|_| tokio::spawn(each(asker.clone()))).collect();
                let mut spans = Vec::new();
                for task in tasks {
                    spans.extend(task.await.expect("every ask is answered with a number"));
                }
                let took = begun.elapsed();
                spans.sort_unstable();
                Measured { spans, took }
            })
        });
        thread.await.expect("the load ran")
    }

    /// So many asks over one connection, one after the other.
    pub async fn some(&self, asks: u64) {
        let mut connection = Connection::open(self.address).await;
        for _ in 0..asks {
            connection.ask(self).await;
        }
    }

    /// The same daemon, asked for its first users alone.
    pub fn narrowed(&self, users: u64) -> Asker {
        Asker { users, ..self.clone() }
    }

    /// The text of the answer to one ask.
    pub async fn once(&self) -> String {
        let mut connection = Connection::open(self.address).await;
        connection.ask(self).await;
        String::from_utf8_lossy(&connection.answer[connection.head..]).into_owned()
    }
}

/// One kept connection.
struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    content: Vec<u8>,
    answer: Vec<u8>,
    /// Where the body of the last answer begins.
    head: usize,
}

/// What every answer that gives a number begins with.
const USE: &[u8] = b"{\"decision\":\"use\"";

impl Connection {
    async fn open(address: SocketAddr) -> Connection {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        let (request, content, answer) = (Vec::new(), Vec::new(), Vec::with_capacity(4096));
        Connection { stream, request, content, answer, head: 0 }
    }

    /// Asks for a callee who was never called, and insists on a number.
    async fn ask(&mut self, asker: &Asker) {
        let n = asker.next.fetch_add(1, Ordering::Relaxed);
        // Area codes of eight million callees each.
        let (area, line) = (312 + n / 8_000_000, 2_000_000 + n % 8_000_000);
        let user = n % asker.users;
        self.content.clear();
        let asked = write!(self.content, "{{\"to\":\"+1{area}{line}\",\"call_id\":\"c{n}\",\"user\":\"u{user}\"}}");
        asked.expect("memory takes it");
        self.request.clear();
        let length = self.content.len();
        let head = write!(
            self.request,
            "POST /v1/caller-id HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        head.expect("memory takes it");
        self.request.extend_from_slice(&self.content);
        self.stream.write_all(&self.request).await.expect("the server reads");
        self.read().await;
        let good = self.answer.starts_with(b"HTTP/1.1 200 ") && self.answer[self.head..].starts_with(USE);
        assert!(good, "ask {n} was answered with {}", String::from_utf8_lossy(&self.answer));
    }

    /// Reads one whole answer.
    async fn read(&mut self) {
        self.answer.clear();
        let mut whole = None;
        while whole.is_none_or(|whole| self.answer.len() < whole) {
            let read = self.stream.read_buf(&mut self.answer).await.expect("the server writes");
            assert!(read > 0, "the server closed the connection");
            if whole.is_none()
                && let Some(end) = self.answer.windows(4).position(|four| four == b"\r\n\r\n")
            {
                self.head = end + 4;
                whole = Some(self.head + content_length(&self.answer[..end]));
            }
        }
    }
}

fn content_length(head: &[u8]) -> usize {
    let head = core::str::from_utf8(head).expect("a head is text");
    let line = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    line.and_then(|length| length.parse().ok()).expect("an answer says how long it is")
}
