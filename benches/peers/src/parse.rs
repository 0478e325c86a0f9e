//! Table `parse`: heads of responses, parsed by httparse, stdhttp and http-net.
//!
//! Each parser also adds up what it found: the status, the number of fields, the lengths of names
//! and values. That makes it hand out every field once, as a caller would take them, and shows
//! that all of them found the same.

use std::hint::black_box;
use std::mem::MaybeUninit;

use http_net::{Asked, FieldSpan, Parsed};
use stdhttp::proto::ResponseHead;
use stdhttp::{Limits, Tolerance};

use crate::inputs::{self, Input};
use crate::options::Options;
use crate::rounds::{self, Contestant, geometric_mean};
use crate::table::Table;
use crate::{Result, ensure};

/// So many inputs are those that stdhttp's parser was chosen on.
const CHOSEN_ON: usize = 5;

/// More than the fields of any input.
const MOST_FIELDS: usize = 64;

const NAMES: [&str; 3] = ["httparse", "stdhttp", "http-net"];

pub(crate) fn print(options: &Options) -> Result<()> {
    let names = ["response head".to_owned(), "octets".to_owned()];
    let mut table = Table::new(names.into_iter().chain(rounds::columns(&NAMES)));
    let (mut ratios, mut notes) = (Vec::new(), String::new());
    for input in inputs::heads() {
        notes += &check(&input)?;
        let samples = rounds::measure(&options.pace(), contestants(&input));
        let octets: usize = input.texts.iter().map(Vec::len).sum();
        let mut cells = vec![(octets / input.texts.len()).to_string()];
        cells.extend(samples.cells(input.texts.len()));
        table.push(input.name, cells);
        ratios.push([samples.ratio(1), samples.ratio(2)]);
    }
    table.push("geometric mean, first 5", means(&ratios[..CHOSEN_ON]));
    table.push("geometric mean, others", means(&ratios[CHOSEN_ON..]));
    println!("## Parsing heads\n\nPer head; every field is looked at once.{notes}\n\n{table}");
    Ok(())
}

/// Aligned with the columns of ratios.
fn means(ratios: &[[f64; 2]]) -> Vec<String> {
    let mean = |parser: usize| {
        let of_parser: Vec<f64> = ratios.iter().map(|ratios| ratios[parser]).collect();
        format!("{:.2}", geometric_mean(&of_parser))
    };
    let none = String::new;
    vec![none(), none(), none(), mean(0), none(), mean(1)]
}

/// All parsers must find the same. http-net decides on the framing as well, and may refuse a head
/// for that when it has parsed it; how often it did is said below the heading.
fn check(input: &Input) -> Result<String> {
    let (mut head, mut spans) = (ResponseHead::new(), spans());
    let mut refused = 0;
    for text in &input.texts {
        let found = [
            by_httparse(text),
            by_stdhttp(&mut head, text),
            by_http_net(&mut spans, text),
        ];
        let same = |one: Digest| one.is_some() && one == found[0];
        ensure(
            same(found[1]) && (same(found[2]) || found[2].is_none()),
            format!("{}: {NAMES:?} found {found:?}", input.name),
        )?;
        refused += usize::from(found[2].is_none());
    }
    Ok(match refused {
        0 => String::new(),
        _ => format!(
            " http-net refuses {refused} of \"{}\" for their framing.",
            input.name
        ),
    })
}

/// Each parser keeps between heads what its interface lets it keep.
fn contestants(input: &Input) -> Vec<Contestant<'_>> {
    let (mut head, mut spans) = (ResponseHead::new(), spans());
    vec![
        contestant(input, by_httparse),
        contestant(input, move |text| by_stdhttp(&mut head, text)),
        contestant(input, move |text| by_http_net(&mut spans, text)),
    ]
}

fn contestant<'a>(input: &'a Input, mut parse: impl FnMut(&[u8]) -> Digest + 'a) -> Contestant<'a> {
    Contestant::new(move || {
        for text in &input.texts {
            black_box(parse(black_box(text)));
        }
    })
}

/// What was found, added up; nothing if the head was refused.
type Digest = Option<usize>;

fn spans() -> [FieldSpan; MOST_FIELDS] {
    [FieldSpan::default(); MOST_FIELDS]
}

/// A count of fields, which no sum of lengths reaches, and the lengths.
fn add_up<'a>(status: u16, fields: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> usize {
    fields.fold(usize::from(status), |sum, (name, value)| {
        sum + 100_000 + name.len() + value.len()
    })
}

/// In its fastest way, which is how hyper calls it.
fn by_httparse(text: &[u8]) -> Digest {
    let mut fields = [const { MaybeUninit::uninit() }; MOST_FIELDS];
    let mut response = httparse::Response::new(&mut []);
    let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut response,
        text,
        &mut fields,
    );
    if !parsed.ok()?.is_complete() {
        return None;
    }
    let fields = response.headers.iter();
    let fields = fields.map(|field| (field.name.as_bytes(), field.value));
    Some(add_up(response.code?, fields))
}

fn by_stdhttp(head: &mut ResponseHead, text: &[u8]) -> Digest {
    head.reset();
    let parsed = head.parse(text, &Limits::DEFAULT, &Tolerance::STANDARD);
    parsed.ok()??;
    Some(add_up(head.status(), head.headers().items_bytes()))
}

fn by_http_net(spans: &mut [FieldSpan], text: &[u8]) -> Digest {
    let limits = http_net::Limits::new();
    let parsed = http_net::parse_response_head(text, &limits, Asked::default(), spans);
    let Parsed::Complete { head, .. } = parsed.ok()? else {
        return None;
    };
    let head = head.view();
    let fields = head.headers();
    let fields = fields.map(|(name, value)| (name.as_bytes(), value));
    Some(add_up(head.status(), fields))
}
