//! Data sets as the trade commission publishes them: a file each weekday, some missing, some rows shifted.

mod common;

use common::server;
use numbers::Moment;
use sandbox::datasets::{Dataset, Datasets, Progress, Refreshed};
use sandbox::grant::PowerSet;
use sandbox::http::{Door, Gate, Rebinds};
use sandbox::manifest::Manifest;
use sandbox::secrets::Secrets;
use sandbox::{Coverage, DayCount, FilesError};
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

const HEADER: &str = "Company_Phone_Number,Created_Date,Violation_Date,Consumer_City,Consumer_State,Consumer_Area_Code,Subject,\
                      Recorded_Message_Or_Robocall";
/// 2026-11-23, a Monday, at noon.
const MONDAY: u32 = 20_780;

fn noon(day: u32) -> Moment {
    Moment::from_seconds(u64::from(day) * 86_400 + 43_200)
}

fn manifest(days: u32) -> Manifest {
    Manifest::parse("adapter.toml", &manifest_text(days)).expect("the manifest")
}

fn manifest_text(days: u32) -> String {
    format!(
        r#"
id = "ftc_dnc"
kind = "agency"
version = "1"
summary = "Complaints"
wit = "0.0.1"
confidence = "secondary"
[origins]
site = "https://www.ftc.gov"
[datasets.complaints]
origin = "site"
path = "/files/DNC_{{date}}.csv"
days = {days}
weekdays_only = true
key_column = "Company_Phone_Number"
encoding = "cp1252"
must_begin_with = "Company_Phone_Number"
fetch_every_s = 3600
"#
    )
}

/// Opens the data set in `folder` as a daemon that has just started would.
fn open(folder: &Path, days: u32, site: &str, now: Moment) -> (Door, Arc<Dataset>) {
    let manifest = manifest(days);
    let mut rebinds = Rebinds::default();
    rebinds.bind("ftc_dnc", "site", site).expect("an address");
    let door = Gate::new(rebinds, Secrets::default()).door(&manifest, &PowerSet::asked_by(&manifest));
    let dataset = Datasets::new(folder).open(&manifest, "complaints", now).expect("a folder").expect("a data set");
    (door, dataset)
}

async fn refresh(door: &Door, dataset: &Dataset, now: Moment) -> Refreshed {
    dataset.refresh(door, now, &|_| {}).await.expect("a refresh")
}

#[tokio::test]
async fn a_day_without_a_file_comes_page_by_page_from_the_second_source() {
    // The file of Friday is not there. The interface has 120 rows of it, one of them shifted, and breaks off on Thursday.
    let (address, _) = server(|question, stream| {
        let has = |part: &str| question.contains(part);
        if !has("/v0/complaints") {
            return answer(stream, "404 Not Found", b"");
        }
        if !question.to_ascii_lowercase().contains("x-api-key: not-a-secret-key") {
            return answer(stream, "403 Forbidden", b"");
        }
        let offset = (0..3).map(|page| page * 50).find(|offset| has(&format!("offset={offset}&"))).unwrap_or(500);
        if !has("%222026-11-20%22") {
            return answer(stream, if offset == 0 { "200 OK" } else { "500 Oops" }, page(50, "3125550100").as_bytes());
        }
        let body = if offset < 100 {
            page(50, "2025550143")
        } else {
            page(19, "2025550143").replace("]}", ",{\"attributes\":{\"number\":\"2026-11-19\"}}]}")
        };
        answer(stream, "200 OK", body.as_bytes());
    });
    fn page(rows: usize, number: &str) -> String {
        let row = format!("{{\"attributes\":{{\"number\":\"{number}\"}}}}");
        format!("{{\"data\":[{}]}}", vec![row; rows].join(","))
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = manifest_text(7);
    text.push_str(
        r#"
[datasets.complaints.second]
origin = "site"
path = "/v0/complaints"
query = { created = "\"{date}\"", offset = "{offset}", size = "50" }
headers = { X-Api-Key = "{{secret:KEY}}" }
page = 50
rows = "data"
key = "attributes.number"
[secrets.KEY]
origins = ["site"]
functions = []
where = "nowhere"
"#,
    );
    let manifest = Manifest::parse("adapter.toml", &text).unwrap_or_else(|trouble| panic!("{trouble}"));
    let mut rebinds = Rebinds::default();
    rebinds.bind("ftc_dnc", "site", &address).expect("an address");
    let mut secrets = Secrets::default();
    secrets.insert("ftc_dnc", "KEY", sandbox::secrets::Secret::new("not-a-secret-key"));
    let door = Gate::new(rebinds, secrets).door(&manifest, &PowerSet::asked_by(&manifest));
    let now = noon(MONDAY);
    let dataset = Datasets::new(folder.path()).open(&manifest, "complaints", now).expect("a folder").expect("a set");
    let refreshed = refresh(&door, &dataset, now).await;
    assert_eq!((refreshed.fetched, refreshed.rows, refreshed.rows_skipped), (1, 119, 1), "{refreshed:?}");
    let found = dataset.lookup(&keys(&["+12025550143", "+13125550100"]), now).expect("an index");
    assert_eq!(found.hits[0].days, [DayCount { day: MONDAY - 3, rows: 119 }]);
    assert_eq!(found.hits[1].days, [], "a day that broke off is not counted by half");
}

fn keys(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

fn answer(stream: &mut TcpStream, status: &str, body: &[u8]) {
    let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body));
}

/// Serves what `file` says for a date: the body, or none for 404.
fn site(file: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static) -> String {
    let (address, _questions) = server(move |question, stream| {
        let date =
            question.split_once("/files/DNC_").and_then(|(_, rest)| rest.split_once(".csv")).map(|(date, _)| date);
        match date.and_then(&file) {
            Some(body) => answer(stream, "200 OK", &body),
            None => answer(stream, "404 Not Found", b"<html>no such file</html>"),
        }
    });
    address
}

#[tokio::test]
async fn rows_are_counted_by_number_and_day_and_odd_rows_are_skipped() {
    let file = |date: &str| {
        let rows: &[u8] = match date {
            "2026-11-23" => b"2025550143,d,v,\"Dayton, OH\",Ohio,937,Debt,Y\n",
            "2026-11-20" => {
                b"2025550143,d,v,Ca\xf1on City,Colorado,719,Debt,Y\r\n\
                  +12025550143,d,v,Dayton,Ohio,937,Debt,N\r\n\
                  ,d,v,Dayton,Ohio,937,Debt,N\r\n\
                  2026-11-19,v,Dayton,Ohio,937,Debt,N,\r\n\
                  3025550143,short,row\r\n\
                  3125550100,d,v,Dayton,Ohio,937,Debt,N\r\n"
            }
            "2026-11-19" => return Some(b"<html>We are sorry</html>".to_vec()),
            _ => return None,
        };
        Some([HEADER.as_bytes(), b"\n", rows].concat())
    };
    let (folder, site) = (tempfile::tempdir().expect("a folder"), site(file));
    let (door, dataset) = open(folder.path(), 7, &site, noon(MONDAY));
    assert_eq!(dataset.lookup(&keys(&["+12025550143"]), noon(MONDAY)), Err(FilesError::NotReady(60)));

    // Seven days back from Monday are five weekdays: two files, one page instead of a file, two absent.
    let refreshed = refresh(&door, &dataset, noon(MONDAY)).await;
    assert_eq!((refreshed.fetched, refreshed.absent, refreshed.failed), (2, 3, 0));
    assert_eq!((refreshed.rows, refreshed.rows_skipped), (4, 3));

    let asked = keys(&["+12025550143", "+13125550100", "+13025550143", "nonsense"]);
    let found = dataset.lookup(&asked, noon(MONDAY)).expect("an index");
    assert_eq!(found.coverage, Coverage { first_day: MONDAY - 3, last_day: MONDAY, files: 2, missing: 3 });
    let days: Vec<&[DayCount]> = found.hits.iter().map(|hits| hits.days.as_slice()).collect();
    let (friday, monday) = (DayCount { day: MONDAY - 3, rows: 2 }, DayCount { day: MONDAY, rows: 1 });
    assert_eq!(days, [&[friday, monday][..], &[DayCount { day: MONDAY - 3, rows: 1 }], &[], &[]]);
    assert_eq!(found.hits[3].key, "nonsense");
}

#[tokio::test]
async fn what_is_missing_is_tried_again_later_and_what_is_held_is_not() {
    let asked = Arc::new(AtomicU32::new(0));
    let counter = asked.clone();
    let file = move |_: &str| {
        // The first round finds nothing, the second everything.
        (counter.fetch_add(1, Ordering::SeqCst) >= 5)
            .then(|| format!("{HEADER}\n2025550143,d,v,C,S,1,X,Y\n").into_bytes())
    };
    let (folder, site) = (tempfile::tempdir().expect("a folder"), site(file));
    let (door, dataset) = open(folder.path(), 7, &site, noon(MONDAY));
    assert_eq!(refresh(&door, &dataset, noon(MONDAY)).await.absent, 5);
    assert_eq!(refresh(&door, &dataset, noon(MONDAY)).await, Refreshed::default(), "nothing is due yet");
    let hour_later = noon(MONDAY).plus(dataset.fetch_every());
    assert_eq!(refresh(&door, &dataset, hour_later).await.fetched, 1, "only today's file is due after an hour");
    assert_eq!(
        refresh(&door, &dataset, noon(MONDAY + 1)).await.fetched,
        4,
        "the three still wanted, and the new day's"
    );
    assert_eq!(asked.load(Ordering::SeqCst), 10);
}

#[tokio::test]
async fn a_site_that_is_down_is_left_alone_after_a_few_attempts() {
    let (folder, nobody) = (tempfile::tempdir().expect("a folder"), "http://127.0.0.1:1");
    let (door, dataset) = open(folder.path(), 90, nobody, noon(MONDAY));
    let refreshed = refresh(&door, &dataset, noon(MONDAY)).await;
    assert_eq!((refreshed.failed, refreshed.fetched), (3, 0));
    assert!(refreshed.last_reason.expect("a reason").contains("Unreachable"));
}

#[tokio::test]
async fn a_damaged_day_is_set_aside_and_fetched_again() {
    let file = |_: &str| Some(format!("{HEADER}\n2025550143,d,v,C,S,1,X,Y\n").into_bytes());
    let (folder, site) = (tempfile::tempdir().expect("a folder"), site(file));
    let (door, dataset) = open(folder.path(), 7, &site, noon(MONDAY));
    assert_eq!(refresh(&door, &dataset, noon(MONDAY)).await.fetched, 5);

    let inner =
        std::fs::read_dir(folder.path().join("ftc_dnc")).expect("a folder").next().expect("one").expect("one").path();
    let day = inner.join("2026-11-20.day");
    let mut bytes = std::fs::read(&day).expect("a day");
    bytes[20] ^= 1;
    std::fs::write(&day, bytes).expect("a day");

    let (door, dataset) = open(folder.path(), 7, &site, noon(MONDAY));
    assert_eq!(dataset.lookup(&[], noon(MONDAY)).expect("an index").coverage.files, 4);
    assert_eq!(refresh(&door, &dataset, noon(MONDAY)).await.fetched, 1);
    assert!(inner.join("2026-11-20.damaged").exists());
}

#[tokio::test]
async fn ninety_days_of_files_are_indexed_and_opened_again() {
    const ROWS: u32 = 11_000;
    let file = |date: &str| {
        let day: u32 = date.replace('-', "").parse().ok()?;
        let mut body = HEADER.to_owned();
        for row in 0..ROWS {
            // Numbers spread like real ones, most of them named once, and one that stands in every file.
            let mixed = u64::from(day)
                .wrapping_mul(0x9e37_79b9)
                .wrapping_add(u64::from(row).wrapping_mul(0x85eb_ca6b_1234_5677));
            let (area, exchange, line) = (200 + mixed % 700, 200 + mixed / 700 % 800, mixed / 560_000 % 10_000);
            let number = if row == 0 { 2_025_550_143 } else { area * 10_000_000 + exchange * 10_000 + line };
            body.push_str(&format!(
                "\n{number},2026-11-19 10:22:31,2026-11-18 16:05:00,\"Dayton, Montgomery\",Ohio,937,\"Reducing your debt (credit cards)\",Y"
            ));
        }
        Some(body.into_bytes())
    };
    let (folder, site) = (tempfile::tempdir().expect("a folder"), site(file));
    let (door, dataset) = open(folder.path(), 90, &site, noon(MONDAY));
    let (began, steps) = (Instant::now(), AtomicU32::new(0));
    let progress = |progress: Progress| {
        assert_eq!((progress.of, progress.done <= progress.of), (64, true));
        steps.fetch_add(1, Ordering::SeqCst);
    };
    let refreshed = dataset.refresh(&door, noon(MONDAY), &progress).await.expect("a refresh");
    let fetching = began.elapsed();
    assert_eq!((refreshed.fetched, refreshed.absent, refreshed.failed), (64, 0, 0));
    assert_eq!((refreshed.rows, refreshed.rows_skipped), (64 * u64::from(ROWS), 0));
    assert_eq!(steps.into_inner(), 65);

    let began = Instant::now();
    let (_door, again) = open(folder.path(), 90, &site, noon(MONDAY));
    let opening = began.elapsed();
    let began = Instant::now();
    let many: Vec<String> = (0..1_000).map(|n| format!("+1202555{n:04}")).collect();
    let found = again.lookup(&many, noon(MONDAY)).expect("an index");
    let looking = began.elapsed();
    assert_eq!(found, dataset.lookup(&many, noon(MONDAY)).expect("an index"));
    assert_eq!(found.hits[143].days.len(), 64);
    assert!(found.hits[143].days.is_sorted_by_key(|day| day.day));
    println!(
        "64 files of {ROWS} rows: served, fetched and indexed in {fetching:?} ({} rows); opened again in {opening:?}; \
         1,000 keys in {looking:?}",
        refreshed.rows
    );
}
