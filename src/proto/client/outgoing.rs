//! What of a request's body has been given.

use crate::error::{BodyFault, HTTPException};
use crate::proto::body::BodyDecoder;

/// What of the request's body has been given.
#[derive(Debug, Default)]
pub(super) enum Outgoing {
    /// The head declared none.
    #[default]
    None,
    Length {
        declared: u64,
        given: u64,
    },
    /// Chunked, and it is not known yet who encodes.
    Chunked,
    /// We encode.
    Encoded,
    /// The caller encodes; this reads along. `ahead` bytes were read and could not be written:
    /// the caller gives them again.
    RawChunks {
        decoder: Box<BodyDecoder>,
        ahead: usize,
    },
    /// Complete.
    Complete,
    /// The caller is trusted.
    AsGiven,
    /// The rest is not sent.
    GivenUp,
}

pub(super) fn invalid_body(fault: BodyFault) -> HTTPException {
    HTTPException::InvalidBody { fault }
}
