//! How a response's body goes out, and what of it has been given.

/// How a piece of a response's body goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Piece {
    /// As it is.
    AsIs,
    /// As a chunk: [`ChunkHead`](crate::proto::ChunkHead), the piece,
    /// [`CHUNK_END`](crate::proto::CHUNK_END).
    Chunk,
    /// Not at all: the request was HEAD, or the piece is empty.
    Nothing,
}

/// What of the response's body has been given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Outgoing {
    /// The head is not out.
    #[default]
    Due,
    /// The answer to HEAD: what is given is dropped.
    Head,
    /// The status has no content.
    NoContent,
    Length {
        declared: u64,
        given: u64,
    },
    Chunked,
    UntilClose,
    /// Complete, or given up.
    Ended,
}
