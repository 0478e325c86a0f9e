//! Table `chunk`: the framing of chunked bodies, decoded by httparse and stdhttp.
//!
//! First one line with a size, over and over. Then a walk through a whole body without copying its
//! data: what has to be found is every size, and the CRLF behind every chunk. Where a line begins
//! depends on the size in the one before, as it does in use. The bodies fit into a cache close to
//! the processor.

use std::hint::black_box;

use stdhttp::proto::{BodyDecoder, BodyLength, ChunkHead};
use stdhttp::{Limits, Tolerance};

use crate::options::Options;
use crate::rounds::{self, Contestant};
use crate::table::Table;
use crate::{Result, ensure, inputs};

const NAMES: [&str; 2] = ["httparse", "stdhttp"];

const CAPTION: &str = "\
Per chunk. A line alone is `parse_chunk_size` against `ChunkHead::parse`. A body is walked through \
without copying its data, the size line and the CRLF behind the data: httparse is \
`parse_chunk_size` with a comparison for that CRLF, stdhttp its `BodyDecoder`, which also counts, \
keeps limits, and can stop at any octet.";

pub(crate) fn print(options: &Options) -> Result<()> {
    let name = ["chunks".to_owned()];
    let mut table = Table::new(name.into_iter().chain(rounds::columns(&NAMES)));
    for size in [64, 16_384] {
        let line = format!("{size:x}\r\n");
        let samples = rounds::measure(&options.pace(), line_contestants(&line, size)?);
        table.push(
            format!("one line of {size} octets"),
            samples.cells(REPEATED),
        );
    }
    for (count, size) in [(1_000, 64), (16, 16_384)] {
        let body = inputs::chunked(count * size, size);
        let awaited = Some(Found {
            chunks: count,
            octets: count * size,
        });
        let samples = rounds::measure(&options.pace(), contestants(&body, awaited)?);
        table.push(format!("{count} of {size} octets"), samples.cells(count));
    }
    println!("## Decoding the framing of chunks\n\n{CAPTION}\n\n{table}");
    Ok(())
}

/// So often a line is read in one sample: a single one takes no longer than to look at the clock.
const REPEATED: usize = 64;

fn line_contestants(line: &str, size: usize) -> Result<Vec<Contestant<'_>>> {
    let line = line.as_bytes();
    let found = [httparse_line(line), stdhttp_line(line)];
    ensure(
        found == [Some((size as u64, line.len())); 2],
        format!("{NAMES:?} found {found:?} instead of {size}"),
    )?;
    Ok(vec![
        Contestant::new(|| repeat(line, httparse_line)),
        Contestant::new(|| repeat(line, stdhttp_line)),
    ])
}

fn repeat(line: &[u8], read: impl Fn(&[u8]) -> Option<(u64, usize)>) {
    for _ in 0..REPEATED {
        black_box(read(black_box(line)));
    }
}

/// The size, and the length of the line.
fn httparse_line(line: &[u8]) -> Option<(u64, usize)> {
    match httparse::parse_chunk_size(line) {
        Ok(httparse::Status::Complete((length, size))) => Some((size, length)),
        _ => None,
    }
}

fn stdhttp_line(line: &[u8]) -> Option<(u64, usize)> {
    match ChunkHead::parse(line, &Limits::DEFAULT, &Tolerance::STANDARD) {
        Ok(Some(found)) => Some(found),
        _ => None,
    }
}

/// What was found in a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Found {
    chunks: usize,
    octets: usize,
}

impl Found {
    fn count(&mut self, octets: usize) {
        self.chunks += 1;
        self.octets += octets;
    }
}

fn contestants(body: &[u8], awaited: Option<Found>) -> Result<Vec<Contestant<'_>>> {
    let mut decoder = BodyDecoder::default();
    let found = [by_httparse(body), by_stdhttp(&mut decoder, body)];
    ensure(
        found == [awaited; 2],
        format!("{NAMES:?} found {found:?} instead of {awaited:?}"),
    )?;
    Ok(vec![
        Contestant::new(|| {
            black_box(by_httparse(black_box(body)));
        }),
        Contestant::new(move || {
            black_box(by_stdhttp(&mut decoder, black_box(body)));
        }),
    ])
}

fn by_httparse(body: &[u8]) -> Option<Found> {
    let mut found = Found::default();
    let mut rest = body;
    loop {
        let (line, size) = match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete((line, size))) => (line, usize::try_from(size).ok()?),
            _ => return None,
        };
        rest = rest.get(line + size..)?.strip_prefix(b"\r\n")?;
        if size == 0 {
            return Some(found);
        }
        found.count(size);
    }
}

fn by_stdhttp(decoder: &mut BodyDecoder, body: &[u8]) -> Option<Found> {
    let mut found = Found::default();
    let mut rest = body;
    decoder.restart(BodyLength::Chunked);
    loop {
        let step = decoder.advance(rest).ok()?;
        if decoder.is_complete() {
            return Some(found);
        }
        decoder.take(step.data);
        rest = rest.get(step.framing + step.data..)?;
        found.count(step.data);
    }
}
