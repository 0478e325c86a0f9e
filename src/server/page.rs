//! Pages: text in HTML, and the page that explains an error (`error_message_format`).

use std::borrow::Cow;

/// A page that explains an error: [`Handler::error_message_format`](crate::server::Handler::error_message_format).
pub const DEFAULT_ERROR_MESSAGE: &str = r#"<!DOCTYPE HTML>
<html lang="en">
    <head>
        <meta charset="utf-8">
        <style type="text/css">
            :root {
                color-scheme: light dark;
            }
        </style>
        <title>Error response</title>
    </head>
    <body>
        <h1>Error response</h1>
        <p>Error code: %(code)d</p>
        <p>Message: %(message)s.</p>
        <p>Error code explanation: %(code)s - %(explain)s.</p>
    </body>
</html>
"#;

/// The type of [`DEFAULT_ERROR_MESSAGE`].
pub const DEFAULT_ERROR_CONTENT_TYPE: &str = "text/html;charset=utf-8";

/// Text with the characters escaped that mean something in HTML (`html.escape(quote=False)`).
pub(crate) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>']) {
        return Cow::Borrowed(text);
    }
    let escaped = text.replace('&', "&amp;");
    Cow::Owned(escaped.replace('<', "&lt;").replace('>', "&gt;"))
}

/// Fills the page: Python's `format % {…}` with `code`, `message` and `explain`.
pub(crate) fn fill(format: &str, code: u16, message: &str, explain: &str) -> String {
    let code = code.to_string();
    let (message, explain) = (escape(message), escape(explain));
    let values = [
        ("%(code)d", code.as_str()),
        ("%(code)s", &code),
        ("%(message)s", &message),
        ("%(explain)s", &explain),
        ("%%", "%"),
    ];
    let mut page = String::new();
    let mut rest = format;
    while let Some(place) = rest.find('%') {
        let (before, after) = rest.split_at_checked(place).unwrap_or((rest, ""));
        page.push_str(before);
        let found = values
            .iter()
            .find_map(|(name, value)| Some((value, after.strip_prefix(name)?)));
        rest = match found {
            Some((value, after)) => {
                page.push_str(value);
                after
            }
            None => {
                page.push('%');
                after.strip_prefix('%').unwrap_or_default()
            }
        };
    }
    page.push_str(rest);
    page
}
