//! `smartguard.toml`: where the daemon listens, keeps its data and finds its files. None of it is needed.
//!
//! What a dialer is shown is policy and stands in policy files; this is about the machine.
//! Secrets stand in a file of their own, which is named here and read only by the daemon.

use crate::policies::fields::durability;
use crate::strict::{Page, Problem, Value};
use core::time::Duration;
use numbers::policy::Durability;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use toml::de::DeValue;

/// Where the daemon listens when nothing is said.
pub const LISTEN_DEFAULT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8787);
/// The file that is read when it is there and none is named.
pub const FILE_DEFAULT: &str = "smartguard.toml";

/// All that the daemon is told before it starts.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    pub listen: SocketAddr,
    pub data: PathBuf,
    pub adapters: PathBuf,
    /// The adapters that came with the program and serve; all of them when it is not said.
    pub bundled: Option<BTreeSet<String>>,
    pub policies: PathBuf,
    /// Adapter → name of an origin in its manifest → the address it stands for instead.
    pub origins: BTreeMap<String, BTreeMap<String, String>>,
    /// Adapter → name of a setting in its manifest → what it says instead.
    pub settings: BTreeMap<String, BTreeMap<String, String>>,
    pub secrets_file: Option<PathBuf>,
    /// Stands above the policy's own.
    pub durability: Option<Durability>,
    pub export: Option<ExportSchedule>,
    /// Calls keep their own records, and so their receipts, for so long; older ones are added up and go to the archive.
    pub keep_calls: Duration,
    /// Where old calls go; see [`Config::archive`].
    pub archive: Option<PathBuf>,
    /// Nothing is kept. The file has no field for it, so that no forgotten line makes a daemon forget all it is told.
    pub in_memory: bool,
}

/// Exports that are made without asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportSchedule {
    pub every: Duration,
    /// Older exports than the newest so many are removed.
    pub keep: u32,
    pub folder: PathBuf,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            listen: LISTEN_DEFAULT,
            data: PathBuf::from("data"),
            adapters: PathBuf::from("adapters"),
            policies: PathBuf::from("policies"),
            bundled: None,
            origins: BTreeMap::new(),
            settings: BTreeMap::new(),
            secrets_file: None,
            durability: None,
            export: None,
            keep_calls: Duration::from_secs(7 * DAY),
            archive: None,
            in_memory: false,
        }
    }
}

const DAY: u64 = 24 * 60 * 60;

/// What the command line says; it stands above the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    pub listen: Option<SocketAddr>,
    pub data: Option<PathBuf>,
    pub adapters: Option<PathBuf>,
    pub policies: Option<PathBuf>,
}

/// Every field of the file, as they stand in the README.
pub const FIELDS: [&str; 11] = [
    "listen",
    "data",
    "adapters",
    "bundled",
    "policies",
    "durability",
    "origins",
    "settings",
    "secrets",
    "export",
    "calls",
];

impl Config {
    /// The folder of old calls: the named one, or `archive` in the data folder; none where nothing is kept.
    pub fn archive(&self) -> Option<PathBuf> {
        (!self.in_memory).then(|| self.archive.clone().unwrap_or_else(|| self.data.join("archive")))
    }

    /// The named file, or `smartguard.toml` where it is there, or the defaults; then what the command line says.
    ///
    /// # Errors
    /// Gives every problem of the file, and a listen address that is not allowed.
    pub fn load(file: Option<&Path>, overrides: Overrides) -> Result<Config, Vec<Problem>> {
        let path = match file {
            Some(path) => Some(path),
            None => Some(Path::new(FILE_DEFAULT)).filter(|path| path.exists()),
        };
        let mut config = match path {
            Some(path) => {
                let text = std::fs::read_to_string(path).map_err(|error| {
                    vec![Problem {
                        place: path.display().to_string(),
                        reason: format!("it cannot be read: {error}"),
                        remedy: "check the path given to --config and its permissions".to_owned(),
                    }]
                })?;
                Config::read(path, &text)?
            }
            None => Config::default(),
        };
        if let Some(listen) = overrides.listen {
            refuse_beyond_loopback("--listen", listen).map_err(|problem| vec![problem])?;
            config.listen = listen;
        }
        config.data = overrides.data.unwrap_or(config.data);
        config.adapters = overrides.adapters.unwrap_or(config.adapters);
        config.policies = overrides.policies.unwrap_or(config.policies);
        Ok(config)
    }

    /// Reads the text of a configuration file. Paths in it are relative to its folder.
    ///
    /// # Errors
    /// Gives every problem of the text.
    pub fn read(path: &Path, text: &str) -> Result<Config, Vec<Problem>> {
        let file = path.display().to_string();
        let base = path.parent().unwrap_or(Path::new("")).to_owned();
        let mut page = Page::new(&file, text);
        let mut config = Config::default();
        for folder in [&mut config.data, &mut config.adapters, &mut config.policies] {
            *folder = base.join(&*folder);
        }
        let Some(table) = page.table() else { return Err(page.problems) };
        for (name, value) in &table {
            match name.get_ref().as_ref() {
                "listen" => {
                    if let Some(listen) = read_listen(&mut page, value) {
                        config.listen = listen;
                    }
                }
                "data" => read_path(&mut page, "data", value, &base, &mut config.data),
                "adapters" => read_path(&mut page, "adapters", value, &base, &mut config.adapters),
                "bundled" => config.bundled = read_bundled(&mut page, value),
                "policies" => read_path(&mut page, "policies", value, &base, &mut config.policies),
                "durability" => config.durability = durability(&mut page, "durability", value),
                "origins" => config.origins = read_origins(&mut page, value),
                "settings" => config.settings = read_settings(&mut page, value),
                "secrets" => config.secrets_file = read_secrets(&mut page, value, &base),
                "export" => config.export = read_export(&mut page, value, &base),
                "calls" => read_calls(&mut page, value, &base, &mut config),
                unknown => page.unknown(name.span(), unknown, FIELDS),
            }
        }
        if page.problems.is_empty() { Ok(config) } else { Err(page.problems) }
    }
}

/// Keys for callers from other machines do not exist yet, so only this machine may ask.
///
/// # Errors
/// Says that the address is not one of loopback.
pub fn refuse_beyond_loopback(place: &str, listen: SocketAddr) -> Result<(), Problem> {
    if listen.ip().is_loopback() {
        return Ok(());
    }
    Err(Problem {
        place: place.to_owned(),
        reason: format!("{listen} can be reached from other machines, and this version has no keys to tell them apart"),
        remedy: "listen on 127.0.0.1 or [::1], and put a proxy that checks its callers before it".to_owned(),
    })
}

fn read_listen(page: &mut Page<'_>, value: &Value<'_>) -> Option<SocketAddr> {
    let said = page.text("listen", value)?;
    let Ok(listen) = said.parse::<SocketAddr>() else {
        page.problem(
            value.span(),
            format!("`listen` is \"{said}\", and that is no address with a port"),
            "write an address such as \"127.0.0.1:8787\"",
        );
        return None;
    };
    if let Err(problem) = refuse_beyond_loopback("listen", listen) {
        page.problem(value.span(), problem.reason, problem.remedy);
        return None;
    }
    Some(listen)
}

fn read_path(page: &mut Page<'_>, field: &str, value: &Value<'_>, base: &Path, to: &mut PathBuf) {
    match page.text(field, value) {
        Some(said) if said.trim().is_empty() => {
            page.problem(value.span(), format!("`{field}` is empty"), "name a folder")
        }
        Some(said) => *to = base.join(said),
        None => {}
    }
}

fn read_bundled(page: &mut Page<'_>, value: &Value<'_>) -> Option<BTreeSet<String>> {
    let names = value.get_ref().as_array().and_then(|array| {
        array.iter().map(|name| name.get_ref().as_str().map(str::to_owned)).collect::<Option<BTreeSet<String>>>()
    });
    if names.is_none() {
        page.mistyped("bundled", value, "a list of adapters, such as [\"fcr\", \"ftc_dnc\"]");
    }
    names
}

fn read_origins(page: &mut Page<'_>, value: &Value<'_>) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut origins: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let shape = "a table of adapters, such as nomorobo.api = \"http://127.0.0.1:9000\"";
    let Some(adapters) = value.get_ref().as_table() else {
        page.mistyped("origins", value, shape);
        return origins;
    };
    for (adapter, names) in adapters {
        let Some(table) = names.get_ref().as_table() else {
            page.mistyped(&format!("origins.{}", adapter.get_ref()), names, shape);
            continue;
        };
        for (name, address) in table {
            let field = format!("origins.{}.{}", adapter.get_ref(), name.get_ref());
            let Some(said) = page.text(&field, address) else { continue };
            match reqwest::Url::parse(&said) {
                Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {
                    origins
                        .entry(adapter.get_ref().to_string())
                        .or_default()
                        .insert(name.get_ref().to_string(), said.trim_end_matches('/').to_owned());
                }
                _ => page.problem(
                    address.span(),
                    format!("`{field}` is \"{said}\", and that is no web address"),
                    "write scheme and host, such as \"https://api.example.com\"",
                ),
            }
        }
    }
    origins
}

/// What adapters read as their settings: texts, figures and switches, each told to its adapter as text.
fn read_settings(page: &mut Page<'_>, value: &Value<'_>) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut settings: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let shape = "a table of adapters, such as nomorobo.flagged_from = 90";
    let Some(adapters) = value.get_ref().as_table() else {
        page.mistyped("settings", value, shape);
        return settings;
    };
    for (adapter, names) in adapters {
        let Some(table) = names.get_ref().as_table() else {
            page.mistyped(&format!("settings.{}", adapter.get_ref()), names, shape);
            continue;
        };
        for (name, value) in table {
            let field = format!("settings.{}.{}", adapter.get_ref(), name.get_ref());
            let said = match value.get_ref() {
                DeValue::String(text) => text.to_string(),
                DeValue::Integer(figure) => figure.to_string(),
                DeValue::Float(figure) => figure.to_string(),
                DeValue::Boolean(switch) => switch.to_string(),
                DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
                    page.mistyped(&field, value, "one text, figure or switch");
                    continue;
                }
            };
            settings.entry(adapter.get_ref().to_string()).or_default().insert(name.get_ref().to_string(), said);
        }
    }
    settings
}

fn read_secrets(page: &mut Page<'_>, value: &Value<'_>, base: &Path) -> Option<PathBuf> {
    let Some(table) = value.get_ref().as_table() else {
        page.mistyped("secrets", value, "a table with the field `file`");
        return None;
    };
    let mut file = None;
    for (name, value) in table {
        match name.get_ref().as_ref() {
            "file" => file = page.text("secrets.file", value).map(|said| base.join(said)),
            unknown => page.problem(
                name.span(),
                format!("there is no field `secrets.{unknown}`"),
                "secrets stand in a file of their own; write `file = \"secrets.toml\"` here",
            ),
        }
    }
    file
}

fn read_export(page: &mut Page<'_>, value: &Value<'_>, base: &Path) -> Option<ExportSchedule> {
    let Some(table) = value.get_ref().as_table() else {
        page.mistyped("export", value, "a table with `every`, `keep` and `folder`");
        return None;
    };
    let mut schedule = ExportSchedule { every: Duration::from_secs(DAY), keep: 7, folder: base.join("exports") };
    for (name, value) in table {
        match name.get_ref().as_ref() {
            "every" => {
                let (least, most) = (Duration::from_secs(1), Duration::from_secs(366 * DAY));
                schedule.every = page.span("export.every", value, least, most)?;
            }
            "keep" => schedule.keep = page.count("export.keep", value, 1, 10_000)?,
            "folder" => read_path(page, "export.folder", value, base, &mut schedule.folder),
            unknown => page.unknown(name.span(), unknown, ["every", "keep", "folder"]),
        }
    }
    Some(schedule)
}

fn read_calls(page: &mut Page<'_>, value: &Value<'_>, base: &Path, config: &mut Config) {
    let Some(table) = value.get_ref().as_table() else {
        page.mistyped("calls", value, "a table with `keep` and `archive`");
        return;
    };
    for (name, value) in table {
        match name.get_ref().as_ref() {
            "keep" => {
                // Later evidence corrects a call for two days, and has to find it.
                let (least, most) = (Duration::from_secs(2 * DAY), Duration::from_secs(366 * DAY));
                config.keep_calls = page.span("calls.keep", value, least, most).unwrap_or(config.keep_calls);
            }
            "archive" => {
                let mut folder = PathBuf::new();
                read_path(page, "calls.archive", value, base, &mut folder);
                config.archive = Some(folder);
            }
            unknown => page.unknown(name.span(), unknown, ["keep", "archive"]),
        }
    }
}
