//! The status tests of BasicTest, and OfflineTest: codes, names, phrases, constants.

use stdhttp::{HTTPStatus, responses};

/// Every name that `http.client` has for a status, with its constants here.
macro_rules! table {
    ($($code:literal $name:ident $phrase:literal;)*) => {
        [$(($code, stringify!($name), $phrase, stdhttp::$name, HTTPStatus::$name)),*]
    };
}

type Row = (u16, &'static str, &'static str, HTTPStatus, HTTPStatus);

fn rows() -> [Row; 62] {
    table! {
        100 CONTINUE "Continue";
        101 SWITCHING_PROTOCOLS "Switching Protocols";
        102 PROCESSING "Processing";
        103 EARLY_HINTS "Early Hints";
        200 OK "OK";
        201 CREATED "Created";
        202 ACCEPTED "Accepted";
        203 NON_AUTHORITATIVE_INFORMATION "Non-Authoritative Information";
        204 NO_CONTENT "No Content";
        205 RESET_CONTENT "Reset Content";
        206 PARTIAL_CONTENT "Partial Content";
        207 MULTI_STATUS "Multi-Status";
        208 ALREADY_REPORTED "Already Reported";
        226 IM_USED "IM Used";
        300 MULTIPLE_CHOICES "Multiple Choices";
        301 MOVED_PERMANENTLY "Moved Permanently";
        302 FOUND "Found";
        303 SEE_OTHER "See Other";
        304 NOT_MODIFIED "Not Modified";
        305 USE_PROXY "Use Proxy";
        307 TEMPORARY_REDIRECT "Temporary Redirect";
        308 PERMANENT_REDIRECT "Permanent Redirect";
        400 BAD_REQUEST "Bad Request";
        401 UNAUTHORIZED "Unauthorized";
        402 PAYMENT_REQUIRED "Payment Required";
        403 FORBIDDEN "Forbidden";
        404 NOT_FOUND "Not Found";
        405 METHOD_NOT_ALLOWED "Method Not Allowed";
        406 NOT_ACCEPTABLE "Not Acceptable";
        407 PROXY_AUTHENTICATION_REQUIRED "Proxy Authentication Required";
        408 REQUEST_TIMEOUT "Request Timeout";
        409 CONFLICT "Conflict";
        410 GONE "Gone";
        411 LENGTH_REQUIRED "Length Required";
        412 PRECONDITION_FAILED "Precondition Failed";
        413 CONTENT_TOO_LARGE "Content Too Large";
        414 URI_TOO_LONG "URI Too Long";
        415 UNSUPPORTED_MEDIA_TYPE "Unsupported Media Type";
        416 RANGE_NOT_SATISFIABLE "Range Not Satisfiable";
        417 EXPECTATION_FAILED "Expectation Failed";
        418 IM_A_TEAPOT "I'm a Teapot";
        421 MISDIRECTED_REQUEST "Misdirected Request";
        422 UNPROCESSABLE_CONTENT "Unprocessable Content";
        423 LOCKED "Locked";
        424 FAILED_DEPENDENCY "Failed Dependency";
        425 TOO_EARLY "Too Early";
        426 UPGRADE_REQUIRED "Upgrade Required";
        428 PRECONDITION_REQUIRED "Precondition Required";
        429 TOO_MANY_REQUESTS "Too Many Requests";
        431 REQUEST_HEADER_FIELDS_TOO_LARGE "Request Header Fields Too Large";
        451 UNAVAILABLE_FOR_LEGAL_REASONS "Unavailable For Legal Reasons";
        500 INTERNAL_SERVER_ERROR "Internal Server Error";
        501 NOT_IMPLEMENTED "Not Implemented";
        502 BAD_GATEWAY "Bad Gateway";
        503 SERVICE_UNAVAILABLE "Service Unavailable";
        504 GATEWAY_TIMEOUT "Gateway Timeout";
        505 HTTP_VERSION_NOT_SUPPORTED "HTTP Version Not Supported";
        506 VARIANT_ALSO_NEGOTIATES "Variant Also Negotiates";
        507 INSUFFICIENT_STORAGE "Insufficient Storage";
        508 LOOP_DETECTED "Loop Detected";
        510 NOT_EXTENDED "Not Extended";
        511 NETWORK_AUTHENTICATION_REQUIRED "Network Authentication Required";
    }
}

#[test]
fn basic_test_test_dir_with_added_behavior_on_status() {
    let status = HTTPStatus::NOT_FOUND;
    assert_eq!(status.value(), 404);
    assert_eq!(status.name(), "NOT_FOUND");
    assert_eq!(status.phrase(), "Not Found");
    assert!(!status.description().is_empty());
}

/// The descriptions are the crate's own words.
#[test]
fn basic_test_test_simple_httpstatus() {
    let rows = rows();
    assert_eq!(HTTPStatus::ALL.len(), rows.len());
    for ((code, name, phrase, ..), status) in rows.into_iter().zip(HTTPStatus::ALL) {
        assert_eq!(status.value(), code);
        assert_eq!(status.name(), name);
        assert_eq!(status.phrase(), phrase);
        assert!(!status.description().is_empty() && !status.description().ends_with('.'));
        assert_eq!(HTTPStatus::try_from(code), Ok(*status));
    }
}

#[test]
fn basic_test_test_httpstatus_range() {
    let values: Vec<u16> = HTTPStatus::ALL
        .iter()
        .map(|status| status.value())
        .collect();
    assert!(!values.is_empty());
    assert!(values.iter().all(|value| (100..=599).contains(value)));
}

#[test]
fn basic_test_test_httpstatus_category() {
    for status in HTTPStatus::ALL {
        let predicates = [
            status.is_informational(),
            status.is_success(),
            status.is_redirection(),
            status.is_client_error(),
            status.is_server_error(),
        ];
        for (hundred, holds) in (1..).zip(predicates) {
            assert_eq!(holds, status.value() / 100 == hundred, "{status}");
        }
    }
}

#[test]
fn offline_test_test_responses() {
    assert_eq!(responses(404), Some("Not Found"));
    for (code, _, phrase, ..) in rows() {
        assert_eq!(responses(code), Some(phrase));
    }
    assert_eq!(responses(306), None);
}

#[test]
fn offline_test_test_client_constants() {
    for (code, name, _, module_constant, associated) in rows() {
        assert_eq!(module_constant, code, "{name}");
        assert_eq!(associated, code, "{name}");
    }
    assert_eq!(stdhttp::REQUEST_ENTITY_TOO_LARGE, 413);
    assert_eq!(stdhttp::REQUEST_URI_TOO_LONG, 414);
    assert_eq!(stdhttp::REQUESTED_RANGE_NOT_SATISFIABLE, 416);
    assert_eq!(stdhttp::UNPROCESSABLE_ENTITY, 422);
    assert_eq!((stdhttp::HTTP_PORT, stdhttp::HTTPS_PORT), (80, 443));
}
