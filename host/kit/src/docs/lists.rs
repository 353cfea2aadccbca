//! One table or page about many adapters, made of their manifests.

use super::{Page, known, words};
use crate::folder::Folder;
use numbers::{Carrier, Confidence};
use sandbox::manifest::Manifest;

/// A line for each adapter, with what it does and needs.
pub fn index(folders: &[Folder]) -> String {
    let mut page = Page::default();
    let rows = folders.iter().map(|Folder { manifest, .. }| {
        let id = format!("[`{0}`]({0}/README.md)", manifest.id);
        let does: Vec<String> = manifest.functions.named().into_iter().map(str::to_owned).collect();
        let mut reaches: Vec<String> = manifest.speaks_for.iter().chain(&manifest.files_for).cloned().collect();
        reaches.dedup();
        let needs: Vec<String> = manifest.secrets.keys().cloned().collect();
        let needs = if needs.is_empty() { "nothing".to_owned() } else { words(&needs) };
        let contract = known(manifest.confidence).to_owned();
        vec![id, manifest.kind.to_string(), words(&does), words(&reaches), needs, sees(manifest), contract]
    });
    let header = ["id", "kind", "does", "speaks or files for", "needs", "US lines seen", "contract known"];
    page.table(&header, rows.collect());
    page.text
}

/// Row by row, what of each adapter rests on official documents, what on secondary sources, and what is unknown.
pub fn facts(folders: &[Folder]) -> String {
    let mut page = Page::default();
    let rows = folders.iter().map(|Folder { manifest, .. }| {
        let of = |sought: Confidence| {
            let facts = manifest.facts.iter().filter(|fact| fact.known == sought);
            facts.map(|fact| fact.what.trim_end_matches('.')).collect::<Vec<_>>().join("; ")
        };
        let known = [Confidence::Official, Confidence::Secondary, Confidence::Unknown];
        let mut row = vec![format!("[`{0}`]({0}/REFERENCE.md)", manifest.id)];
        row.extend(known.map(of));
        row
    });
    page.table(&["id", "official", "secondary", "unknown"], rows.collect());
    page.text
}

/// Which part of the callees' lines its checks see.
pub(super) fn sees(manifest: &Manifest) -> String {
    let Some(observes) = &manifest.observes else { return "none".to_owned() };
    let carriers: Vec<&str> = observes.carriers.iter().map(Carrier::word).collect();
    let on = if carriers.is_empty() { String::new() } else { format!(" ({})", carriers.join(", ")) };
    match observes.lines_permille {
        0 => format!("not known{on}"),
        permille => format!("{}.{} %{on}", permille / 10, permille % 10),
    }
}

/// The do-it-yourself directory: where a person files by hand, what, and what our adapter can do there.
pub fn directory(folders: &[Folder]) -> String {
    let mut page = Page::default();
    page.line("# Where to file by hand");
    page.line("");
    page.line("Every organisation that labels, blocks, scores or registers numbers, and that we know of.");
    page.line("`smartguard packet <agency> <number>` makes the form, files and letter for any of them.");
    page.line("This page is made of the adapters' manifests by `smartguard adapter docs adapters/* --directory`.");
    for Folder { manifest, .. } in folders {
        let Some(directory) = &manifest.directory else { continue };
        page.section(&directory.name);
        page.pairs(&[
            ("Website", directory.website.clone().unwrap_or_else(|| "none is known".to_owned())),
            ("Contact", directory.contact.clone()),
            ("What to file", directory.file.clone()),
            ("Who sees it", directory.covers.clone()),
            ("Our adapter", format!("[`{0}`]({0}/README.md): {1}", manifest.id, manifest.ability())),
            ("US lines seen", sees(manifest)),
            (
                "Last verified",
                format!("{}; the contract is known as {}", directory.verified, known(manifest.confidence)),
            ),
        ]);
    }
    page.text
}
