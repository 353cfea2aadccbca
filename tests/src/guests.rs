//! The adapters of `tests/guests`, each of which does one thing that no adapter should do.

use std::path::Path;

/// One of them, and what people are to be told of it.
pub struct Hostile {
    pub id: &'static str,
    /// Words of the reason that the daemon shows.
    pub told: &'static str,
    /// Whether it is the adapter's own fault, which benches it when it is repeated.
    /// An agency that answers badly is no fault of the adapter that asks it.
    pub at_fault: bool,
}

const fn at_fault(id: &'static str, told: &'static str) -> Hostile {
    Hostile { id, told, at_fault: true }
}

/// All that mean harm; `silent` is not among them, because saying nothing is allowed.
pub const HOSTILE: [Hostile; 10] = [
    at_fault("spin", "took longer than it may"),
    at_fault("bomb", "wanted more memory than it may have"),
    at_fault("dig", "recursed too deeply"),
    at_fault("throws", "`check` threw TypeError"),
    at_fault("traps", "`check`"),
    at_fault("nonsense", "does not speak for \"nomorobo\""),
    // It is ended in the midst of its talk where the machine is slow, and throws where it is fast.
    at_fault("babbles", "`check`"),
    at_fault("stray", "no origin `elsewhere` is named"),
    at_fault("led", "redirects to `http://169.254.169.254/"),
    Hostile { id: "waits", told: "did not answer in time", at_fault: false },
];

/// The script of one of them.
pub fn script(id: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests").join(id).with_extension("js");
    std::fs::read_to_string(&path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
}

/// Puts an adapter into a folder of adapters, as a person would: the manifest first, so that the script makes it whole.
pub fn drop_in(adapters: &Path, id: &str, script: &str, limits: &str) {
    let folder = adapters.join(id);
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join("adapter.toml"), manifest(id, limits)).expect("written");
    std::fs::write(folder.join("adapter.js"), script).expect("written");
}

/// Asks for one origin, which the configuration rebinds, and for as many requests as it likes.
fn manifest(id: &str, limits: &str) -> String {
    format!(
        "id = \"{id}\"\nkind = \"agency\"\nversion = \"1\"\nsummary = \"Means no good\"\nwit = \"0.0.1\"\n\
         confidence = \"unknown\"\n[origins]\napi = \"https://agency.example\"\n[rates]\nper_minute = 6000\n\
         [limits]\n{limits}\n[agencies]\nspeaks_for = [\"{id}\"]\n[functions.check]\n"
    )
}

/// Leads the origin of every one of them to this address, as lines of a configuration file.
pub fn rebinds(address: std::net::SocketAddr) -> String {
    HOSTILE.iter().map(|guest| format!("[origins.{}]\napi = \"http://{address}\"\n", guest.id)).collect()
}
