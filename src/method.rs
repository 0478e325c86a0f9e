//! Request methods: [`HTTPMethod`] (RFC 9110 section 9, RFC 5789).
//!
//! A connection takes any token as a method; this enum names the nine that Python's
//! `http.HTTPMethod` lists.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// Writes the enum, its constants and its look-ups from one table.
macro_rules! methods {
    ($($variant:ident $name:ident $description:literal;)*) => {
        /// A request method: counterpart of `http.HTTPMethod`.
        ///
        /// It compares equal to its text, in capitals; methods are case-sensitive (RFC 9110
        /// section 9.1). The names of `http.HTTPMethod` are associated constants.
        ///
        /// ```
        /// use stdhttp::HTTPMethod;
        ///
        /// let method: HTTPMethod = "PUT".parse()?;
        /// assert_eq!(method, HTTPMethod::PUT);
        /// assert_eq!(method, "PUT");
        /// assert!(method.is_idempotent() && !method.is_safe());
        /// # Ok::<(), stdhttp::UnknownMethod>(())
        /// ```
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        #[non_exhaustive]
        pub enum HTTPMethod {
            $(
                #[doc = concat!("`", stringify!($name), "`. ", $description, ".")]
                $variant,
            )*
        }

        impl HTTPMethod {
            $(
                #[doc = concat!("The method `", stringify!($name), "`.")]
                pub const $name: Self = Self::$variant;
            )*

            /// Every member, in alphabetical order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The method as it is sent: `"GET"`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => stringify!($name),)*
                }
            }

            /// What the method asks for, in one sentence without a final stop.
            #[must_use]
            pub const fn description(self) -> &'static str {
                match self {
                    $(Self::$variant => $description,)*
                }
            }
        }
    };
}

methods! {
    Connect CONNECT "Have a proxy open a tunnel to the target";
    Delete DELETE "Remove the target";
    Get GET "Transfer a current representation of the target";
    Head HEAD "Do as GET does, but send no content";
    Options OPTIONS "Tell what can be done with the target";
    Patch PATCH "Change part of the target";
    Post POST "Have the target process the content";
    Put PUT "Replace the target by the content";
    Trace TRACE "Send back the request as it arrived, to test the path";
}

impl HTTPMethod {
    /// True if the method asks for nothing but information (RFC 9110 section 9.2.1).
    #[must_use]
    pub const fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options | Self::Trace)
    }

    /// True if several such requests are meant to have the effect of one, so that a request may
    /// be sent again when it is not known whether it arrived (RFC 9110 section 9.2.2).
    #[must_use]
    pub const fn is_idempotent(self) -> bool {
        self.is_safe() || matches!(self, Self::Put | Self::Delete)
    }
}

/// Writes the method as it is sent: `GET`.
impl fmt::Display for HTTPMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl AsRef<str> for HTTPMethod {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl FromStr for HTTPMethod {
    type Err = UnknownMethod;

    /// Finds the member with this text. Letter case counts.
    ///
    /// # Errors
    ///
    /// [`UnknownMethod`] if no member has it; `http.HTTPMethod(text)` raises `ValueError`.
    fn from_str(text: &str) -> Result<Self, UnknownMethod> {
        let unknown = || UnknownMethod {
            method: text.to_owned(),
        };
        let member = Self::ALL.iter().find(|method| method.as_str() == text);
        member.copied().ok_or_else(unknown)
    }
}

impl PartialEq<str> for HTTPMethod {
    fn eq(&self, text: &str) -> bool {
        self.as_str() == text
    }
}

impl PartialEq<&str> for HTTPMethod {
    fn eq(&self, text: &&str) -> bool {
        self.as_str() == *text
    }
}

impl PartialEq<HTTPMethod> for str {
    fn eq(&self, method: &HTTPMethod) -> bool {
        self == method.as_str()
    }
}

impl PartialEq<HTTPMethod> for &str {
    fn eq(&self, method: &HTTPMethod) -> bool {
        *self == method.as_str()
    }
}

/// The error of `HTTPMethod::from_str`: no member of [`HTTPMethod`] has the text.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct UnknownMethod {
    /// The text that was looked for.
    pub method: String,
}

impl fmt::Display for UnknownMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a member of HTTPMethod", self.method)
    }
}

impl Error for UnknownMethod {}

#[cfg(test)]
mod tests {
    use super::*;

    /// Member, text, safe, idempotent: RFC 9110 sections 9.2.1 and 9.2.2, RFC 5789 for PATCH.
    const ROWS: [(HTTPMethod, &str, bool, bool); 9] = [
        (HTTPMethod::CONNECT, "CONNECT", false, false),
        (HTTPMethod::DELETE, "DELETE", false, true),
        (HTTPMethod::GET, "GET", true, true),
        (HTTPMethod::HEAD, "HEAD", true, true),
        (HTTPMethod::OPTIONS, "OPTIONS", true, true),
        (HTTPMethod::PATCH, "PATCH", false, false),
        (HTTPMethod::POST, "POST", false, false),
        (HTTPMethod::PUT, "PUT", false, true),
        (HTTPMethod::TRACE, "TRACE", true, true),
    ];

    #[test]
    fn members_have_their_text_and_properties() {
        assert_eq!(HTTPMethod::ALL, ROWS.map(|(method, ..)| method));
        for (method, text, safe, idempotent) in ROWS {
            assert_eq!(method.as_str(), text);
            assert_eq!(method.as_ref(), text);
            assert_eq!(method.to_string(), text);
            assert_eq!(method.is_safe(), safe, "{method}");
            assert_eq!(method.is_idempotent(), idempotent, "{method}");
            assert!(method.description().len() >= 15);
        }
    }

    #[test]
    fn text_parses_to_its_member_only_in_capitals() {
        for (method, text, ..) in ROWS {
            assert_eq!(text.parse(), Ok(method));
            for wrong in [text.to_lowercase(), format!("{text} "), format!("{text}S")] {
                let error = UnknownMethod {
                    method: wrong.clone(),
                };
                assert_eq!(wrong.parse::<HTTPMethod>(), Err(error));
            }
        }
        assert!("".parse::<HTTPMethod>().is_err());
    }

    #[test]
    fn a_method_compares_with_text() {
        for (method, text, ..) in ROWS {
            assert_eq!(method, text);
            assert_eq!(text, method);
            assert_eq!(method, *text);
            assert_eq!(*text, method);
            assert_ne!(method, "BREW");
            assert_ne!("BREW", method);
        }
    }

    #[test]
    fn an_unknown_method_is_shown_escaped() {
        let error = "A\r\nB".parse::<HTTPMethod>().unwrap_err();
        assert!(error.to_string().contains(r#""A\r\nB""#));
    }

    #[test]
    fn display_honours_width() {
        assert_eq!(format!("{:>5}|", HTTPMethod::GET), "  GET|");
    }
}
