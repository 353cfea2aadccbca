//! An adapter whose `check` panics, to see that its author is told what happened and where.

use smartguard_adapter::Agency;
use smartguard_adapter::agency::{CheckAnswer, CheckRequest, Description, Error};

struct Panics;

smartguard_adapter::agency!(Panics);

impl Agency for Panics {
    fn describe() -> Description {
        Description {
            id: "panics".to_owned(),
            version: "0.1.0".to_owned(),
            functions: vec!["check".to_owned()],
            speaks_for: vec!["panics".to_owned()],
        }
    }

    fn check(request: CheckRequest) -> Result<CheckAnswer, Error> {
        panic!("{} numbers are too many for me", request.numbers.len());
    }
}
