//! `urlretrieve`: an answer into a file, which is whole or not there.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use super::error::{ContentTooShortError, URLError};
use super::opener::OpenerDirector;
use super::requested::Request;
use super::response::Response;
use crate::error::HTTPException;
use crate::message::HTTPMessage;
use crate::replacing::{Readers, replace};

/// The most that is read at once. No multiple of a page, as no buffer here is.
const BLOCK: usize = 65_000;

impl OpenerDirector {
    /// Opens a URL and puts the body of the answer into a file (`urllib.request.urlretrieve`);
    /// returns the header fields.
    ///
    /// It is written beside the file and takes its place when it is whole and on the disk: until
    /// then, and after every failure, the old file is as it was. `report` is called at the start and
    /// after each block, with the number of bytes so far and of those announced.
    ///
    /// # Errors
    /// As [`open`](Self::open); `ContentTooShort`; `Exchange` and `File` for what fails later.
    pub fn retrieve<R>(
        &self,
        request: R,
        filename: impl AsRef<Path>,
        report: impl FnMut(u64, Option<u64>),
    ) -> Result<HTTPMessage, URLError>
    where
        R: TryInto<Request>,
        URLError: From<R::Error>,
    {
        let mut response = self.open(request)?;
        let replaced = replace(filename.as_ref(), Readers::Usual, |file| {
            copy(&mut response, file, report)
        });
        replaced.map_err(|Failed(error)| error)?;
        Ok(response.headers().clone())
    }
}

/// An error of the file's, where it is none of the answer's.
struct Failed(URLError);

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self(URLError::File(error))
    }
}

fn copy(
    response: &mut Response,
    file: &mut File,
    mut report: impl FnMut(u64, Option<u64>),
) -> Result<(), Failed> {
    let announced = response.length();
    let mut received: u64 = 0;
    let mut block = vec![0; BLOCK];
    loop {
        report(received, announced);
        let count = match response.read(&mut block) {
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failed(cut_short(error, received, announced))),
        };
        file.write_all(block.get(..count).unwrap_or_default())?;
        received = received.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        if count == 0 {
            break;
        }
    }
    match announced.is_some_and(|announced| announced != received) {
        true => Err(Failed(too_short(received, announced))),
        false => Ok(()),
    }
}

/// What became of a body that could not be read to its end.
fn cut_short(error: io::Error, received: u64, announced: Option<u64>) -> URLError {
    match HTTPException::from(error) {
        HTTPException::IncompleteRead(_) => too_short(received, announced),
        other => URLError::Exchange(other),
    }
}

fn too_short(received: u64, announced: Option<u64>) -> URLError {
    URLError::ContentTooShort(ContentTooShortError {
        received,
        announced,
    })
}
