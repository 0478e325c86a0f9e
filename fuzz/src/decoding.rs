//! The chunked coding, decoded in different ways.

use stdhttp::proto::{BodyDecoder, BodyLength, CHUNK_END, ChunkHead, LAST_CHUNK};
use stdhttp::{HTTPException, Limits, Tolerance};

/// What came of a body in the chunked coding.
#[derive(Debug, PartialEq, Eq)]
pub struct Body {
    pub data: Vec<u8>,
    pub consumed: usize,
    pub complete: bool,
    pub trailers: usize,
    pub failure: Option<String>,
}

/// Decodes `input`, which arrives up to each of the cuts in turn, into outputs of `room` octets.
pub fn decode(input: &[u8], cuts: &[usize], room: usize, tolerance: Tolerance) -> Body {
    let mut decoder = BodyDecoder::new(BodyLength::Chunked, Limits::DEFAULT, tolerance);
    let mut body = Body {
        data: Vec::new(),
        consumed: 0,
        complete: false,
        trailers: 0,
        failure: None,
    };
    let result = cuts
        .iter()
        .copied()
        .chain([input.len()])
        .try_for_each(|cut| decode_up_to(cut, room, input, &mut decoder, &mut body));
    body.failure = result.err().map(|error| format!("{error:?}"));
    body.complete = decoder.is_complete();
    body.trailers = decoder.trailers().len();
    if body.failure.is_some() {
        // Where a fault stands is not part of what is promised.
        body.consumed = 0;
    }
    body
}

fn decode_up_to(
    cut: usize,
    room: usize,
    input: &[u8],
    decoder: &mut BodyDecoder,
    body: &mut Body,
) -> Result<(), HTTPException> {
    let mut output = vec![0; room];
    while body.consumed < cut {
        let step = decoder.decode(&input[body.consumed..cut], &mut output)?;
        body.consumed += step.consumed;
        body.data.extend_from_slice(&output[..step.produced]);
        if step.produced == 0 {
            break;
        }
    }
    Ok(())
}

/// Data in the chunked coding, in chunks of `size` octets.
pub fn encode(data: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in data.chunks(size) {
        out.extend_from_slice(ChunkHead::new(piece.len() as u64).as_bytes());
        out.extend_from_slice(piece);
        out.extend_from_slice(CHUNK_END);
    }
    out.extend_from_slice(LAST_CHUNK);
    out
}
