//! Table `chunk`: lines with the size of a chunk, decoded by httparse and stdhttp.
//!
//! httparse has a function for such a line. stdhttp decodes whole bodies, so what is measured is
//! one chunk in the middle of a body: the CRLF that ends the chunk before, the size line, and the
//! count of the data, which is not copied. httparse does the second of these alone.

use std::hint::black_box;

use stdhttp::proto::{BodyDecoder, BodyLength};

use crate::options::Options;
use crate::rounds::{self, Contestant};
use crate::table::Table;
use crate::{Result, ensure};

const CAPTION: &str = "Per line. stdhttp's figure is for a chunk in the middle of a body: CRLF, size \
                       line and the count of the data. httparse's is for the line alone.";

pub(crate) fn print(options: &Options) -> Result<()> {
    let names = ["httparse", "stdhttp"];
    let mut table = Table::new(
        ["size line".into()]
            .into_iter()
            .chain(rounds::columns(&names)),
    );
    for size in [64, 16_384] {
        let body = Body::new(size)?;
        let samples = rounds::measure(&options.pace(), body.contestants());
        table.push(format!("`{size:x}`"), samples.cells(1));
    }
    println!("## Decoding chunk-size lines\n\n{CAPTION}\n\n{table}");
    Ok(())
}

/// A body of equal chunks, of which there is one in memory: the end of the chunk before it, its
/// size line and its data.
struct Body {
    text: Vec<u8>,
    size: usize,
}

impl Body {
    /// Both decoders must find the size.
    fn new(size: usize) -> Result<Self> {
        let mut text = format!("\r\n{size:x}\r\n").into_bytes();
        text.resize(text.len() + size, b'x');
        let body = Self { text, size };
        let mut decoder = body.decoder();
        let found = (by_httparse(body.line()), by_stdhttp(&mut decoder, &body.text));
        ensure(
            found == (Some(size), Some(size)),
            format!("chunk of {size}: {found:?}"),
        )?;
        Ok(body)
    }

    /// What stands between the chunk before and the end of this one's data.
    fn line(&self) -> &[u8] {
        &self.text[2..]
    }

    /// A decoder that is behind the data of a chunk.
    fn decoder(&self) -> BodyDecoder {
        let mut decoder = BodyDecoder::default();
        decoder.restart(BodyLength::Chunked);
        by_stdhttp(&mut decoder, self.line());
        decoder
    }

    fn contestants(&self) -> Vec<Contestant<'_>> {
        let mut decoder = self.decoder();
        vec![
            Contestant::new(|| {
                let size = by_httparse(black_box(self.line()));
                assert_eq!(size, Some(self.size));
            }),
            Contestant::new(move || {
                let size = by_stdhttp(&mut decoder, black_box(&self.text));
                assert_eq!(size, Some(self.size));
            }),
        ]
    }
}

fn by_httparse(line: &[u8]) -> Option<usize> {
    match httparse::parse_chunk_size(line) {
        Ok(httparse::Status::Complete((_, size))) => usize::try_from(size).ok(),
        _ => None,
    }
}

fn by_stdhttp(decoder: &mut BodyDecoder, text: &[u8]) -> Option<usize> {
    let step = decoder.advance(text).ok()?;
    decoder.take(step.data);
    Some(step.data)
}
