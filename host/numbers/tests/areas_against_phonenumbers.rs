//! The table of area codes against the public metadata of libphonenumber, as the Python package `phonenumbers` carries it.
//!
//! Runs where `SMARTGUARD_PHONENUMBERS` names a Python that has the package, and says otherwise that it is skipped. Every
//! difference that is known stands below with its reason; a difference that is gone must go from here as well.

use numbers::area::area;
use numbers::region::Region;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

const VERSION: &str = "9.0.43";

/// Prints the version, and for each area code what all prefixes that begin with it are called and which zones they have.
const SCRIPT: &str = r#"
import collections, phonenumbers
from phonenumbers.geodata import GEOCODE_DATA
from phonenumbers.tzdata import TIMEZONE_DATA
print(phonenumbers.__version__)
names, zones = collections.defaultdict(set), collections.defaultdict(set)
for prefix, words in GEOCODE_DATA.items():
    if prefix.startswith("1") and len(prefix) >= 4 and "en" in words:
        names[prefix[1:4]].add(words["en"])
for prefix, told in TIMEZONE_DATA.items():
    if prefix.startswith("1") and len(prefix) >= 4:
        zones[prefix[1:4]].update(told)
for code in sorted(set(names) | set(zones)):
    # Codes without a place have every zone of the plan, which tells nothing.
    if len(zones[code]) < 20:
        print(code, "|".join(sorted(names[code])), "|".join(sorted(zones[code])), sep="\t")
"#;

/// The known differences: the codes, what differs, and why. What begins with `ours` only we have, with `theirs` only the
/// package. A zone or a state more than the package has makes a callee's hours shorter, never longer.
const KNOWN: &[(&[u16], &str, &str)] = &[
    (
        &[242, 246, 264, 268, 284, 345, 441, 473, 649, 658, 664, 721, 758, 767, 784, 809, 829, 849, 868, 869, 876],
        "theirs: the code",
        "other countries of the North American plan, whose laws and clocks are not in our tables",
    ),
    (
        &[357, 436, 457, 465, 471, 483, 565, 621, 624, 679, 729, 837, 861, 924],
        "ours: the code",
        "overlays in service or announced that the package knows no numbers of yet",
    ),
    (&[670, 684, 787, 939], "ours: the region", "territories whose places the package does not describe"),
    (&[201], "theirs: NY", "one exchange of Jersey City is described as New York"),
    (&[236, 257, 672, 778], "ours: America/Edmonton", "overlays of 250, which serves the Kootenays"),
    (
        &[236, 250, 257, 672, 778],
        "ours: America/Dawson_Creek",
        "the Peace River, which the package gives the clock of Vancouver",
    ),
    (&[273, 367, 581], "ours: America/Halifax", "overlays of 418, which serves the Magdalen Islands"),
    (&[306, 474, 639], "ours: America/Edmonton", "Lloydminster, on the border of Alberta"),
    (&[474], "ours: America/Regina", "an overlay of 306"),
    (&[474], "theirs: America/Winnipeg", "until March 2026 that clock and Regina's were alike in winter alone"),
    (&[364, 930], "ours: America/Chicago", "overlays of 270 and 812, which serve both zones"),
    (&[448], "ours: America/Chicago", "an overlay of 850, which serves both zones"),
    (&[458], "ours: America/Denver", "an overlay of 541, which serves Malheur County"),
    (&[689], "ours: America/New_York", "an overlay of 407 in Orlando, which lives by that clock"),
    (&[689], "theirs: America/Chicago", "the package takes it for the panhandle"),
    (&[867], "ours: America/Whitehorse", "Yukon, which stopped changing its clocks in 2020"),
    (&[867], "theirs: America/Fort_Nelson", "a clock of British Columbia that has been the same as Yukon's since 2020"),
    (&[867], "theirs: America/Vancouver", "the clock that Yukon had before"),
    (&[879], "ours: America/Halifax", "an overlay of 709, which serves Labrador"),
    (&[879], "theirs: America/Puerto_Rico", "Labrador's standard time, without its daylight time"),
    (&[907], "theirs: Pacific/Honolulu", "Unalaska, which lives by the clock of Anchorage"),
];

/// Zones of the package that show the same clock all year as one of ours.
const SAME_CLOCK: [(&str, &str); 3] = [
    ("America/Boise", "America/Denver"),
    ("America/Juneau", "America/Anchorage"),
    ("America/North_Dakota/Center", "America/Chicago"),
];

/// What the package calls a region, where it is neither two letters after a comma nor the region's name.
const CALLED: [(&str, &[&str]); 7] = [
    ("Washington D.C.", &["DC"]),
    ("Washington State", &["WA"]),
    ("British Colombia", &["BC"]),
    ("Northwest Territories/Nunavut/Yukon", &["NT", "NU", "YT"]),
    ("Nova Scotia/Prince Edward Island", &["NS", "PE"]),
    ("Watson Lake", &["YT"]),
    ("Tamuning", &["GU"]),
];

#[test]
fn area_codes_are_those_of_phonenumbers() {
    let Some(python) = std::env::var_os("SMARTGUARD_PHONENUMBERS") else {
        println!(
            "skipped: SMARTGUARD_PHONENUMBERS names no python that has the package phonenumbers {VERSION}; \
             make one with `python3 -m venv p && p/bin/pip install phonenumbers=={VERSION}` and set it to p/bin/python"
        );
        return;
    };
    let output = Command::new(&python).args(["-c", SCRIPT]).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", python.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("Python writes UTF-8");
    let (version, rows) = text.split_once('\n').expect("a version and rows");
    assert_eq!(version, VERSION, "the known differences are those of one version");

    let theirs: BTreeMap<u16, (BTreeSet<&str>, BTreeSet<&str>)> = rows.lines().map(row).collect();
    assert!(theirs.len() > 400, "the package told {} codes", theirs.len());
    let found: BTreeSet<(u16, String)> = (200..1000).flat_map(|code| differences(code, theirs.get(&code))).collect();
    let known = KNOWN.iter().flat_map(|(codes, what, _)| codes.iter().map(|code| (*code, (*what).to_owned())));
    let known: BTreeSet<(u16, String)> = known.collect();
    let new: Vec<_> = found.difference(&known).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(new.is_empty() && gone.is_empty(), "not explained: {new:#?}\nexplained, but no difference: {gone:#?}");
}

/// One line of the script: a code, its regions, its zones.
fn row(line: &str) -> (u16, (BTreeSet<&str>, BTreeSet<&str>)) {
    let columns: Vec<&str> = line.split('\t').collect();
    let [code, names, zones] = columns[..] else { panic!("{line:?}") };
    let regions = names.split('|').filter(|name| !name.is_empty()).flat_map(regions_called).collect();
    let same = |zone| SAME_CLOCK.iter().find(|(theirs, _)| *theirs == zone).map_or(zone, |(_, ours)| *ours);
    (code.parse().expect("a code"), (regions, zones.split('|').map(same).collect()))
}

fn regions_called(name: &str) -> Vec<&str> {
    if let Some((_, regions)) = CALLED.iter().find(|(called, _)| *called == name) {
        return regions.to_vec();
    }
    if let Some(region) = Region::all().find(|region| region.name() == name) {
        return vec![region.code()];
    }
    vec![name.rsplit_once(", ").map_or(name, |(_, region)| region)]
}

fn differences(code: u16, theirs: Option<&(BTreeSet<&str>, BTreeSet<&str>)>) -> Vec<(u16, String)> {
    let what: Vec<String> = match (area(code), theirs) {
        (None, None) => Vec::new(),
        (None, Some(_)) => vec!["theirs: the code".into()],
        (Some(_), None) => vec!["ours: the code".into()],
        (Some(area), Some((regions, zones))) => {
            let our_regions: BTreeSet<&str> = area.regions.iter().map(Region::code).collect();
            let our_zones: BTreeSet<&str> = area.zones.iter().copied().collect();
            let mut what = compared(&our_zones, zones);
            if regions.is_empty() {
                what.push("ours: the region".into());
            } else {
                what.extend(compared(&our_regions, regions));
            }
            what
        }
    };
    what.into_iter().map(|what| (code, what)).collect()
}

fn compared(ours: &BTreeSet<&str>, theirs: &BTreeSet<&str>) -> Vec<String> {
    let only_ours = ours.difference(theirs).map(|one| format!("ours: {one}"));
    only_ours.chain(theirs.difference(ours).map(|one| format!("theirs: {one}"))).collect()
}
