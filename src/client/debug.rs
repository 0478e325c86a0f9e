//! The wire log of `set_debuglevel`: `http.client`'s lines, to standard output or any writer.
//!
//! Departs from `http.client`: credentials are masked.

use std::io::Write;

use crate::message::HTTPMessage;
use crate::proto::ResponseHead;

/// Fields whose values are not shown.
const SECRET: [&str; 4] = [
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
];

/// Where the lines go, if anywhere.
#[derive(Default)]
pub(crate) struct DebugLog {
    pub(crate) level: u32,
    pub(crate) output: Option<Box<dyn Write + Send>>,
}

impl std::fmt::Debug for DebugLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DebugLog")
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}

impl DebugLog {
    #[inline]
    pub(crate) fn sent(&mut self, pieces: &[&[u8]]) {
        if self.level > 0 {
            self.line(&format!(
                "send: {}",
                python_bytes(&masked(&pieces.concat()))
            ));
        }
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
            let secret = SECRET.iter().any(|known| known.eq_ignore_ascii_case(&name));
            let value = if secret { "***".into() } else { value };
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

/// The bytes with the values of secret fields masked, if they begin with a request's head.
fn masked(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut in_head = true;
    for line in bytes.split_inclusive(|&octet| octet == b'\n') {
        in_head &= line != b"\r\n";
        match line.iter().position(|&octet| octet == b':') {
            Some(colon) if in_head && is_secret(line.get(..colon).unwrap_or_default()) => {
                out.extend_from_slice(line.get(..colon).unwrap_or_default());
                out.extend_from_slice(b": ***\r\n");
            }
            _ => out.extend_from_slice(line),
        }
    }
    out
}

fn is_secret(name: &[u8]) -> bool {
    SECRET
        .iter()
        .any(|known| known.as_bytes().eq_ignore_ascii_case(name))
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
        let shown = masked(sent);
        let expected = b"GET / HTTP/1.1\r\nAuthorization: ***\r\nA: b\r\n\r\nCookie: body\r\n";
        assert_eq!(shown, expected);
    }
}
