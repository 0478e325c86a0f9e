//! A name and a password, and what `Basic` makes of them (RFC 7617).

use std::error::Error;
use std::fmt;

use super::hash::base64;

/// A name and a password.
///
/// Both are sent as UTF-8. RFC 7616 and RFC 7617 want them in normal form C, which needs tables
/// that `std` has not: text is sent as it is given, and normalizing it is the caller's part.
///
/// Over plain `http` whoever is on the way can read the password of `Basic`, and try passwords
/// against what `Digest` sends.
///
/// ```
/// use stdhttp::auth::Credentials;
///
/// let aladdin = Credentials::new("Aladdin", "open sesame")?;
/// assert_eq!(aladdin.basic()?, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
/// # Ok::<(), stdhttp::auth::InvalidCredentials>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: String,
}

impl Credentials {
    /// A name and a password, as `auth=(user, password)` in `requests`.
    ///
    /// # Errors
    ///
    /// `Control` if one of them holds a control character (RFC 7617 section 2).
    pub fn new(
        user: impl Into<String>,
        password: impl Into<String>,
    ) -> Result<Self, InvalidCredentials> {
        let (user, password) = (user.into(), password.into());
        if user.contains(char::is_control) || password.contains(char::is_control) {
            return Err(InvalidCredentials::Control);
        }
        Ok(Self { user, password })
    }

    /// The name.
    #[must_use]
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// The value of `Authorization` or `Proxy-Authorization` for `Basic`.
    ///
    /// # Errors
    ///
    /// `ColonInUser`: the name would end there for the server (RFC 7617 section 2).
    pub fn basic(&self) -> Result<String, InvalidCredentials> {
        if self.user.contains(':') {
            return Err(InvalidCredentials::ColonInUser);
        }
        let pair = format!("{}:{}", self.user, self.password);
        Ok(format!("Basic {}", base64::encode(pair.as_bytes())))
    }
}

/// Masks the password.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut masked = f.debug_struct("Credentials");
        masked.field("user", &self.user).finish_non_exhaustive()
    }
}

/// Why a name and a password can't be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidCredentials {
    /// A control character in the name or the password.
    Control,
    /// A colon in the name, which `Basic` has no place for.
    ColonInUser,
}

impl fmt::Display for InvalidCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Control => "control character in a name or password",
            Self::ColonInUser => "colon in a name for Basic",
        })
    }
}

impl Error for InvalidCredentials {}
