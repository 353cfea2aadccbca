//! The compiled functions of all adapters, so that a new version of a script compiles in a fraction of the time.
//!
//! Two scripts differ in hardly any function, because most of them are those of the runtime.
//! They are kept in memory while the engine lives, and in the engine's cache between two starts.

use crate::cache::{Cache, Key};
use parking_lot::Mutex;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use wasmtime::CacheStore;

/// Enough for the runtime of scripts (about 10 MB, derived from its compiled size) and some adapters of other kinds.
const BYTES_MAX: usize = 64 * 1024 * 1024;
/// Each key and each value is preceded by its length.
const LENGTH_BYTES: usize = 4;

/// Compiled functions by what they were made from. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Functions {
    inner: Arc<Mutex<Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    of: HashMap<Vec<u8>, Vec<u8>>,
    bytes: usize,
    /// Whether the cache of an earlier run was read.
    read: bool,
    /// Whether there are functions that the cache does not have yet.
    grown: bool,
}

impl Functions {
    /// Reads those of an earlier run, once; before the first compilation, because a start that compiles nothing needs none.
    pub(crate) fn read(&self, cache: &Cache, key: &Key) {
        let mut kept = self.inner.lock();
        if core::mem::replace(&mut kept.read, true) {
            return;
        }
        let Some(bytes) = cache.functions(key) else { return };
        let mut rest = bytes.as_slice();
        while let Some((name, value, after)) = take(rest).and_then(|(name, rest)| {
            let (value, after) = take(rest)?;
            Some((name, value, after))
        }) {
            kept.insert(name.to_vec(), value.to_vec());
            rest = after;
        }
        kept.grown = false;
    }

    /// Writes all of them for the next run, if there are new ones.
    pub(crate) fn keep(&self, cache: &Cache, key: &Key) {
        let mut kept = self.inner.lock();
        if !core::mem::replace(&mut kept.grown, false) {
            return;
        }
        let mut bytes = Vec::with_capacity(kept.bytes + kept.of.len() * 2 * LENGTH_BYTES);
        for (name, value) in &kept.of {
            for part in [name, value] {
                // It fits: all of them together are shorter than `BYTES_MAX`.
                bytes.extend_from_slice(&(part.len() as u32).to_le_bytes());
                bytes.extend_from_slice(part);
            }
        }
        drop(kept);
        cache.keep_functions(key, &bytes);
    }
}

impl Kept {
    fn insert(&mut self, name: Vec<u8>, value: Vec<u8>) -> bool {
        let bytes = name.len() + value.len();
        if self.of.contains_key(&name) {
            // Two threads compiled the same function to the same code.
            return true;
        }
        if self.bytes + bytes > BYTES_MAX {
            return false;
        }
        self.bytes += bytes;
        self.grown = true;
        self.of.insert(name, value);
        true
    }
}

impl CacheStore for Functions {
    fn get(&self, key: &[u8]) -> Option<Cow<'_, [u8]>> {
        self.inner.lock().of.get(key).cloned().map(Cow::Owned)
    }

    fn insert(&self, key: &[u8], value: Vec<u8>) -> bool {
        self.inner.lock().insert(key.to_owned(), value)
    }
}

fn take(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
    rest.split_at_checked(u32::from_le_bytes(*length) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_run_finds_what_an_earlier_one_compiled() {
        let folder = tempfile::tempdir().expect("a folder");
        let cache = Cache::open(folder.path().to_owned()).expect("a cache");
        let key = blake3::hash(b"this engine");
        let earlier = Functions::default();
        earlier.read(&cache, &key);
        for name in [b"one".as_slice(), b"two", b"one"] {
            assert!(CacheStore::insert(&earlier, name, vec![7; 100 + name.len()]));
        }
        earlier.keep(&cache, &key);
        assert_eq!(earlier.inner.lock().bytes, 2 * (3 + 103), "a function that is compiled twice counts once");

        let later = Functions::default();
        assert!(CacheStore::get(&later, b"one").is_none());
        later.read(&cache, &key);
        assert_eq!(CacheStore::get(&later, b"one").as_deref(), Some([7; 103].as_slice()));
        assert_eq!(CacheStore::get(&later, b"two").as_deref(), Some([7; 103].as_slice()));
        let other = Functions::default();
        other.read(&cache, &blake3::hash(b"another engine"));
        assert!(CacheStore::get(&other, b"one").is_none(), "another engine's functions are not used");
    }
}
