//! The bodies of a script as arguments of the crate's calls.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, Write};

use stdhttp::Body;

use crate::script::From;

impl From {
    pub(crate) fn has_length(self) -> bool {
        !matches!(self, Self::Reader | Self::Iter | Self::ReaderFails)
    }

    pub(crate) fn length(self, size: usize) -> Option<usize> {
        self.has_length().then_some(size)
    }

    pub(crate) fn body(self, data: &[u8]) -> Body<'_> {
        let length = u64::try_from(data.len()).unwrap();
        let short = data.split_last().map_or(data, |(_, short)| short);
        match self {
            Self::Slice => data.into(),
            Self::Sized => Body::sized(data, length),
            Self::Reader => Body::reader(data),
            Self::Iter => Body::iter(data.chunks(1_000)),
            Self::File => file_of(data).into(),
            Self::SizedShort => Body::sized(short, length),
            Self::ReaderFails => Body::reader(short.chain(Failing)),
        }
    }
}

/// A reader that fails.
struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(ErrorKind::StorageFull.into())
    }
}

/// A file that has these octets and no name.
fn file_of(data: &[u8]) -> File {
    let (process, thread) = (std::process::id(), std::thread::current().id());
    let path = std::env::temp_dir().join(format!("stdhttp-driver-{process}-{thread:?}"));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(true);
    let mut file = options.open(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    file.write_all(data).unwrap();
    file.rewind().unwrap();
    file
}
