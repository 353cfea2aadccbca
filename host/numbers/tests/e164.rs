//! The one door for telephone numbers.

use numbers::{E164, E164Error};
use proptest::prelude::*;

/// The number that a text is read as, or why it is none.
fn check(text: &str, expected: Result<&str, E164Error>) {
    assert_eq!(E164::parse(text).map(|number| number.to_string()), expected.map(str::to_string), "{text:?}");
}

#[test]
fn forms_that_people_dialers_and_spreadsheets_write() {
    for text in [
        "+12125550143",
        "12125550143",
        "2125550143",
        // A form decoder makes a space of an unescaped plus sign.
        " 12125550143",
        "  +12125550143\r\n",
        "+1 (212) 555-0143",
        "1-212-555-0143",
        "(212) 555-0143",
        "212.555.0143",
        "212/555/0143",
        "+1\u{a0}212\u{a0}555\u{a0}0143",
        "212\u{2011}555\u{2013}0143",
        "\u{feff}+12125550143",
        "'+12125550143",
        "\u{202a}+12125550143\u{202c}",
        "(+1) 212 555 0143",
        "2125550143.0",
        "12125550143.00",
        "2125550143.",
    ] {
        check(text, Ok("+12125550143"));
    }
    check("+442079460143", Ok("+442079460143"));
    check("442079460143", Ok("+442079460143"));
    check("+44 20 7946 0143", Ok("+442079460143"));
    check("+6421234567", Ok("+6421234567"));
    // With the plus sign ten digits are a whole number of another country.
    check("+2125550143", Ok("+2125550143"));
    check("+290123456", Ok("+290123456"));
    check("+923456789012345", Ok("+923456789012345"));
}

#[test]
fn texts_that_are_no_numbers() {
    for text in ["", " ", "+", "()", "\u{feff}", "'"] {
        check(text, Err(E164Error::Empty));
    }
    for text in ["1.2125E+10", "1,2125E+10", "1.2125e10", "2.13E+09", "1E10", " 1.2125E+10 "] {
        check(text, Err(E164Error::Spreadsheet));
    }
    check("anonymous", Err(E164Error::Character('a')));
    check("e", Err(E164Error::Character('e')));
    check("1-800-FLOWERS", Err(E164Error::Character('F')));
    check("+1212555O143", Err(E164Error::Character('O')));
    check("sip:+12125550143@x", Err(E164Error::Character('s')));
    check("+1212555014\u{663}", Err(E164Error::Character('\u{663}')));
    check("++12125550143", Err(E164Error::Character('+')));
    check("1212+5550143", Err(E164Error::Character('+')));
    check("212555\n0143", Err(E164Error::Character('\n')));
    check("911", Err(E164Error::TooShort(3)));
    check("5550143", Ok("+5550143"));
    check("+1212555014", Err(E164Error::TooShort(10)));
    check("121255501434", Err(E164Error::TooLong(12)));
    check("+9234567890123456", Err(E164Error::TooLong(16)));
    check(&"9".repeat(1_000_000), Err(E164Error::TooLong(1_000_000)));
    check("+0123456789", Err(E164Error::CountryCode));
    check("00442079460143", Err(E164Error::CountryCode));
    check("+11125550143", Err(E164Error::AreaCode(112)));
    check("0125550143", Err(E164Error::AreaCode(12)));
    check("+12120550143", Err(E164Error::Exchange(55)));
    check("2121550143", Err(E164Error::Exchange(155)));
}

#[test]
fn what_a_north_american_number_is_made_of() {
    let number = E164::parse("2125550143").expect("a number");
    assert_eq!((number.is_nanp(), number.area_code(), number.exchange()), (true, Some(212), Some(555)));
    for abroad in ["+442079460143", "+2125550143", "+5991234567"] {
        let number = E164::parse(abroad).expect("a number");
        assert_eq!((number.is_nanp(), number.area_code(), number.exchange()), (false, None, None), "{abroad}");
    }
}

#[test]
fn figures_that_no_number_gives() {
    for digits in [0, 1, 999_999, 2_125_550_143_000_000, 1_212_555_014, 11_125_550_143, 12_120_550_143, u64::MAX] {
        assert_eq!(E164::from_digits(digits), None, "{digits}");
    }
}

/// Figures of every length, with as many North American ones as others.
fn figure() -> impl Strategy<Value = u64> {
    prop_oneof![0u64..100_000_000_000_000_000, 10_000_000_000u64..20_000_000_000, 0u64..100_000_000, any::<u64>()]
}

proptest! {
    #[test]
    fn a_number_is_read_as_it_is_shown(digits in figure()) {
        let read = E164::parse(&format!("+{digits}")).ok();
        prop_assert_eq!(E164::from_digits(digits), read);
        if let Some(number) = read {
            prop_assert_eq!(number.digits(), digits);
            prop_assert_eq!(E164::parse(&number.to_string()), Ok(number));
            prop_assert_eq!(number.area_code().is_some(), number.is_nanp());
            prop_assert!(number.area_code().is_none_or(|code| (200..1000).contains(&code)));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}|[-+0-9 ().eE,]{0,24}") {
        if let Ok(number) = E164::parse(&text) {
            prop_assert_eq!(E164::from_digits(number.digits()), Some(number));
            let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
            // All digits count, but for the zeros after the point of a figure.
            let whole = text.split_once('.').filter(|(_, rest)| rest.trim().bytes().all(|b| b == b'0'));
            let shown = number.to_string();
            let ends = shown.ends_with(&digits(&text)) || whole.is_some_and(|(whole, _)| shown.ends_with(&digits(whole)));
            prop_assert!(ends, "{} from {}", number, text);
        }
    }
}
