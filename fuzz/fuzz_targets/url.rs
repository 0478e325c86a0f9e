//! A URL that is accepted is kept as it was written, is read again as the same, and gives parts
//! that a connection takes as the same host and port.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stdhttp::urllib::parse::{urljoin, urlsplit};
use stdhttp::urllib::{Url, UrlParser};
use stdhttp_fuzz::Choices;
use stdhttp_fuzz::url::{assert_is_whole, assert_splits_alike};

fuzz_target!(|data: &[u8]| {
    let mut texts = Choices::new(data).parts().map(std::str::from_utf8);
    let (Some(Ok(base)), reference) = (texts.next(), texts.next()) else {
        return;
    };
    let quoting = UrlParser::quoting();
    let Ok(base) = quoting.parse(base).inspect(|url| {
        let strict = Url::parse(base);
        assert!(strict.is_err() || url.as_str() == base);
        assert!(strict.is_ok() || url.as_str() != base);
    }) else {
        assert!(Url::parse(base).is_err());
        return;
    };
    assert_is_whole(&base);
    let Some(Ok(reference)) = reference else {
        return;
    };
    let strict = base.join(reference);
    if let Ok(joined) = quoting.join(&base, reference) {
        assert!(strict.is_err() || strict.as_ref() == Ok(&joined));
        assert_is_whole(&joined);
        // An absolute reference loses its dot segments, once.
        let settled = base.join(joined.as_str()).expect("a URL");
        assert_eq!(base.join(settled.as_str()).expect("a URL"), settled);
    }
    if let Ok(joined) = strict {
        let text = urljoin(base.as_str(), reference).expect("what Url takes");
        assert!(reference.is_empty() || text == joined.as_str());
    }
    assert_splits_alike(urlsplit(reference));
});
