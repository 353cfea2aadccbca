//! Where calls go when they leave the store: plain files beside it, one a day, a line of JSON for each call and report.
//!
//! They are for people who have to account for calls years later. The daemon only adds to them and never reads them.
//! Each line carries the sequence number of its record: a line that is there twice, because a crash came between the
//! file and the store, is one call.

use super::record::{Decided, Record, Reported};
use crate::desk::Stamp;
use numbers::{Carrier, Decision, E164, Moment, RightToUse};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// By what right numbers are shown.
pub type Rights = BTreeMap<E164, RightToUse>;

/// A folder of daily files.
#[derive(Clone, Debug)]
pub struct Archive {
    pub folder: PathBuf,
}

impl Archive {
    /// Adds these records to the files of their days, durably. Blocks.
    ///
    /// # Errors
    /// A file could not be written. Nothing was added then, unless the disk does not even take back what it took.
    pub fn append(&self, records: &[(u64, Record)], rights: &Rights) -> io::Result<()> {
        let mut days: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for (seq, record) in records {
            if let Some(line) = line(*seq, record, rights) {
                let day = days.entry(day(record.at())).or_default();
                day.extend_from_slice(line.to_string().as_bytes());
                day.push(b'\n');
            }
        }
        make_folder(&self.folder)?;
        let mut grown = Vec::new();
        let added = days.iter().try_for_each(|(day, lines)| {
            let (file, length) = self.open(&format!("calls-{day}.ndjson"))?;
            grown.push((file, length));
            grown.last_mut().map_or(Ok(()), |(file, length)| add(file, *length, lines))
        });
        // The names of new files are durable too.
        let added = added.and_then(|()| File::open(&self.folder)?.sync_all());
        if added.is_err() {
            for (file, length) in &grown {
                // The lines come again; that they are there already does no harm.
                let _ = file.set_len(*length);
            }
        }
        added
    }

    /// A file and its length.
    fn open(&self, name: &str) -> io::Result<(File, u64)> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(self.folder.join(name))?;
        let length = file.seek(SeekFrom::End(0))?;
        Ok((file, length))
    }
}

fn add(file: &mut File, length: u64, lines: &[u8]) -> io::Result<()> {
    if length > 0 {
        // A crash may have cut the last line short. Its record is still in the store and comes again, whole.
        file.seek(SeekFrom::End(-1))?;
        let mut last = [0];
        file.read_exact(&mut last)?;
        if last != *b"\n" {
            file.write_all(b"\n")?;
        }
    }
    file.write_all(lines)?;
    file.sync_all()
}

/// Makes a folder and those above it, so that a power cut leaves them there.
fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    make_folder(above)?;
    fs::create_dir(folder)?;
    File::open(above)?.sync_all()
}

/// The day of a file, in UTC.
fn day(at: Moment) -> String {
    Stamp(at).to_string().chars().take_while(|c| *c != 'T').collect()
}

fn line(seq: u64, record: &Record, rights: &Rights) -> Option<Value> {
    let mut line = match record {
        Record::Decided(decided) => decided_line(seq, decided, rights),
        Record::Reported(reported) => reported_line(reported),
        Record::Restored { seq, at, number, callee } => json!({
            "line": "call", "call": seq, "at": Stamp(*at), "number": number.to_string(), "callee": callee.to_string(),
            "right": right(rights.get(number)), "restored": true,
        }),
        // These are our own book-keeping, and no call.
        Record::Charged { .. } | Record::Settled { .. } | Record::Viewed(_) => return None,
    };
    line["record"] = json!(seq);
    Some(line)
}

fn decided_line(seq: u64, decided: &Decided, rights: &Rights) -> Value {
    let (at, owner, callee) = (Stamp(decided.at), decided.owner.to_string(), decided.callee.to_string());
    match &decided.decision {
        Decision::Use { number, .. } => json!({
            "line": "call", "call": seq, "at": at, "number": number.to_string(), "callee": callee, "owner": owner,
            "carrier": decided.carrier.map(Carrier::word), "right": right(rights.get(number)),
            "policy_revision": decided.policy_revision,
        }),
        Decision::Hold { class, reason, .. } => json!({
            "line": "hold", "at": at, "callee": callee, "owner": owner, "class": super::desk::hold_class(*class),
            "reason": reason.word(), "policy_revision": decided.policy_revision,
        }),
    }
}

/// What was known of the call with this report. Of several lines about one call the last one holds.
fn reported_line(reported: &Reported) -> Value {
    let counted = reported.counted();
    let known = counted.as_ref().map(|(_, known)| known).or(reported.verdict.as_ref());
    let call = reported.call.as_ref();
    json!({
        "line": if call.is_some() { "disposition" } else { "orphan" },
        "at": Stamp(reported.at),
        "call": call.map(|call| call.seq),
        "called_at": call.map(|call| Stamp(call.at)),
        "number": call.map(|call| call.number.to_string()),
        "callee": call.map(|call| call.callee).or(reported.callee).map(|callee| callee.to_string()),
        "disposition": known.map(|known| known.outcome.word()),
        "talk_s": known.and_then(|known| known.talk_s),
        "asked_not_to_be_called": known.map(|known| known.suppress_callee),
    })
}

/// By what right, and since when it is known, so that a reader sees whether it was at the time of the call.
fn right(right: Option<&RightToUse>) -> Value {
    match right {
        Some(RightToUse::Provider { provider, seen_at }) => {
            json!({ "seen_at_provider": provider, "since": Stamp(*seen_at) })
        }
        Some(RightToUse::Declared { by, at, letter }) => {
            json!({ "declared_by": by, "since": Stamp(*at), "letter": letter })
        }
        Some(RightToUse::Unproven) | None => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use numbers::CalleeHash;

    /// A call of the 21st of September 2026, or so many days later.
    fn call(seq: u64, days: u64) -> (u64, Record) {
        let at = Moment::from_seconds(1_790_000_000 + days * 24 * 60 * 60);
        let number = E164::parse("+12125550143").expect("a number");
        (seq, Record::Restored { seq, at, number, callee: CalleeHash([7; 16]) })
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_the_others_as_they_were() {
        let folder = tempfile::tempdir().expect("a folder");
        let archive = Archive { folder: folder.path().join("years/of/calls") };
        archive.append(&[call(1, 0)], &Rights::new()).expect("written");
        let path = archive.folder.join("calls-2026-09-21.ndjson");
        let before = fs::read(&path).expect("text");
        // The file of the next day cannot be opened, because a folder has its name.
        let in_the_way = archive.folder.join("calls-2026-09-22.ndjson");
        fs::create_dir(&in_the_way).expect("a folder");
        archive.append(&[call(2, 0), call(3, 1)], &Rights::new()).expect_err("it is in the way");
        assert_eq!(fs::read(&path).expect("text"), before);
        fs::remove_dir(&in_the_way).expect("removed");
        archive.append(&[call(2, 0), call(3, 1)], &Rights::new()).expect("written");
        assert_eq!(fs::read_to_string(&path).expect("text").lines().count(), 2);
        assert_eq!(fs::read_to_string(&in_the_way).expect("text").lines().count(), 1);
    }

    #[test]
    fn a_line_that_a_crash_cut_short_spoils_no_other() {
        let folder = tempfile::tempdir().expect("a folder");
        let archive = Archive { folder: folder.path().join("archive") };
        let number = E164::parse("+12125550143").expect("a number");
        let (record, at) = (|seq| call(seq, 0), Moment::from_seconds(1_790_000_000));
        let right = RightToUse::Provider { provider: "twilio".into(), seen_at: at };
        let rights = Rights::from([(number, right)]);
        archive.append(&[record(1), record(2)], &rights).expect("written");
        let path = archive.folder.join("calls-2026-09-21.ndjson");
        let text = fs::read_to_string(&path).expect("named by its day");
        fs::write(&path, &text[..text.len() - 9]).expect("cut");
        archive.append(&[record(2), record(3)], &rights).expect("written");
        let text = fs::read_to_string(&path).expect("text");
        let lines: Vec<Option<Value>> = text.lines().map(|line| serde_json::from_str(line).ok()).collect();
        let seqs: Vec<Option<u64>> = lines.iter().map(|line| line.as_ref()?["record"].as_u64()).collect();
        assert_eq!(seqs, [Some(1), None, Some(2), Some(3)]);
        let call = lines[3].as_ref().expect("the last one");
        assert_eq!(
            (call["number"].as_str(), call["right"]["seen_at_provider"].as_str()),
            (Some("+12125550143"), Some("twilio"))
        );
    }
}
