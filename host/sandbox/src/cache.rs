//! Keeps what was made from adapters, so that a start and an unchanged file cost nothing.
//!
//! Two sorts of entries lie in one folder: components made from scripts, and components compiled for this very engine.
//! An entry is named by the hash of everything it was made from, is written whole or not at all,
//! and begins with a checksum, so that damage is noticed and the entry is simply made again.
//! The folder may be deleted at any time.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use tracing::warn;
use wasmtime::Engine;
use wasmtime::component::Component;

/// The hash of what an entry was made from.
pub(crate) type Key = blake3::Hash;

const CHECKSUM_BYTES: usize = blake3::OUT_LEN;

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
