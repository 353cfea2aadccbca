//! The gate to the network, against servers that mean no good.

mod common;

use common::server;
use sandbox::grant::PowerSet;
use sandbox::http::{Door, Gate, Rebinds, is_public};
use sandbox::manifest::Manifest;
use sandbox::secrets::{Secret, Secrets};
use sandbox::{HttpError, HttpRequest, HttpResponse, Method};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

const MANIFEST: &str = r#"
id = "probe"
kind = "agency"
version = "1"
summary = "Asks a server of the test"
wit = "0.0.1"
confidence = "unknown"
[origins]
api = { url = "https://api.example.com/base", methods = ["get", "post"] }
other = "https://other.example.com"
local = "https://localhost:9"
inner = "https://10.1.2.3"
mapped = "https://[::ffff:169.254.169.254]"
[secrets.API_KEY]
origins = ["api"]
where = "nowhere"
[secrets.ABSENT]
origins = ["api"]
where = "nowhere"
[limits]
timeout_s = 1
body_max_kib = 64
[rates]
per_minute = 4
"#;

const KEY: &str = "k3y/with \"odd\" letters";

fn says(text: impl Into<String>) -> impl Fn(&str, &mut TcpStream) + Send + Sync + 'static {
    let text = text.into();
    move |_, stream| {
        let _ = stream.write_all(text.as_bytes());
    }
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nX-Seen: yes\r\nConnection: close\r\n\r\n{body}", body.len())
}

fn door(api: Option<&str>) -> Door {
    let manifest = Manifest::parse("adapter.toml", MANIFEST).expect("the manifest");
    let mut rebinds = Rebinds::default();
    if let Some(api) = api {
        rebinds.bind("probe", "api", api).expect("an address");
    }
    let mut secrets = Secrets::default();
    secrets.insert("probe", "API_KEY", Secret::new(KEY));
    Gate::new(rebinds, secrets).door(&manifest, &PowerSet::asked_by(&manifest))
}

fn get(origin: &str, path: &str) -> HttpRequest {
    HttpRequest {
        method: Method::Get,
        origin: origin.to_owned(),
        path: path.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
    }
}

fn with_header(name: &str, value: &str) -> HttpRequest {
    HttpRequest { headers: vec![(name.to_owned(), value.to_owned())], ..get("api", "/x") }
}

/// Asks one server that answers as told.
async fn ask(
    answer: impl Fn(&str, &mut TcpStream) + Send + Sync + 'static,
    request: HttpRequest,
) -> Result<HttpResponse, HttpError> {
    let (address, _questions) = server(answer);
    door(Some(&address)).fetch(request).await
}

/// What is refused before anything is sent.
#[track_caller]
fn check_denied(answer: Result<HttpResponse, HttpError>, words: &str) {
    match answer {
        Err(HttpError::Denied(reason)) if reason.contains(words) => {}
        other => panic!("expected a refusal with {words:?}, got {other:?}"),
    }
}

#[tokio::test]
async fn a_request_arrives_as_written_with_its_secrets_and_the_answer_comes_back_without_them() {
    let echo = format!(
        "{{\"key\":{}, \"encoded\":\"k3y%2Fwith%20%22odd%22%20letters\"}}",
        serde_json::to_string(KEY).expect("text")
    );
    let (address, questions) = server(says(format!(
        "HTTP/1.1 418 No\r\nX-Key: {KEY}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{echo}",
        echo.len()
    )));
    let request = HttpRequest {
        method: Method::Post,
        origin: "api".to_owned(),
        path: "/v1/{{secret:API_KEY}}/check".to_owned(),
        query: vec![("From".to_owned(), "+1 2".to_owned())],
        headers: vec![("X-API-Key".to_owned(), "Key {{secret:API_KEY}}".to_owned())],
        body: Some("hello".to_owned()),
    };
    let response = door(Some(&address)).fetch(request).await.expect("an answer");
    let question = questions.recv().expect("a question");
    assert!(
        question.starts_with("POST /v1/k3y%2Fwith%20%22odd%22%20letters/check?From=%2B1+2 HTTP/1.1\r\n"),
        "{question}"
    );
    assert!(question.contains(&format!("x-api-key: Key {KEY}\r\n")), "{question}");
    assert!(question.ends_with("\r\n\r\nhello"), "{question}");
    assert_eq!(response.status, 418);
    assert!(response.headers.contains(&("x-key".to_owned(), "***".to_owned())), "{:?}", response.headers);
    assert_eq!(response.body, r#"{"key":"***", "encoded":"***"}"#);
}

#[tokio::test]
async fn what_was_not_asked_for_or_granted_is_refused() {
    let door = door(None);
    check_denied(door.fetch(get("apl", "/")).await, "no origin `apl` is named in adapter.toml; did you mean `api`?");
    check_denied(door.fetch(HttpRequest { method: Method::Delete, ..get("api", "/") }).await, "DELETE is not among");
    check_denied(door.fetch(HttpRequest { method: Method::Post, ..get("other", "/") }).await, "POST is not among");
    let stolen = HttpRequest { headers: vec![("A".into(), "{{secret:API_KEY}}".into())], ..get("other", "/") };
    check_denied(door.fetch(stolen).await, "`API_KEY` is not bound to the origin `other`");
    check_denied(door.fetch(with_header("A", "{{secret:NONE}}")).await, "no secret `NONE`");
    assert_eq!(
        door.fetch(with_header("A", "{{secret:ABSENT}}")).await,
        Err(HttpError::SecretMissing("ABSENT".to_owned()))
    );

    let manifest = Manifest::parse("adapter.toml", MANIFEST).expect("the manifest");
    let nothing = Gate::new(Rebinds::default(), Secrets::default()).door(&manifest, &PowerSet::default());
    check_denied(nothing.fetch(get("api", "/")).await, "or was not granted");
}

#[tokio::test]
async fn headers_and_paths_cannot_smuggle() {
    let door = door(Some("http://127.0.0.1:9/base"));
    for name in ["Host", "connection", "Transfer-Encoding", "Content-Length", "Proxy-Authorization"] {
        check_denied(door.fetch(with_header(name, "x")).await, "is written by the host");
    }
    check_denied(door.fetch(with_header("A", "x\r\nB: y")).await, "line break");
    check_denied(door.fetch(with_header("A\r\nB", "y")).await, "no header name");
    check_denied(door.fetch(get("api", "/../admin")).await, "leads out of the origin");
    check_denied(door.fetch(get("api", "/%2e%2e/admin")).await, "leads out of the origin");
    check_denied(door.fetch(get("api", "@evil.example/")).await, "begins with `/`");
    check_denied(door.fetch(get("api", "/x?y=z")).await, "use the field `query`");
}

#[tokio::test]
async fn private_addresses_are_refused_unless_the_operator_leads_there() {
    let door = door(None);
    check_denied(door.fetch(get("local", "/")).await, "no public address");
    check_denied(door.fetch(get("inner", "/")).await, "10.1.2.3, which is no public address");
    check_denied(door.fetch(get("mapped", "/")).await, "no public address");
    // The rebinding of the first test to 127.0.0.1 is the other half of this claim.
}

#[tokio::test]
async fn a_redirect_is_refused_with_where_it_led() {
    let redirect =
        "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data\r\nContent-Length: 0\r\n\r\n";
    check_denied(ask(says(redirect), get("api", "/")).await, "`http://169.254.169.254/latest/meta-data`");
}

#[tokio::test]
async fn a_body_is_bounded_whether_it_says_its_size_or_not() {
    let announced = "HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n";
    assert_eq!(ask(says(announced), get("api", "/")).await, Err(HttpError::TooLarge(65_536)));
    let endless = |_: &str, stream: &mut TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    };
    assert_eq!(ask(endless, get("api", "/")).await, Err(HttpError::TooLarge(65_536)));
    let whole = "y".repeat(65_536);
    assert_eq!(ask(says(ok(&whole)), get("api", "/")).await.map(|response| response.body), Ok(whole));
}

#[tokio::test]
async fn silence_and_dripping_end_within_their_time() {
    let silent = |_: &str, stream: &mut TcpStream| {
        // Holds the connection until the other side gives up.
        let _ = stream.read(&mut [0]);
    };
    assert_eq!(ask(silent, get("api", "/")).await, Err(HttpError::TimedOut));
    let drip = |_: &str, stream: &mut TcpStream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        // One byte whenever the last is on its way: far fewer bytes than patience.
        while stream.write_all(b".").and_then(|()| stream.flush()).is_ok() {
            thread::park_timeout(std::time::Duration::from_millis(20));
        }
    };
    let began = std::time::Instant::now();
    assert_eq!(ask(drip, get("api", "/")).await, Err(HttpError::TimedOut));
    println!("a drip was cut after {:?} of its 1 s", began.elapsed());
}

#[tokio::test]
async fn what_cannot_be_reached_says_why() {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
    match door(Some(&format!("http://127.0.0.1:{port}"))).fetch(get("api", "/")).await {
        Err(HttpError::Unreachable(reason)) => assert!(reason.contains("refused"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_rate_is_exact_and_survives_a_new_revision() {
    let (address, _questions) = server(says(ok("fine")));
    let manifest = Manifest::parse("adapter.toml", MANIFEST).expect("the manifest");
    let mut rebinds = Rebinds::default();
    rebinds.bind("probe", "api", &address).expect("an address");
    let gate = Gate::new(rebinds, Secrets::default());
    let powers = PowerSet::asked_by(&manifest);
    let (old, new) = (gate.door(&manifest, &powers), gate.door(&manifest, &powers));
    for door in [&old, &new, &old, &new] {
        assert_eq!(door.fetch(get("api", "/")).await.map(|response| response.status), Ok(200));
    }
    match new.fetch(get("api", "/")).await {
        Err(HttpError::RateLimited(seconds)) => assert!((1..=60).contains(&seconds), "{seconds}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn secrets_do_not_print_and_come_from_the_environment_before_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secrets.toml");
    std::fs::write(&path, "[probe]\nAPI_KEY = \"from-file\"\nOTHER = \"other-file\"\n").expect("a file");
    let variables = [("SMARTGUARD_SECRET_PROBE_API_KEY".to_owned(), "from-environment".to_owned())];
    let mut secrets = Secrets::from_environment(variables);
    secrets.read_file(&path).expect("the secrets");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mut warning_under = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("permissions");
            secrets.read_file(&path).expect("the secrets")
        };
        let warning = warning_under(0o644).expect("a warning");
        assert!(warning.remedy.starts_with("run `chmod 600 "), "{warning}");
        assert_eq!(warning_under(0o600), None);
    }
    let printed = format!("{secrets:?}");
    assert!(printed.contains("API_KEY") && !printed.contains("from-"), "{printed}");

    std::fs::write(&path, "[probe]\nAPI_KEY = from-file\n").expect("a file");
    let error = secrets.read_file(&path).expect_err("no quotes").to_string();
    assert!(error.contains("secrets.toml:2") && !error.contains("from-file"), "{error}");
}

#[test]
fn only_public_addresses_are_public() {
    for address in [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::808:808",
        "2002:a00:1::",
        "2001::1",
        "2001:db8::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "100::1",
    ] {
        assert!(!is_public(address.parse().expect(address)), "{address} is not public");
    }
    for address in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"] {
        assert!(is_public(address.parse().expect(address)), "{address} is public");
    }
}
