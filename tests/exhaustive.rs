//! The promise: what is accepted is what the grammar allows and the documented tolerances add,
//! nothing else. Small spaces are tried in full and judged by a matcher of the ABNF: every octet
//! at every place of each element, all short strings of delimiters, all short sizes and lengths.
#![allow(missing_docs)]

#[path = "support/abnf.rs"]
mod abnf;

use std::collections::HashMap;

use stdhttp::proto::{
    BodyDecoder, BodyLength, ChunkHead, Exchange, Received, RequestContext, ResponseHead,
};
use stdhttp::{Limits, Skip, Tolerance};

/// Judges heads, and remembers its verdicts on lines: the matcher is slow.
#[derive(Default)]
struct Oracle {
    /// The tolerances of [`Tolerance::STANDARD`] hold, not those of [`Tolerance::STRICT`].
    standard: bool,
    lines: HashMap<(bool, Vec<u8>), bool>,
}

/// The length of a head, and its fields with folds joined.
type Head = (usize, Vec<(Vec<u8>, Vec<u8>)>);

impl Oracle {
    fn new(standard: bool) -> Self {
        let lines = HashMap::new();
        Self { standard, lines }
    }

    fn tolerance(&self) -> Tolerance {
        if self.standard {
            Tolerance::STANDARD
        } else {
            Tolerance::STRICT
        }
    }

    /// The head at the start of the input, if it is complete and acceptable. The tolerances:
    ///
    /// * `bare_lf`: a lone LF ends a line;
    /// * `leading_empty_lines`: up to four before the status line;
    /// * `missing_reason`: the line may end behind the status code;
    /// * `obs_fold`: a line that begins with SP or HTAB continues the field before it.
    fn head(&mut self, input: &[u8]) -> Option<Head> {
        let mut rest = input;
        let mut status_line = self.line(&mut rest)?;
        let mut empty_lines = 0;
        while self.standard && status_line.is_empty() && empty_lines < 4 {
            empty_lines += 1;
            status_line = self.line(&mut rest)?;
        }
        if !self.is_status_line(status_line) {
            return None;
        }
        let mut fields: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        loop {
            let line = self.line(&mut rest)?;
            match line {
                [] => return Some((input.len() - rest.len(), fields)),
                [b' ' | b'\t', ..] => {
                    let (_, value) = fields.last_mut().filter(|_| self.standard)?;
                    let more = Some(line).filter(|line| is_text(line))?.trim_ascii();
                    *value = [value.trim_ascii(), b" ", more]
                        .concat()
                        .trim_ascii()
                        .to_vec();
                }
                _ => fields.push(self.field(line)?),
            }
        }
    }

    fn line<'a>(&self, rest: &mut &'a [u8]) -> Option<&'a [u8]> {
        let end = rest.iter().position(|octet| *octet == b'\n')?;
        let line = &rest[..end];
        *rest = &rest[end + 1..];
        match line.strip_suffix(b"\r") {
            None if !self.standard => None,
            content => Some(content.unwrap_or(line)),
        }
    }

    /// The grammar, version 1, a code with a class.
    fn is_status_line(&mut self, line: &[u8]) -> bool {
        let standard = self.standard;
        line.starts_with(b"HTTP/1.")
            && line.get(9).is_some_and(|digit| *digit != b'0')
            && self.remembered(true, line, |line| match standard {
                true => abnf::is_status_line_standard(line),
                false => abnf::is_status_line(line),
            })
    }

    fn field(&mut self, line: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        if !self.remembered(false, line, abnf::is_field_line) {
            return None;
        }
        let colon = line.iter().position(|octet| *octet == b':')?;
        Some((
            line[..colon].to_vec(),
            line[colon + 1..].trim_ascii().to_vec(),
        ))
    }

    fn remembered(&mut self, status: bool, line: &[u8], judge: impl Fn(&[u8]) -> bool) -> bool {
        let verdict = self.lines.entry((status, line.to_vec()));
        *verdict.or_insert_with(|| judge(line))
    }

    /// Compares the crate's verdict on a head, and its fields, with the oracle's.
    fn check_head(&mut self, input: &[u8]) -> bool {
        let expected = self.head(input);
        let mut head = ResponseHead::new();
        let parsed = head.parse(input, &Limits::DEFAULT, &self.tolerance());
        let came = parsed.ok().flatten().map(|length| {
            let fields = head.headers().items_bytes();
            let fields = fields.map(|(name, value)| (name.to_vec(), value.to_vec()));
            (length, fields.collect())
        });
        let accepted = came.is_some();
        assert_eq!(came, expected, "\"{}\"", input.escape_ascii());
        accepted
    }
}

fn is_text(octets: &[u8]) -> bool {
    octets
        .iter()
        .all(|octet| matches!(octet, b'\t' | b' '..=b'~' | 0x80..))
}

/// Every text in which one octet of `base` is replaced by any, or any is put in.
fn mutations(base: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let places = 0..=base.len();
    let all = places.flat_map(|place| (0..=255u8).map(move |octet| (place, octet)));
    all.flat_map(move |(place, octet)| {
        let (before, after) = base.split_at(place);
        let inserted = [before, &[octet], after].concat();
        let replaced = (!after.is_empty()).then(|| [before, &[octet], &after[1..]].concat());
        [Some(inserted), replaced].into_iter().flatten()
    })
}

/// Every text of up to `most` octets of an alphabet.
fn texts(alphabet: &[u8], most: u32) -> impl Iterator<Item = Vec<u8>> {
    (0..=most).flat_map(move |length| {
        (0..alphabet.len().pow(length)).map(move |number| {
            let mut rest = number;
            let mut digit = || {
                let octet = alphabet[rest % alphabet.len()];
                rest /= alphabet.len();
                octet
            };
            (0..length).map(|_| digit()).collect()
        })
    })
}

/// Forty octets: digits, letters, white space, controls, signs, separators, and high octets that
/// other alphabets take for digits or spaces.
const FORTY: &[u8; 40] =
    b"019afAFgxX+-.,;:=\"_ \t\r\n\0\x0b\x0c\x1f\x7f()/\\%#\x80\x85\xa0\xb2\xd9\xff";

#[test]
fn every_octet_at_every_place_of_a_head() {
    for standard in [true, false] {
        let mut oracle = Oracle::new(standard);
        let base = b"HTTP/1.1 207 Ok y\r\nX-aB: c d\r\nY:\t1 \r\n e\r\n\r\n";
        let tried = mutations(base).map(|input| oracle.check_head(&input));
        let accepted: Vec<bool> = tried.collect();
        let count = accepted.iter().filter(|accepted| **accepted).count();
        println!("{} heads, {count} accepted", accepted.len());
        assert_eq!(accepted.len(), (2 * base.len() + 1) * 256);
        assert_eq!(count > 0, standard);
        mutations(b"HTTP/1.1 404 \r\nX: y\r\n\r\n").for_each(|input| {
            oracle.check_head(&input);
        });
    }
}

#[test]
fn all_short_strings_of_delimiters_at_seven_places_of_a_head() {
    let places: [(&[u8], &[u8]); 7] = [
        (b"", b"HTTP/1.1 200 OK\r\nX: 1\r\n\r\n"),
        (b"HTTP/1.1", b"200 OK\r\nX: 1\r\n\r\n"),
        (b"HTTP/1.1 200", b"OK\r\nX: 1\r\n\r\n"),
        (b"HTTP/1.1 200 OK", b"X: 1\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nX", b"1\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: 1", b"Y: 2\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: 1\r\n", b""),
    ];
    for standard in [true, false] {
        let mut oracle = Oracle::new(standard);
        for (before, after) in places {
            let mut counts = [0, 0];
            for text in texts(b"\r\n \ta:\0", 4) {
                let accepted = oracle.check_head(&[before, &text, after].concat());
                counts[usize::from(accepted)] += 1;
            }
            assert_eq!(counts[0] + counts[1], 2_801);
            assert!(counts[1] > 0);
        }
    }
}

/// What the decoder makes of the line up to its LF. `STRICT` is the grammar; the tolerances beyond
/// it, all of `STANDARD`: `chunk_size_padding`, white space behind the size, and of extensions
/// `empty_chunk_extension` and `malformed_chunk_extension`, any text.
fn check_chunk_line(input: &[u8], verdicts: &mut HashMap<Vec<u8>, [bool; 2]>) -> bool {
    let end = input
        .iter()
        .position(|octet| *octet == b'\n')
        .expect("a line");
    let line = &input[..=end];
    let content = line.strip_suffix(b"\r\n");
    let expected = content.map_or([false; 2], |content| {
        let verdict = verdicts.entry(content.to_vec());
        *verdict.or_insert_with(|| {
            [
                abnf::is_chunk_line_standard(content),
                abnf::is_chunk_line(content),
            ]
        })
    });
    let came = [Tolerance::STANDARD, Tolerance::STRICT];
    let came = came.map(|tolerance| takes_chunk_line(line, tolerance));
    assert_eq!(came, expected, "\"{}\"", line.escape_ascii());
    came[0]
}

fn takes_chunk_line(line: &[u8], tolerance: Tolerance) -> bool {
    let mut decoder = BodyDecoder::new(BodyLength::Chunked, Limits::DEFAULT, tolerance);
    let taken = decoder
        .advance(line)
        .is_ok_and(|step| step.framing == line.len());
    let alone = ChunkHead::parse(line, &Limits::DEFAULT, &tolerance);
    let alone = alone.is_ok_and(|head| head.is_some_and(|(_, length)| length == line.len()));
    assert_eq!(alone, taken, "\"{}\"", line.escape_ascii());
    taken
}

#[test]
fn every_octet_at_every_place_of_a_chunk_size_line() {
    let mut verdicts = HashMap::new();
    let mut counts = [0, 0];
    for base in [&b"1aF0\r\n"[..], b"3;n=v\r\n", b"0 ; n = \"q \\\"\" ;m\r\n"] {
        for input in mutations(base).filter(|input| input.contains(&b'\n')) {
            counts[usize::from(check_chunk_line(&input, &mut verdicts))] += 1;
        }
    }
    println!("{counts:?} refused and accepted");
    assert!(counts[0] > 2_000 && counts[1] > 2_000);
}

#[test]
fn all_strings_of_three_of_forty_octets_as_chunk_size() {
    let mut verdicts = HashMap::new();
    let mut counts = [0, 0];
    for text in texts(FORTY, 3) {
        let input = [&text, &b"\r\n"[..]].concat();
        counts[usize::from(check_chunk_line(&input, &mut verdicts))] += 1;
    }
    println!("{counts:?} refused and accepted");
    assert_eq!(counts[0] + counts[1], 65_641);
    assert!(counts[1] > 500);
}

/// A length is one run of digits, or, by the tolerance `repeated_content_length`, the same digits
/// over and over with commas between.
fn is_length(value: &[u8], standard: bool) -> bool {
    let mut elements = value.split(|octet| *octet == b',').map(<[u8]>::trim_ascii);
    let first = elements.next().unwrap_or_default();
    let alone = first.len() == value.len();
    abnf::is_content_length(first) && (alone || standard) && elements.all(|other| other == first)
}

#[test]
fn all_strings_of_three_of_forty_octets_as_content_length() {
    for standard in [true, false] {
        let mut oracle = Oracle::new(standard);
        let mut counts = [0, 0];
        for text in texts(FORTY, 3) {
            let input = [
                b"HTTP/1.1 200 OK\r\nContent-Length: ",
                &text[..],
                b"\r\n\r\n",
            ]
            .concat();
            let expected = oracle.head(&input).and_then(|(length, fields)| {
                let value = fields.iter().find(|(name, _)| name == b"Content-Length");
                value
                    .filter(|(_, value)| is_length(value, standard))
                    .map(|_| length)
            });
            let context = RequestContext::of_method("GET");
            let mut exchange = Exchange::answer_to(context, Limits::DEFAULT, oracle.tolerance());
            let came = match exchange.receive_head(&input) {
                Ok(Received::Final(length)) => Some(length),
                _ => None,
            };
            assert_eq!(came, expected, "\"{}\"", input.escape_ascii());
            counts[usize::from(came.is_some())] += 1;
        }
        println!("{counts:?} refused and accepted");
        assert_eq!(counts[0] + counts[1], 65_641);
        assert!(counts[1] > 39);
    }
}

#[test]
fn only_crlf_of_all_pairs_of_octets_follows_chunk_data() {
    for first in 0..=255u8 {
        for second in 0..=255u8 {
            let body = [b"1\r\nX", &[first, second][..], b"0\r\n\r\n"].concat();
            let mut decoder =
                BodyDecoder::new(BodyLength::Chunked, Limits::DEFAULT, Tolerance::STANDARD);
            let mut output = [0; 8];
            let mut at = 0;
            while let Ok(step) = decoder.decode(&body[at..], &mut output) {
                at += step.consumed;
                if step.consumed == 0 {
                    break;
                }
            }
            let crlf = [first, second] == *b"\r\n";
            assert_eq!(decoder.is_complete(), crlf, "{first} {second}");
            assert_eq!(decoder.delivered(), 1);
        }
    }
}

/// Whether chunks with this size line, encoded by the caller, may go out.
fn sends_chunk_line(line: &[u8]) -> bool {
    let mut exchange = Exchange::default();
    let begun = exchange.putrequest("POST", "/", Some("h"), Skip::default());
    begun.expect("a good request");
    let coding = exchange.putheader("Transfer-Encoding", "chunked");
    coding.expect("a good field");
    exchange.endheaders().expect("a good head");
    exchange
        .give(&[line, b"\r\nX\r\n0\r\n\r\n"].concat())
        .is_ok()
}

/// Size lines of one octet of data with every short extension, and with all octets at all places.
#[test]
fn chunk_extensions_of_the_callers_own_follow_the_grammar() {
    let short = texts(b";a=\"\\ \t(\xe9", 5).map(|text| [b"1", &text[..]].concat());
    let long = mutations(b"01;n=v;m=\"q \\\"\";k").filter(|line| line.starts_with(b"01;"));
    let mut counts = [0, 0];
    for line in short.chain(long) {
        let expected = abnf::is_sent_chunk_line(&line);
        assert_eq!(sends_chunk_line(&line), expected, "{}", line.escape_ascii());
        counts[usize::from(expected)] += 1;
    }
    println!("{counts:?} refused and accepted");
    assert!(counts[0] > 60_000 && counts[1] > 800);
}

/// The octets as characters of the same numbers.
fn latin1(octets: &[u8]) -> String {
    octets.iter().copied().map(char::from).collect()
}

/// Whether a request with these parts can be begun.
fn begins(method: &str, target: &str) -> bool {
    let mut exchange = Exchange::default();
    let begun = exchange.putrequest(method, target, Some("h"), Skip::default());
    if begun.is_err() {
        assert!(exchange.head().is_empty());
    }
    begun.is_ok()
}

#[test]
fn every_octet_at_every_place_of_a_method() {
    let pairs = (0..=65_535u16).map(|pair| pair.to_be_bytes().to_vec());
    let methods = mutations(b"GeT").chain(mutations(b"M-SEARCH")).chain(pairs);
    for method in methods.map(|method| latin1(&method)) {
        let expected = abnf::is_method(method.as_bytes());
        assert_eq!(begins(&method, "/"), expected, "{method:?}");
    }
}

/// The path without the characters that are accepted beyond the grammar.
fn plain(path: &str) -> String {
    path.replace(|octet| "\"%<>[\\]^`{|}".contains(octet), "_")
}

/// Beyond the grammar, a target may hold any visible character of US-ASCII but `#`, and `%` need
/// not be followed by digits: servers decide what such a path means.
#[test]
fn every_octet_at_every_place_of_a_target() {
    let legal = |target: &str| {
        let visible = |octet: u8| (b'!'..=b'~').contains(&octet) && octet != b'#';
        target.starts_with('/') && target.bytes().all(visible)
    };
    for target in mutations(b"/a%20?b=/c").chain(mutations(b"/")) {
        let target = latin1(&target);
        assert_eq!(begins("GET", &target), legal(&target), "{target:?}");
        if begins("GET", &target) {
            let line = format!("GET {} HTTP/1.1", plain(&target));
            assert!(abnf::is_request_line(line.as_bytes()), "{target:?}");
        }
    }
}

/// In the other forms nothing beyond the grammar passes but the characters of a path.
#[test]
fn every_octet_at_every_place_of_the_other_targets() {
    let bases: [(&str, &[u8]); 4] = [
        ("GET", b"http://h:80/p"),
        ("GET", b"http://[::1]/"),
        ("CONNECT", b"h:443"),
        ("OPTIONS", b"*"),
    ];
    for (method, base) in bases {
        let mut accepted = 0;
        for target in mutations(base).map(|target| latin1(&target)) {
            if !begins(method, &target) {
                continue;
            }
            accepted += 1;
            let behind_scheme = target.find("://").map_or(target.len(), |at| at + 3);
            let authority = if target.starts_with('/') {
                0
            } else {
                behind_scheme
            };
            let path = target[authority..]
                .find('/')
                .map_or(target.len(), |at| authority + at);
            let line = format!(
                "{method} {}{} HTTP/1.1",
                &target[..path],
                plain(&target[path..])
            );
            assert!(abnf::is_request_line(line.as_bytes()), "{target:?}");
        }
        assert!(accepted > 0, "{method}");
    }
}

#[test]
fn every_octet_at_every_place_of_a_field_name() {
    let pairs = (0..=65_535u16).map(|pair| pair.to_be_bytes().to_vec());
    for name in mutations(b"X-ab").chain(pairs) {
        if name.eq_ignore_ascii_case(b"te") {
            continue; // its value has a grammar of its own
        }
        let line = field_line(&name, b"1");
        assert_eq!(
            line.is_some(),
            abnf::is_token(&name),
            "\"{}\"",
            name.escape_ascii()
        );
        let expected = [&name, &b": 1\r\n"[..]].concat();
        assert!(line.is_none_or(|line| line == expected));
    }
}

#[test]
fn every_octet_at_every_place_of_a_field_value() {
    for value in mutations(b"a b")
        .chain(texts(FORTY, 2))
        .chain(mutations(b""))
    {
        let line = field_line(b"X", &value);
        let given = [b"X:", &value[..]].concat();
        let text = format!("\"{}\"", value.escape_ascii());
        assert_eq!(line.is_some(), abnf::is_field_line(&given), "{text}");
        let expected = [b"X: ", value.trim_ascii(), b"\r\n"].concat();
        assert!(line.is_none_or(|line| line == expected), "{text}");
    }
}

/// The line that a field becomes; nothing if it is refused, and then nothing is written.
fn field_line(name: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    let mut exchange = Exchange::default();
    exchange
        .putrequest("GET", "/", Some("h"), Skip::default())
        .expect("a good request");
    let before = exchange.head().len();
    let put = exchange.putheader_bytes(name, value);
    let line = exchange.head()[before..].to_vec();
    assert_eq!(put.is_err(), line.is_empty());
    put.is_ok().then_some(line)
}
