//! The grammar of RFC 9110, 9112 and 3986 written as rules, and a matcher that tries every way.
//! It judges small inputs in exhaustive tests; the lines are without their line ends. What ends in
//! `standard` widens the grammar by what the crate accepts by default; what begins with `sent`
//! leaves out the white space that a recipient has to bear and no sender may write. What begins with
//! `received` is what a server takes: every visible octet but `#` in a path, hosts that are not empty,
//! without user and without future forms of addresses.

#![allow(dead_code, unreachable_pub, reason = "several test files share it")]
#![allow(
    clippy::precedence,
    reason = "concatenation binds tighter, in ABNF as in Rust"
)]

use std::collections::BTreeSet;
use std::ops::{Add, BitOr};

/// A rule of ABNF (RFC 5234); literal text is case-sensitive here.
#[derive(Clone)]
enum Rule {
    Text(&'static str),
    /// One octet, from first to last.
    Octet(u8, u8),
    Both(Box<Self>, Box<Self>),
    Either(Box<Self>, Box<Self>),
    /// At least, at most.
    Times(usize, usize, Box<Self>),
}

use Rule::{Octet, Text};

/// Concatenation.
impl Add for Rule {
    type Output = Self;
    fn add(self, next: Self) -> Self {
        Self::Both(Box::new(self), Box::new(next))
    }
}

/// Alternation.
impl BitOr for Rule {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self::Either(Box::new(self), Box::new(other))
    }
}

impl Rule {
    /// Every position at which a match that begins at `start` can end.
    fn ends(&self, input: &[u8], start: usize) -> BTreeSet<usize> {
        let rest = &input[start..];
        match self {
            Text(text) if rest.starts_with(text.as_bytes()) => [start + text.len()].into(),
            Octet(from, to) if rest.first().is_some_and(|o| (from..=to).contains(&o)) => {
                [start + 1].into()
            }
            Text(_) | Octet(..) => BTreeSet::new(),
            Self::Both(first, next) => next.step(input, &first.ends(input, start)),
            Self::Either(one, other) => &one.ends(input, start) | &other.ends(input, start),
            Self::Times(least, most, rule) => rule.repeated(input, start, *least, *most),
        }
    }

    fn step(&self, input: &[u8], from: &BTreeSet<usize>) -> BTreeSet<usize> {
        from.iter().flat_map(|at| self.ends(input, *at)).collect()
    }

    fn repeated(&self, input: &[u8], start: usize, least: usize, most: usize) -> BTreeSet<usize> {
        let (mut ends, mut now) = (BTreeSet::new(), BTreeSet::from([start]));
        for round in 0..=most.min(least + input.len()) {
            if round >= least {
                ends.extend(&now);
            }
            now = self.step(input, &now);
        }
        ends
    }

    fn is(&self, input: &[u8]) -> bool {
        self.ends(input, 0).contains(&input.len())
    }
}

fn times(least: usize, most: usize, rule: Rule) -> Rule {
    Rule::Times(least, most, Box::new(rule))
}

/// One of the octets of a text.
fn one_of(octets: &str) -> Rule {
    let rules = octets.bytes().map(|octet| Octet(octet, octet));
    rules.reduce(|one, other| one | other).unwrap_or(Text(""))
}

/// An IPv6 address with `::` after up to `before` groups and before exactly `after` groups.
fn compressed(before: usize, after: usize) -> Rule {
    let left = times(
        0,
        1,
        times(0, before.saturating_sub(1), h16() + Text(":")) + h16(),
    );
    let right = match after {
        0 => Text(""),
        1 => h16(),
        _ => times(after - 2, after - 2, h16() + Text(":")) + ls32(),
    };
    if before == 0 {
        Text("::") + right
    } else {
        left + Text("::") + right
    }
}

macro_rules! rules {
    ($($name:ident $(($operand:ident))? = $rule:expr;)*) => {
        $(fn $name($($operand: Rule)?) -> Rule { $rule })*
    };
}

rules! {
    many(rule) = times(0, usize::MAX, rule);
    some(rule) = times(1, usize::MAX, rule);
    maybe(rule) = times(0, 1, rule);
    digit = Octet(b'0', b'9');
    alpha = Octet(b'a', b'z') | Octet(b'A', b'Z');
    hexdig = digit() | Octet(b'a', b'f') | Octet(b'A', b'F');
    ows = many(one_of(" \t"));
    vchar = Octet(0x21, 0x7e) | Octet(0x80, 0xff);
    text = one_of(" \t") | vchar();
    token = some(alpha() | digit() | one_of("!#$%&'*+-.^_`|~"));
    qdtext = one_of("\t !") | Octet(0x23, 0x5b) | Octet(0x5d, 0x7e) | Octet(0x80, 0xff);
    quoted_string = Text("\"") + many(qdtext() | Text("\\") + text()) + Text("\"");
    version = Text("HTTP/") + digit() + Text(".") + digit();
    status_line = version() + Text(" ") + times(3, 3, digit()) + Text(" ") + many(text());
    bare_status_line = version() + Text(" ") + times(3, 3, digit());
    field_value = maybe(vchar() + maybe(many(text()) + vchar()));
    field_line = token() + Text(":") + ows() + field_value() + ows();
    extension_value = ows() + Text("=") + ows() + (token() | quoted_string());
    chunk_ext = many(ows() + Text(";") + ows() + token() + maybe(extension_value()));
    chunk_line = some(hexdig()) + chunk_ext();
    sent_extension_value = Text("=") + (token() | quoted_string());
    sent_chunk_ext = many(Text(";") + token() + maybe(sent_extension_value()));
    sent_chunk_line = some(hexdig()) + sent_chunk_ext();
    loose_chunk_line = some(hexdig()) + ows() + maybe(Text(";") + many(text()));
    content_length = some(digit());
    parameter = token() + ows() + Text("=") + ows() + (token() | quoted_string());
    coding = token() + many(ows() + Text(";") + ows() + parameter());
    transfer_encoding = maybe(coding()) + many(ows() + Text(",") + ows() + maybe(coding()));
    sub_delim = one_of("!$&'()*+,;=");
    escaped = Text("%") + hexdig() + hexdig();
    unreserved = alpha() | digit() | one_of("-._~");
    pchar = unreserved() | escaped() | sub_delim() | one_of(":@");
    h16 = times(1, 4, hexdig());
    octet = digit() | Octet(b'1', b'9') + digit() | Text("1") + digit() + digit()
        | Text("2") + Octet(b'0', b'4') + digit() | Text("25") + Octet(b'0', b'5');
    ipv4 = octet() + times(3, 3, Text(".") + octet());
    ls32 = h16() + Text(":") + h16() | ipv4();
    ipv6 = (0..8).fold(times(6, 6, h16() + Text(":")) + ls32(), |r, n| r | compressed(n, 7 - n));
    ip_future = Text("v") + some(hexdig()) + Text(".") + some(unreserved() | sub_delim() | Text(":"));
    ip_literal = Text("[") + (ipv6() | ip_future()) + Text("]");
    uri_host = ip_literal() | many(unreserved() | escaped() | sub_delim());
    host = uri_host() + maybe(Text(":") + many(digit()));
    userinfo = many(unreserved() | escaped() | sub_delim() | Text(":")) + Text("@");
    path = many(Text("/") + many(pchar()));
    rootless = some(pchar()) + path();
    hierarchy = Text("//") + maybe(userinfo()) + host() + path()
        | Text("/") + maybe(rootless()) | rootless() | Text("");
    query = maybe(Text("?") + many(pchar() | one_of("/?")));
    scheme = alpha() + many(alpha() | digit() | one_of("+-."));
    target = Text("/") + many(pchar()) + path() + query()
        | scheme() + Text(":") + hierarchy() + query()
        | uri_host() + Text(":") + many(digit()) | Text("*");
    request_line = token() + Text(" ") + target() + Text(" ") + version();
    visible = Octet(0x21, 0x22) | Octet(0x24, 0x7e);
    received_host = Text("[") + ipv6() + Text("]") | some(unreserved() | escaped() | sub_delim());
    received_authority = received_host() + maybe(Text(":") + many(digit()));
    absolute_form = scheme() + Text("://") + received_authority()
        + maybe(one_of("/?") + many(visible()));
    received_target = Text("/") + many(visible()) | absolute_form();
    received_line = token() + Text(" ") + received_target() + Text(" ") + version()
        | Text("OPTIONS * ") + version();
    received_connect = Text("CONNECT ") + received_host() + Text(":") + some(digit()) + Text(" ") + version();
}

macro_rules! judges {
    ($($name:ident = $rule:expr;)*) => {
        $(pub fn $name(input: &[u8]) -> bool { ($rule).is(input) })*
    };
}

judges! {
    is_status_line = status_line();
    is_status_line_standard = status_line() | bare_status_line();
    is_field_line = field_line();
    is_chunk_line = chunk_line();
    is_chunk_line_standard = loose_chunk_line();
    is_sent_chunk_line = sent_chunk_line();
    is_chunk_ext = chunk_ext();
    is_content_length = content_length();
    is_transfer_encoding = transfer_encoding();
    is_request_line = request_line();
    is_received_line = received_line();
    is_received_connect = received_connect();
    is_received_authority = received_authority();
    is_method = token();
    is_host = host();
    is_token = token();
    is_quoted_string = quoted_string();
}
