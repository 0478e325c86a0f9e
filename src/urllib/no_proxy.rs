//! `NoProxy`: the hosts that are reached without a proxy, as `no_proxy` lists them.
//!
//! All that `urllib.request`, `requests` and Go understand of it, and IPv6. Departs from the first
//! two: an address matches addresses alone, by value and never as the end of a name; a port counts
//! where it is the default one too; `*` counts beside other entries. What is none of the forms
//! matches nothing.

use std::net::IpAddr;

use super::url::Url;

/// The hosts of a `no_proxy` list, between commas or blanks.
///
/// | entry | matches |
/// |---|---|
/// | `*` | every host |
/// | `example.org`, `.example.org`, `*.example.org` | the host and all below it |
/// | `192.0.2.1`, `2001:db8::1`, `[2001:db8::1]` | the address, however it is written |
/// | `192.0.2.0/24`, `2001:db8::/32`, `[2001:db8::]/32` | the addresses of the network |
/// | one of the first three kinds and `:8080` (IPv6 in brackets) | that port alone |
///
/// ```
/// use stdhttp::urllib::{NoProxy, Url};
///
/// let direct = NoProxy::parse("localhost, .example.org, 10.0.0.0/8, [::1]");
/// let bypasses = |url| Url::parse(url).map(|url| direct.bypasses(&url));
/// assert!(bypasses("http://www.example.org/")?);
/// assert!(bypasses("http://10.1.2.3:8080/")?);
/// assert!(!bypasses("http://badexample.org/")?);
/// # Ok::<(), stdhttp::urllib::ParseError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoProxy {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    hosts: Hosts,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    All,
    /// A name in lower case and all below it.
    Below(String),
    /// An address, and how many of its leading bits count.
    Network(IpAddr, u8),
}

impl NoProxy {
    /// Reads a list. What is no entry is left out: it matches nothing.
    #[must_use]
    pub fn parse(list: &str) -> Self {
        let entries = list.split(|sign: char| sign == ',' || sign.is_ascii_whitespace());
        Self {
            entries: entries.filter_map(Entry::parse).collect(),
        }
    }

    /// Whether the host of this URL is reached without a proxy (`proxy_bypass_environment`).
    #[must_use]
    pub fn bypasses(&self, url: &Url) -> bool {
        let origin = url.origin();
        let address = url.address();
        let matches = |entry: &Entry| {
            entry.port.is_none_or(|port| port == origin.port())
                && entry.hosts.hold(origin.host(), address)
        };
        self.entries.iter().any(matches)
    }
}

impl Entry {
    fn parse(text: &str) -> Option<Self> {
        let (host, port) = match split_port(text) {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (text, None),
        };
        let hosts = Hosts::parse(host)?;
        Some(Self { hosts, port })
    }
}

/// Host and port, if a port is there: behind a bracket, or behind the only colon.
fn split_port(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    let is_host = host.ends_with(']') || !host.contains(':');
    is_host.then_some((host, port))
}

impl Hosts {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::All);
        }
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u8>().ok()?)),
            None => (text, None),
        };
        match (without_brackets(address).parse(), bits) {
            (Ok(address), bits) => Self::network(address, bits),
            (Err(_), None) => Self::below(text),
            (Err(_), Some(_)) => None,
        }
    }

    fn network(address: IpAddr, bits: Option<u8>) -> Option<Self> {
        let width = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(width);
        (bits <= width).then_some(Self::Network(address, bits))
    }

    fn below(name: &str) -> Option<Self> {
        let name = name.strip_prefix('*').unwrap_or(name);
        let name = name.trim_start_matches('.');
        let name = name.strip_suffix('.').unwrap_or(name);
        (!name.is_empty()).then(|| Self::Below(name.to_ascii_lowercase()))
    }

    /// Whether a host, or the address that it is, belongs to these. The zone of an address is not
    /// looked at, so that no name can stand in it (CVE-2025-22870).
    fn hold(&self, host: &str, address: Option<IpAddr>) -> bool {
        match (self, address) {
            (Self::All, _) => true,
            (Self::Below(name), None) => {
                let above = host.strip_suffix(name.as_str());
                above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
            }
            (Self::Network(network, bits), Some(address)) => is_in(address, *network, *bits),
            _ => false,
        }
    }
}

fn without_brackets(text: &str) -> &str {
    let inner = text.strip_prefix('[');
    inner
        .and_then(|inner| inner.strip_suffix(']'))
        .unwrap_or(text)
}

/// Whether the leading bits are the same. An IPv4 address counts as the IPv6 one that maps it.
fn is_in(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    let mapping = if network.is_ipv4() { 96 } else { 0 };
    let differing = mapped(address) ^ mapped(network);
    differing.leading_zeros() >= u32::from(bits).saturating_add(mapping)
}

/// The address in 128 bits (RFC 4291 section 2.5.5.2).
fn mapped(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}
