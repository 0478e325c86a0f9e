//! The variables that a script gets (RFC 3875 section 4.1), and nothing else but where programs
//! are found: the server's own environment holds secrets, and variables that mean something.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::server::base::BaseHTTPRequestHandler;
use crate::server::cgi::script::{Script, Wanted};

/// Where programs are found, unless the server's environment says it.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// Fields that have a variable of their own, are the affair of server and client alone, hold
/// credentials, or would turn into a variable that means something else: `HTTP_PROXY` is taken by
/// many programs for the proxy to use (CVE-2016-5385 and others).
const NOT_PASSED: [&[u8]; 13] = [
    b"authorization",
    b"connection",
    b"content-length",
    b"content-type",
    b"expect",
    b"keep-alive",
    b"proxy",
    b"proxy-authorization",
    b"proxy-connection",
    b"te",
    b"trailer",
    b"transfer-encoding",
    b"upgrade",
];

/// All variables. `length` is that of the body that the script gets, if there is one.
pub(super) fn variables(
    request: &BaseHTTPRequestHandler<'_>,
    script: &Script,
    wanted: &Wanted,
    length: Option<u64>,
) -> Vec<(OsString, OsString)> {
    let mut variables = Variables::default();
    variables.add_request(request, wanted);
    variables.add_script(script);
    variables.add_server(request);
    if let Some(length) = length {
        variables.add("CONTENT_LENGTH", length.to_string());
        if let Some(content_type) = request.headers().get_bytes("content-type") {
            variables.add("CONTENT_TYPE", one_line(content_type));
        }
    }
    variables.add_fields(request);
    variables.list
}

#[derive(Default)]
struct Variables {
    list: Vec<(OsString, OsString)>,
}

impl Variables {
    fn add(&mut self, name: &str, value: impl Into<Vec<u8>>) {
        let value = OsString::from_vec(value.into());
        self.list.push((name.into(), value));
    }

    fn add_request(&mut self, request: &BaseHTTPRequestHandler<'_>, wanted: &Wanted) {
        self.add("GATEWAY_INTERFACE", "CGI/1.1");
        self.add("REQUEST_METHOD", wanted.method.as_str());
        self.add("QUERY_STRING", wanted.query.clone().unwrap_or_default());
        self.add("SERVER_PROTOCOL", request.request_version());
        let address = request.client_address();
        let address = address.map(|address| address.ip().to_canonical().to_string());
        self.add("REMOTE_ADDR", address.unwrap_or_default());
    }

    fn add_script(&mut self, script: &Script) {
        self.add("SCRIPT_NAME", script.name.as_slice());
        self.add("PATH_INFO", script.path_info.as_slice());
        if let Some(path) = &script.path_translated {
            self.add("PATH_TRANSLATED", path.clone().into_os_string().into_vec());
        }
    }

    /// The name of the server is the one that the client has called it by.
    fn add_server(&mut self, request: &BaseHTTPRequestHandler<'_>) {
        let server = request.server();
        match request.request().authority() {
            Some((host, _)) => self.add("SERVER_NAME", host),
            None => self.add("SERVER_NAME", server.server_name()),
        }
        self.add("SERVER_PORT", server.server_port().to_string());
        self.add("SERVER_SOFTWARE", request.version_string());
        let path = std::env::var_os("PATH").unwrap_or_else(|| PATH.into());
        self.list.push(("PATH".into(), path));
    }

    /// `HTTP_…` for the fields of the request (RFC 3875 section 4.1.18); those of one name are one
    /// list.
    fn add_fields(&mut self, request: &BaseHTTPRequestHandler<'_>) {
        let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
        for (name, value) in request.headers().items_bytes() {
            let Some(variable) = variable(name) else {
                continue;
            };
            let value = one_line(value);
            match fields.iter_mut().find(|(known, _)| *known == variable) {
                None => fields.push((variable, value)),
                Some((_, list)) => {
                    let separator: &[u8] = match variable.as_str() {
                        "HTTP_COOKIE" => b"; ",
                        _ => b", ",
                    };
                    list.extend_from_slice(separator);
                    list.extend(value);
                }
            }
        }
        for (variable, value) in fields {
            self.add(&variable, value);
        }
    }
}

/// A value on one line, also where a server forgives fields that are folded (RFC 3875 section
/// 4.1.18).
fn one_line(value: &[u8]) -> Vec<u8> {
    let octets = value.iter().copied();
    let unfolded = octets.map(|octet| match octet {
        b'\r' | b'\n' => b' ',
        other => other,
    });
    unfolded.collect()
}

/// The variable of a field. None for names with other characters than letters, digits and hyphens:
/// an underscore would make it the variable of another field.
fn variable(name: &[u8]) -> Option<String> {
    let plain = |octet: &u8| octet.is_ascii_alphanumeric() || *octet == b'-';
    let passed = |name: &[u8]| !NOT_PASSED.iter().any(|not| name.eq_ignore_ascii_case(not));
    let name = Some(name).filter(|name| name.iter().all(plain) && passed(name))?;
    let name = std::str::from_utf8(name).ok()?;
    Some(format!(
        "HTTP_{}",
        name.to_ascii_uppercase().replace('-', "_")
    ))
}
