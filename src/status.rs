//! Status codes: [`HTTPStatus`], the module constants of `http.client`, and [`responses`].
//!
//! The codes and phrases are those of the IANA HTTP Status Code Registry (RFC 9110 section 16.2),
//! as far as Python's `http.HTTPStatus` lists them. A response may carry any other code from 100
//! to 999; that is why `HTTPResponse::status` is a plain integer.

use std::error::Error;
use std::fmt;

/// Writes the enum, its constants and its look-ups from one table.
macro_rules! statuses {
    (
        statuses { $($code:literal $variant:ident $name:ident $phrase:literal $description:literal;)* }
        aliases { $($alias:ident $target:ident;)* }
    ) => {
        /// A registered status code: counterpart of `http.HTTPStatus`.
        ///
        /// The variants are spelled as Rust spells variants; the names of `http.client` are
        /// associated constants, and constants of the crate: [`NOT_FOUND`](crate::NOT_FOUND).
        ///
        /// ```
        /// use stdhttp::HTTPStatus;
        ///
        /// let status = HTTPStatus::try_from(404)?;
        /// assert_eq!(status, HTTPStatus::NOT_FOUND);
        /// assert_eq!(status, 404);
        /// assert_eq!(status.to_string(), "404 Not Found");
        /// assert!(status.is_client_error());
        /// # Ok::<(), stdhttp::UnknownStatus>(())
        /// ```
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        #[non_exhaustive]
        #[repr(u16)]
        pub enum HTTPStatus {
            $(
                #[doc = concat!($code, " ", $phrase, ". ", $description, ".")]
                $variant = $code,
            )*
        }

        impl HTTPStatus {
            $(
                #[doc = concat!($code, " ", $phrase, ", under the name `http.client` gives it.")]
                pub const $name: Self = Self::$variant;
            )*
            $(
                #[doc = concat!("The older name of [`HTTPStatus::", stringify!($target), "`].")]
                pub const $alias: Self = Self::$target;
            )*

            /// Every member in ascending order, each once (aliases are not members).
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The code: 404 for [`HTTPStatus::NOT_FOUND`].
            #[must_use]
            pub const fn value(self) -> u16 {
                match self {
                    $(Self::$variant => $code,)*
                }
            }

            /// The name of the member in `http.HTTPStatus`: `"NOT_FOUND"`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($name),)*
                }
            }

            /// The registered reason phrase: `"Not Found"`.
            #[must_use]
            pub const fn phrase(self) -> &'static str {
                match self {
                    $(Self::$variant => $phrase,)*
                }
            }

            /// What the status means, in one sentence without a final stop.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => $description,)*
                }
            }
        }

        impl TryFrom<u16> for HTTPStatus {
            type Error = UnknownStatus;

            /// Finds the member with this code.
            ///
            /// # Errors
            ///
            /// [`UnknownStatus`] if no member has it; `http.HTTPStatus(code)` raises `ValueError`.
            fn try_from(code: u16) -> Result<Self, UnknownStatus> {
                match code {
                    $($code => Ok(Self::$variant),)*
                    _ => Err(UnknownStatus { code }),
                }
            }
        }

        /// The members of [`HTTPStatus`] as free constants, as `http.client` re-exports them.
        pub(crate) mod constants {
            use super::HTTPStatus;

            $(
                #[doc = concat!($code, " ", $phrase, ".")]
                pub const $name: HTTPStatus = HTTPStatus::$variant;
            )*
            $(
                #[doc = concat!("The older name of [`HTTPStatus::", stringify!($target), "`].")]
                pub const $alias: HTTPStatus = HTTPStatus::$target;
            )*
        }
    };
}

statuses! {
    statuses {
        100 Continue CONTINUE "Continue" "The request head is acceptable and the body may be sent";
        101 SwitchingProtocols SWITCHING_PROTOCOLS "Switching Protocols" "The connection changes to the protocol named in Upgrade";
        102 Processing PROCESSING "Processing" "The request was accepted and is still being worked on";
        103 EarlyHints EARLY_HINTS "Early Hints" "Some fields of the final response are sent ahead of it";
        200 Ok OK "OK" "The request succeeded";
        201 Created CREATED "Created" "The request succeeded and created a resource";
        202 Accepted ACCEPTED "Accepted" "The request was taken in and will be carried out later, if at all";
        203 NonAuthoritativeInformation NON_AUTHORITATIVE_INFORMATION "Non-Authoritative Information" "The content was modified by a proxy on its way from the origin server";
        204 NoContent NO_CONTENT "No Content" "The request succeeded and there is no content to send";
        205 ResetContent RESET_CONTENT "Reset Content" "The request succeeded and the view that sent it should be reset";
        206 PartialContent PARTIAL_CONTENT "Partial Content" "The requested ranges of the representation follow";
        207 MultiStatus MULTI_STATUS "Multi-Status" "The content holds a status for each of several resources";
        208 AlreadyReported ALREADY_REPORTED "Already Reported" "The members of this binding were listed earlier in the same answer";
        226 ImUsed IM_USED "IM Used" "The content is the result of instance manipulations";
        300 MultipleChoices MULTIPLE_CHOICES "Multiple Choices" "The resource has several representations to choose from";
        301 MovedPermanently MOVED_PERMANENTLY "Moved Permanently" "The resource has a new permanent URI, given in Location";
        302 Found FOUND "Found" "The resource is for now at the URI given in Location";
        303 SeeOther SEE_OTHER "See Other" "The answer can be retrieved with GET from the URI given in Location";
        304 NotModified NOT_MODIFIED "Not Modified" "The stored representation is still current";
        305 UseProxy USE_PROXY "Use Proxy" "The resource was to be requested through a proxy; deprecated";
        307 TemporaryRedirect TEMPORARY_REDIRECT "Temporary Redirect" "The same request should be sent to the URI given in Location this time";
        308 PermanentRedirect PERMANENT_REDIRECT "Permanent Redirect" "The same request should be sent to the URI given in Location from now on";
        400 BadRequest BAD_REQUEST "Bad Request" "The server takes the request to be malformed";
        401 Unauthorized UNAUTHORIZED "Unauthorized" "The request lacks valid credentials for the resource";
        402 PaymentRequired PAYMENT_REQUIRED "Payment Required" "Reserved for requests that must be paid for";
        403 Forbidden FORBIDDEN "Forbidden" "The server understood the request and refuses it";
        404 NotFound NOT_FOUND "Not Found" "The server has no representation of the resource to show";
        405 MethodNotAllowed METHOD_NOT_ALLOWED "Method Not Allowed" "The resource does not support the method";
        406 NotAcceptable NOT_ACCEPTABLE "Not Acceptable" "No representation matches the preferences of the request";
        407 ProxyAuthenticationRequired PROXY_AUTHENTICATION_REQUIRED "Proxy Authentication Required" "The proxy asks for credentials of its own";
        408 RequestTimeout REQUEST_TIMEOUT "Request Timeout" "The request was not complete in the time the server waits";
        409 Conflict CONFLICT "Conflict" "The request conflicts with the present state of the resource";
        410 Gone GONE "Gone" "The resource was removed, probably for good";
        411 LengthRequired LENGTH_REQUIRED "Length Required" "The server wants a Content-Length";
        412 PreconditionFailed PRECONDITION_FAILED "Precondition Failed" "A condition in the request fields does not hold";
        413 ContentTooLarge CONTENT_TOO_LARGE "Content Too Large" "The request content is larger than the server takes";
        414 UriTooLong URI_TOO_LONG "URI Too Long" "The request target is longer than the server takes";
        415 UnsupportedMediaType UNSUPPORTED_MEDIA_TYPE "Unsupported Media Type" "The request content has a format the resource does not take";
        416 RangeNotSatisfiable RANGE_NOT_SATISFIABLE "Range Not Satisfiable" "None of the requested ranges can be served";
        417 ExpectationFailed EXPECTATION_FAILED "Expectation Failed" "The expectation given in Expect cannot be met";
        418 ImATeapot IM_A_TEAPOT "I'm a Teapot" "The server is a teapot and brews no coffee";
        421 MisdirectedRequest MISDIRECTED_REQUEST "Misdirected Request" "The server cannot answer for the host that was asked for";
        422 UnprocessableContent UNPROCESSABLE_CONTENT "Unprocessable Content" "The request content is well formed but cannot be acted upon";
        423 Locked LOCKED "Locked" "The resource is locked";
        424 FailedDependency FAILED_DEPENDENCY "Failed Dependency" "Another action that this one needs has failed";
        425 TooEarly TOO_EARLY "Too Early" "The server does not act on a request that may be a replay";
        426 UpgradeRequired UPGRADE_REQUIRED "Upgrade Required" "The server wants another protocol, named in Upgrade";
        428 PreconditionRequired PRECONDITION_REQUIRED "Precondition Required" "The server wants the request to be conditional";
        429 TooManyRequests TOO_MANY_REQUESTS "Too Many Requests" "The client has sent too many requests in a given time";
        431 RequestHeaderFieldsTooLarge REQUEST_HEADER_FIELDS_TOO_LARGE "Request Header Fields Too Large" "The fields of the request are larger than the server takes";
        451 UnavailableForLegalReasons UNAVAILABLE_FOR_LEGAL_REASONS "Unavailable For Legal Reasons" "Access is denied because of a legal demand";
        500 InternalServerError INTERNAL_SERVER_ERROR "Internal Server Error" "The server met a condition it did not expect";
        501 NotImplemented NOT_IMPLEMENTED "Not Implemented" "The server lacks what the request needs";
        502 BadGateway BAD_GATEWAY "Bad Gateway" "A server further along sent an invalid response";
        503 ServiceUnavailable SERVICE_UNAVAILABLE "Service Unavailable" "The server is for now overloaded or under maintenance";
        504 GatewayTimeout GATEWAY_TIMEOUT "Gateway Timeout" "A server further along did not answer in time";
        505 HttpVersionNotSupported HTTP_VERSION_NOT_SUPPORTED "HTTP Version Not Supported" "The server does not support the HTTP version of the request";
        506 VariantAlsoNegotiates VARIANT_ALSO_NEGOTIATES "Variant Also Negotiates" "The chosen variant negotiates in turn, which is a configuration error";
        507 InsufficientStorage INSUFFICIENT_STORAGE "Insufficient Storage" "The server has no room to store what the request needs";
        508 LoopDetected LOOP_DETECTED "Loop Detected" "The server ran into an endless loop while working on the request";
        510 NotExtended NOT_EXTENDED "Not Extended" "The request lacks an extension the resource demands";
        511 NetworkAuthenticationRequired NETWORK_AUTHENTICATION_REQUIRED "Network Authentication Required" "The client must authenticate to gain access to the network";
    }
    aliases {
        REQUEST_ENTITY_TOO_LARGE ContentTooLarge;
        REQUEST_URI_TOO_LONG UriTooLong;
        REQUESTED_RANGE_NOT_SATISFIABLE RangeNotSatisfiable;
        UNPROCESSABLE_ENTITY UnprocessableContent;
    }
}

impl HTTPStatus {
    /// True for 100 to 199: an interim response (RFC 9110 section 15.2).
    #[must_use]
    pub const fn is_informational(self) -> bool {
        matches!(self.value(), 100..=199)
    }

    /// True for 200 to 299 (RFC 9110 section 15.3).
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self.value(), 200..=299)
    }

    /// True for 300 to 399 (RFC 9110 section 15.4).
    #[must_use]
    pub const fn is_redirection(self) -> bool {
        matches!(self.value(), 300..=399)
    }

    /// True for 400 to 499 (RFC 9110 section 15.5).
    #[must_use]
    pub const fn is_client_error(self) -> bool {
        matches!(self.value(), 400..=499)
    }

    /// True for 500 to 599 (RFC 9110 section 15.6).
    #[must_use]
    pub const fn is_server_error(self) -> bool {
        matches!(self.value(), 500..=599)
    }
}

/// Writes the code and the phrase: `404 Not Found`.
impl fmt::Display for HTTPStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.value(), self.phrase())
    }
}

impl From<HTTPStatus> for u16 {
    fn from(status: HTTPStatus) -> Self {
        status.value()
    }
}

impl PartialEq<u16> for HTTPStatus {
    fn eq(&self, code: &u16) -> bool {
        self.value() == *code
    }
}

impl PartialEq<HTTPStatus> for u16 {
    fn eq(&self, status: &HTTPStatus) -> bool {
        *self == status.value()
    }
}

/// The registered phrase of a code: counterpart of the map `http.client.responses`.
///
/// To go through the whole map, go through [`HTTPStatus::ALL`].
///
/// ```
/// assert_eq!(stdhttp::responses(404), Some("Not Found"));
/// assert_eq!(stdhttp::responses(299), None);
/// ```
#[must_use]
pub fn responses(code: u16) -> Option<&'static str> {
    HTTPStatus::try_from(code).ok().map(HTTPStatus::phrase)
}

/// The error of `HTTPStatus::try_from`: no member of [`HTTPStatus`] has the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct UnknownStatus {
    /// The code that was looked for.
    pub code: u16,
}

impl fmt::Display for UnknownStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a registered status code", self.code)
    }
}

impl Error for UnknownStatus {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    const REGISTERED: [u16; 62] = [
        100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303,
        304, 305, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413,
        414, 415, 416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 500, 501, 502,
        503, 504, 505, 506, 507, 508, 510, 511,
    ];

    /// The name `http.HTTPStatus` gives to a phrase: capitals, words joined by underscores.
    fn name_of(phrase: &str) -> String {
        phrase
            .replace('\'', "")
            .replace([' ', '-'], "_")
            .to_ascii_uppercase()
    }

    #[test]
    fn members_are_the_registered_codes() {
        let codes: Vec<u16> = HTTPStatus::ALL
            .iter()
            .map(|&status| status.into())
            .collect();
        assert_eq!(codes, REGISTERED);
        assert!(HTTPStatus::ALL.is_sorted());
    }

    #[test]
    fn every_integer_is_a_member_or_unknown() {
        for code in 0..=u16::MAX {
            let expected = REGISTERED
                .contains(&code)
                .then_some(code)
                .ok_or(UnknownStatus { code });
            assert_eq!(HTTPStatus::try_from(code).map(u16::from), expected);
        }
    }

    #[test]
    fn names_and_phrases_agree() {
        for status in HTTPStatus::ALL {
            assert_eq!(status.name(), name_of(status.phrase()));
        }
    }

    #[test]
    fn names_phrases_and_descriptions_are_distinct() {
        let texts: [fn(HTTPStatus) -> &'static str; 3] = [
            HTTPStatus::name,
            HTTPStatus::phrase,
            HTTPStatus::description,
        ];
        for text in texts {
            let seen: HashSet<_> = HTTPStatus::ALL.iter().map(|&status| text(status)).collect();
            assert_eq!(seen.len(), REGISTERED.len());
        }
    }

    #[test]
    fn descriptions_are_sentences() {
        for status in HTTPStatus::ALL {
            let text = status.description();
            assert!(text.len() >= 15 && !text.ends_with('.'), "{status}: {text}");
            assert!(text.starts_with(|first: char| first.is_ascii_uppercase()));
        }
    }

    #[test]
    fn predicates_are_ranges() {
        for &status in HTTPStatus::ALL {
            let answers = [
                status.is_informational(),
                status.is_success(),
                status.is_redirection(),
                status.is_client_error(),
                status.is_server_error(),
            ];
            let class = status.value() / 100;
            assert_eq!(answers, [1, 2, 3, 4, 5].map(|hundred| hundred == class));
        }
    }

    #[test]
    fn aliases_name_the_same_member() {
        let rows = [
            (HTTPStatus::REQUEST_ENTITY_TOO_LARGE, 413),
            (HTTPStatus::REQUEST_URI_TOO_LONG, 414),
            (HTTPStatus::REQUESTED_RANGE_NOT_SATISFIABLE, 416),
            (HTTPStatus::UNPROCESSABLE_ENTITY, 422),
            (constants::REQUEST_ENTITY_TOO_LARGE, 413),
            (constants::REQUEST_URI_TOO_LONG, 414),
            (constants::REQUESTED_RANGE_NOT_SATISFIABLE, 416),
            (constants::UNPROCESSABLE_ENTITY, 422),
        ];
        for (status, code) in rows {
            assert_eq!(status, code);
            assert!(!status.name().starts_with("REQUEST"));
        }
    }

    #[test]
    fn constants_and_variants_are_one() {
        let rows = [
            (HTTPStatus::OK, HTTPStatus::Ok, constants::OK, 200),
            (
                HTTPStatus::IM_USED,
                HTTPStatus::ImUsed,
                constants::IM_USED,
                226,
            ),
            (
                HTTPStatus::IM_A_TEAPOT,
                HTTPStatus::ImATeapot,
                constants::IM_A_TEAPOT,
                418,
            ),
        ];
        for (associated, variant, constant, code) in rows {
            assert_eq!(associated, variant);
            assert_eq!(constant, variant);
            assert_eq!(variant, code);
            assert_eq!(code, variant);
            assert_ne!(variant, 404);
            assert_ne!(404, variant);
        }
    }

    #[test]
    fn display_is_code_and_phrase() {
        assert_eq!(HTTPStatus::NotFound.to_string(), "404 Not Found");
        assert_eq!(HTTPStatus::ImATeapot.to_string(), "418 I'm a Teapot");
    }

    #[test]
    fn responses_maps_codes_to_phrases() {
        for code in 0..=999 {
            let member = HTTPStatus::ALL.iter().find(|&&status| status == code);
            assert_eq!(responses(code), member.map(|status| status.phrase()));
        }
        assert_eq!(responses(404), Some("Not Found"));
        assert_eq!(responses(306), None);
    }

    #[test]
    fn unknown_status_says_its_code() {
        let error = HTTPStatus::try_from(299).unwrap_err();
        assert_eq!(error, UnknownStatus { code: 299 });
        assert!(error.to_string().contains("299"));
    }
}
