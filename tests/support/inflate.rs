//! Undoes `gzip` and `deflate` (RFC 1950, 1951, 1952) for tests that compare decoded content: small and
//! strict, not fast.

use std::io::{self, Cursor, Read};

type Reader = Box<dyn Read + Send>;

/// A reader that decodes all of the source when it is first read.
struct Whole {
    source: Option<Reader>,
    decode: fn(&[u8]) -> Option<Vec<u8>>,
    decoded: Cursor<Vec<u8>>,
}

impl Read for Whole {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if let Some(mut source) = self.source.take() {
            let mut coded = Vec::new();
            source.read_to_end(&mut coded)?;
            let decoded = (self.decode)(&coded);
            let broken = || io::Error::new(io::ErrorKind::InvalidData, "broken coding");
            self.decoded = Cursor::new(decoded.ok_or_else(broken)?);
        }
        self.decoded.read(buf)
    }
}

fn whole(source: Reader, decode: fn(&[u8]) -> Option<Vec<u8>>) -> Reader {
    Box::new(Whole {
        source: Some(source),
        decode,
        decoded: Cursor::default(),
    })
}

/// Members of `gzip`, one behind the other.
pub(crate) fn gzip(source: Reader) -> Reader {
    whole(source, |mut coded| {
        let mut decoded = Vec::new();
        while !coded.is_empty() {
            coded = gzip_member(coded, &mut decoded)?;
        }
        Some(decoded)
    })
}

/// `zlib`, or raw DEFLATE, which some servers send.
pub(crate) fn deflate(source: Reader) -> Reader {
    whole(source, |coded| {
        let mut decoded = Vec::new();
        if coded.first().is_some_and(|first| first & 0x0f == 8) {
            let left = inflate(coded.get(2..)?, &mut decoded)?;
            let sum: [u8; 4] = coded.get(coded.len() - left..)?.get(..4)?.try_into().ok()?;
            return (u32::from_be_bytes(sum) == adler32(&decoded)).then_some(decoded);
        }
        if !coded.is_empty() {
            inflate(coded, &mut decoded)?;
        }
        Some(decoded)
    })
}

/// Appends what a member holds; what stands behind it.
fn gzip_member<'a>(coded: &'a [u8], decoded: &mut Vec<u8>) -> Option<&'a [u8]> {
    let plain = *coded.first_chunk::<10>()?;
    // Without name, comment, extra fields and checksum of the head, as tests write it.
    if plain[..4] != [0x1f, 0x8b, 8, 0] {
        return None;
    }
    let begins = decoded.len();
    let left = inflate(coded.get(10..)?, decoded)?;
    let (sums, rest) = coded.get(coded.len() - left..)?.split_at_checked(8)?;
    let content = decoded.get(begins..)?;
    let sum = u32::from_le_bytes(sums[..4].try_into().ok()?);
    let length = u32::from_le_bytes(sums[4..].try_into().ok()?);
    let is_whole = sum == crc32(content) && length as usize == content.len();
    is_whole.then_some(rest)
}

fn crc32(octets: &[u8]) -> u32 {
    !octets.iter().fold(!0, |sum, octet| {
        (0..8).fold(sum ^ u32::from(*octet), |sum, _| match sum & 1 {
            1 => sum >> 1 ^ 0xedb8_8320,
            _ => sum >> 1,
        })
    })
}

fn adler32(octets: &[u8]) -> u32 {
    let (low, high) = octets.iter().fold((1, 0), |(low, high), octet| {
        let low = (low + u32::from(*octet)) % 65_521;
        (low, (high + low) % 65_521)
    });
    high << 16 | low
}

/// Bits, the lowest of an octet first.
struct Bits<'a> {
    octets: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Option<usize> {
        let octet = self.octets.get(self.at / 8)?;
        let bit = octet >> (self.at % 8) & 1;
        self.at += 1;
        Some(bit.into())
    }

    fn number(&mut self, bits: usize) -> Option<usize> {
        (0..bits).try_fold(0, |number, place| Some(number | self.bit()? << place))
    }
}

/// A Huffman code: how many symbols there are of each length, and the symbols in order.
struct Code {
    counts: [usize; 16],
    symbols: Vec<usize>,
}

impl Code {
    fn new(lengths: &[usize]) -> Self {
        let mut counts = [0; 16];
        let mut symbols = Vec::new();
        for (length, count) in counts.iter_mut().enumerate().skip(1) {
            let before = symbols.len();
            symbols.extend((0..lengths.len()).filter(|symbol| lengths[*symbol] == length));
            *count = symbols.len() - before;
        }
        Self { counts, symbols }
    }

    fn symbol(&self, bits: &mut Bits<'_>) -> Option<usize> {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for count in &self.counts[1..] {
            code |= bits.bit()?;
            if code < first + count {
                return self.symbols.get(index + code - first).copied();
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }
}

/// Appends what the blocks hold; how many octets stand behind them.
fn inflate(octets: &[u8], decoded: &mut Vec<u8>) -> Option<usize> {
    let mut bits = Bits { octets, at: 0 };
    let begins = decoded.len();
    loop {
        let is_last = bits.bit()? == 1;
        match bits.number(2)? {
            0 => stored(&mut bits, decoded)?,
            1 => {
                let lengths = [(144, 8), (112, 9), (24, 7), (8, 8)];
                let lengths = lengths.map(|(count, length)| vec![length; count]).concat();
                compressed(
                    &mut bits,
                    &Code::new(&lengths),
                    &Code::new(&[5; 30]),
                    decoded,
                    begins,
                )?;
            }
            2 => {
                let (literals, distances) = codes(&mut bits)?;
                compressed(&mut bits, &literals, &distances, decoded, begins)?;
            }
            _ => return None,
        }
        if is_last {
            return Some(octets.len() - bits.at.div_ceil(8));
        }
    }
}

fn stored(bits: &mut Bits<'_>, decoded: &mut Vec<u8>) -> Option<()> {
    bits.at = bits.at.next_multiple_of(8);
    let (length, inverted) = (bits.number(16)?, bits.number(16)?);
    let begins = bits.at / 8;
    let content = bits.octets.get(begins..begins + length)?;
    decoded.extend_from_slice(content);
    bits.at += 8 * length;
    (length ^ inverted == 0xffff).then_some(())
}

/// The codes that a block brings itself.
fn codes(bits: &mut Bits<'_>) -> Option<(Code, Code)> {
    const ORDER: [usize; 19] = [
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
    ];
    let (literals, distances) = (bits.number(5)? + 257, bits.number(5)? + 1);
    let mut lengths = [0; 19];
    for place in &ORDER[..bits.number(4)? + 4] {
        lengths[*place] = bits.number(3)?;
    }
    let code = Code::new(&lengths);
    let mut lengths = Vec::new();
    while lengths.len() < literals + distances {
        let (length, times) = match code.symbol(bits)? {
            16 => (*lengths.last()?, 3 + bits.number(2)?),
            17 => (0, 3 + bits.number(3)?),
            18 => (0, 11 + bits.number(7)?),
            length => (length, 1),
        };
        lengths.extend(std::iter::repeat_n(length, times));
    }
    let (literals, distances) = lengths.split_at_checked(literals)?;
    Some((Code::new(literals), Code::new(distances)))
}

fn compressed(
    bits: &mut Bits<'_>,
    literals: &Code,
    distances: &Code,
    decoded: &mut Vec<u8>,
    begins: usize,
) -> Option<()> {
    loop {
        let symbol = literals.symbol(bits)?;
        match symbol {
            0..256 => decoded.push(u8::try_from(symbol).ok()?),
            256 => return Some(()),
            _ => {
                let length = length_of(symbol - 257, bits)?;
                let distance = distance_of(distances.symbol(bits)?, bits)?;
                for _ in 0..length {
                    let from = decoded.len().checked_sub(distance)?;
                    decoded.push(*decoded.get(from).filter(|_| from >= begins)?);
                }
            }
        }
    }
}

/// 3 to 258, in groups of four with a bit more each.
fn length_of(symbol: usize, bits: &mut Bits<'_>) -> Option<usize> {
    match symbol {
        0..8 => Some(symbol + 3),
        8..28 => {
            let extra = symbol / 4 - 1;
            Some(((4 + symbol % 4) << extra) + 3 + bits.number(extra)?)
        }
        28 => Some(258),
        _ => None,
    }
}

/// 1 to 32,768, in groups of two with a bit more each.
fn distance_of(symbol: usize, bits: &mut Bits<'_>) -> Option<usize> {
    match symbol {
        0..4 => Some(symbol + 1),
        4..30 => {
            let extra = symbol / 2 - 1;
            Some(((2 + symbol % 2) << extra) + 1 + bits.number(extra)?)
        }
        _ => None,
    }
}
