//! `Digest` (RFC 7616): what a server asked for, and the answers to it.
//!
//! MD5, SHA-256 and SHA-512/256, each with `-sess`, `auth` and `auth-int`, hashed and encoded
//! names, `nextnonce` and `rspauth`. Without a `qop` the form of RFC 2069 is sent, which old
//! servers still ask for. The example of RFC 7616 section 3.9.2 is computed with a SHA-512 that is
//! cut short; here it is SHA-512/256 as FIPS 180-4 has it.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::challenge::Challenge;
use super::credentials::Credentials;
use super::fields::Fields;
use super::proof::{Algorithm, Context, Qop, RspauthMismatch, Turn};
use super::random;
use crate::message::latin1;

/// The request that an answer is for.
#[derive(Clone, Copy, Debug)]
pub struct DigestRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// The request target exactly as it is sent, query included; its absolute form to a proxy.
    pub target: &'a str,
    /// The content, for `auth-int`; `None` where it is not at hand, which rules `auth-int` out.
    pub body: Option<&'a [u8]>,
}

/// One challenge of the scheme `Digest`, and how often it was answered.
///
/// It is shared by the threads that speak to one server: no two answers have the same nonce count.
///
/// ```
/// use stdhttp::auth::{Challenge, Credentials, Digest, DigestRequest};
///
/// let found = Challenge::parse(br#"Digest realm="a", nonce="n", algorithm=SHA-256, qop="auth""#);
/// let digest = Digest::new(&found[0]).expect("an algorithm and a qop that are known");
/// let request = DigestRequest { method: "GET", target: "/", body: None };
/// let answer = digest.answer(&Credentials::new("user", "secret")?, &request);
/// assert!(answer.value().starts_with(br#"Digest username="user", realm="a", nonce="n", uri="/""#));
/// # Ok::<(), stdhttp::auth::InvalidCredentials>(())
/// ```
pub struct Digest {
    realm: Vec<u8>,
    opaque: Option<Vec<u8>>,
    domain: Vec<u8>,
    /// The name as the server wrote it, if it did.
    algorithm_name: Option<Vec<u8>>,
    algorithm: Algorithm,
    session: bool,
    qop: Option<Qop>,
    userhash: bool,
    stale: bool,
    cnonce: Box<dyn Fn() -> String + Send + Sync>,
    state: Mutex<State>,
}

/// What changes from answer to answer.
struct State {
    nonce: Vec<u8>,
    count: u32,
    /// The nonce and the client's nonce of the first answer, which `-sess` keeps.
    session: Option<(Vec<u8>, String)>,
}

impl Digest {
    /// What a challenge asks for. `None` if it is of another scheme, or if there is no answer:
    /// without realm or nonce, of an unknown algorithm, or without any quality of protection that
    /// is known (RFC 7616 section 3.3).
    #[must_use]
    pub fn new(challenge: &Challenge) -> Option<Self> {
        let param = |name| challenge.get_bytes(name).map(<[u8]>::to_vec);
        let is_true = |name| challenge.get_bytes(name).is_some_and(is_true);
        let algorithm_name = param("algorithm");
        let (algorithm, session) = match &algorithm_name {
            Some(name) => Algorithm::named(name)?,
            None => (Algorithm::Md5, false),
        };
        let qop = match challenge.get_bytes("qop") {
            Some(offered) => Some(Qop::choose(offered)?),
            None => None,
        };
        let nonce = param("nonce")?;
        // The session of `-sess` is made of the client's nonce, which there is only with a `qop`.
        let answerable = challenge.is("digest") && (qop.is_some() || !session);
        answerable.then_some(())?;
        Some(Self {
            realm: param("realm")?,
            opaque: param("opaque"),
            domain: param("domain").unwrap_or_default(),
            algorithm_name,
            algorithm,
            session,
            qop,
            userhash: is_true("userhash"),
            stale: is_true("stale"),
            cnonce: Box::new(random::token),
            state: Mutex::new(State::new(nonce)),
        })
    }

    /// The strongest of these challenges that can be answered with this body; of equally strong
    /// ones the first (RFC 7616 section 3.7 leaves that policy to the client).
    #[must_use]
    pub fn strongest(challenges: &[Challenge], body: Option<&[u8]>) -> Option<Self> {
        let known = challenges.iter().filter_map(Self::new);
        let usable = known.filter(|digest| digest.fits(body));
        usable.fold(None, |best, next| match best {
            Some(best) if best.algorithm >= next.algorithm => Some(best),
            _ => Some(next),
        })
    }

    /// Takes the client's nonces from here and not from the keys of `std`'s hash maps, which come
    /// from the system's randomness. They have to be fresh and hard to guess, and without quotes.
    #[must_use]
    pub fn with_cnonce(mut self, make: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.cnonce = Box::new(make);
        self
    }

    /// Whether a request with this body can be answered: `auth-int` needs the content.
    #[must_use]
    pub fn fits(&self, body: Option<&[u8]>) -> bool {
        self.qop != Some(Qop::AuthInt) || body.is_some()
    }

    /// The protection space. Each octet is one character.
    #[must_use]
    pub fn realm(&self) -> Cow<'_, str> {
        latin1(&self.realm)
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether the server only refused the nonce: name and password were right.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.stale
    }

    /// The URIs of the protection space (RFC 7616 section 3.3), as written; none: all of the
    /// origin. What is of another origin must not be believed.
    pub fn domain(&self) -> impl Iterator<Item = Cow<'_, str>> {
        let uris = self.domain.split(|octet| *octet == b' ');
        uris.filter(|uri| !uri.is_empty()).map(latin1)
    }

    /// The answer for one request.
    ///
    /// Where [`fits`](Self::fits) says no, the content counts as empty, and the server refuses it.
    #[must_use]
    pub fn answer(&self, credentials: &Credentials, request: &DigestRequest<'_>) -> DigestAnswer {
        let turn = self.turn();
        let secret = self.secret(credentials, &turn);
        let context = Context {
            algorithm: self.algorithm,
            qop: self.qop,
            secret,
            target: request.target.to_owned(),
            turn,
        };
        let body = request.body.unwrap_or_default();
        let response = context.response(request.method, body);
        DigestAnswer {
            value: self.write(credentials.user(), &context, &response),
            context,
        }
    }

    /// Takes the next use of the nonce.
    fn turn(&self) -> Turn {
        let cnonce = (self.cnonce)();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.count = state.count.saturating_add(1);
        let first = (state.nonce.clone(), cnonce.clone());
        let session = self
            .session
            .then(|| state.session.get_or_insert(first).clone());
        Turn {
            nonce: state.nonce.clone(),
            count: state.count,
            cnonce,
            session,
        }
    }

    /// H(A1) (RFC 7616 section 3.4.2).
    fn secret(&self, credentials: &Credentials, turn: &Turn) -> String {
        let (user, password) = (credentials.user(), credentials.password());
        let parts = [user.as_bytes(), &self.realm, password.as_bytes()];
        let plain = self.algorithm.hash_list(&parts);
        match &turn.session {
            None => plain,
            Some((nonce, cnonce)) => {
                let parts = [plain.as_bytes(), nonce, cnonce.as_bytes()];
                self.algorithm.hash_list(&parts)
            }
        }
    }

    /// The value of the field (RFC 7616 section 3.4).
    fn write(&self, user: &str, context: &Context, response: &str) -> Vec<u8> {
        let turn = &context.turn;
        let mut fields = Fields::new("Digest");
        self.write_user(user, &mut fields);
        fields.quoted("realm", &self.realm);
        fields.quoted("nonce", &turn.nonce);
        fields.quoted("uri", context.target.as_bytes());
        fields.quoted("response", response.as_bytes());
        if let Some(name) = &self.algorithm_name {
            fields.bare("algorithm", name);
        }
        if let Some(qop) = self.qop {
            fields.quoted("cnonce", turn.cnonce.as_bytes());
            fields.bare("qop", qop.name().as_bytes());
            fields.bare("nc", turn.nc().as_bytes());
        }
        if let Some(opaque) = &self.opaque {
            fields.quoted("opaque", opaque);
        }
        if self.userhash {
            fields.bare("userhash", b"true");
        }
        fields.into_value()
    }

    /// The name: hashed, quoted, or encoded where it can't be quoted (RFC 7616 section 3.4.4).
    fn write_user(&self, user: &str, fields: &mut Fields) {
        if self.userhash {
            let hashed = self.algorithm.hash_list(&[user.as_bytes(), &self.realm]);
            fields.quoted("username", hashed.as_bytes());
        } else if user.is_ascii() {
            fields.quoted("username", user.as_bytes());
        } else {
            fields.encoded("username", user);
        }
    }

    /// Takes the next nonce from the value of `Authentication-Info` or
    /// `Proxy-Authentication-Info` of an answer to a request with this answer.
    ///
    /// # Errors
    ///
    /// [`RspauthMismatch`] if the server gives a proof that it knows the password, and the proof
    /// is wrong. `body` is the content of the response, which `auth-int` protects; where that is
    /// not at hand its proof is not verified.
    pub fn authentication_info(
        &self,
        answer: &DigestAnswer,
        value: &[u8],
        body: Option<&[u8]>,
    ) -> Result<(), RspauthMismatch> {
        let Some(info) = Challenge::params_alone(value) else {
            return Ok(());
        };
        if let Some(proof) = info.get_bytes("rspauth") {
            answer.context.verify(proof, body)?;
        }
        if let Some(nonce) = info.get_bytes("nextnonce") {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            let session = state.session.take();
            *state = State {
                session,
                ..State::new(nonce.to_vec())
            };
        }
        Ok(())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Digest");
        let shown = shown.field("realm", &self.realm());
        let shown = shown
            .field("algorithm", &self.algorithm)
            .field("session", &self.session);
        shown
            .field("qop", &self.qop)
            .field("stale", &self.stale)
            .finish_non_exhaustive()
    }
}

impl State {
    fn new(nonce: Vec<u8>) -> Self {
        Self {
            nonce,
            count: 0,
            session: None,
        }
    }
}

/// The answer for one request: the value of its field, and what verifies the server's proof.
pub struct DigestAnswer {
    value: Vec<u8>,
    context: Context,
}

impl DigestAnswer {
    /// The value of `Authorization` or `Proxy-Authorization`. What the server sent is in it octet by
    /// octet.
    #[must_use]
    pub fn value(&self) -> &[u8] {
        &self.value
    }
}

impl fmt::Debug for DigestAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DigestAnswer").finish_non_exhaustive()
    }
}

fn is_true(value: &[u8]) -> bool {
    value.eq_ignore_ascii_case(b"true")
}
