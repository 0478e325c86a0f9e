//! A file on its way out: whole, in parts, or not at all since the client has it (RFC 9110 sections
//! 13 to 15).

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::time::SystemTime;

use crate::dates;
use crate::error::HTTPException;
use crate::message::HTTPMessage;
use crate::server::base::BaseHTTPRequestHandler;
use crate::server::files::SimpleHTTPRequestHandler;
use crate::server::files::conditional::{
    Precondition, Validators, evaluate_preconditions, range_applies,
};
use crate::server::files::ranges::Ranges;

/// A file that was opened.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) file: File,
    length: u64,
    modified: Option<SystemTime>,
    content_type: String,
    /// The coding that the file is in.
    coding: Option<&'static str>,
}

impl Found {
    pub(super) fn new(
        file: File,
        content_type: String,
        coding: Option<&'static str>,
    ) -> io::Result<Self> {
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
            file,
            content_type,
            coding,
        })
    }
}

/// Answers with a file.
pub(super) fn send(
    handler: &SimpleHTTPRequestHandler,
    request: &mut BaseHTTPRequestHandler<'_>,
    found: Found,
) -> Result<(), HTTPException> {
    let now = SystemTime::now();
    let validators = Validators::new(found.modified, found.length, now).coded(found.coding);
    match evaluate_preconditions(request.headers(), &validators, now) {
        Precondition::NotModified => return not_modified(handler, request, &validators),
        Precondition::Failed => return request.send_error(412, None, None),
        Precondition::Passed => {}
    }
    let response = Response {
        handler,
        validators,
        found,
    };
    // Files of `/proc` say 0 and have content all the same.
    if response.found.length == 0 {
        return response.until_end(request);
    }
    match asked_parts(request, &response, now) {
        Ranges::Whole => response.whole(request),
        Ranges::Unsatisfiable => response.unsatisfiable(request),
        Ranges::Parts(parts) => match parts.as_slice() {
            [part] => response.part(request, part),
            _ => response.parts(request, &parts),
        },
    }
}

/// Ranges count for GET alone, and only of what `If-Range` takes it for.
fn asked_parts(
    request: &BaseHTTPRequestHandler<'_>,
    response: &Response<'_>,
    now: SystemTime,
) -> Ranges {
    let headers: &HTTPMessage = request.headers();
    let mut values = headers.get_all_bytes("range");
    match (values.next(), values.next()) {
        (Some(value), None)
            if request.command() == "GET" && range_applies(headers, &response.validators, now) =>
        {
            Ranges::parse(value, response.found.length)
        }
        _ => Ranges::Whole,
    }
}

/// 304 has what identifies the file, and nothing that describes it.
fn not_modified(
    handler: &SimpleHTTPRequestHandler,
    request: &mut BaseHTTPRequestHandler<'_>,
    validators: &Validators,
) -> Result<(), HTTPException> {
    request.send_response(304, None)?;
    send_validators(handler, request, validators)?;
    handler.send_extra(request, |name| {
        CACHED_BY
            .iter()
            .any(|known| known.eq_ignore_ascii_case(name))
    })?;
    request.end_headers()
}

/// Fields that 304 must have where 200 would (RFC 9110 section 15.4.5).
const CACHED_BY: [&str; 4] = ["Cache-Control", "Content-Location", "Expires", "Vary"];

fn send_validators(
    handler: &SimpleHTTPRequestHandler,
    request: &mut BaseHTTPRequestHandler<'_>,
    validators: &Validators,
) -> Result<(), HTTPException> {
    if let Some(date) = validators.last_modified().and_then(dates::formatdate) {
        request.send_header("Last-Modified", date)?;
    }
    if let Some(etag) = validators.etag() {
        // A text that grows as it is written would be several allocations.
        let mut text = String::with_capacity(40);
        let written = write!(text, "{etag}");
        debug_assert!(written.is_ok());
        request.send_header("ETag", text)?;
    }
    if handler.precompressed {
        request.send_header("Vary", "Accept-Encoding")?;
    }
    Ok(())
}

/// A response with a file's content.
struct Response<'h> {
    handler: &'h SimpleHTTPRequestHandler,
    validators: Validators,
    found: Found,
}

impl Response<'_> {
    /// The fields that every response with content has.
    fn begin(
        &self,
        request: &mut BaseHTTPRequestHandler<'_>,
        status: u16,
        content_type: &str,
    ) -> Result<(), HTTPException> {
        request.send_response(status, None)?;
        request.send_header("Content-Type", content_type)?;
        if let Some(coding) = self.found.coding {
            request.send_header("Content-Encoding", coding)?;
        }
        request.send_header("Accept-Ranges", "bytes")?;
        send_validators(self.handler, request, &self.validators)?;
        self.handler.send_extra(request, |_| true)
    }

    fn whole(mut self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        // Files of `/sys` are shorter than they say, and some of them can't be read.
        let read = request.read_ahead(&self.found.file, self.found.length)?;
        if let Some(count) = read.filter(|&count| count < self.found.length) {
            self.found.length = count;
            self.validators = Validators::new(None, count, SystemTime::now());
        }
        self.begin(request, 200, &self.found.content_type)?;
        request.send_header("Content-Length", self.found.length)?;
        request.end_headers()?;
        match read {
            Some(_) => request.write_ahead(),
            None => request.copy_file(&self.found.file, self.found.length),
        }
    }

    fn part(
        mut self,
        request: &mut BaseHTTPRequestHandler<'_>,
        part: &Range<u64>,
    ) -> Result<(), HTTPException> {
        self.begin(request, 206, &self.found.content_type)?;
        request.send_header("Content-Range", content_range(part, self.found.length))?;
        let length = part.end.saturating_sub(part.start);
        request.send_header("Content-Length", length)?;
        request.end_headers()?;
        self.found.file.seek(SeekFrom::Start(part.start))?;
        request.copy_file(&self.found.file, length)
    }

    /// Several parts, as `multipart/byteranges` (RFC 9110 section 14.6).
    fn parts(
        mut self,
        request: &mut BaseHTTPRequestHandler<'_>,
        parts: &[Range<u64>],
    ) -> Result<(), HTTPException> {
        let boundary = boundary();
        let heads: Vec<String> = parts
            .iter()
            .map(|part| {
                format!(
                    "\r\n--{boundary}\r\nContent-Type: {}\r\nContent-Range: {}\r\n\r\n",
                    self.found.content_type,
                    content_range(part, self.found.length)
                )
            })
            .collect();
        let end = format!("\r\n--{boundary}--\r\n");
        let framing = heads.iter().map(String::len).sum::<usize>();
        let framing = framing.saturating_add(end.len());
        let content = parts
            .iter()
            .map(|part| part.end.saturating_sub(part.start))
            .fold(
                u64::try_from(framing).unwrap_or(u64::MAX),
                u64::saturating_add,
            );
        let content_type = format!("multipart/byteranges; boundary={boundary}");
        self.begin(request, 206, &content_type)?;
        request.send_header("Content-Length", content)?;
        request.end_headers()?;
        for (head, part) in heads.iter().zip(parts) {
            request.write_body(head.as_bytes())?;
            self.found.file.seek(SeekFrom::Start(part.start))?;
            let length = part.end.saturating_sub(part.start);
            request.copy_file(&self.found.file, length)?;
        }
        request.write_body(end.as_bytes())
    }

    fn unsatisfiable(self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        let range = format!("bytes */{}", self.found.length);
        request.send_response(416, None)?;
        request.send_header("Content-Range", range)?;
        request.send_header("Content-Length", 0)?;
        request.end_headers()
    }

    /// A file whose length is not known is sent to its end.
    fn until_end(mut self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        let mut block = vec![0; 65_000];
        let mut count = self.found.file.read(&mut block)?;
        self.begin(request, 200, &self.found.content_type)?;
        if count == 0 {
            request.send_header("Content-Length", 0)?;
        }
        request.end_headers()?;
        while count > 0 {
            request.write_body(block.get(..count).unwrap_or_default())?;
            count = self.found.file.read(&mut block)?;
        }
        Ok(())
    }
}

fn content_range(part: &Range<u64>, length: u64) -> String {
    format!(
        "bytes {}-{}/{length}",
        part.start,
        part.end.saturating_sub(1)
    )
}

/// What separates the parts: 128 bits that nobody can foresee, so that a file can't hold it.
fn boundary() -> String {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let random = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", random(), random())
}
