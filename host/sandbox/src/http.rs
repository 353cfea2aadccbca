//! The one gate to the network: every request of every adapter and every download of a data set passes here.
//!
//! Owns the rebinding of origins, the list of methods, the rules for addresses and headers, the bounds on size, time and rate,
//! and the place where a secret is put in. A [`Door`] is what one adapter has of the [`Gate`].
//! It follows no redirect, uses no proxy and keeps no cookies, because each of these would lead past its rules.
//! It does not know what an agency is, and never logs a body, a header or a query.

mod address;
mod rate;

pub use address::is_public;

use crate::call::{HttpError, HttpRequest, HttpResponse, Method};
use crate::grant::{Power, PowerSet};
use crate::manifest::{Manifest, Verb, parse_base};
use crate::secrets::{Placeholder, Scrubber, Secret, Secrets, basic, fill, percent_encoded, variable};
use crate::trouble::{Trouble, nearest};
use address::{NotPublic, Resolver};
use parking_lot::Mutex;
use rate::Rate;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Once};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use url::{Host, Url};

/// A body that brings less than this in a window is dripping: no honest server is that slow and still worth waiting for.
const DRIP_BYTES_MIN: usize = 256;
/// The window, unless the time-out is so short that a quarter of it is less.
const DRIP_WINDOW_MAX: Duration = Duration::from_secs(5);
/// Guessed: twice what the most talkative agency needs.
const HEADERS_MAX: usize = 32;
/// What an adapter may send in one request.
const REQUEST_BYTES_MAX: usize = 1024 * 1024;

/// Where the operator's configuration leads origins to: adapter, then origin, then base address.
///
/// Naming an address here grants it, private or not, because only the operator writes this table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rebinds(BTreeMap<String, BTreeMap<String, Url>>);

impl Rebinds {
    /// Reads the table `[origins]` of the configuration, as in `nomorobo.api = "http://127.0.0.1:9000"`.
    ///
    /// # Errors
    /// When something in it is no address.
    pub fn from_table(table: &BTreeMap<String, BTreeMap<String, String>>) -> Result<Rebinds, Trouble> {
        let mut rebinds = Rebinds::default();
        for (adapter, origins) in table {
            for (origin, address) in origins {
                rebinds.bind(adapter, origin, address)?;
            }
        }
        Ok(rebinds)
    }

    /// Leads one origin of one adapter elsewhere.
    ///
    /// # Errors
    /// When it is no address.
    pub fn bind(&mut self, adapter: &str, origin: &str, address: &str) -> Result<(), Trouble> {
        let url = parse_base(address).map_err(|reason| {
            Trouble::new(
                format!("[origins] {adapter}.{origin}"),
                format!("`{address}` {reason}"),
                "write it as in `http://127.0.0.1:9000`",
            )
        })?;
        self.0.entry(adapter.to_owned()).or_default().insert(origin.to_owned(), url);
        Ok(())
    }

    fn get(&self, adapter: &str, origin: &str) -> Option<&Url> {
        self.0.get(adapter)?.get(origin)
    }
}

/// What all adapters share: the operator's table and secrets, the connections, and the counts of requests.
pub struct Gate {
    rebinds: Rebinds,
    secrets: Secrets,
    skew: Mutex<Option<i64>>,
    /// By whether it is plain, and by granted host; the ones for public addresses stand under none.
    clients: Mutex<BTreeMap<(bool, Option<String>), reqwest::Client>>,
    /// By adapter and origin, the whole adapter under the empty name. Kept here so that a swap forgives nothing.
    rates: Mutex<BTreeMap<(String, String), Arc<Rate>>>,
}

/// The gate as one revision of one adapter sees it.
pub struct Door {
    gate: Arc<Gate>,
    adapter: String,
    routes: BTreeMap<String, Route>,
    secrets: BTreeMap<String, BoundSecret>,
    scrubber: Scrubber,
    per_minute: u32,
    rate: Arc<Rate>,
    timeout: Duration,
    body_max: u64,
}

struct Route {
    base: Url,
    methods: BTreeSet<Verb>,
    per_minute: Option<u32>,
    rate: Arc<Rate>,
    /// The host that the operator's rebinding granted, private or not.
    granted: Option<String>,
}

/// A request that nothing is said against, with its secrets filled in.
struct Prepared<'a> {
    route: &'a Route,
    method: Verb,
    url: Url,
    headers: HeaderMap,
    body: Option<String>,
}

struct BoundSecret {
    origins: BTreeSet<String>,
    value: Option<Secret>,
}

/// A file as it was served.
#[derive(Debug)]
pub struct Download {
    pub status: u16,
    pub body: Vec<u8>,
}

impl Gate {
    pub fn new(rebinds: Rebinds, secrets: Secrets) -> Arc<Gate> {
        install_cryptography();
        Arc::new(Gate { rebinds, secrets, skew: Mutex::default(), clients: Mutex::default(), rates: Mutex::default() })
    }

    /// What `manifest` asks for and `powers` permit.
    pub fn door(self: &Arc<Gate>, manifest: &Manifest, powers: &PowerSet) -> Door {
        let adapter = &manifest.id;
        let mut routes = BTreeMap::new();
        for (name, origin) in &manifest.origins {
            let url = origin.url.to_string();
            let permitted = |method: &Verb| {
                powers.permits(&Power::Reach { origin: name.clone(), url: url.clone(), method: *method })
            };
            let methods: BTreeSet<Verb> = origin.methods.iter().copied().filter(permitted).collect();
            let rebound = self.rebinds.get(adapter, name);
            let granted = rebound.and_then(|url| url.host_str().map(str::to_owned));
            let base = rebound.unwrap_or(&origin.url).clone();
            let rate = self.rate(adapter, name);
            routes.insert(name.clone(), Route { base, methods, per_minute: origin.per_minute, rate, granted });
        }
        let mut secrets = BTreeMap::new();
        for (name, secret) in &manifest.secrets {
            let permitted = |origin: &&String| {
                powers.permits(&Power::UseSecret { secret: name.clone(), origin: (*origin).clone() })
            };
            let origins = secret.origins.iter().filter(permitted).cloned().collect();
            secrets.insert(name.clone(), BoundSecret { origins, value: self.secrets.get(adapter, name).cloned() });
        }
        Door {
            gate: self.clone(),
            adapter: adapter.clone(),
            routes,
            scrubber: Scrubber::new(secrets.values().filter_map(|secret| secret.value.as_ref())),
            secrets,
            per_minute: manifest.per_minute,
            rate: self.rate(adapter, ""),
            timeout: manifest.limits.timeout,
            body_max: manifest.limits.body_max,
        }
    }

    /// Whether the operator has provided this secret of an adapter.
    pub fn has_secret(&self, adapter: &str, name: &str) -> bool {
        self.secrets.get(adapter, name).is_some()
    }

    /// Secrets that belong to none of these adapters, or that theirs does not name.
    pub fn secrets_unknown(&self, manifests: &[Manifest]) -> Vec<Trouble> {
        self.secrets.unknown(manifests)
    }

    /// By how many milliseconds the clock of a server is ahead of ours, as the last answer with a date said.
    pub fn clock_skew(&self) -> Option<i64> {
        *self.skew.lock()
    }

    fn note_date(&self, headers: &HeaderMap) {
        let date = headers.get(reqwest::header::DATE).and_then(|date| date.to_str().ok());
        let Some(theirs) = date.and_then(|date| jiff::fmt::rfc2822::parse(date).ok()) else { return };
        *self.skew.lock() = Some(theirs.timestamp().as_millisecond() - jiff::Timestamp::now().as_millisecond());
    }

    /// The secrets that a manifest names and nobody has provided, with what to set.
    pub fn secrets_missing(&self, manifest: &Manifest) -> Vec<Trouble> {
        let missing = manifest.secrets.iter().filter(|(name, _)| self.secrets.get(&manifest.id, name).is_none());
        missing
            .map(|(name, secret)| {
                Trouble::new(
                    &manifest.id,
                    format!("the secret {name} is not configured ({})", secret.obtained),
                    format!(
                        "set {}, or add it to the secrets file under [{}]",
                        variable(&manifest.id, name),
                        manifest.id
                    ),
                )
            })
            .collect()
    }

    /// What the operator has led elsewhere: adapter and origin.
    pub fn rebound(&self) -> impl Iterator<Item = (&str, &str)> {
        let tables = self.rebinds.0.iter();
        tables.flat_map(|(adapter, origins)| origins.keys().map(move |origin| (adapter.as_str(), origin.as_str())))
    }

    fn rate(&self, adapter: &str, origin: &str) -> Arc<Rate> {
        self.rates.lock().entry((adapter.to_owned(), origin.to_owned())).or_default().clone()
    }

    /// Clients are made when first needed, because reading the system's certificates takes longer than starting otherwise would.
    fn client(&self, route: &Route) -> Result<reqwest::Client, HttpError> {
        let plain = route.base.scheme() == "http";
        let key = (plain, route.granted.clone());
        let mut clients = self.clients.lock();
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("SmartGuard/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .dns_resolver(Arc::new(Resolver { granted: key.1.clone() }));
        if plain {
            // A plain address needs no certificates, and a machine may have none.
            builder = builder.tls_certs_only([]);
        }
        let client = builder.build().map_err(|error| {
            HttpError::Unreachable(format!(
                "no encrypted connection can be made here ({error}); install the system's certificates"
            ))
        })?;
        clients.insert(key, client.clone());
        Ok(client)
    }
}

impl Door {
    /// Sends one request for the adapter.
    ///
    /// # Errors
    /// Everything that is refused or goes wrong; no text in it holds a secret.
    pub async fn fetch(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let began = Instant::now();
        let answer = self.fetch_unlogged(&request).await.map_err(|error| self.scrub_error(error));
        let took_ms = began.elapsed().as_millis() as u64;
        let (adapter, origin, method) = (self.adapter.as_str(), request.origin.as_str(), request.method.word());
        match &answer {
            Ok(response) => tracing::debug!(adapter, origin, method, took_ms, status = response.status, "answered"),
            Err(error) => tracing::debug!(adapter, origin, method, took_ms, ?error, "not answered"),
        }
        answer
    }

    /// Fetches a file of a data set. The host paces these itself, so they do not count against the adapter's rate.
    ///
    /// # Errors
    /// As [`Door::fetch`].
    pub async fn download(&self, origin: &str, path: &str, size_max: u64) -> Result<Download, HttpError> {
        // A file is larger than an answer, and nobody waits for it.
        const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(300);
        let download = async {
            let route = self.route(origin, Verb::Get)?;
            let url = route.url(path, &[])?;
            let request = self.gate.client(route)?.get(url);
            let (status, _, body) = exchange(request, DOWNLOAD_TIMEOUT, size_max).await?;
            Ok(Download { status, body })
        };
        download.await.map_err(|error| self.scrub_error(error))
    }

    /// Why a request would not be sent, as far as that is known beforehand; rates and addresses behind names are not.
    pub fn refusal(&self, request: &HttpRequest) -> Option<HttpError> {
        self.prepare(request).err().map(|error| self.scrub_error(error))
    }

    /// Takes every secret of this adapter out of a text, in all the spellings that are known.
    pub fn scrub(&self, text: &str) -> String {
        self.scrubber.scrub(text.to_owned())
    }

    fn prepare<'a>(&'a self, request: &HttpRequest) -> Result<Prepared<'a>, HttpError> {
        let method = verb(request.method);
        let route = self.route(&request.origin, method)?;
        let path = fill(&request.path, |name| self.value(name, &request.origin).map(|value| percent_encoded(&value)))?;
        let plain = |text| fill(text, |name| self.value(name, &request.origin));
        let mut query = Vec::new();
        for (key, value) in &request.query {
            query.push((key.as_str(), plain(value)?));
        }
        let url = route.url(&path, &query)?;
        let mut headers = HeaderMap::new();
        if request.headers.len() > HEADERS_MAX {
            return Err(HttpError::Denied(format!("{} headers are more than {HEADERS_MAX}", request.headers.len())));
        }
        for (name, value) in &request.headers {
            headers.append(header_name(name)?, header_value(name, &plain(value)?)?);
        }
        let body = request.body.as_deref().map(plain).transpose()?;
        if body.as_ref().is_some_and(|body| body.len() > REQUEST_BYTES_MAX) {
            return Err(HttpError::Denied(format!("the body is longer than {REQUEST_BYTES_MAX} bytes")));
        }
        Ok(Prepared { route, method, url, headers, body: body.map(Cow::into_owned) })
    }

    async fn fetch_unlogged(&self, request: &HttpRequest) -> Result<HttpResponse, HttpError> {
        let Prepared { route, method, url, headers, body } = self.prepare(request)?;
        let client = self.gate.client(route)?;
        let mut sent = client.request(wire(method), url).headers(headers);
        if let Some(body) = body {
            sent = sent.body(body);
        }
        self.count(route)?;
        let (status, headers, body) = exchange(sent, self.timeout, self.body_max).await?;
        self.gate.note_date(&headers);
        let headers =
            headers.iter().map(|(name, value)| (name.to_string(), self.scrub_bytes(value.as_bytes()))).collect();
        Ok(HttpResponse { status, headers, body: self.scrub_bytes(&body) })
    }

    fn route(&self, origin: &str, method: Verb) -> Result<&Route, HttpError> {
        let Some(route) = self.routes.get(origin) else {
            let known: Vec<&String> = self.routes.keys().collect();
            let hint = nearest(origin, &known).map_or(String::new(), |name| format!("; did you mean `{name}`?"));
            return Err(HttpError::Denied(format!("no origin `{origin}` is named in adapter.toml{hint}")));
        };
        if !route.methods.contains(&method) {
            return Err(HttpError::Denied(format!(
                "{} is not among the methods that adapter.toml asks for at `{origin}`, or was not granted",
                method.word()
            )));
        }
        // A name is checked where it is resolved; a literal address never is.
        let literal = match route.base.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) | None => None,
        };
        match literal {
            Some(address) if route.granted.is_none() && !is_public(address) => Err(HttpError::Denied(format!(
                "`{origin}` leads to {address}, which is no public address; the operator may rebind it"
            ))),
            _ => Ok(route),
        }
    }

    fn value(&self, placeholder: Placeholder<'_>, origin: &str) -> Result<String, HttpError> {
        Ok(match placeholder {
            Placeholder::Secret(name) => self.secret(name, origin)?.expose().to_owned(),
            Placeholder::Basic(user, password) => {
                basic(self.secret(user, origin)?.expose(), self.secret(password, origin)?.expose())
            }
        })
    }

    fn secret(&self, name: &str, origin: &str) -> Result<&Secret, HttpError> {
        let Some(secret) = self.secrets.get(name) else {
            return Err(HttpError::Denied(format!("no secret `{name}` is named in adapter.toml")));
        };
        if !secret.origins.contains(origin) {
            return Err(HttpError::Denied(format!("the secret `{name}` is not bound to the origin `{origin}`")));
        }
        secret.value.as_ref().ok_or_else(|| HttpError::SecretMissing(name.to_owned()))
    }

    /// For how many requests the adapter's own rates have room now, or in how long they have room for one.
    pub fn room(&self) -> Result<u32, Duration> {
        let now = Instant::now();
        let tighter = self.routes.values().filter_map(|route| Some((&route.rate, route.per_minute?)));
        tighter
            .chain([(&self.rate, self.per_minute)])
            .try_fold(u32::MAX, |least, (rate, per_minute)| Ok(least.min(rate.room(per_minute, now)?)))
    }

    fn count(&self, route: &Route) -> Result<(), HttpError> {
        let now = Instant::now();
        self.rate.take(self.per_minute, now).map_err(HttpError::RateLimited)?;
        let Some(per_minute) = route.per_minute else { return Ok(()) };
        route.rate.take(per_minute, now).map_err(|seconds| {
            self.rate.untake();
            HttpError::RateLimited(seconds)
        })
    }

    fn scrub_bytes(&self, bytes: &[u8]) -> String {
        self.scrubber.scrub(String::from_utf8_lossy(bytes).into_owned())
    }

    fn scrub_error(&self, error: HttpError) -> HttpError {
        match error {
            HttpError::Denied(text) => HttpError::Denied(self.scrubber.scrub(text)),
            HttpError::Unreachable(text) => HttpError::Unreachable(self.scrubber.scrub(text)),
            HttpError::SecretMissing(_) | HttpError::TimedOut | HttpError::TooLarge(_) | HttpError::RateLimited(_) => {
                error
            }
        }
    }
}

impl Route {
    /// The address of one request, which never leaves the origin's own path.
    fn url(&self, path: &str, query: &[(&str, Cow<'_, str>)]) -> Result<Url, HttpError> {
        if !path.starts_with('/') || path.contains(['?', '#', '\\']) {
            return Err(HttpError::Denied(
                "a path begins with `/` and holds no query; use the field `query`".to_owned(),
            ));
        }
        let stem = self.base.path().trim_end_matches('/');
        let mut url = self.base.clone();
        url.set_path(&format!("{stem}{path}"));
        if !url.path().starts_with(&format!("{stem}/")) {
            return Err(HttpError::Denied("the path leads out of the origin".to_owned()));
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }
}

/// Sends, and takes in the answer under its bounds.
async fn exchange(
    request: reqwest::RequestBuilder,
    timeout: Duration,
    size_max: u64,
) -> Result<(u16, HeaderMap, Vec<u8>), HttpError> {
    let deadline = Instant::now() + timeout;
    let mut response = match timeout_at(deadline, request.send()).await {
        Err(_) => return Err(HttpError::TimedOut),
        Ok(Err(error)) => return Err(explain(&error)),
        Ok(Ok(response)) => response,
    };
    let status = response.status();
    if status.is_redirection()
        && let Some(target) = response.headers().get(reqwest::header::LOCATION)
    {
        let target = String::from_utf8_lossy(target.as_bytes());
        let target: String = target.chars().filter(|c| !c.is_control()).take(200).collect();
        let status = status.as_u16();
        return Err(HttpError::Denied(format!(
            "the answer {status} redirects to `{target}`, and redirects are not followed"
        )));
    }
    if response.content_length().is_some_and(|length| length > size_max) {
        return Err(HttpError::TooLarge(size_max));
    }
    let headers = std::mem::take(response.headers_mut());
    let window = DRIP_WINDOW_MAX.min(timeout / 4);
    let mut window_ends = Instant::now() + window;
    let mut window_bytes = 0;
    let mut body = Vec::new();
    loop {
        let piece = timeout_at(window_ends.min(deadline), response.chunk()).await;
        match piece {
            Ok(Ok(None)) => return Ok((status.as_u16(), headers, body)),
            Ok(Err(error)) => return Err(explain(&error)),
            Ok(Ok(Some(piece))) => {
                if (body.len() + piece.len()) as u64 > size_max {
                    return Err(HttpError::TooLarge(size_max));
                }
                window_bytes += piece.len();
                body.extend_from_slice(&piece);
            }
            Err(_) => {}
        }
        // Looked at after every piece: pieces that are always ready would keep a timer from being asked.
        let now = Instant::now();
        if now >= deadline {
            return Err(HttpError::TimedOut);
        }
        if now >= window_ends {
            if window_bytes < DRIP_BYTES_MIN {
                return Err(HttpError::TimedOut);
            }
            window_ends = now + window;
            window_bytes = 0;
        }
    }
}

/// The innermost cause says most; the address is left out, because its query may hold a secret.
fn explain(error: &reqwest::Error) -> HttpError {
    if error.is_timeout() {
        return HttpError::TimedOut;
    }
    let mut innermost: Option<&(dyn std::error::Error + 'static)> = None;
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref::<NotPublic>() {
            return HttpError::Denied(format!("{refused}; the operator may rebind the origin"));
        }
        innermost = Some(cause);
        source = cause.source();
    }
    HttpError::Unreachable(innermost.map_or_else(|| "the connection failed".to_owned(), ToString::to_string))
}

/// Headers that the host writes itself, or that would change where the message ends or how it is carried.
const HEADERS_REFUSED: [&str; 13] = [
    "host",
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "proxy-authenticate",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "expect",
    "accept-encoding",
];

fn header_name(name: &str) -> Result<HeaderName, HttpError> {
    let refused = |why: &str| HttpError::Denied(format!("the header {name:?} {why}"));
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused("is no header name"))?;
    if HEADERS_REFUSED.contains(&parsed.as_str()) {
        return Err(refused("is written by the host"));
    }
    Ok(parsed)
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, HttpError> {
    // Its value is not repeated here: it may hold a secret.
    let mut parsed = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
        HttpError::Denied(format!("the value of the header {name:?} holds a line break or a control character"))
    })?;
    parsed.set_sensitive(true);
    Ok(parsed)
}

fn verb(method: Method) -> Verb {
    match method {
        Method::Get => Verb::Get,
        Method::Post => Verb::Post,
        Method::Put => Verb::Put,
        Method::Patch => Verb::Patch,
        Method::Delete => Verb::Delete,
    }
}

fn wire(verb: Verb) -> reqwest::Method {
    match verb {
        Verb::Get => reqwest::Method::GET,
        Verb::Post => reqwest::Method::POST,
        Verb::Put => reqwest::Method::PUT,
        Verb::Patch => reqwest::Method::PATCH,
        Verb::Delete => reqwest::Method::DELETE,
    }
}

/// One provider of cryptography for the process; another part of it may have installed one before, which is as good.
fn install_cryptography() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let installed = rustls::crypto::ring::default_provider().install_default();
        tracing::trace!(first = installed.is_ok(), "provider of cryptography");
    });
}
