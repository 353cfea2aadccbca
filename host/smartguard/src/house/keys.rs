//! The secret key of this installation: callees are stored under keyed hashes, and a decision's id carries a seal.
//!
//! The key lies outside the data folder, so that a copy of the folder alone tells nobody who was called.

use numbers::{CalleeHash, E164, Moment};
use std::io::Write;
use std::path::{Path, PathBuf};

/// 32 random bytes and the hashes made with them.
#[derive(Clone)]
pub struct Keys {
    key: [u8; KEY_BYTES],
}

const KEY_BYTES: usize = 32;
/// Bytes of the seal in a decision's id: forging one takes 2^63 tries on average, against a door that counts them.
const SEAL_BYTES: usize = 8;
const SEALED_BYTES: usize = 8 + 8 + 8 + 16;

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
    #[error(
        "the key file {path} could not be {doing}; make its folder writable, or name another with `key` in smartguard.toml"
    )]
    Io { path: PathBuf, doing: &'static str, source: std::io::Error },
    #[error(
        "the key file {path} holds {found} bytes instead of 32; restore it from your backup: without it the callees of earlier calls are not recognised"
    )]
    Length { path: PathBuf, found: usize },
    #[error("the operating system gave no random bytes")]
    Random(getrandom::Error),
}

impl Keys {
    /// Reads the key, or makes one readable by its owner alone.
    pub fn open(path: &Path) -> Result<Keys, KeyError> {
        match std::fs::read(path) {
            Ok(bytes) => {
                let key = bytes
                    .as_slice()
                    .try_into()
                    .map_err(|_| KeyError::Length { path: path.into(), found: bytes.len() })?;
                Ok(Keys { key })
            }
            Err(missing) if missing.kind() == std::io::ErrorKind::NotFound => Keys::make(path),
            Err(source) => Err(KeyError::Io { path: path.into(), doing: "read", source }),
        }
    }

    fn make(path: &Path) -> Result<Keys, KeyError> {
        use std::os::unix::fs::OpenOptionsExt;
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key).map_err(KeyError::Random)?;
        let written = || -> std::io::Result<()> {
            if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
                std::fs::create_dir_all(folder)?;
            }
            let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
            file.write_all(&key)?;
            file.sync_all()
        };
        written().map_err(|source| KeyError::Io { path: path.into(), doing: "made", source })?;
        Ok(Keys { key })
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

    #[test]
    fn an_id_opens_only_with_its_own_seal() {
        let folder = tempfile::tempdir().expect("a folder");
        let keys = Keys::open(&folder.path().join("key")).expect("made");
        let again = Keys::open(&folder.path().join("key")).expect("read");
        let number = E164::parse("+12125550143").expect("a number");
        let sealed = Sealed { seq: 7, at: Moment(1_800_000_000_000), number, callee: keys.callee("acme", number) };
        let id = keys.seal(&sealed);
        assert_eq!(again.unseal(&id), Some(sealed));
        let mut forged = id.clone().into_bytes();
        forged[15] = if forged[15] == b'0' { b'1' } else { b'0' };
        assert_eq!(keys.unseal(core::str::from_utf8(&forged).expect("ascii")), None);
        assert_eq!(keys.unseal("nonsense"), None);
    }
}
