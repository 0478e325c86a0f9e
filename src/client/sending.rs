//! The ways a body goes out: bytes, files, readers and pieces, as they are or as chunks (RFC 9112
//! sections 6 and 7).

use crate::client::body::{Body, Content, First, OpenFile, Pieces, ReadSome, source_error};
use crate::client::connect::Connect;
use crate::client::connection::HTTPConnection;
use crate::client::progress::Upload;
#[cfg(all(feature = "sys", target_os = "linux"))]
use crate::client::progress::{LOOK_INTERVAL, size};
use crate::client::upload::Piece;
use crate::error::HTTPException;
use crate::proto::client::request::DeclaredBody;
use crate::proto::{ChunkHead, LAST_CHUNK};
use crate::transport::buffer::Buffer;

/// A body up to this size is copied behind the head, so that both leave in one plain write.
const SMALL_BODY: usize = 8_192;

/// How the pieces of a body go out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    AsIs,
    Chunked,
}

impl<C: Connect> HTTPConnection<C> {
    pub(super) fn send_body(
        &mut self,
        body: Body<'_>,
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<Upload, HTTPException> {
        let put = match body.content {
            Content::Empty => return self.flush_head(),
            Content::Bytes(bytes) if bytes.len() <= SMALL_BODY => {
                return self.send_small(&bytes, encoding);
            }
            Content::Bytes(bytes) => self.send_bytes(&bytes, encoding, written),
            Content::File(file) => self.send_file(file, encoding, written),
            Content::Reader(mut reader) => self.send_reader(&mut *reader, encoding, written),
            Content::Sized(mut reader, length) => {
                self.send_sized(&mut *reader, length, encoding, written)
            }
            Content::Pieces(mut pieces) => self.send_pieces(&mut *pieces, encoding, written),
        };
        let sent = match put {
            Ok(Upload::GoOn) => self.finish_writing(),
            ended => ended,
        };
        sent.map_err(|error| self.upload_failed(error, *written))
    }

    /// A small body is copied behind the head. After a timeout the next call goes on with both.
    pub(super) fn send_small(
        &mut self,
        bytes: &[u8],
        encoding: Encoding,
    ) -> Result<Upload, HTTPException> {
        let chunk = chunk_head(bytes);
        let (start, end) = match self.enclose(bytes, encoding, &chunk) {
            Ok(enclosure) => enclosure,
            Err(error) => return Err(self.upload_failed(error, 0)),
        };
        let buffer = self.incoming.exchange.head_buffer();
        buffer.extend_from_slice(start);
        buffer.extend_from_slice(bytes);
        buffer.extend_from_slice(end);
        self.incoming.exchange.writing();
        self.flush_head()
    }

    /// Takes note of a whole body; what stands before and behind it.
    fn enclose<'c>(
        &mut self,
        bytes: &[u8],
        encoding: Encoding,
        chunk: &'c ChunkHead,
    ) -> Result<(&'c [u8], &'c [u8]), HTTPException> {
        let exchange = &mut self.incoming.exchange;
        match (encoding, bytes) {
            (Encoding::AsIs, _) => {
                exchange.give(bytes)?;
                Ok((&[], &[]))
            }
            (Encoding::Chunked, []) => {
                exchange.give_last_chunk()?;
                Ok((&[], LAST_CHUNK))
            }
            (Encoding::Chunked, _) => {
                exchange.give_last_chunk()?;
                Ok((chunk.as_bytes(), b"\r\n0\r\n\r\n"))
            }
        }
    }

    fn send_bytes(
        &mut self,
        bytes: &[u8],
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<Upload, HTTPException> {
        let chunk = chunk_head(bytes);
        let (before, after) = self.enclose(bytes, encoding, &chunk)?;
        let piece = Piece {
            before,
            data: bytes,
            after,
        };
        self.put(piece, written)
    }

    fn send_file(
        &mut self,
        mut file: OpenFile<'_>,
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<Upload, HTTPException> {
        let given = self.incoming.exchange.tolerance().body_as_given;
        let length = match self.incoming.exchange.declared() {
            DeclaredBody::Length(length) if !given => length,
            _ => return self.send_reader(&mut file, encoding, written),
        };
        #[cfg(all(feature = "sys", target_os = "linux"))]
        let Some(length) = self.send_by_kernel(file.file(), length, written)? else {
            return Ok(Upload::Stop);
        };
        let mut counted = First {
            reader: &mut file,
            left: length,
        };
        self.send_reader(&mut counted, encoding, written)
    }

    /// Has the kernel send the file as it is, as far as it does; returns what is left, or nothing if the
    /// peer does not want the rest.
    #[cfg(all(feature = "sys", target_os = "linux"))]
    fn send_by_kernel(
        &mut self,
        file: &std::fs::File,
        length: u64,
        written: &mut u64,
    ) -> Result<Option<u64>, HTTPException> {
        let mut left = length;
        if self.put(Piece::default(), written)? == Upload::Stop {
            return Ok(None);
        }
        let mut patience = self.patience(length);
        while left > 0 {
            let most = usize::try_from(left).map_or(LOOK_INTERVAL, |left| left.min(LOOK_INTERVAL));
            let upload = match self.incoming.source.send_file(file, most, &mut patience) {
                Ok(Some(0)) => break,
                Ok(Some(count)) => {
                    self.incoming.exchange.give_count(count)?;
                    *written = written.saturating_add(size(count));
                    left = left.saturating_sub(size(count));
                    self.note_sent(count)?
                }
                Ok(None) => self.look_for_answer()?,
                Err(error) => self.write_failed(error)?,
            };
            if upload == Upload::Stop {
                return Ok(None);
            }
        }
        Ok(Some(left))
    }

    /// Exactly `length` bytes: a reader that ends early is an error, and what is chunked then has
    /// no end.
    fn send_sized(
        &mut self,
        reader: &mut dyn ReadSome,
        length: u64,
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<Upload, HTTPException> {
        let mut counted = First {
            reader,
            left: length,
        };
        if self.send_blocks(&mut counted, encoding, written)? == Upload::Stop {
            return Ok(Upload::Stop);
        }
        let missing = counted.left;
        let tolerant = self.incoming.exchange.tolerance().body_as_given;
        if missing == 0 || tolerant && encoding == Encoding::AsIs {
            return self.end_pieces(encoding);
        }
        Err(HTTPException::BodyLengthMismatch {
            declared: length,
            given: length.saturating_sub(missing),
        })
    }

    fn send_reader(
        &mut self,
        reader: &mut dyn ReadSome,
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<Upload, HTTPException> {
        match self.send_blocks(reader, encoding, written)? {
            Upload::GoOn => self.end_pieces(encoding),
            Upload::Stop => Ok(Upload::Stop),
        }
    }

    /// Blocks, each in one write, until the reader is at its end.
    fn send_blocks(
        &mut self,
        reader: &mut dyn ReadSome,
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<Upload, HTTPException> {
        if self.put(Piece::default(), written)? == Upload::Stop {
            return Ok(Upload::Stop);
        }
        let mut block = std::mem::take(&mut self.block);
        let sent = self.send_each_block(reader, &mut block, encoding, written);
        self.block = block;
        sent
    }

    /// The first blocks are smaller, so that a short body does not cost the memory of a long one.
    fn send_each_block(
        &mut self,
        reader: &mut dyn ReadSome,
        block: &mut Vec<u8>,
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<Upload, HTTPException> {
        block.resize(self.blocksize.min(Buffer::SIZE).max(block.len()), 0);
        loop {
            let count = read_block(reader, block)?;
            let piece = block.get(..count).unwrap_or_default();
            if count == 0 || self.send_piece(piece, encoding, written)? == Upload::Stop {
                return Ok(if count == 0 {
                    Upload::GoOn
                } else {
                    Upload::Stop
                });
            }
            if count == block.len() {
                block.resize(self.blocksize, 0);
            }
        }
    }

    fn send_pieces(
        &mut self,
        pieces: &mut dyn Pieces,
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<Upload, HTTPException> {
        if self.put(Piece::default(), written)? == Upload::Stop {
            return Ok(Upload::Stop);
        }
        while let Some(piece) = pieces.next_piece() {
            let piece = piece.map_err(source_error)?;
            if self.send_piece(piece, encoding, written)? == Upload::Stop {
                return Ok(Upload::Stop);
            }
        }
        self.end_pieces(encoding)
    }

    /// One piece of a body; an empty one would end a chunked body and is left out.
    pub(super) fn send_piece(
        &mut self,
        data: &[u8],
        encoding: Encoding,
        written: &mut u64,
    ) -> Result<Upload, HTTPException> {
        if data.is_empty() {
            return Ok(Upload::GoOn);
        }
        match encoding {
            Encoding::AsIs => {
                self.incoming.exchange.give(data)?;
                self.put(Piece::data(data), written)
            }
            Encoding::Chunked => {
                self.incoming.exchange.give_chunk()?;
                self.put(Piece::chunk(&chunk_head(data), data), written)
            }
        }
    }

    fn end_pieces(&mut self, encoding: Encoding) -> Result<Upload, HTTPException> {
        if encoding == Encoding::AsIs {
            return Ok(Upload::GoOn);
        }
        self.incoming.exchange.give_last_chunk()?;
        self.put(Piece::framing(LAST_CHUNK), &mut 0)
    }
}

pub(super) fn chunk_head(data: &[u8]) -> ChunkHead {
    ChunkHead::new(u64::try_from(data.len()).unwrap_or(u64::MAX))
}

/// Fills the block as far as one read does.
fn read_block(reader: &mut dyn ReadSome, block: &mut [u8]) -> Result<usize, HTTPException> {
    loop {
        match reader.read_some(block) {
            Ok(count) => return Ok(count),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(source_error(error)),
        }
    }
}
