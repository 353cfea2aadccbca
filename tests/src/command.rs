//! The command line, run to its end in a folder of a test's own.

use crate::daemon::binary;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a command said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub exit: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// The JSON that it printed.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Itself, when it ended in this way.
    #[track_caller]
    pub fn ended(self, exit: i32) -> Said {
        assert_eq!(self.exit, exit, "{self:#?}");
        self
    }
}

/// Runs the binary; nobody is there to be asked. Compiled adapters come from a cache that the tests share.
pub fn smartguard(folder: &Path, arguments: &[&str]) -> Said {
    let cache: PathBuf = binary().with_file_name("cache-of-commands");
    let output = Command::new(binary())
        .current_dir(folder)
        .args(arguments)
        .env("XDG_CACHE_HOME", cache)
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let exit = output.status.code().unwrap_or_else(|| panic!("{:?}", output.status));
    Said { exit, out: text(&output.stdout), err: text(&output.stderr) }
}
