//! The proofs of `Digest`: what is hashed in which order (RFC 7616 sections 3.4 and 3.5).

use std::error::Error;
use std::fmt;

use super::hash::Hash;

/// The algorithms in order of strength, the strongest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// MD5, also where a challenge names none.
    Md5,
    /// SHA-256.
    Sha256,
    /// SHA-512/256.
    Sha512_256,
}

impl Algorithm {
    /// The algorithm of this name, and whether it is the `-sess` variant.
    pub(super) fn named(name: &[u8]) -> Option<(Self, bool)> {
        let name = name.to_ascii_lowercase();
        let stem = name.strip_suffix(b"-sess");
        let algorithm = match stem.unwrap_or(&name) {
            b"md5" => Self::Md5,
            b"sha-256" => Self::Sha256,
            b"sha-512-256" => Self::Sha512_256,
            _ => return None,
        };
        Some((algorithm, stem.is_some()))
    }

    fn hash(self, parts: &[&[u8]]) -> String {
        let hash = match self {
            Self::Md5 => Hash::Md5,
            Self::Sha256 => Hash::Sha256,
            Self::Sha512_256 => Hash::Sha512_256,
        };
        hash.hex(parts)
    }

    /// The hash of what stands between colons.
    pub(super) fn hash_list(self, parts: &[&[u8]]) -> String {
        self.hash(&[&parts.join(&b':')])
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Qop {
    Auth,
    AuthInt,
}

impl Qop {
    /// `auth` if it is offered, else `auth-int`; options that are not known do not count.
    pub(super) fn choose(offered: &[u8]) -> Option<Self> {
        let offers = |qop: Self| {
            let mut options = offered.split(|octet| *octet == b',');
            options.any(|option| {
                option
                    .trim_ascii()
                    .eq_ignore_ascii_case(qop.name().as_bytes())
            })
        };
        [Self::Auth, Self::AuthInt]
            .into_iter()
            .find(|qop| offers(*qop))
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
        }
    }
}

/// One use of a nonce.
pub(super) struct Turn {
    pub(super) nonce: Vec<u8>,
    pub(super) count: u32,
    pub(super) cnonce: String,
    pub(super) session: Option<(Vec<u8>, String)>,
}

impl Turn {
    pub(super) fn nc(&self) -> String {
        format!("{:08x}", self.count)
    }
}

/// What a proof is computed from, the server's as well as the client's.
pub(super) struct Context {
    pub(super) algorithm: Algorithm,
    pub(super) qop: Option<Qop>,
    /// H(A1).
    pub(super) secret: String,
    pub(super) target: String,
    pub(super) turn: Turn,
}

impl Context {
    /// The client's proof, or with an empty method the server's (RFC 7616 sections 3.4.1, 3.5).
    pub(super) fn response(&self, method: &str, body: &[u8]) -> String {
        let hashed_body = self.algorithm.hash(&[body]);
        let mut action = vec![method.as_bytes(), self.target.as_bytes()];
        if self.qop == Some(Qop::AuthInt) {
            action.push(hashed_body.as_bytes());
        }
        let action = self.algorithm.hash_list(&action);
        let nc = self.turn.nc();
        let mut parts = vec![self.secret.as_bytes(), &self.turn.nonce];
        if let Some(qop) = self.qop {
            let cnonce = self.turn.cnonce.as_bytes();
            parts.extend([nc.as_bytes(), cnonce, qop.name().as_bytes()]);
        }
        parts.push(action.as_bytes());
        self.algorithm.hash_list(&parts)
    }

    pub(super) fn verify(&self, proof: &[u8], body: Option<&[u8]>) -> Result<(), RspauthMismatch> {
        if self.qop == Some(Qop::AuthInt) && body.is_none() {
            return Ok(());
        }
        let expected = self.response("", body.unwrap_or_default());
        match proof.eq_ignore_ascii_case(expected.as_bytes()) {
            true => Ok(()),
            false => Err(RspauthMismatch),
        }
    }
}

/// The server's proof that it knows the password is wrong (RFC 7616 section 3.5): the answer does
/// not come from who it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RspauthMismatch;

impl fmt::Display for RspauthMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server's rspauth is wrong")
    }
}

impl Error for RspauthMismatch {}
