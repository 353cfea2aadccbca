//! Keeps what was made from adapters, so that a start and an unchanged file cost nothing.
//!
//! Three sorts of entries lie in one folder: components made from scripts, components compiled for this very engine,
//! and the single functions of those, which later compilations use again.
//! An entry is named by the hash of everything it was made from, is written whole or not at all,
//! and begins with a checksum, so that damage is noticed and the entry is simply made again.
//! The folder may be deleted at any time; beyond a size, what was not used for the longest time goes.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;
use tracing::warn;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The hash of what an entry was made from.
pub(crate) type Key = blake3::Hash;

const CHECKSUM_BYTES: usize = blake3::OUT_LEN;
/// What all entries together may take on the disk. A script has some 15 MB in here, so this is every adapter and a day of versions.
const BYTES_MAX: u64 = 1024 * 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Cache {
    folder: PathBuf,
    /// Makes the names of unfinished files differ inside one process; the process id does it between processes.
    unfinished: AtomicU64,
}

impl Cache {
    /// Opens the folder and makes it if need be, for this user alone: what lies in it is run as code.
    pub(crate) fn open(folder: PathBuf) -> io::Result<Cache> {
        use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
        Ok(Cache { folder, unfinished: AtomicU64::new(0) })
    }

    /// A component that was made from a script.
    pub(crate) fn component(&self, key: &Key) -> Option<Vec<u8>> {
        self.read(key, "wasm")
    }

    pub(crate) fn keep_component(&self, key: &Key, component: &[u8]) {
        self.write(key, "wasm", component);
    }

    /// A component that this engine compiled before. One that does not load is made again by the caller.
    pub(crate) fn compiled(&self, engine: &Engine, key: &Key) -> Option<Component> {
        let bytes = self.read(key, "cwasm")?;
        match deserialize_own(engine, &bytes) {
            Ok(component) => Some(component),
            Err(error) => {
                warn!(%key, %error, "a compiled adapter in the cache does not load; it is compiled again");
                None
            }
        }
    }

    /// Keeps what [`Engine::precompile_component`] gave, and loads it.
    pub(crate) fn keep_compiled(&self, engine: &Engine, key: &Key, compiled: &[u8]) -> wasmtime::Result<Component> {
        self.write(key, "cwasm", compiled);
        deserialize_own(engine, compiled)
    }

    /// Compiled functions that this engine may use again.
    pub(crate) fn functions(&self, key: &Key) -> Option<Vec<u8>> {
        self.read(key, "functions")
    }

    pub(crate) fn keep_functions(&self, key: &Key, functions: &[u8]) {
        self.write(key, "functions", functions);
    }

    fn read(&self, key: &Key, kind: &str) -> Option<Vec<u8>> {
        let path = self.folder.join(format!("{key}.{kind}"));
        let mut bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => {
                warn!(path = %path.display(), %error, "an entry of the adapter cache cannot be read; it is made again");
                return None;
            }
        };
        let intact = bytes.len() > CHECKSUM_BYTES
            && bytes[..CHECKSUM_BYTES] == *blake3::hash(&bytes[CHECKSUM_BYTES..]).as_bytes();
        if !intact {
            warn!(path = %path.display(), "an entry of the adapter cache is damaged; it is made again");
            return None;
        }
        bytes.drain(..CHECKSUM_BYTES);
        // What is used stays; a folder that refuses this merely forgets in the order of writing.
        let _ = fs::File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        Some(bytes)
    }

    /// A cache that cannot be written is a slow start and no failure, so it is only said.
    fn write(&self, key: &Key, kind: &str, content: &[u8]) {
        let path = self.folder.join(format!("{key}.{kind}"));
        let turn = self.unfinished.fetch_add(1, Ordering::Relaxed);
        let unfinished = self.folder.join(format!("{key}.{kind}.{}-{turn}", std::process::id()));
        let written = fs::File::create(&unfinished).and_then(|mut file| {
            file.write_all(blake3::hash(content).as_bytes())?;
            file.write_all(content)?;
            fs::rename(&unfinished, &path)
        });
        if let Err(error) = written {
            warn!(path = %path.display(), %error, "the adapter cache cannot be written; the next start compiles again");
            let _ = fs::remove_file(&unfinished);
        }
        if let Err(error) = self.forget_oldest(BYTES_MAX) {
            warn!(folder = %self.folder.display(), %error, "the adapter cache cannot be tidied");
        }
    }

    /// Removes what was not used for the longest time until the rest fits. Unfinished entries that a crash left go that way too.
    fn forget_oldest(&self, bytes_max: u64) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            // Another thread may have renamed or removed it meanwhile.
            let Ok(known) = entry.metadata() else { continue };
            entries.push((known.modified()?, known.len(), entry.path()));
        }
        let mut bytes: u64 = entries.iter().map(|(_, bytes, _)| bytes).sum();
        entries.sort();
        for (_, length, path) in entries {
            if bytes <= bytes_max {
                break;
            }
            if let Err(error) = fs::remove_file(&path)
                && error.kind() != io::ErrorKind::NotFound
            {
                return Err(error);
            }
            bytes -= length;
        }
        Ok(())
    }
}

/// The one place that trusts bytes: they become machine code that is run.
#[expect(
    unsafe_code,
    reason = "loading our own compiled components is the one thing that wasmtime cannot check for us"
)]
fn deserialize_own(engine: &Engine, compiled: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes come from `Engine::precompile_component` of this crate. Either they never left this process,
    // or they lay in a folder that only this user may write, under a name made of the component's hash and the engine's
    // compatibility hash, and their checksum held. Whoever can forge that can replace this program as well.
    unsafe { Component::deserialize(engine, compiled) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_used_for_the_longest_time_goes_first() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::open(folder.path().to_owned()).expect("a cache");
        let keys: Vec<Key> = (0..3_u8).map(|n| blake3::hash(&[n])).collect();
        for (age, key) in (10..).zip(&keys) {
            cache.keep_component(key, &[0; 1000]);
            let file = fs::File::options().append(true).open(folder.path().join(format!("{key}.wasm"))).expect("kept");
            file.set_modified(SystemTime::now() - std::time::Duration::from_secs(1000 / age)).expect("aged");
        }
        assert!(cache.component(&keys[0]).is_some(), "the oldest is used");
        cache.forget_oldest(2 * (1000 + CHECKSUM_BYTES as u64)).expect("tidied");
        assert!(cache.component(&keys[0]).is_some());
        assert!(cache.component(&keys[1]).is_none(), "the one that nobody used for the longest time is gone");
        assert!(cache.component(&keys[2]).is_some());
    }
}
