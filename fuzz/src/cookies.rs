//! Cookies, compared with a naive reading of RFC 6265bis section 5.6, and read back from what they
//! are written to.

use std::time::{Duration, UNIX_EPOCH};

use crate::trim;
use stdhttp::cookies::{Cookie, CookieJar, Morsel, MozillaCookieJar, Rejection, SimpleCookie};
use stdhttp::urllib::Url;

fn jar() -> CookieJar {
    CookieJar::new().with_clock(|| UNIX_EPOCH + Duration::from_secs(1_700_000_000))
}

fn url(text: &str) -> Url {
    Url::parse(text).expect("a URL")
}

/// What a line sets, in a reading that does one step after another over copies.
struct Naive {
    name: Vec<u8>,
    value: Vec<u8>,
    secure: bool,
    http_only: bool,
    path: Option<Vec<u8>>,
    domain: Option<Vec<u8>>,
}

fn naive(line: &[u8]) -> Option<Naive> {
    if line
        .iter()
        .any(|octet| (*octet < 32 && *octet != 9) || *octet == 127)
    {
        return None;
    }
    let mut pieces = line.split(|octet| *octet == b';');
    let (name, value) = halves(pieces.next()?);
    let (name, value) = match value {
        Some(value) => (name, value),
        None => (Vec::new(), name),
    };
    if name.len() + value.len() == 0 || name.len() + value.len() > 4_096 {
        return None;
    }
    let mut naive = Naive {
        name,
        value,
        secure: false,
        http_only: false,
        path: None,
        domain: None,
    };
    for piece in pieces {
        let (name, value) = halves(piece);
        let value = value.unwrap_or_default();
        let is = |word: &str| name.to_ascii_lowercase() == word.as_bytes();
        if value.len() > 1_024 {
            continue;
        }
        naive.secure |= is("secure");
        naive.http_only |= is("httponly");
        if is("path") {
            naive.path = Some(value);
        } else if is("domain") {
            naive.domain = Some(value);
        }
    }
    Some(naive)
}

fn halves(piece: &[u8]) -> (Vec<u8>, Option<Vec<u8>>) {
    match piece.iter().position(|octet| *octet == b'=') {
        Some(place) => (
            trim(&piece[..place]).to_vec(),
            Some(trim(&piece[place + 1..]).to_vec()),
        ),
        None => (trim(piece).to_vec(), None),
    }
}

/// A line from `https://www.example.org/d/f` is stored as the naive reading has it.
pub fn assert_stored(line: &[u8]) -> Option<Cookie> {
    let from = url("https://www.example.org/d/f");
    let (jar, expected) = (jar(), naive(line));
    let came = jar.store(line, &from);
    let Some(expected) = expected else {
        assert!(
            matches!(came, Err(Rejection::Malformed | Rejection::TooLarge)),
            "{came:?}"
        );
        return None;
    };
    let cookie = came.ok().and_then(|()| jar.iter().next())?;
    assert_eq!(
        (cookie.name_bytes(), cookie.value_bytes()),
        (&expected.name[..], &expected.value[..])
    );
    assert_eq!(cookie.is_secure(), expected.secure);
    assert_eq!(cookie.is_http_only(), expected.http_only);
    let path = expected.path.filter(|path| path.starts_with(b"/"));
    let path: String = path
        .unwrap_or_else(|| b"/d".to_vec())
        .into_iter()
        .map(char::from)
        .collect();
    assert_eq!(cookie.path(), path);
    let domain = expected.domain.filter(|domain| !domain.is_empty());
    assert!(cookie.is_host_only() == domain.is_none() || cookie.domain() == "www.example.org");
    assert!(cookie.domain() == "www.example.org" || cookie.domain() == "example.org");
    assert_sent(&jar, &cookie);
    Some(cookie)
}

/// It goes to where it belongs, as it came, and nowhere else.
fn assert_sent(jar: &CookieJar, cookie: &Cookie) {
    let value = cookie.value_bytes();
    let written = match cookie.name_bytes() {
        [] => value.to_vec(),
        name => [name, b"=", value].concat(),
    };
    if cookie.path() == "/d" || cookie.path() == "/" {
        let field = jar.cookie_header(&url("https://www.example.org/d/x"));
        assert_eq!(field, Some(written));
    }
    for other in [
        "https://www.example.com/d/",
        "https://xexample.org/d/",
        "https://org/d/",
    ] {
        assert_eq!(jar.cookie_header(&url(other)), None);
    }
    let below = jar.cookie_header(&url("https://a.www.example.org/d/"));
    assert!(below.is_none() || !cookie.is_host_only());
}

/// Lines between separators are one answer; what of it a file can keep is read back.
pub fn assert_kept<'a>(lines: impl Iterator<Item = &'a [u8]>, folder: &std::path::Path) {
    let jar = jar();
    let from = url("https://www.example.org/d/f");
    for line in lines.take(8) {
        let _ = jar.store(line, &from);
    }
    let file = folder.join("cookies.txt");
    let first = MozillaCookieJar::new(&file, jar).with_session_cookies();
    let saved = first.save().expect("a file");
    let second = MozillaCookieJar::new(&file, self::jar()).with_session_cookies();
    let loaded = second.load().expect("a cookie file");
    assert_eq!((loaded.cookies, loaded.skipped), (saved.cookies, 0));
    for cookie in second.iter() {
        let same = |known: &Cookie| {
            known.name_bytes() == cookie.name_bytes()
                && known.value_bytes() == cookie.value_bytes()
                && (known.domain(), known.path()) == (cookie.domain(), cookie.path())
                && known.is_host_only() == cookie.is_host_only()
                && known.expires() == cookie.expires()
        };
        assert!(first.iter().any(|known| same(&known)), "{cookie:?}");
    }
}

/// Any file: no cookie out of nothing, and what is written of it is read back whole.
pub fn assert_file(content: &[u8], folder: &std::path::Path) {
    let file = folder.join("cookies.txt");
    std::fs::write(&file, content).expect("a file");
    let jar = MozillaCookieJar::new(&file, jar()).with_session_cookies();
    let lines = content.split(|octet| *octet == b'\n').count();
    let Ok(loaded) = jar.load() else { return };
    assert!(loaded.cookies + loaded.skipped <= lines);
    let saved = jar.save().expect("a file");
    assert_eq!(jar.revert().expect("our own file").cookies, saved.cookies);
}

/// Fields of requests, and text that is written as a cookie's value.
pub fn assert_fields(field: &[u8]) {
    let mut cookies = SimpleCookie::new();
    let skipped = cookies.load(field);
    let pairs = field.split(|octet| *octet == b';').count();
    assert!(cookies.len() + skipped <= pairs);
    for morsel in &cookies {
        let pair = [morsel.key().as_bytes(), b"=", morsel.coded_value()].concat();
        let again = Morsel::parse(&pair).expect("a pair");
        assert_eq!(&again, morsel);
    }
    if let Ok(text) = std::str::from_utf8(field) {
        let written = Morsel::new("name", text)
            .expect("a token")
            .OutputString()
            .expect("no promise");
        assert!(
            written
                .bytes()
                .all(|octet| (32..127).contains(&octet) && octet != b';')
        );
        let read = Morsel::parse(written.as_bytes()).expect("what was written");
        assert_eq!(read.value(), text);
    }
}
