//! The secret key of this installation: callees are stored under keyed hashes, and a decision's id carries a seal.
//!
//! The key lies outside the data folder, so that a copy of the folder alone tells nobody who was called.
//! The store holds a mark of its key. Under another key every callee would be a stranger, those who asked not to be
//! called among them, so a store is not served with a key that is not its own.

use crate::store::{CommitError, Key, Op, Store, StoreError, Tree};
use numbers::{CalleeHash, E164, Moment};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// 32 random bytes and the hashes made with them.
#[derive(Clone)]
pub struct Keys {
    key: [u8; KEY_BYTES],
}

const KEY_BYTES: usize = 32;
/// Bytes of the seal in a decision's id: forging one takes 2^63 tries on average, against a door that counts them.
const SEAL_BYTES: usize = 8;
const SEALED_BYTES: usize = 8 + 8 + 8 + 16;
const MARK_BYTES: usize = 8;

/// Where the store keeps the mark of its key.
pub fn mark_key() -> Key {
    Key::new(Tree::Meta, b"key_mark")
}

/// The mark of the key that this store was written under; none for a store that no daemon has opened yet.
pub async fn mark_in(store: &dyn Store) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(store.get(&mark_key()).await?.map(|entry| entry.value.to_vec()))
}

/// What a decision's id says once its seal has been found good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    pub seq: u64,
    pub at: Moment,
    pub number: E164,
    pub callee: CalleeHash,
}

/// The key file could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("the key file {path} could not be {doing}; see that this user may read the file and write to its folder")]
    Io { path: PathBuf, doing: &'static str, source: std::io::Error },
    #[error(
        "the key file {path} holds {found} bytes instead of 32; restore it from your backup: without it the callees of earlier calls are not recognised"
    )]
    Length { path: PathBuf, found: usize },
    #[error("the operating system gave no random bytes")]
    Random(getrandom::Error),
    #[error("the key file {path} is missing, and the store was written under it; put it back from your backup. {LOST}")]
    Missing { path: PathBuf },
    #[error("the key in {path} is not the one that the store was written under; put the right one there. {LOST}")]
    Other { path: PathBuf },
    #[error("the mark of the key could not be read from the store")]
    Read(#[from] StoreError),
    #[error("the mark of the key could not be written to the store")]
    Mark(#[from] CommitError),
}

/// What to do when the key is gone for good.
const LOST: &str = "If it is lost for good, `smartguard export --data` and `smartguard import --without-key` bring \
    the rest into a new folder, where callees begin anew: who asked not to be called has to be told to the daemon again";

impl Keys {
    /// The key of this store: the one whose mark it holds, or for a new store the one that lies there or is made.
    ///
    /// # Errors
    /// The key is missing, is that of another store, or cannot be read or made.
    pub async fn of_store(store: &Arc<dyn Store>, path: &Path) -> Result<Keys, KeyError> {
        let marked = mark_in(store.as_ref()).await?;
        match (marked, Keys::read(path)?) {
            (Some(mark), Some(keys)) if keys.mark() == mark => Ok(keys),
            (Some(_), Some(_)) => Err(KeyError::Other { path: path.into() }),
            (Some(_), None) => Err(KeyError::Missing { path: path.into() }),
            (None, found) => {
                let keys = match found {
                    Some(keys) => keys,
                    None => Keys::make(path)?,
                };
                store.commit(vec![Op::put(mark_key(), keys.mark())]).await?;
                Ok(keys)
            }
        }
    }

    /// Reads the key; none where there is no such file.
    pub fn read(path: &Path) -> Result<Option<Keys>, KeyError> {
        match std::fs::read(path) {
            Ok(bytes) => {
                let key = bytes
                    .as_slice()
                    .try_into()
                    .map_err(|_| KeyError::Length { path: path.into(), found: bytes.len() })?;
                Ok(Some(Keys { key }))
            }
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(KeyError::Io { path: path.into(), doing: "read", source }),
        }
    }

    fn make(path: &Path) -> Result<Keys, KeyError> {
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key).map_err(KeyError::Random)?;
        let keys = Keys { key };
        keys.write(path)?;
        Ok(keys)
    }

    /// Writes the key to a new file, readable by its owner alone.
    ///
    /// # Errors
    /// There is such a file already, or it could not be made.
    pub fn write(&self, path: &Path) -> Result<(), KeyError> {
        use std::os::unix::fs::OpenOptionsExt;
        let written = || -> std::io::Result<()> {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder)?;
            // It gets its name when it is whole: half a key would keep every later start from serving.
            let part = path.with_added_extension(format!("{}.part", std::process::id()));
            let mut file =
                std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
            let named = file.write_all(&self.key).and_then(|()| file.sync_all());
            // Another daemon that begins in the same place may have been faster; its key is not replaced.
            let named = named.and_then(|()| std::fs::hard_link(&part, path));
            std::fs::remove_file(&part)?;
            named?;
            // The store will rely on this file, so its name has to outlive the power as well.
            std::fs::File::open(folder)?.sync_all()
        };
        written().map_err(|source| KeyError::Io { path: path.into(), doing: "made", source })
    }

    /// Tells keys apart, and tells nothing else of them.
    pub fn mark(&self) -> Vec<u8> {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(b"mark\0");
        hasher.finalize().as_bytes()[..MARK_BYTES].to_vec()
    }

    /// The name under which a business's callee is remembered. Two businesses have two names for one callee.
    pub fn callee(&self, business: &str, callee: E164) -> CalleeHash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(b"callee\0").update(business.as_bytes()).update(&[0]).update(&callee.digits().to_be_bytes());
        let mut short = [0; 16];
        short.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        CalleeHash(short)
    }

    /// A short keyed hash of a dialer's call id, which may itself hold a telephone number.
    pub fn call(&self, call_id: &str) -> u64 {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(b"call\0").update(call_id.as_bytes());
        let mut short = [0; 8];
        short.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
        u64::from_be_bytes(short)
    }

    /// The id that the dialer gets: what is needed to restore the decision, under a seal.
    pub fn seal(&self, sealed: &Sealed) -> String {
        let bytes = sealed.bytes();
        let mut text = String::with_capacity(2 * (SEALED_BYTES + SEAL_BYTES));
        for byte in bytes.iter().chain(&self.mac(&bytes)) {
            use std::fmt::Write;
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// Opens an id; none when it is not one of ours.
    pub fn unseal(&self, text: &str) -> Option<Sealed> {
        use subtle::ConstantTimeEq;
        let digits = text.as_bytes();
        if digits.len() != 2 * (SEALED_BYTES + SEAL_BYTES) {
            return None;
        }
        let mut bytes = [0u8; SEALED_BYTES + SEAL_BYTES];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        let (body, seal) = bytes.split_at(SEALED_BYTES);
        let good: bool = self.mac(body).ct_eq(seal).into();
        if !good {
            return None;
        }
        let word = |from: usize| Some(u64::from_be_bytes(body.get(from..from + 8)?.try_into().ok()?));
        Some(Sealed {
            seq: word(0)?,
            at: Moment(word(8)?),
            number: E164::from_digits(word(16)?)?,
            callee: CalleeHash(body.get(24..40)?.try_into().ok()?),
        })
    }

    fn mac(&self, body: &[u8]) -> [u8; SEAL_BYTES] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(b"decision\0").update(body);
        let mut seal = [0; SEAL_BYTES];
        seal.copy_from_slice(&hasher.finalize().as_bytes()[..SEAL_BYTES]);
        seal
    }
}

impl Sealed {
    fn bytes(&self) -> [u8; SEALED_BYTES] {
        let mut bytes = [0; SEALED_BYTES];
        bytes[..8].copy_from_slice(&self.seq.to_be_bytes());
        bytes[8..16].copy_from_slice(&self.at.0.to_be_bytes());
        bytes[16..24].copy_from_slice(&self.number.digits().to_be_bytes());
        bytes[24..].copy_from_slice(&self.callee.0);
        bytes
    }
}

impl core::fmt::Debug for Keys {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Keys(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::store::MemoryStore;

    #[tokio::test]
    async fn an_id_opens_only_with_its_own_seal() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let keys = Keys::of_store(&store, &path).await.expect("made");
        let again = Keys::of_store(&store, &path).await.expect("read");
        let number = E164::parse("+12125550143").expect("a number");
        let sealed = Sealed { seq: 7, at: Moment(1_800_000_000_000), number, callee: keys.callee("acme", number) };
        let id = keys.seal(&sealed);
        assert_eq!(again.unseal(&id), Some(sealed));
        let mut forged = id.clone().into_bytes();
        forged[15] = if forged[15] == b'0' { b'1' } else { b'0' };
        assert_eq!(keys.unseal(core::str::from_utf8(&forged).expect("ascii")), None);
        assert_eq!(keys.unseal("nonsense"), None);
    }

    #[tokio::test]
    async fn a_store_is_served_under_its_own_key_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, other) = (folder.path().join("key"), folder.path().join("other"));
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let new: Arc<dyn Store> = Arc::new(MemoryStore::new());
        Keys::of_store(&store, &path).await.expect("made");
        Keys::of_store(&new, &other).await.expect("made");
        assert!(matches!(Keys::of_store(&store, &other).await, Err(KeyError::Other { .. })));
        std::fs::remove_file(&path).expect("removed");
        assert!(matches!(Keys::of_store(&store, &path).await, Err(KeyError::Missing { .. })));
        assert!(!path.exists(), "no other key is made in its place");
        let others = Keys::read(&other).expect("read").expect("a key");
        assert!(others.write(&other).is_err(), "a key that is there is not replaced");
        let left = std::fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left, 1, "nothing is left of what was not finished");
    }
}
