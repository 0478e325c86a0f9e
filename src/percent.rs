//! Percent-encoding (RFC 3986 section 2.1), as far as a server needs it too.

/// The octets that the text stands for. A `%` that two hexadecimal digits do not follow stands for
/// itself, as in `urllib.parse.unquote`.
pub(crate) fn decode(text: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return octets,
            [b'%', high, low, after @ ..] => match pair(*high, *low) {
                Some(octet) => {
                    octets.push(octet);
                    after
                }
                None => {
                    octets.push(b'%');
                    rest.get(1..).unwrap_or_default()
                }
            },
            [octet, after @ ..] => {
                octets.push(*octet);
                after
            }
        };
    }
}

fn pair(high: u8, low: u8) -> Option<u8> {
    let [high, low] = [high, low].map(crate::proto::scan::hex_digit);
    Some(high? << 4 | low?)
}

/// Appends the octets, of which only unreserved characters stand as they are.
pub(crate) fn encode(octets: &[u8], text: &mut String) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or_default();
    for &octet in octets {
        if octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~') {
            text.push(char::from(octet));
        } else {
            text.extend(['%', digit(octet >> 4), digit(octet & 0xf)]);
        }
    }
}
