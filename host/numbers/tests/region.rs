//! States, provinces, ZIP codes and borders.

use numbers::area::area;
use numbers::region::{Country, Region, RegionError, Regions, Zip, ZipError};
use numbers::zone::Zones;
use std::collections::BTreeMap;

fn region(code: &str) -> Region {
    Region::parse(code).unwrap_or_else(|error| panic!("{code}: {error}"))
}

fn codes(regions: Regions) -> String {
    regions.iter().map(Region::code).collect::<Vec<_>>().join(",")
}

#[test]
fn the_table_of_regions_is_whole_and_in_order() {
    let all: Vec<Region> = Region::all().collect();
    assert!(all.is_sorted_by(|a, b| a.code() < b.code()), "regions are in order and none stands twice");
    let of = |country| all.iter().filter(|region| region.country() == country).count();
    // Fifty states, the capital and five territories; ten provinces and three territories.
    assert_eq!((of(Country::UnitedStates), of(Country::Canada)), (50 + 1 + 5, 10 + 3));
    for region in all {
        assert!(!region.zones().is_empty() && !region.name().is_empty(), "{region}");
        assert_eq!(Region::parse(&format!(" {} ", region.code().to_lowercase())), Ok(region));
        let name_of = Some(region);
        assert_eq!(
            Region::parse(region.name()),
            Err(RegionError::NotTwoLetters { text: region.name().to_owned(), name_of })
        );
    }
}

/// The zones of a region are those of its area codes. Where people live by a clock that no area code tells, a line here
/// says which.
#[test]
fn regions_have_the_zones_of_their_area_codes() {
    let mut by_codes: BTreeMap<&str, Zones> = BTreeMap::new();
    for area in (200..1000).filter_map(area) {
        let zones = by_codes.entry(area.state).or_default();
        *zones = zones.union(area.zone_set);
    }
    for region in Region::all() {
        let known = by_codes.get(region.code()).copied().unwrap_or_default();
        match region.code() {
            // Their codes are those of Nova Scotia and of all three northern territories.
            "PE" | "NU" | "YT" | "NT" => continue,
            _ => assert_eq!(region.zones(), known, "{region}"),
        }
    }
    let [pe, ns] = ["PE", "NS"].map(|code| region(code).zones());
    assert_eq!(pe, ns);
    let north = ["NT", "NU", "YT"].iter().fold(Zones::NONE, |all, code| all.union(region(code).zones()));
    assert_eq!(north, area(867).expect("the north").zone_set);
}

#[test]
fn areas_name_their_regions() {
    for (code, regions, neighbours) in [
        (212, "NY", "CT,MA,NJ,ON,PA,QC,VT"),
        (902, "NS,PE", "NB"),
        (867, "NT,NU,YT", "AB,AK,BC,MB,NT,NU,SK,YT"),
        (808, "HI", ""),
        (206, "WA", "BC,ID,OR"),
    ] {
        let area = area(code).unwrap_or_else(|| panic!("{code}"));
        assert_eq!(codes(area.regions), regions, "{code}");
        // Prince Edward Island and Nova Scotia do not border each other; the northern territories do.
        assert_eq!(codes(area.neighbours), neighbours, "{code}");
    }
}

#[test]
fn what_borders_is_bordered() {
    for region in Region::all() {
        assert!(!region.neighbours().contains(region), "{region} borders itself");
        for neighbour in region.neighbours().iter() {
            assert!(neighbour.neighbours().contains(region), "{neighbour} does not know that {region} borders it");
        }
    }
    let lines: Vec<&str> = include_str!("../src/borders.tsv").lines().filter(|line| !line.starts_with('#')).collect();
    assert!(lines.is_sorted_by(|a, b| a < b), "borders.tsv is in order");
    for line in lines {
        let (code, neighbours) = line.split_once('\t').unwrap_or_else(|| panic!("{line:?}"));
        assert_eq!(codes(region(code).neighbours()), neighbours, "{code}");
    }
    // The 48 contiguous states and the capital share 107 borders, if corners are none; eleven states have 18 with Canada;
    // provinces and territories share 16.
    let country = |region: Region| region.country();
    let pairs = |one, other| {
        let of_one = Region::all().filter(|region| country(*region) == one);
        of_one
            .map(|region| region.neighbours().iter().filter(|neighbour| country(*neighbour) == other).count())
            .sum::<usize>()
    };
    let (states, provinces) = (Country::UnitedStates, Country::Canada);
    assert_eq!((pairs(states, states), pairs(states, provinces), pairs(provinces, provinces)), (2 * 107, 18, 2 * 16));
    for lonely in ["HI", "PR", "VI", "GU", "MP", "AS"] {
        assert!(region(lonely).neighbours().is_empty(), "{lonely}");
    }
}

#[test]
fn texts_that_are_no_region() {
    for (text, message) in [
        ("Florida", "`Florida` is a name; write its two letters, FL"),
        ("new york", "`new york` is a name; write its two letters, NY"),
        ("Bavaria", "`Bavaria` is no state; write two letters, such as FL or ON"),
        ("", "`` is no state; write two letters, such as FL or ON"),
        ("F1", "`F1` is no state; write two letters, such as FL or ON"),
    ] {
        assert_eq!(Region::parse(text).expect_err(text).to_string(), message);
    }
    assert_eq!(Region::parse("zz"), Err(RegionError::Unknown("ZZ".into())));
    assert!(Region::parse("AE").expect_err("military").to_string().starts_with("AE is no state or territory"));
}

#[test]
fn zip_codes_and_their_states() {
    for (text, states) in [
        ("10001", "NY"),
        ("02134", "MA"),
        ("33101", "FL"),
        ("33101-1234", "FL"),
        (" 60601 ", "IL"),
        ("75201", "TX"),
        ("73301", "TX"),
        ("88510", "TX"),
        ("20101", "VA"),
        ("20500", "DC"),
        ("20810", "MD"),
        ("99501", "AK"),
        ("96701", "AS,HI"),
        ("96913", "GU,MP"),
        ("00901", "PR"),
        ("00802", "VI"),
        ("06390", "CT,NY"),
        ("83414", "ID,WY"),
        ("42223", "KY,TN"),
        ("56701", "MN"),
        ("73960", "OK,TX"),
        ("57001", "SD"),
        // Military post, and a prefix that is not used.
        ("09012", ""),
        ("34001", ""),
        ("00001", ""),
    ] {
        let zip = Zip::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(codes(zip.regions()), states, "{text}");
    }
    // Every state, the capital and all territories have ZIP codes, and no province has.
    let all = (0..1000).fold(Regions::NONE, |all, prefix| {
        all.union(Zip::parse(&format!("{prefix:03}01")).expect("five digits").regions())
    });
    assert_eq!(all, Region::all().filter(|region| region.country() == Country::UnitedStates).collect());
    assert_eq!(Zip::parse("02134").expect("a ZIP code").to_string(), "02134");
}

/// A ZIP code tells the clock where all of its prefix lives by one; else it may be any of the state's.
#[test]
fn zip_codes_and_their_clocks() {
    for (text, zones) in [
        ("33101", "America/New_York"),
        ("32501", "America/Chicago"),
        // Panama City lives by Chicago's clock, Port St. Joe by New York's.
        ("32401", "America/New_York,America/Chicago"),
        ("77001", "America/Chicago"),
        ("79901", "America/Denver"),
        ("79830", "America/Chicago,America/Denver"),
        ("37201", "America/Chicago"),
        ("37901", "America/New_York"),
        ("46401", "America/Chicago"),
        ("83801", "America/Los_Angeles"),
        ("97914", "America/Denver,America/Los_Angeles"),
        ("89883", "America/Denver,America/Los_Angeles"),
        ("10001", "America/New_York"),
        ("09012", ""),
    ] {
        let zip = Zip::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let found: Vec<&str> = zip.zones().iter().map(|zone| zone.name()).collect();
        assert_eq!(found.join(","), zones, "{text}");
    }
}

#[test]
fn zip_prefixes_are_in_order_and_do_not_overlap() {
    let mut before = None;
    for line in include_str!("../src/zips.tsv").lines().filter(|line| !line.starts_with('#')) {
        let mut columns = line.split('\t');
        let [first, last] = [(); 2].map(|()| columns.next().and_then(|text| text.parse::<u16>().ok()));
        let (Some(first), Some(last)) = (first, last) else { panic!("{line:?}") };
        assert!(before < Some(first) && first <= last, "{line:?}");
        before = Some(last);
    }
}

#[test]
fn texts_that_are_no_zip_code() {
    assert_eq!(Zip::parse("2134"), Err(ZipError::LeadingZeroLost("2134".into())));
    let message = Zip::parse("501").expect_err("three digits").to_string();
    assert!(message.contains("write 00501 and format the column as text"), "{message}");
    for text in ["", "K1A 0B1", "331011", "3310a", "33101-12", "33101-12345", "33101 1234", "-33101", "+3101"] {
        assert_eq!(Zip::parse(text), Err(ZipError::NotFiveDigits(text.into())), "{text}");
    }
}

/// What is stored says the letters, so that a longer table does not make another state of it, and is parsed like any text.
#[test]
fn a_stored_region_is_its_letters() {
    let stored = postcard::to_stdvec(&region("FL")).expect("stored");
    assert_eq!(stored, postcard::to_stdvec("FL").expect("stored"));
    assert_eq!(postcard::from_bytes::<Region>(&stored), Ok(region("FL")));
    assert!(postcard::from_bytes::<Region>(&postcard::to_stdvec("ZZ").expect("stored")).is_err());
    let zip = Zip::parse("02134").expect("a ZIP code");
    let stored = postcard::to_stdvec(&zip).expect("stored");
    assert_eq!(postcard::from_bytes::<Zip>(&stored), Ok(zip));
    assert!(postcard::from_bytes::<Zip>(&postcard::to_stdvec("100000").expect("stored")).is_err());
}
