//! Policies are put in shadow, and taken out of it, as their files come and go.

use super::super::House;
use super::super::keeper::now;
use super::{Compared, Estimate, Kept, Shadow, Shadows};
use crate::policies::{self, ReadShadows, ShadowFile};
use crate::strict::Problem;
use numbers::{Moment, Policies};
use std::sync::atomic::Ordering;

impl House {
    /// Reads the shadows of the policies folder, which run beside what is in force now. A file that is refused changes nothing.
    pub(in super::super) fn put_shadows(&self) {
        let in_force = self.hot.policy.load_full();
        let read = policies::read_shadows(&self.config.policies, in_force.scopes());
        for Problem { place, reason, remedy } in &read.problems {
            tracing::error!(place, remedy, "a policy is not put in shadow: {reason}");
        }
        self.hot.shadows.put(read, &in_force, now());
    }
}

impl Shadows {
    /// Puts these in shadow beside what is in force, in the place of those before.
    pub fn put(&self, read: ReadShadows, in_force: &Policies, now: Moment) {
        let left_out_before = self.left_out.load(Ordering::Relaxed);
        let mut kept = self.kept.lock();
        let Kept { revision: before, shadows, refused } = &mut *kept;
        let same_revision = *before == in_force.revision;
        *before = in_force.revision;
        // A file that is refused leaves what it said before, and so does a folder that cannot be read.
        let is_unread = read.shadows.is_empty() && read.refused.is_empty() && !read.problems.is_empty();
        let stays = |shadow: &Shadow| is_unread || read.refused.contains(&shadow.name);
        let (stay, mut old): (Vec<Shadow>, Vec<Shadow>) = core::mem::take(shadows).into_iter().partition(stays);
        *refused = (!read.problems.is_empty()).then_some((now, read.problems));
        let fresh = |name: String, file: String, policies: Policies| Shadow {
            name,
            file,
            since: now,
            policies,
            left_out_before,
            compared: Compared::default(),
            estimate: Estimate::default(),
        };
        for shadow in stay {
            // Beside another policy in force it goes on from nothing.
            shadows.push(match same_revision {
                true => shadow,
                false => {
                    let policies = Policies::new(0, shadow.policies.base().clone(), in_force.scopes().clone());
                    fresh(shadow.name, shadow.file, policies)
                }
            });
        }
        for ShadowFile { name, read } in read.shadows {
            let policies = read.policies(0);
            let known = old.iter().position(|shadow| shadow.name == name && shadow.policies == policies);
            let known = known.filter(|_| same_revision).map(|place| old.swap_remove(place));
            shadows.push(known.unwrap_or_else(|| {
                tracing::info!(name, file = read.file, "a policy is in shadow");
                fresh(name, read.file, policies)
            }));
        }
        shadows.sort_by(|one, other| one.name.cmp(&other.name));
        self.wanted.store(!shadows.is_empty(), Ordering::Relaxed);
    }

    /// Files that were not put in shadow, and when that was found.
    pub fn refused(&self) -> Option<(Moment, Vec<Problem>)> {
        self.kept.lock().refused.clone()
    }
}
