//! What an adapter holds in its hands while it runs.

use sandbox::datasets::Datasets;
use sandbox::grant::PowerSet;
use sandbox::http::{Gate, Rebinds};
use sandbox::manifest::Manifest;
use sandbox::powers::HostPowers;
use sandbox::secrets::Secrets;
use sandbox::trouble::Trouble;
use sandbox::{FilesError, Powers};
use std::collections::{BTreeMap, BTreeSet};

const MANIFEST: &str = r#"
id = "probe"
kind = "agency"
version = "1"
summary = "Has settings and a data set"
wit = "0.0.1"
confidence = "unknown"
[origins]
site = "https://example.com"
[config]
spam_from = 80
words = "plain"
[datasets.complaints]
origin = "site"
path = "/{date}.csv"
days = 7
key_column = "Phone"
"#;

fn powers(permitted: bool, overrides: &[(&str, &str)]) -> Result<HostPowers, Trouble> {
    let folder = tempfile::tempdir().expect("a folder");
    let manifest = Manifest::parse("adapter.toml", MANIFEST).expect("the manifest");
    let permitted = if permitted { PowerSet::asked_by(&manifest) } else { PowerSet::default() };
    let overrides: BTreeMap<String, String> =
        overrides.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let gate = Gate::new(Rebinds::default(), Secrets::default());
    HostPowers::new(&manifest, &permitted, &gate, &Datasets::new(folder.path()), &overrides)
}

#[test]
fn settings_come_from_the_manifest_as_the_operator_overrides_them() {
    let powers = powers(true, &[("spam_from", "95")]).expect("powers");
    assert_eq!(powers.config("spam_from").as_deref(), Some("95"));
    assert_eq!(powers.config("words").as_deref(), Some("plain"));
    assert_eq!(powers.config("other"), None);
    let trouble = self::powers(true, &[("spam_form", "95")]).err().expect("a refusal");
    assert_eq!(trouble.to_string(), "[config] of probe: it has no setting `spam_form`; did you mean `spam_from`?");
}

#[tokio::test]
async fn data_sets_answer_only_where_they_are_granted() {
    let powers = |permitted| self::powers(permitted, &[]).expect("powers");
    assert_eq!(powers(true).lookup("complaints", Vec::new()).await, Err(FilesError::NotReady(60)));
    for (permitted, name, words) in
        [(true, "complaint", "did you mean `complaints`?"), (false, "complaints", "and granted")]
    {
        match powers(permitted).lookup(name, Vec::new()).await {
            Err(FilesError::Denied(reason)) => assert!(reason.ends_with(words), "{reason}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn drawn_figures_are_spread_and_never_the_same_sequence() {
    let draw = |powers: &HostPowers| (0..1_000).map(|_| powers.uniform()).collect::<Vec<f64>>();
    let (one, other) = (powers(true, &[]).expect("powers"), powers(true, &[]).expect("powers"));
    let (first, second) = (draw(&one), draw(&other));
    assert_ne!(first, second);
    assert!(first.iter().chain(&second).all(|drawn| (0.0..1.0).contains(drawn)));
    let tenths: BTreeSet<u64> = first.iter().map(|drawn| (drawn * 10.0) as u64).collect();
    assert_eq!(tenths.len(), 10);
}
