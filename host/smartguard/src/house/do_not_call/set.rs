//! A set of telephone numbers, sized for tens of millions.
//!
//! Owns how numbers are compressed, in memory and in pieces for the store: one bitmap for each ten million numbers, so that
//! an area code of North America is one, and a change copies no more than that. The one module that says what compresses them.
//! It knows no list, and nothing of who put a number in.

use bytes::Bytes;
use numbers::E164;
use roaring::RoaringBitmap;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Numbers of one block differ in their last seven digits.
const BLOCK: u64 = 10_000_000;
/// What every piece begins with, so that it is taken for nothing else and nothing else for it. The last byte is its version.
const MAGIC: &[u8; 8] = b"sg-dnc\0\x01";
/// A piece is ended when it is so long; a block has at most 1.3 MiB, so that it stays below what the store takes.
const PIECE_BYTES: usize = 12 * 1024 * 1024;

/// A set of numbers. A copy shares every block with the set that it was made from, until one of them changes it.
///
/// Invariant: no block is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NumberSet {
    blocks: BTreeMap<u32, Arc<RoaringBitmap>>,
}

/// A piece cannot be read, although its content is what its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a piece of a do-not-call list does not fit this version")]
pub struct PieceError;

impl NumberSet {
    pub fn contains(&self, number: E164) -> bool {
        let (block, rest) = split(number);
        self.blocks.get(&block).is_some_and(|block| block.contains(rest))
    }

    /// Whether it was not in it before.
    pub fn insert(&mut self, number: E164) -> bool {
        let (block, rest) = split(number);
        Arc::make_mut(self.blocks.entry(block).or_default()).insert(rest)
    }

    /// Whether it was in it.
    pub fn remove(&mut self, number: E164) -> bool {
        let (block, rest) = split(number);
        let Some(held) = self.blocks.get_mut(&block) else { return false };
        // Looked at first, so that nothing is copied in vain.
        let removed = held.contains(rest) && Arc::make_mut(held).remove(rest);
        if held.is_empty() {
            self.blocks.remove(&block);
        }
        removed
    }

    /// How many numbers there are.
    pub fn len(&self) -> u64 {
        self.blocks.values().map(|block| block.len()).sum()
    }

    /// How many numbers are in both.
    pub fn in_common(&self, other: &NumberSet) -> u64 {
        let both = self.blocks.iter().filter_map(|(block, held)| Some((held, other.blocks.get(block)?)));
        both.map(|(held, other)| held.intersection_len(other)).sum()
    }

    /// Takes in every number of the other one.
    pub fn extend(&mut self, other: &NumberSet) {
        for (block, others) in &other.blocks {
            match self.blocks.get_mut(block) {
                Some(held) => *Arc::make_mut(held) |= others.as_ref(),
                None => drop(self.blocks.insert(*block, others.clone())),
            }
        }
    }

    /// The set in pieces that the store takes, each with whole blocks. The same set gives the same pieces.
    pub fn pieces(&self) -> Vec<Bytes> {
        let mut pieces = Vec::new();
        let mut piece = Vec::new();
        for (block, held) in &self.blocks {
            if piece.len() > PIECE_BYTES {
                pieces.push(Bytes::from(std::mem::take(&mut piece)));
            }
            if piece.is_empty() {
                piece.extend_from_slice(MAGIC);
            }
            piece.extend_from_slice(&block.to_be_bytes());
            // Its length as it turned out is filled in behind it.
            let length_at = piece.len();
            piece.extend_from_slice(&[0; 4]);
            // Writing into memory does not fail.
            let _ = held.serialize_into(&mut piece);
            let length = (piece.len() - length_at - 4) as u32;
            piece[length_at..length_at + 4].copy_from_slice(&length.to_be_bytes());
        }
        if !piece.is_empty() {
            pieces.push(piece.into());
        }
        pieces
    }

    /// Takes in what a piece holds.
    ///
    /// # Errors
    /// It is no piece, or one of another version. What was taken in until then stays.
    pub fn take_piece(&mut self, piece: &[u8]) -> Result<(), PieceError> {
        let mut rest = piece.strip_prefix(MAGIC).ok_or(PieceError)?;
        while let Some((block, after)) = rest.split_first_chunk::<4>() {
            let (length, after) = after.split_first_chunk::<4>().ok_or(PieceError)?;
            let length = u32::from_be_bytes(*length) as usize;
            let (held, after) = after.split_at_checked(length).ok_or(PieceError)?;
            let held = RoaringBitmap::deserialize_from(held).map_err(|_| PieceError)?;
            if held.is_empty() || held.max().is_some_and(|last| u64::from(last) >= BLOCK) {
                return Err(PieceError);
            }
            self.blocks.insert(u32::from_be_bytes(*block), Arc::new(held));
            rest = after;
        }
        if rest.is_empty() { Ok(()) } else { Err(PieceError) }
    }
}

/// The block of a number, and its place in it. The longest number of fifteen digits has a block of eight.
fn split(number: E164) -> (u32, u32) {
    let digits = number.digits();
    ((digits / BLOCK) as u32, (digits % BLOCK) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Numbers of a few area codes and countries, so that steps meet each other, and some from anywhere.
    fn number() -> impl Strategy<Value = E164> {
        let nanp = (prop::sample::select(vec![212u64, 305, 907]), 200u64..204, 0u64..10_000)
            .prop_map(|(area, exchange, line)| 10_000_000_000 + area * 10_000_000 + exchange * 10_000 + line);
        let abroad = prop::sample::select(vec![4_477_009_001u64, 4_930_123_456, 99_999_999]).prop_map(|base| base * 10);
        let anywhere = 2_000_000u64..999_999_999_999_999;
        prop_oneof![4 => nanp, 1 => abroad, 1 => anywhere].prop_filter_map("a number", E164::from_digits)
    }

    #[derive(Clone, Debug)]
    enum Step {
        Insert(E164),
        Remove(E164),
        Extend(Vec<E164>),
        ThroughPieces,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            8 => number().prop_map(Step::Insert),
            4 => number().prop_map(Step::Remove),
            1 => prop::collection::vec(number(), 0..40).prop_map(Step::Extend),
            1 => Just(Step::ThroughPieces),
        ]
    }

    proptest! {
        #[test]
        fn it_holds_what_a_plain_set_holds(steps in prop::collection::vec(step(), 1..200), others in prop::collection::vec(number(), 0..60)) {
            let (mut set, mut plain) = (NumberSet::default(), BTreeSet::new());
            for step in steps {
                // A copy that is taken now must not see what comes after it.
                let (copy, before) = (set.clone(), plain.len() as u64);
                match step {
                    Step::Insert(number) => prop_assert_eq!(set.insert(number), plain.insert(number)),
                    Step::Remove(number) => prop_assert_eq!(set.remove(number), plain.remove(&number)),
                    Step::Extend(numbers) => {
                        let mut other = NumberSet::default();
                        for number in &numbers {
                            other.insert(*number);
                        }
                        set.extend(&other);
                        plain.extend(numbers);
                    }
                    Step::ThroughPieces => {
                        let mut again = NumberSet::default();
                        for piece in set.pieces() {
                            again.take_piece(&piece).expect("it was just written");
                        }
                        prop_assert_eq!(&again, &set);
                        set = again;
                    }
                }
                prop_assert_eq!(copy.len(), before);
                prop_assert_eq!(set.len(), plain.len() as u64);
            }
            for number in plain.iter().chain(&others) {
                prop_assert_eq!(set.contains(*number), plain.contains(number));
            }
            let mut other = NumberSet::default();
            let common = others.iter().filter(|number| other.insert(**number) && plain.contains(number)).count();
            prop_assert_eq!(set.in_common(&other), common as u64);
        }
    }

    #[test]
    fn what_is_no_piece_is_not_taken_for_one() {
        let mut set = NumberSet::default();
        ["+12125550100", "+13055550101", "+447700900123"].iter().for_each(|text| {
            set.insert(E164::parse(text).expect("a number"));
        });
        let pieces = set.pieces();
        let [piece] = pieces.as_slice() else { panic!("{} pieces", pieces.len()) };
        for cut in 0..piece.len() {
            let taken = NumberSet::default().take_piece(&piece[..cut]);
            let whole_blocks = cut >= MAGIC.len() && taken.is_ok();
            assert!(taken.is_err() || whole_blocks, "{cut} of {} bytes", piece.len());
        }
        assert_eq!(NumberSet::default().take_piece(&[piece.as_ref(), &[0]].concat()), Err(PieceError));
        assert_eq!(NumberSet::default().take_piece(b"a letter"), Err(PieceError));
        assert_eq!(NumberSet::default().pieces(), Vec::<Bytes>::new());
    }

    #[test]
    fn a_long_set_is_cut_into_pieces() {
        // Every second number of an area code cannot be compressed: each block takes 1.25 MB, and twelve make a piece.
        let mut set = NumberSet::default();
        for area in 201..=230 {
            let evens = (0..BLOCK as u32).step_by(2);
            let block = RoaringBitmap::from_sorted_iter(evens).expect("in order");
            set.blocks.insert(1_000 + area, Arc::new(block));
        }
        let pieces = set.pieces();
        assert!(pieces.len() > 2, "{}", pieces.len());
        assert!(pieces.iter().all(|piece| piece.len() <= crate::store::BLOB_MAX));
        let mut again = NumberSet::default();
        pieces.iter().for_each(|piece| again.take_piece(piece).expect("a piece"));
        assert_eq!(again, set);
    }

    /// Numbers of every area code in the table, four in five exchanges of each, more in some than in others; in order.
    fn spread(how_many: u64) -> Vec<u64> {
        let areas: Vec<u64> = (200..1000).filter(|area| numbers::area::area(*area).is_some()).map(u64::from).collect();
        let mut draw = 0x2545_F491_4F6C_DD1Du64;
        let mut drawn = move || {
            draw ^= draw << 13;
            draw ^= draw >> 7;
            draw ^= draw << 17;
            draw
        };
        let mut spread = Vec::new();
        for area in &areas {
            let (share, mut at) = (1 + drawn() % 5, 0);
            // The mean distance between two numbers, so that the mean share gives each area code its part.
            let mean = 6_400_000.0 * areas.len() as f64 * 3.0 / (how_many * share) as f64;
            loop {
                let part = (drawn() % 1_000_000) as f64 / 1_000_000.0;
                at += 1 + (part * 2.0 * (mean - 1.0).max(0.0)) as u64;
                if at >= 8_000_000 {
                    break;
                }
                if at / 10_000 % 5 != 4 {
                    spread.push(10_000_000_000 + area * 10_000_000 + (at / 10_000 + 200) * 10_000 + at % 10_000);
                }
            }
        }
        spread
    }

    /// Resident memory of this process, in bytes.
    fn resident() -> f64 {
        let status = std::fs::read_to_string("/proc/self/statm").expect("a figure");
        status.split(' ').nth(1).expect("pages").parse::<f64>().expect("a number") * 4096.0
    }

    #[test]
    #[ignore = "measures tens of millions of numbers; run it alone with --ignored --nocapture"]
    fn figures() {
        use std::collections::HashSet;
        use std::hint::black_box;
        use std::time::Instant;
        for how_many in [10_000_000, 30_000_000] {
            let numbers = spread(how_many);
            let count = numbers.len() as f64;
            let mut shuffled = numbers.clone();
            let mut draw = 7u64;
            for last in (1..shuffled.len()).rev() {
                draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                shuffled.swap(last, (draw >> 33) as usize % (last + 1));
            }
            let asked: Vec<E164> = shuffled.iter().take(1_000_000).filter_map(|n| E164::from_digits(*n)).collect();
            let ns_each = |begun: Instant, of: f64| begun.elapsed().as_secs_f64() * 1e9 / of;

            let begun = Instant::now();
            let mut built = NumberSet::default();
            for number in &shuffled {
                built.insert(E164::from_digits(*number).expect("a number"));
            }
            println!("{count} numbers: inserted in any order {:.0} ns each", ns_each(begun, count));
            let begun = Instant::now();
            let pieces = built.pieces();
            let bytes: usize = pieces.iter().map(Bytes::len).sum();
            println!(
                "  packed in {:?}, {} pieces, {:.2} bytes each",
                begun.elapsed(),
                pieces.len(),
                bytes as f64 / count
            );
            drop(built);
            let begun = Instant::now();
            let mut set = NumberSet::default();
            pieces.iter().for_each(|piece| set.take_piece(piece).expect("a piece"));
            println!("  read back in {:?}", begun.elapsed());
            let begun = Instant::now();
            let found = asked.iter().filter(|number| black_box(&set).contains(**number)).count();
            println!("  a look takes {:.0} ns ({found} found)", ns_each(begun, asked.len() as f64));
            let mut other = set.clone();
            let begun = Instant::now();
            other.insert(E164::from_digits(13_059_999_999).expect("a number"));
            println!("  a change beside the one in use takes {:?}", begun.elapsed());

            let before = resident();
            let plain: HashSet<u64> = numbers.iter().copied().collect();
            println!("  HashSet<u64>: {:.1} bytes each in memory", (resident() - before) / count);
            let begun = Instant::now();
            let found = asked.iter().filter(|number| black_box(&plain).contains(&number.digits())).count();
            println!("  HashSet<u64>: a look takes {:.0} ns ({found} found)", ns_each(begun, asked.len() as f64));
        }
    }
}
