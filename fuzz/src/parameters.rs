//! Parameters of fields, written and read back.

use std::collections::HashSet;

use stdhttp::HTTPMessage;

/// A message with one field, as it would have come.
pub fn message(value: &[u8]) -> HTTPMessage {
    let mut message = HTTPMessage::new();
    message.append("Content-Disposition", value);
    message.append("Content-Type", value);
    message
}

/// Whatever the value: every name once behind the first pair, and no more octets out than in.
pub fn assert_bounds(value: &[u8]) {
    let message = message(value);
    let params = message.get_params("content-disposition").expect("a field");
    let names = params.iter().skip(1).map(|(name, _)| name);
    let distinct: HashSet<&String> = names.clone().collect();
    assert_eq!(names.len(), distinct.len());
    let octets = params.iter().map(|(_, value)| value.as_bytes().len());
    assert!(octets.sum::<usize>() <= value.len());
    let first = params.first().map(|(name, _)| name.to_ascii_lowercase());
    let others = params.iter().skip(1);
    for (name, value) in others.filter(|(name, _)| Some(name) != first.as_ref()) {
        let found = message.get_param(&name.to_ascii_uppercase(), "Content-Disposition");
        assert_eq!(found.as_ref(), Some(value), "{name}");
    }
    assert_eq!(message.get_content_type().matches('/').count(), 1);
    let charset = message.get_content_charset().unwrap_or_default();
    assert!(charset.is_ascii());
    let _ = (message.get_filename(), message.get_content_disposition());
}

/// Any text that is written as a parameter is read back, and a token is the same with quotes and
/// without.
pub fn assert_round_trip(text: &str) {
    let mut message = HTTPMessage::new();
    message.add_header("X", "form-data", &[("name", Some(text)), ("flag", None)]);
    let read = message.get_param("name", "x").expect("the parameter");
    assert_eq!(read.as_bytes(), text.as_bytes());
    assert!(message.get_param("flag", "x").is_some());
    let token = |octet: u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet);
    if !text.is_empty() && text.bytes().all(token) {
        message.append("Y", format!("t; name={text}"));
        assert_eq!(message.get_param("name", "y"), Some(read));
    }
}
