//! What doors and the doctor are shown of do-not-call lists.

use super::Lists;
use super::kept::List;
use crate::desk::{
    BadLineView, CheckupState, DeskError, DoNotCallListView, DoNotCallNumberView, ListChangedView, ListImportedView,
    Stamp,
};
use core::time::Duration;
use numbers::{E164, ListName, Moment};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Whoever sells by phone calls from a version of the national list that is at most so old: 16 CFR 310.4(b)(3)(iv).
const NATIONAL_AGE_MAX: Duration = Duration::from_secs(31 * 24 * 60 * 60);

impl Lists {
    pub fn views(&self, now: Moment) -> Vec<DoNotCallListView> {
        self.hot.do_not_call.load().lists.iter().map(|(name, list)| view(name, list, now)).collect()
    }

    /// What forbids calls to this number.
    pub async fn of_number(&self, number: E164) -> Result<DoNotCallNumberView, DeskError> {
        let lists = self.hot.do_not_call.load().lists_with(number).map(ToString::to_string).collect();
        let businesses = self.keeper.read(|state| state.businesses.keys().cloned().collect::<Vec<_>>()).await?;
        let suppressed_for =
            businesses.into_iter().filter(|business| self.hot.is_suppressed(business, number)).collect();
        Ok(DoNotCallNumberView { number: number.to_string(), lists, suppressed_for })
    }

    /// How the national list is: the state, what was found, what to do.
    pub fn checkup(&self, now: Moment) -> (CheckupState, String, Option<String>) {
        let remedy = "download the newest version, then `smartguard do-not-call import FILE --list national --replace`";
        let held = self.held(&ListName::National);
        match held.as_deref().map(|list| (list.set.len(), list.base.imported.as_ref())) {
            None => (
                CheckupState::Warning,
                "there is none".to_owned(),
                Some(format!("if you sell by phone to people at home, {remedy}")),
            ),
            Some((_, None)) => (
                CheckupState::Warning,
                "it was made by hand, so nobody knows how old it is".to_owned(),
                Some(remedy.to_owned()),
            ),
            Some((numbers, Some(imported))) => {
                let days = now.since(imported.at).as_secs() / DAY.as_secs();
                let found = format!("{numbers} numbers, imported {days} days ago");
                match now > imported.at.plus(NATIONAL_AGE_MAX) {
                    false => (CheckupState::Well, found, None),
                    true => (
                        CheckupState::Warning,
                        format!("{found}; 16 CFR 310.4(b)(3)(iv) wants a version of at most 31 days"),
                        Some(remedy.to_owned()),
                    ),
                }
            }
        }
    }
}

fn view(name: &ListName, list: &List, now: Moment) -> DoNotCallListView {
    let imported = list.base.imported.as_ref();
    DoNotCallListView {
        list: name.to_string(),
        numbers: list.set.len(),
        imported: imported.map(|imported| ListImportedView {
            at: Stamp(imported.at),
            by: imported.by.clone(),
            from: imported.from.clone(),
            mode: if imported.replaced { "replace" } else { "add" }.to_owned(),
            numbers: imported.read,
            bad: imported.bad,
        }),
        changed: list.changed.as_ref().map(|changed| ListChangedView { at: Stamp(changed.at), by: changed.by.clone() }),
        age_days: imported.map(|imported| now.since(imported.at).as_secs() / DAY.as_secs()),
        good_until: imported
            .filter(|_| *name == ListName::National)
            .map(|imported| Stamp(imported.at.plus(NATIONAL_AGE_MAX))),
    }
}

pub fn bad_line((line, reason): (u64, String)) -> BadLineView {
    BadLineView { line, reason }
}
