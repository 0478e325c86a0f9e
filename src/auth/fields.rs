//! Writes the parameters of `Authorization`, comma-separated.

use std::fmt::Write;

/// The value of the field as far as it is written: octets, since what a server sent goes back to it
/// unchanged.
pub(super) struct Fields {
    value: Vec<u8>,
    separator: &'static str,
}

impl Fields {
    pub(super) fn new(scheme: &str) -> Self {
        Self {
            value: scheme.as_bytes().to_vec(),
            separator: " ",
        }
    }

    pub(super) fn bare(&mut self, name: &str, value: &[u8]) {
        self.value.extend_from_slice(self.separator.as_bytes());
        self.separator = ", ";
        self.value.extend_from_slice(name.as_bytes());
        self.value.push(b'=');
        self.value.extend_from_slice(value);
    }

    /// A quoted-string (RFC 9110 section 5.6.4).
    pub(super) fn quoted(&mut self, name: &str, value: &[u8]) {
        let mut quoted = vec![b'"'];
        for octet in value {
            if matches!(octet, b'"' | b'\\') {
                quoted.push(b'\\');
            }
            quoted.push(*octet);
        }
        quoted.push(b'"');
        self.bare(name, &quoted);
    }

    /// `name*=UTF-8''…` (RFC 8187 section 3.2).
    pub(super) fn encoded(&mut self, name: &str, text: &str) {
        let mut value = String::from("UTF-8''");
        for octet in text.bytes() {
            if octet.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&octet) {
                value.push(char::from(octet));
            } else {
                // Writing to a `String` can't fail.
                let _ = write!(value, "%{octet:02X}");
            }
        }
        self.bare(&format!("{name}*"), value.as_bytes());
    }

    pub(super) fn into_value(self) -> Vec<u8> {
        self.value
    }
}
