//! What stands before the first call: a folder with a policy, adapters and configuration, businesses, numbers.

use crate::daemon::{self, Daemon};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// A policy in seconds, so that a whole life fits into a test.
pub const POLICY: &str = r#"
per_day_soft = 100000
per_day_hard = 100000
per_hour = 65000
per_minute = 65000
turn_gap = "0s"
new_number_wait = "1s"
ramp_for = "4s"
ramp_per_day = [1000, 2000]
rest_for = "2s"
check_every = "20s"
check_every_urgent = "8s"
file_every = "1s"
swap_percent_max = 20
"#;

/// Tests run at any hour, and callees live where it may be night; only the tests of calling hours leave this out.
pub const AT_ANY_HOUR: &str = r#"
calling_hours = "daily 0:00-24:00"

[[exempt]]
rule = "jurisdictions"
because = "nobody is called"
by = "a test"
"#;

/// Sees that the policy of this folder, or the first defaults where it has none, lets calls be made at any hour. What it says
/// stays in its lines.
pub fn at_any_hour(folder: &Path) {
    let file = folder.join("policies/default.toml");
    let policy = std::fs::read_to_string(&file).unwrap_or_default();
    if !policy.contains("calling_hours") {
        std::fs::create_dir_all(folder.join("policies")).expect("a folder");
        std::fs::write(file, policy + AT_ANY_HOUR).expect("written");
    }
}

/// Nobody listens there.
pub const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9);

/// Writes the policy, and a configuration that has the two agencies asked at these addresses, and none anywhere else.
pub fn prepare(folder: &Path, nomorobo: SocketAddr, ftc: SocketAddr, policy: &str) {
    std::fs::create_dir_all(folder.join("policies")).expect("a folder");
    std::fs::create_dir_all(folder.join("adapters")).expect("a folder");
    // A few adapters show what these tests are about, and start fast.
    let config = format!(
        "bundled = [\"fcr\", \"ftc_dnc\", \"nomorobo\"]\n\n[origins.nomorobo]\napi = \"http://{nomorobo}\"\n\n[origins.ftc_dnc]\nftc = \"http://{ftc}\"\n"
    );
    std::fs::write(folder.join("smartguard.toml"), config).expect("written");
    write_policy(folder, policy);
}

/// Lets a daemon in this folder take compiled adapters from a cache that other tests share, for tests that are not about
/// them: compiling the shipped ones takes seconds. An entry is named by what it was made from and checked when it is read.
pub fn share_compiled_adapters(folder: &Path) {
    let cache = daemon::binary().with_file_name("compiled-adapters-of-tests");
    std::fs::create_dir_all(&cache).expect("a folder");
    std::fs::create_dir_all(folder.join("data")).expect("a folder");
    std::os::unix::fs::symlink(cache, folder.join("data/cache")).expect("linked");
}

/// Puts this text in the place of the policy in force.
pub fn write_policy(folder: &Path, policy: &str) {
    std::fs::write(folder.join("policies/default.toml"), policy).expect("written");
    at_any_hour(folder);
}

/// A file of an adapter that we ship.
pub fn shipped(id: &str, file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../adapters").join(id).join(file);
    std::fs::read_to_string(path).expect("a file that we ship")
}

/// Where the folder of this adapter lies that overrides the bundled one.
pub fn adapter_folder(folder: &Path, id: &str) -> PathBuf {
    folder.join("adapters").join(id)
}

/// A business that says everything that a registry asks for.
pub fn business(id: &str, relation: &str) -> Value {
    json!({
        "id": id, "legal_name": format!("{id} LLC"), "relation": relation, "website": "https://acme.example",
        "use_case": "Appointment reminders", "calls_per_month": 20000, "originating_providers": ["Twilio"],
        "address": {"line1": "1 Main St", "city": "Dayton", "state": "OH", "zip": "45402"},
        "contact": {"name": "Ann Smith", "email": "ann@acme.example", "phone": "+19375550100"},
    })
}

/// A CSV of `count` numbers of one area code; those that are not in service are new.
pub fn sheet(area: u16, count: u32, in_service: impl Fn(u32) -> bool) -> String {
    let mut text = "number,service,since,right,callback\n".to_owned();
    for n in 0..count {
        let (service, since) = if in_service(n) { ("in_service", "2025-01-01") } else { ("new", "") };
        text.push_str(&format!("+1{area}555{:04},{service},{since},declared:Ann,+12125550100\n", 1000 + n));
    }
    text
}

/// Imports a CSV, and answers with the daemon's report of it.
pub async fn import(daemon: &Daemon, business: &str, sheet: String) -> Value {
    let response = daemon
        .client
        .post(daemon.url(&format!("/v1/numbers?business={business}&by=test")))
        .header("content-type", "text/csv")
        .body(sheet)
        .send()
        .await
        .expect("an answer");
    let status = response.status();
    let body = response.text().await.expect("a body");
    assert!(status.is_success(), "{status} {body}");
    serde_json::from_str(&body).expect("JSON")
}

/// The path of one number.
pub fn number_path(number: &str) -> String {
    format!("/v1/numbers/{}", number.replace('+', "%2B"))
}

/// A text of an answer; panics when there is none, with the whole answer.
pub fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no text `{field}` in {value}"))
}

/// A list of an answer; panics when there is none, with the whole answer.
pub fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().unwrap_or_else(|| panic!("no list `{field}` in {value}"))
}

/// Puts a copy of the adapter in force that may ask more often, which it must be granted first.
pub async fn let_nomorobo_ask_more(daemon: &Daemon, folder: &Path) {
    let manifest = shipped("nomorobo", "adapter.toml");
    let wider = manifest.replace("per_minute = 60", "per_minute = 6000").replace("batch_max = 10", "batch_max = 20");
    assert!(wider.contains("per_minute = 6000") && wider.contains("batch_max = 20"), "{wider}");
    let place = adapter_folder(folder, "nomorobo");
    std::fs::create_dir_all(&place).expect("a folder");
    std::fs::write(place.join("adapter.js"), shipped("nomorobo", "adapter.js")).expect("written");
    std::fs::write(place.join("adapter.toml"), wider).expect("written");
    let path = "/v1/adapters/nomorobo";
    let held = daemon.wait_for(path, 30, |adapter| !adapter["last_refusal"].is_null()).await;
    assert!(held["last_refusal"].to_string().contains("6000 requests a minute"), "wider powers wait: {held}");
    assert_eq!(held["origin"], "bundled", "{held}");
    let granted = daemon.must_post(&format!("{path}/grant"), &json!({ "by": "Ann" })).await;
    assert!(granted["granted"].to_string().contains("6000 requests a minute"), "{granted}");
    assert_ne!(granted["origin"], "bundled", "{granted}");
}
