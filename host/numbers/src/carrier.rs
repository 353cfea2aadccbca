//! The carriers that serve callees, the engines that label for them, and how many callees each serves.

use core::fmt;
use serde::{Deserialize, Serialize};

/// The carrier that serves a callee. Labels are set per carrier, so a number may be good on one and flagged on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    Att,
    Tmobile,
    Verizon,
    UsCellular,
    CSpire,
    Spectrum,
    Windstream,
    /// Any carrier that is known and is none of the others.
    Other,
}

impl Carrier {
    /// Every carrier, in the order of [`Carrier::index`].
    pub const ALL: [Carrier; 8] = [
        Carrier::Att,
        Carrier::Tmobile,
        Carrier::Verizon,
        Carrier::UsCellular,
        Carrier::CSpire,
        Carrier::Spectrum,
        Carrier::Windstream,
        Carrier::Other,
    ];

    /// The place of this carrier in [`Carrier::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The word used in files, addresses and answers.
    pub const fn word(self) -> &'static str {
        match self {
            Carrier::Att => "att",
            Carrier::Tmobile => "tmobile",
            Carrier::Verizon => "verizon",
            Carrier::UsCellular => "uscellular",
            Carrier::CSpire => "cspire",
            Carrier::Spectrum => "spectrum",
            Carrier::Windstream => "windstream",
            Carrier::Other => "other",
        }
    }

    /// Reads the word, forgiving case, `&` and separators: `AT&T`, `T-Mobile` and `us_cellular` are understood.
    pub fn parse(text: &str) -> Option<Carrier> {
        let plain: String = text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        Some(match plain.as_str() {
            "att" | "cricket" => Carrier::Att,
            "tmobile" | "metro" | "metrobytmobile" | "ting" | "sprint" => Carrier::Tmobile,
            "verizon" | "verizonwireless" => Carrier::Verizon,
            "uscellular" => Carrier::UsCellular,
            "cspire" => Carrier::CSpire,
            "spectrum" | "charter" => Carrier::Spectrum,
            "windstream" | "kinetic" => Carrier::Windstream,
            "other" => Carrier::Other,
            _ => return None,
        })
    }

    /// The engine whose labels this carrier shows, where one is known.
    ///
    /// Sources: Verizon names TNS itself; Hiya and First Orion name AT&T and T-Mobile; the regional carriers are secondary.
    pub const fn engine(self) -> Option<&'static str> {
        match self {
            Carrier::Att => Some("hiya"),
            Carrier::Tmobile => Some("first_orion"),
            Carrier::Verizon | Carrier::UsCellular | Carrier::CSpire | Carrier::Spectrum => Some("tns"),
            Carrier::Windstream | Carrier::Other => None,
        }
    }

    /// Callees of this carrier in a thousand US callees.
    ///
    /// The three big ones are about a third each (public subscriber figures, rounded); the rest is a guess that sums to a thousand.
    pub const fn share_permille(self) -> u32 {
        match self {
            Carrier::Att => 280,
            Carrier::Tmobile => 300,
            Carrier::Verizon => 330,
            Carrier::UsCellular => 12,
            Carrier::CSpire => 4,
            Carrier::Spectrum => 30,
            Carrier::Windstream => 4,
            Carrier::Other => 40,
        }
    }
}

impl fmt::Display for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A set of carriers, small enough to be copied.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carriers(u16);

impl Carriers {
    pub const NONE: Carriers = Carriers(0);
    pub const EVERY: Carriers = Carriers((1 << Carrier::ALL.len()) - 1);

    /// The carriers whose labels come from this engine; every carrier for an agency that is no carrier's engine,
    /// because an app's users are on all of them.
    pub fn concerned_by(agency: &str) -> Carriers {
        let served: Carriers = Carrier::ALL.into_iter().filter(|carrier| carrier.engine() == Some(agency)).collect();
        if served == Carriers::NONE { Carriers::EVERY } else { served }
    }

    #[must_use]
    pub const fn with(self, carrier: Carrier) -> Carriers {
        Carriers(self.0 | 1 << carrier.index())
    }

    #[must_use]
    pub const fn union(self, other: Carriers) -> Carriers {
        Carriers(self.0 | other.0)
    }

    pub const fn contains(self, carrier: Carrier) -> bool {
        self.0 & (1 << carrier.index()) != 0
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Carrier> {
        Carrier::ALL.into_iter().filter(move |carrier| self.contains(*carrier))
    }

    /// Callees of these carriers in a thousand US callees.
    pub fn share_permille(self) -> u32 {
        self.iter().map(Carrier::share_permille).sum()
    }
}

impl FromIterator<Carrier> for Carriers {
    fn from_iter<I: IntoIterator<Item = Carrier>>(carriers: I) -> Carriers {
        carriers.into_iter().fold(Carriers::NONE, Carriers::with)
    }
}

impl fmt::Debug for Carriers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter().map(Carrier::word)).finish()
    }
}
