//! The wire log of `set_debuglevel`: `http.client`'s lines, to standard output or any writer.
//!
//! Departs from `http.client`: credentials are masked, and control characters of the peer escaped.

use std::io::Write;

use crate::message::{HTTPMessage, is_secret};
use crate::proto::ResponseHead;

/// Where the lines go, if anywhere.
#[derive(Default)]
pub(crate) struct DebugLog {
    pub(crate) level: u32,
    pub(crate) output: Option<Box<dyn Write + Send>>,
}

impl DebugLog {
    #[inline]
    pub(crate) fn sent(&mut self, pieces: &[&[u8]]) {
        if self.level > 0 {
            self.send_line(&pieces.concat(), 0);
        }
    }

    /// A request's head, of which the first `done` bytes went out before, and what goes out behind
    /// it: where the rest begins inside a value, only the whole tells whose it is.
    #[inline]
    pub(crate) fn sent_head(&mut self, head: &[u8], done: usize, pieces: &[&[u8]]) {
        if self.level > 0 {
            self.send_line(&[head, &pieces.concat()].concat(), done);
        }
    }

    #[cold]
    fn send_line(&mut self, bytes: &[u8], done: usize) {
        self.line(&format!("send: {}", python_bytes(&masked(bytes, done))));
    }

    #[inline]
    pub(crate) fn response(&mut self, head: &ResponseHead) {
        if self.level > 0 {
            self.head_lines(head);
        }
    }

    #[cold]
    fn head_lines(&mut self, head: &ResponseHead) {
        let version = String::from_utf8_lossy(head.raw_version()).into_owned();
        let mut line = format!("HTTP/{version} {} ", head.status()).into_bytes();
        line.extend_from_slice(head.reason());
        line.extend_from_slice(b"\r\n");
        let text = python_bytes(&line);
        self.line(&format!(
            "reply: {}",
            text.strip_prefix('b').unwrap_or(&text)
        ));
        self.fields(head.headers());
    }

    /// The lines `header: name: value`.
    pub(crate) fn fields(&mut self, headers: &HTTPMessage) {
        for (name, value) in headers.items() {
            let secret = is_secret(name.as_bytes());
            let value = if secret {
                "***".into()
            } else {
                escaped(&value)
            };
            self.line(&format!("header: {name}: {value}"));
        }
    }

    /// A log that can't be written is no reason to fail an exchange.
    fn line(&mut self, line: &str) {
        let _ = match &mut self.output {
            Some(output) => writeln!(output, "{line}"),
            None => writeln!(std::io::stdout(), "{line}"),
        };
    }
}

/// The bytes as Python writes a bytes literal.
fn python_bytes(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') {
        '"'
    } else {
        '\''
    };
    let mut text = format!("b{quote}");
    for &octet in bytes {
        match octet {
            b'\'' if quote == '\'' => text.push_str("\\'"),
            b'"' => text.push('"'),
            b'\'' => text.push('\''),
            _ => text.extend(octet.escape_ascii().map(char::from)),
        }
    }
    text.push(quote);
    text
}

/// The text with its control characters escaped, of which a terminal would obey some.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match u8::try_from(character) {
            Ok(octet) if character.is_control() && octet != b'\t' => {
                shown.extend(octet.escape_ascii().map(char::from));
            }
            _ => shown.push(character),
        }
    }
    shown
}

/// The bytes from `start` on. If they begin with a request's head, the values of secret fields in
/// it are masked, on their continuation lines too.
fn masked(bytes: &[u8], start: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut left_out = start;
    let mut in_head = true;
    let mut secret = false;
    for line in bytes.split_inclusive(|&octet| octet == b'\n') {
        let ends = line.iter().rev();
        let ends = ends.take_while(|octet| matches!(octet, b'\r' | b'\n'));
        let content = line.len().saturating_sub(ends.count());
        in_head &= content > 0;
        let (continues, name) = field_name(line);
        secret = in_head && if continues { secret } else { is_secret(name) };
        let shown = if secret { name.len() } else { line.len() };
        push_masked(line, left_out, shown, content, &mut out);
        left_out = left_out.saturating_sub(line.len());
    }
    out
}

/// Whether the line continues the field before it, and what stands in front of its value: the name
/// or white space.
fn field_name(line: &[u8]) -> (bool, &[u8]) {
    let blanks = line
        .iter()
        .take_while(|octet| matches!(octet, b' ' | b'\t'));
    match blanks.count() {
        0 => {
            let colon = line.iter().position(|&octet| octet == b':');
            (false, line.get(..colon.unwrap_or(0)).unwrap_or_default())
        }
        blanks => (true, line.get(..blanks).unwrap_or_default()),
    }
}

/// The line without its first `left_out` bytes, and with a mask for what stands between `shown` and
/// `content`, its length without the line end.
fn push_masked(line: &[u8], left_out: usize, shown: usize, content: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(line.get(left_out..shown).unwrap_or_default());
    let hidden = line.get(left_out.max(shown)..content).unwrap_or_default();
    if !hidden.is_empty() {
        out.extend_from_slice(if hidden.starts_with(b":") {
            b": ***"
        } else {
            b"***"
        });
    }
    let end = left_out.max(shown).max(content);
    out.extend_from_slice(line.get(end..).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_python_writes_them() {
        assert_eq!(python_bytes(b"a\r\n\x00\xff\\"), r"b'a\r\n\x00\xff\\'");
        assert_eq!(python_bytes(b"it's"), r#"b"it's""#);
        assert_eq!(python_bytes(b"'\""), r#"b'\'"'"#);
    }

    #[test]
    fn credentials_are_masked_in_heads_only() {
        let sent = b"GET / HTTP/1.1\r\nAuthorization: Basic x\r\nA: b\r\n\r\nCookie: body\r\n";
        let shown = masked(sent, 0);
        let expected = b"GET / HTTP/1.1\r\nAuthorization: ***\r\nA: b\r\n\r\nCookie: body\r\n";
        assert_eq!(shown, expected);
    }

    #[test]
    fn continuation_lines_are_masked_and_odd_names_known() {
        let sent =
            b"GET / HTTP/1.1\r\nCookie : a\r\n\tb\n c\r\nA: d\r\n e\r\ncookie:f\r\n\r\n g\r\n";
        let shown = b"GET / HTTP/1.1\r\nCookie : ***\r\n\t***\n ***\r\nA: d\r\n e\r\ncookie: ***\r\n\r\n g\r\n";
        assert_eq!(
            masked(sent, 0).escape_ascii().to_string(),
            shown.escape_ascii().to_string()
        );
    }

    /// Wherever a head is cut, what goes out behind the cut is shown without its secrets, and
    /// without a cut in them as it stands.
    #[test]
    fn the_rest_of_a_head_is_masked_wherever_it_begins() {
        let sent = b"GET / HTTP/1.1\r\nCookie: QQQQ\r\n\tQQQQ\r\nA: b\r\nAuthorization:QQQQ\r\n\r\nbody: c";
        for cut in 0..=sent.len() {
            let shown = masked(sent, cut);
            assert!(!shown.contains(&b'Q'), "{cut}");
            let rest = &sent[cut..];
            if !rest.contains(&b'Q') {
                assert_eq!(shown, rest);
            }
            assert!(shown.ends_with(&rest[rest.len().saturating_sub(11)..]));
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        let text = "caf\u{e9}\t\u{a0}\\ \u{1b}[2J\r\n\u{9b}2J\u{85}\u{7f}\0";
        assert_eq!(
            escaped(text),
            "caf\u{e9}\t\u{a0}\\ \\x1b[2J\\r\\n\\x9b2J\\x85\\x7f\\x00"
        );
    }
}
