//! Lists that come in pages.

use crate::failure::Failure;

/// So many pages are followed at most. Guessed: a call has to end, and a list that is longer is asked for in parts.
pub const PAGES_MAX: usize = 100;

/// Gathers a list page by page. `page` is given the token of the page (nothing for the first), and says the next one's.
///
/// # Errors
/// What a page failed with, and `protocol` when the pages never end or lead back to where they were.
pub fn pages<T>(
    mut page: impl FnMut(Option<&str>) -> Result<(Vec<T>, Option<String>), Failure>,
) -> Result<Vec<T>, Failure> {
    let mut gathered = Vec::new();
    let mut token: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let (members, next) = page(token.as_deref())?;
        gathered.extend(members);
        match next {
            None => return Ok(gathered),
            Some(next) if token.as_deref() == Some(&next) => {
                return Err(Failure::protocol(format!("the page after {next:?} is that page again")));
            }
            Some(next) => token = Some(next),
        }
    }
    Err(Failure::protocol(format!("the list has more than {PAGES_MAX} pages")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_followed_to_their_end() {
        let all = pages(|token| {
            let at: u32 = token.map_or(0, |token| token.parse().expect("our own"));
            Ok((vec![at], (at < 3).then(|| (at + 1).to_string())))
        });
        assert_eq!(all, Ok(vec![0, 1, 2, 3]));
    }

    #[test]
    fn pages_that_lead_nowhere_end() {
        let stuck = pages(|_| Ok((vec![0_u8], Some("same".to_owned())))).expect_err("stuck");
        assert_eq!(stuck, Failure::protocol("the page after \"same\" is that page again"));
        let mut count = 0;
        let endless = pages(|_| {
            count += 1;
            Ok((vec![0_u8], Some(count.to_string())))
        });
        assert_eq!(endless, Err(Failure::protocol("the list has more than 100 pages")));
    }
}
