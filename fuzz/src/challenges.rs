//! Challenges, compared with a naive reading of RFC 9110 section 11.6.1, and answers that are read
//! back.

use crate::trim;
use stdhttp::auth::{Challenge, Credentials, Digest, DigestRequest};

type Params = Vec<(String, Vec<u8>)>;

fn is_token(octets: &[u8]) -> bool {
    let is_tchar = |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet);
    !octets.is_empty() && octets.iter().all(is_tchar)
}

/// The pieces between commas that do not stand between quotes; nothing where quotes stay open or
/// stand in the middle of a word, since readers may differ there.
fn pieces(value: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut pieces = vec![Vec::new()];
    let mut octets = value.iter();
    while let Some(octet) = octets.next() {
        let piece = pieces.last_mut().expect("a piece");
        match octet {
            b',' => pieces.push(Vec::new()),
            b'"' => {
                let before = piece.trim_ascii_end();
                if !before.ends_with(b"=") {
                    return None;
                }
                piece.push(b'"');
                loop {
                    let octet = *octets.next()?;
                    piece.push(octet);
                    match octet {
                        b'"' => break,
                        b'\\' => piece.push(*octets.next()?),
                        _ => {}
                    }
                }
            }
            _ => piece.push(*octet),
        }
    }
    Some(pieces)
}

/// `name=value`, quotes undone.
fn param(piece: &[u8]) -> Option<(String, Vec<u8>)> {
    let place = piece.iter().position(|octet| *octet == b'=')?;
    let (name, value) = (trim(&piece[..place]), trim(&piece[place + 1..]));
    is_token(name).then_some(())?;
    let name = String::from_utf8(name.to_vec()).ok()?;
    let [b'"', inner @ .., b'"'] = value else {
        return is_token(value).then(|| (name, value.to_vec()));
    };
    let (mut text, mut rest) = (Vec::new(), inner.iter());
    while let Some(octet) = rest.next() {
        let octet = match octet {
            b'"' => return None,
            b'\\' => rest.next()?,
            octet => octet,
        };
        if (*octet < 32 && *octet != 9) || *octet == 127 {
            return None;
        }
        text.push(*octet);
    }
    Some((name, text))
}

/// Schemes with their parameters, for values without token68; nothing where the naive reader gives
/// up.
fn naive(value: &[u8]) -> Option<Vec<(String, Params)>> {
    let mut found: Vec<(String, Params)> = Vec::new();
    for piece in pieces(value)? {
        let piece = trim(&piece);
        if piece.is_empty() {
            continue;
        }
        if let Some((name, value)) = param(piece) {
            let (_, params) = found.last_mut()?;
            let fresh = params
                .iter()
                .all(|(known, _)| !known.eq_ignore_ascii_case(&name));
            (fresh && params.len() < 32).then(|| params.push((name, value)))?;
            continue;
        }
        let place = piece
            .iter()
            .position(|octet| b" \t".contains(octet))
            .unwrap_or(piece.len());
        let (scheme, rest) = (&piece[..place], trim(&piece[place..]));
        is_token(scheme).then_some(())?;
        let scheme = String::from_utf8(scheme.to_vec()).ok()?;
        let params = if rest.is_empty() {
            Vec::new()
        } else {
            vec![param(rest)?]
        };
        found.push((scheme, params));
    }
    (found.len() <= 32).then_some(found)
}

/// What the crate reads is what the naive reader does, where that has an opinion.
pub fn assert_read(value: &[u8]) {
    let found = Challenge::parse(value);
    assert!(found.len() <= 32);
    let octets: usize = found
        .iter()
        .flat_map(Challenge::params)
        .map(|(_, value)| value.len())
        .sum();
    assert!(octets <= value.len());
    let has_token68 = found.iter().any(|challenge| challenge.token68().is_some());
    let Some(expected) = naive(value).filter(|_| !has_token68) else {
        return;
    };
    let owned = |challenge: &Challenge| {
        let params = challenge
            .params()
            .map(|(name, value)| (name.to_owned(), value.to_vec()));
        (challenge.scheme().to_owned(), params.collect::<Params>())
    };
    assert_eq!(found.iter().map(owned).collect::<Vec<_>>(), expected);
}

/// Every answer is read back with what the challenge asked for in it, and has no control in it.
pub fn assert_answered(value: &[u8], user: &str, password: &str) {
    let Ok(credentials) = Credentials::new(user, password) else {
        return;
    };
    if let Ok(basic) = credentials.basic() {
        assert!(
            basic
                .bytes()
                .all(|octet| octet.is_ascii_graphic() || octet == b' ')
        );
    }
    let challenges = Challenge::parse(value);
    for digest in challenges.iter().filter_map(Digest::new) {
        let request = DigestRequest {
            method: "GET",
            target: "/a?b=c,d",
            body: Some(b"body"),
        };
        let answer = digest.answer(&credentials, &request);
        let [read] = &Challenge::parse(answer.value())[..] else {
            panic!("{}", answer.value().escape_ascii());
        };
        assert!(read.is("Digest") && read.get_bytes("uri") == Some(b"/a?b=c,d"));
        assert!(
            answer
                .value()
                .iter()
                .all(|octet| !octet.is_ascii_control() || *octet == b'\t')
        );
        let realm: String = digest.realm().into_owned();
        assert_eq!(read.realm().as_deref(), Some(&*realm));
        let names = ["username", "username*"].map(|name| read.get_bytes(name).is_some());
        assert!(names[0] != names[1]);
        let _ = digest.authentication_info(&answer, value, None);
    }
}
