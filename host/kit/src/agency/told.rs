//! What an agency's adapter answered.

use sandbox::agency::{CheckAnswer, Description, FilingAnswer, InboundAnswer, Probed, TrackAnswer};

/// What came back, before it is put into a cassette's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    Described(Description),
    Checked(CheckAnswer),
    Filed(FilingAnswer),
    Tracked(TrackAnswer),
    Brought(InboundAnswer),
    Noted,
    Probed(Probed),
}
