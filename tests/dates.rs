//! Dates: the three forms of HTTP and that of cookies, both ways where they are written. The name
//! of a test begins with the ID of the rule that it proves.
#![cfg(feature = "urllib")]
#![allow(missing_docs)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proptest::prelude::*;
use stdhttp::dates::{formatdate, parse_cookie, parse_http};
use stdhttp::urllib::{Fault, Part};

/// Sun, 06 Nov 1994 08:49:37 GMT.
const SECONDS: u64 = 784_111_777;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn before(seconds: u64) -> SystemTime {
    UNIX_EPOCH - Duration::from_secs(seconds)
}

/// The first of July 2026, a year in which `76` is 2076 in its first half.
fn now() -> SystemTime {
    at(1_782_864_000)
}

fn http(text: &str) -> Option<String> {
    formatdate(parse_http(text, now()).ok()?)
}

fn cookie(text: &str) -> Option<String> {
    formatdate(parse_cookie(text).ok()?)
}

#[test]
fn s_5_6_7_1_all_three_forms_are_read() {
    for text in [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
    ] {
        assert_eq!(parse_http(text, now()), Ok(at(SECONDS)), "{text}");
    }
    assert_eq!(
        http("Wed Nov 16 08:49:37 1994").unwrap(),
        "Wed, 16 Nov 1994 08:49:37 GMT"
    );
}

#[test]
fn s_5_6_7_2_one_form_is_written() {
    for (time, text) in [
        (at(SECONDS), "Sun, 06 Nov 1994 08:49:37 GMT"),
        (at(0), "Thu, 01 Jan 1970 00:00:00 GMT"),
        (before(1), "Wed, 31 Dec 1969 23:59:59 GMT"),
        (
            UNIX_EPOCH - Duration::from_millis(1),
            "Wed, 31 Dec 1969 23:59:59 GMT",
        ),
        (
            at(SECONDS) + Duration::from_millis(999),
            "Sun, 06 Nov 1994 08:49:37 GMT",
        ),
        (at(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT"),
        (at(4_107_542_399), "Sun, 28 Feb 2100 23:59:59 GMT"),
        (at(4_107_542_400), "Mon, 01 Mar 2100 00:00:00 GMT"),
        (at(253_402_300_799), "Fri, 31 Dec 9999 23:59:59 GMT"),
        (before(11_644_473_600), "Mon, 01 Jan 1601 00:00:00 GMT"),
        (before(62_135_596_800), "Mon, 01 Jan 0001 00:00:00 GMT"),
    ] {
        assert_eq!(formatdate(time).as_deref(), Some(text));
        assert_eq!(http(text).as_deref(), Some(text));
    }
    assert_eq!(formatdate(at(253_402_300_800)), None);
    assert_eq!(formatdate(before(62_135_596_801)), None);
    assert_eq!(formatdate(before(1 << 62)), None);
    assert_eq!(formatdate(at(1 << 62)), None);
}

#[test]
fn s_5_6_7_3_two_digits_are_at_most_50_years_ahead() {
    for (text, year) in [
        ("Sunday, 06-Nov-94 08:49:37 GMT", "1994"),
        ("Sunday, 06-Nov-77 08:49:37 GMT", "1977"),
        ("Sunday, 06-Nov-70 08:49:37 GMT", "2070"),
        ("Sunday, 06-Nov-75 08:49:37 GMT", "2075"),
        ("Sunday, 06-Nov-76 08:49:37 GMT", "1976"),
        ("Sunday, 06-Mar-76 08:49:37 GMT", "2076"),
        ("Sunday, 01-Jul-76 00:00:00 GMT", "2076"),
        ("Sunday, 01-Jul-76 00:00:01 GMT", "1976"),
        ("Sunday, 01-Jul-76 00:01:00 GMT", "1976"),
        ("Sunday, 01-Jul-76 01:00:00 GMT", "1976"),
        ("Sunday, 02-Jul-76 00:00:00 GMT", "1976"),
        ("Sunday, 06-Nov-26 08:49:37 GMT", "2026"),
        ("Sunday, 06-Nov-00 08:49:37 GMT", "2000"),
    ] {
        assert_eq!(&http(text).unwrap()[12..16], year, "{text}");
    }
    let in_2098 = at(4_070_908_800);
    let time = parse_http("Sunday, 06-Nov-05 08:49:37 GMT", in_2098).unwrap();
    assert_eq!(formatdate(time).unwrap(), "Fri, 06 Nov 2105 08:49:37 GMT");
    let afternoon = now() + Duration::from_secs(13 * 3_600 + 14 * 60 + 15);
    for (time, year) in [
        ("13:14:15", "2076"),
        ("13:14:16", "1976"),
        ("13:15:00", "1976"),
    ] {
        let text = format!("Sunday, 01-Jul-76 {time} GMT");
        let read = formatdate(parse_http(&text, afternoon).unwrap()).unwrap();
        assert_eq!(&read[12..16], year, "{text}");
    }
}

#[test]
fn s_5_6_7_4_case_counts_and_nonsense_is_refused() {
    assert_eq!(
        http("Sun, 06 Nov 1994 23:59:60 GMT").unwrap(),
        "Mon, 07 Nov 1994 00:00:00 GMT"
    );
    for text in [
        "",
        "Sun",
        "Sun,",
        "Sun ",
        "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 gmt",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun,  6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, +6 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 29 Feb 1994 08:49:37 GMT",
        "Sun, 29 Feb 1900 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 32 Oct 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:00 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994\t08:49:37 GMT",
        "Sun, 06 Növ 1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Funday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov 006 08:49:37 1994",
        "Sun Nov  6 08:49:37 94",
        "Sun Nov  6 08:49:37 1994 GMT",
        "784111777",
    ] {
        assert_eq!(http(text), None, "{text}");
    }
}

#[test]
fn an_error_says_where() {
    let error = parse_http("Sun, 06 Xxx 1994 08:49:37 GMT", now()).unwrap_err();
    assert_eq!(
        (error.part, error.fault, error.offset),
        (Part::Date, Fault::Malformed, 8)
    );
    let error = parse_cookie("12 Nov 1994").unwrap_err();
    assert_eq!((error.part, error.fault), (Part::Date, Fault::Missing));
    let error = parse_cookie("31 Feb 1994 1:2:3").unwrap_err();
    assert_eq!((error.part, error.fault), (Part::Date, Fault::Malformed));
    assert_eq!(error.to_string(), "malformed date at byte 0");
}

#[test]
fn c_5_1_1_1_tokens_in_any_order() {
    for text in [
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "1994 Nov 6 8:49:37",
        "6 november 94 08:49:37x",
        "08:49:37 1994 nOVEMBER 6",
        "6th Nov 1994year 08:49:37",
        "Nov Dec 6 1994 08:49:37 01:02:03",
        "6\tNov~1994{08:49:37",
        "x:1:2 :: 6:5 Nov 94 8:49:37",
    ] {
        assert_eq!(parse_cookie(text), Ok(at(SECONDS)), "{text}");
    }
    assert_eq!(
        parse_cookie(b"\xff \x00 6 Nov 94 8:49:37\xff"),
        Ok(at(SECONDS))
    );
    // What is no delimiter holds a token together.
    for text in [
        "6:Nov 94 8:49:37",
        "6 Nov 94 :8:49:37",
        "6 \x01Nov 94 8:49:37",
        "6 ÄNov 94 8:49:37",
    ] {
        assert_eq!(cookie(text), None, "{text}");
    }
}

#[test]
fn c_5_1_1_2_two_digits_are_1970_to_2069() {
    for (text, year) in [
        ("69", "2069"),
        ("70", "1970"),
        ("99", "1999"),
        ("00", "2000"),
        ("100", "0100"),
    ] {
        let read = cookie(&format!("1 {text} Jan 00:00:00"));
        assert_eq!(
            read.as_deref().map(|date| &date[12..16]),
            (year > "1600").then_some(year)
        );
    }
}

#[test]
fn c_5_1_1_3_a_part_that_is_missing_or_does_not_exist() {
    for text in [
        "",
        "Nov 1994 08:49:37",
        "6 1994 08:49:37",
        "6 Nov 08:49:37",
        "6 Nov 1994",
        "0 Nov 1994 08:49:37",
        "32 Nov 1994 08:49:37",
        "31 Nov 1994 08:49:37",
        "31 Feb 1994 08:49:37",
        "29 Feb 1995 08:49:37",
        "6 Nov 1600 08:49:37",
        "6 Nov 1994 24:00:00",
        "6 Nov 1994 08:60:00",
        "6 Nov 1994 08:49:60",
        "6 Nov 1994 08:49:061",
        "6 Nov 1994 008:49:37",
        "6 Nov 1994 08::37",
        "6 Nov 19940 08:49:37",
        "012 Nov 1994 08:49:37",
        "6 No 1994 08:49:37",
    ] {
        assert_eq!(cookie(text), None, "{text}");
    }
    assert_eq!(
        cookie("31 Dec 1601 23:59:59").unwrap(),
        "Mon, 31 Dec 1601 23:59:59 GMT"
    );
    assert_eq!(
        cookie("29 Feb 1996 0:0:0").unwrap(),
        "Thu, 29 Feb 1996 00:00:00 GMT"
    );
}

/// The first and the last day of each year, counted by the rule for leap years alone.
#[test]
fn years_begin_and_end_where_they_should() {
    let mut day = -719_162_i64;
    for year in 1..=9_999 {
        let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = if is_leap { 366 } else { 365 };
        for (day, date) in [
            (day, "01 Jan"),
            (day + 59, if is_leap { "29 Feb" } else { "01 Mar" }),
            (day + length - 1, "31 Dec"),
        ] {
            let seconds = day * 86_400 + 43_200;
            let distance = Duration::from_secs(seconds.unsigned_abs());
            let time = if seconds < 0 {
                UNIX_EPOCH - distance
            } else {
                UNIX_EPOCH + distance
            };
            let text = formatdate(time).unwrap();
            assert_eq!(text[5..], format!("{date} {year:04} 12:00:00 GMT"));
            assert_eq!(parse_http(&text, now()), Ok(time));
        }
        day += length;
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Every instant that can be written is read back, by both readers.
    #[test]
    fn what_is_written_is_read_back(seconds in 0..264_000_000_000_u64) {
        let time = before(11_644_473_600) + Duration::from_secs(seconds);
        let text = formatdate(time).unwrap();
        prop_assert_eq!(parse_http(&text, now()), Ok(time));
        prop_assert_eq!(parse_cookie(&text), Ok(time));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[ ,:0-9A-Za-z-]{0,40}") {
        let _ = parse_http(&text, now());
        let _ = parse_cookie(&text);
    }
}
