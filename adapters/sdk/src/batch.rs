//! A batch at an agency that answers one number at a time.

use crate::bindings::agency::exports::smartguard::adapter::agency::CheckAnswer;
use crate::bindings::agency::smartguard::adapter::log;
use crate::bindings::agency::smartguard::adapter::types::{Error, Observation};
use crate::failure::Failure;

/// Asks for one number after the other, each once, and stops where asking further makes no sense.
///
/// A number whose own look-up fails is left out, which counts as unknown, with a line in the log.
///
/// # Errors
/// The first failure, when nothing at all was learned.
pub fn one_by_one(
    numbers: &[String],
    look_up: impl FnMut(&str) -> Result<Observation, Failure>,
) -> Result<CheckAnswer, Error> {
    gather(numbers, look_up, |line| log::write(log::Level::Warn, line)).map(CheckAnswer::Observations)
}

fn gather(
    numbers: &[String],
    mut look_up: impl FnMut(&str) -> Result<Observation, Failure>,
    mut say: impl FnMut(&str),
) -> Result<Vec<Observation>, Error> {
    let mut observations = Vec::new();
    let mut first = None;
    for (index, number) in numbers.iter().enumerate() {
        // A number that stands there twice is asked for, and paid for, once.
        if numbers[..index].contains(number) {
            continue;
        }
        match look_up(number) {
            Ok(observation) => observations.push(observation),
            Err(failure) => {
                say(&format!("{number} is left out: {failure}"));
                let stop = failure.concerns_all;
                first.get_or_insert(failure);
                if stop {
                    break;
                }
            }
        }
    }
    match first {
        Some(failure) if observations.is_empty() => Err(failure.error),
        _ => Ok(observations),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::agency::smartguard::adapter::types::Status;

    fn observed(number: &str) -> Observation {
        Observation {
            number: number.to_owned(),
            agency: "example".to_owned(),
            carrier: None,
            status: Status::Unflagged,
            label: None,
            score: None,
            observed_at: 0,
            cost_micros: 0,
        }
    }

    fn run(numbers: &[&str], failing: fn(&str) -> Option<Failure>) -> (Vec<String>, Result<Vec<String>, Error>) {
        let numbers: Vec<String> = numbers.iter().map(|number| (*number).to_owned()).collect();
        let mut asked = Vec::new();
        let answer = gather(
            &numbers,
            |number| {
                asked.push(number.to_owned());
                failing(number).map_or_else(|| Ok(observed(number)), Err)
            },
            |_| {},
        );
        (asked, answer.map(|seen| seen.into_iter().map(|observation| observation.number).collect()))
    }

    #[test]
    fn each_number_is_asked_for_once_and_one_failure_takes_no_other_with_it() {
        let (asked, answer) =
            run(&["+1", "+2", "+1", "+3"], |number| (number == "+2").then(|| Failure::protocol("half an answer")));
        assert_eq!(asked, ["+1", "+2", "+3"]);
        assert_eq!(answer, Ok(vec!["+1".to_owned(), "+3".to_owned()]));
    }

    #[test]
    fn what_concerns_all_ends_the_batch_and_is_told_when_nothing_was_learned() {
        let refuses = |number: &str| (number != "+1").then(|| Failure::all(Error::RetryAfter(30)));
        assert_eq!(
            run(&["+1", "+2", "+3"], refuses),
            (vec!["+1".to_owned(), "+2".to_owned()], Ok(vec!["+1".to_owned()]))
        );
        assert_eq!(run(&["+2", "+3"], refuses), (vec!["+2".to_owned()], Err(Error::RetryAfter(30))));
        assert_eq!(run(&[], refuses), (Vec::new(), Ok(Vec::new())));
    }
}
