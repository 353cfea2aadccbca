//! States, provinces and territories, and the ZIP codes that lie in them.
//!
//! Owns `regions.tsv` (name, country and time zones), `zips.tsv` (ZIP prefixes) and `borders.tsv` (who borders whom).
//! A region is any of the three that a table or a list calls a state: the word `State` is taken by the core's own.
//! A region or a ZIP code is parsed once, at the edge; past that nobody checks again.
//! It knows no law: what is forbidden where is the business of [`crate::jurisdiction`].
//! It knows no postal codes of Canada: their first letter tells the province, and whoever has one can give that.

use crate::zone::{Zone, Zones};
use core::fmt;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// A state or territory of the United States, or a province or territory of Canada. Stored as its two letters, so that a
/// longer table makes no other region of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(u8);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Country {
    UnitedStates,
    Canada,
}

/// Five digits of a ZIP code of the United States.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zip(u32);

/// Why a text names no region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegionError {
    /// Not two letters; the region of that name, if it is one.
    NotTwoLetters { text: String, name_of: Option<Region> },
    /// Two letters of no region.
    Unknown(String),
}

/// Why a text is no ZIP code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ZipError {
    /// Four or fewer digits: a spreadsheet took the column for figures and cut the leading zeros.
    LeadingZeroLost(String),
    /// Anything else that is not five digits, with or without four more.
    NotFiveDigits(String),
}

/// A set of regions, small enough to be copied.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Regions(u128);

/// One line of `regions.tsv`.
struct Row {
    code: &'static str,
    name: &'static str,
    country: Country,
    zones: Zones,
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(|| {
    include_str!("regions.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| row(line).unwrap_or_else(|| panic!("regions.tsv: {line:?} is not code, name, country, zones")))
        .collect()
});

static BORDERS: LazyLock<Vec<Regions>> = LazyLock::new(|| {
    let mut borders = vec![Regions::NONE; ROWS.len()];
    for line in include_str!("borders.tsv").lines().filter(|line| !line.starts_with('#')) {
        let (region, neighbours) =
            borders_of(line).unwrap_or_else(|| panic!("borders.tsv: {line:?} is not a region and its neighbours"));
        borders[region.index()] = neighbours;
    }
    borders
});

/// The regions of every prefix of three digits, and the clocks there.
static PREFIXES: LazyLock<Vec<(Regions, Zones)>> = LazyLock::new(|| {
    let mut prefixes = vec![(Regions::NONE, Zones::NONE); 1000];
    for line in include_str!("zips.tsv").lines().filter(|line| !line.starts_with('#')) {
        let (first, last, told) =
            prefixes_of(line).unwrap_or_else(|| panic!("zips.tsv: {line:?} is not first, last, regions and a zone"));
        prefixes[first..=last].fill(told);
    }
    prefixes
});

impl Region {
    /// Reads the two letters of a state, in either case.
    ///
    /// # Errors
    /// Says what the text is instead; see [`RegionError`].
    pub fn parse(text: &str) -> Result<Region, RegionError> {
        let trimmed = text.trim();
        if trimmed.len() != 2 || !trimmed.bytes().all(|b| b.is_ascii_alphabetic()) {
            let name_of = Region::all().find(|region| region.name().eq_ignore_ascii_case(trimmed));
            return Err(RegionError::NotTwoLetters { text: trimmed.to_owned(), name_of });
        }
        Region::all()
            .find(|region| region.code().eq_ignore_ascii_case(trimmed))
            .ok_or_else(|| RegionError::Unknown(trimmed.to_ascii_uppercase()))
    }

    /// Every region of the table, in the order of their letters.
    pub fn all() -> impl Iterator<Item = Region> {
        (0..ROWS.len() as u8).map(Region)
    }

    /// Its two letters.
    pub fn code(self) -> &'static str {
        self.row().code
    }

    pub fn name(self) -> &'static str {
        self.row().name
    }

    pub fn country(self) -> Country {
        self.row().country
    }

    /// Every time zone that people there live by.
    pub fn zones(self) -> Zones {
        self.row().zones
    }

    /// The states and provinces that border it.
    pub fn neighbours(self) -> Regions {
        BORDERS[self.index()]
    }

    /// Its place in the table.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }

    fn row(self) -> &'static Row {
        &ROWS[self.index()]
    }
}

impl Zip {
    /// Reads five digits, with or without the four that may follow: `33101`, `33101-1234`.
    ///
    /// # Errors
    /// Says what is wrong; see [`ZipError`].
    pub fn parse(text: &str) -> Result<Zip, ZipError> {
        let trimmed = text.trim();
        let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let (five, four) = trimmed.split_once('-').unwrap_or((trimmed, "0000"));
        if five.len() == 5 && is_digits(five) && four.len() == 4 && is_digits(four) {
            // Five digits always fit.
            return five.parse().map(Zip).map_err(|_| ZipError::NotFiveDigits(trimmed.to_owned()));
        }
        if (3..=4).contains(&trimmed.len()) && is_digits(trimmed) {
            return Err(ZipError::LeadingZeroLost(trimmed.to_owned()));
        }
        Err(ZipError::NotFiveDigits(trimmed.to_owned()))
    }

    /// The regions that ZIP codes with its first three digits are in; none for military post and for unused prefixes.
    pub fn regions(self) -> Regions {
        self.told().0
    }

    /// Every clock that people with such ZIP codes live by; none where there are no regions.
    pub fn zones(self) -> Zones {
        self.told().1
    }

    fn told(self) -> (Regions, Zones) {
        PREFIXES[(self.0 / 100) as usize]
    }
}

impl Regions {
    pub const NONE: Regions = Regions(0);

    pub const fn contains(self, region: Region) -> bool {
        self.0 & (1 << region.0) != 0
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    #[must_use]
    pub const fn union(self, other: Regions) -> Regions {
        Regions(self.0 | other.0)
    }

    #[must_use]
    pub const fn intersection(self, other: Regions) -> Regions {
        Regions(self.0 & other.0)
    }

    /// Whether every region of this set is in the other.
    pub const fn is_within(self, other: Regions) -> bool {
        self.0 & !other.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Region> {
        let mut left = self.0;
        core::iter::from_fn(move || {
            let place = left.trailing_zeros();
            left &= left.wrapping_sub(1);
            (place < u128::BITS).then_some(Region(place as u8))
        })
    }
}

impl FromIterator<Region> for Regions {
    fn from_iter<T: IntoIterator<Item = Region>>(regions: T) -> Regions {
        Regions(regions.into_iter().fold(0, |set, region| set | 1 << region.0))
    }
}

/// One line of `regions.tsv`: code, name, country, zones.
fn row(line: &'static str) -> Option<Row> {
    let mut columns = line.split('\t');
    let (code, name) = (columns.next()?, columns.next()?);
    let country = match columns.next()? {
        "US" => Country::UnitedStates,
        "CA" => Country::Canada,
        _ => return None,
    };
    let zones = columns.next()?.split(',').map(Zone::named).collect::<Option<Zones>>()?;
    columns.next().is_none().then_some(Row { code, name, country, zones })
}

/// One line of `borders.tsv`: a region and its neighbours.
fn borders_of(line: &str) -> Option<(Region, Regions)> {
    let (region, neighbours) = line.split_once('\t')?;
    Some((Region::parse(region).ok()?, regions_of(neighbours)?))
}

/// One line of `zips.tsv`: the first and the last prefix, their regions, and their zone if it is less than those have.
fn prefixes_of(line: &str) -> Option<(usize, usize, (Regions, Zones))> {
    let mut columns = line.split('\t');
    let (first, last) = (columns.next()?.parse().ok()?, columns.next()?.parse().ok()?);
    let regions = regions_of(columns.next()?)?;
    let all = regions.iter().fold(Zones::NONE, |all, region| all.union(region.zones()));
    let zones = match columns.next() {
        Some(name) => {
            Some(Zones::from_iter([Zone::named(name)?])).filter(|zone| zone.is_within(all) && *zone != all)?
        }
        None => all,
    };
    (columns.next().is_none() && first <= last && last < 1000).then_some((first, last, (regions, zones)))
}

fn regions_of(text: &str) -> Option<Regions> {
    text.split(',').map(|region| Region::parse(region).ok()).collect()
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Regions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl fmt::Display for Zip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:05}", self.0)
    }
}

impl fmt::Debug for Zip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Region {
    type Error = RegionError;
    fn try_from(text: String) -> Result<Region, RegionError> {
        Region::parse(&text)
    }
}

impl TryFrom<String> for Zip {
    type Error = ZipError;
    fn try_from(text: String) -> Result<Zip, ZipError> {
        Zip::parse(&text)
    }
}

impl From<Zip> for String {
    fn from(zip: Zip) -> String {
        zip.to_string()
    }
}

impl From<Region> for String {
    fn from(region: Region) -> String {
        region.code().to_owned()
    }
}

impl fmt::Display for RegionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RegionError::NotTwoLetters { text, name_of: Some(region) } => {
                write!(f, "`{text}` is a name; write its two letters, {region}")
            }
            RegionError::NotTwoLetters { text, name_of: None } => {
                write!(f, "`{text}` is no state; write two letters, such as FL or ON")
            }
            RegionError::Unknown(code) => write!(
                f,
                "{code} is no state or territory of the United States and no province of Canada; \
                 write two letters, such as FL or ON, or leave it out"
            ),
        }
    }
}

impl fmt::Display for ZipError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ZipError::LeadingZeroLost(text) => write!(
                f,
                "`{text}` lacks a digit; a spreadsheet cuts leading zeros, so write {text:0>5} and format the column as text"
            ),
            ZipError::NotFiveDigits(text) => {
                write!(f, "`{text}` is no ZIP code; write five digits, as in 33101, or leave it out")
            }
        }
    }
}

impl core::error::Error for RegionError {}
impl core::error::Error for ZipError {}
