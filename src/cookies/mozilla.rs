//! `MozillaCookieJar`: a jar that is kept in a `cookies.txt`.
//!
//! A file is written beside the old one, for the owner alone, and takes its place when it is whole
//! and on the disk. Until then, and after every failure, the old one is as it was.

use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};

use super::cookie::Cookie;
use super::error::LoadError;
use super::jar::CookieJar;
use super::netscape;
use super::time::Moment;
use crate::replacing::{Readers, replace};

/// The largest file that is read.
const LARGEST: u64 = 64 * 1_024 * 1_024;

/// A jar with a file (`http.cookiejar.MozillaCookieJar`), which curl, wget, browsers' extensions
/// and Python read too. It is a [`CookieJar`] in all else.
///
/// `SameSite` has no place in such a file and is not kept.
///
/// ```no_run
/// use stdhttp::cookies::{CookieJar, MozillaCookieJar};
///
/// let jar = MozillaCookieJar::new("cookies.txt", CookieJar::new());
/// let loaded = jar.load()?;
/// println!("{} cookies, {} lines skipped", loaded.cookies, loaded.skipped);
/// // … requests …
/// jar.save()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct MozillaCookieJar {
    jar: CookieJar,
    filename: PathBuf,
    ignore_discard: bool,
}

/// What was read from a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Loaded {
    /// The cookies that were taken.
    pub cookies: usize,
    /// The lines that are neither cookies nor comments.
    pub skipped: usize,
}

/// What was written to a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Saved {
    /// The cookies that were written.
    pub cookies: usize,
    /// Those that have no place in such a file, because there is a tab in their name or path.
    pub skipped: usize,
}

impl MozillaCookieJar {
    /// A jar with the settings and cookies of another one, and its file. Nothing is read yet.
    #[must_use]
    pub fn new(filename: impl Into<PathBuf>, jar: CookieJar) -> Self {
        Self {
            jar,
            filename: filename.into(),
            ignore_discard: false,
        }
    }

    /// Also loads and saves cookies that end with the session (`ignore_discard=True`).
    #[must_use]
    pub fn with_session_cookies(mut self) -> Self {
        self.ignore_discard = true;
        self
    }

    /// The name of the file.
    #[must_use]
    pub fn filename(&self) -> &Path {
        &self.filename
    }

    /// Takes the cookies of the file to those that are there (`load`). They pass the limits of the
    /// jar, and cookies for all below a public suffix are for that host alone.
    ///
    /// # Errors
    ///
    /// [`LoadError`]; the jar is then as it was.
    pub fn load(&self) -> Result<Loaded, LoadError> {
        let (cookies, skipped) = self.read()?;
        Ok(Loaded {
            cookies: self.take(cookies),
            skipped,
        })
    }

    /// Takes the cookies of the file in place of those that are there (`revert`).
    ///
    /// # Errors
    ///
    /// [`LoadError`]; the jar is then as it was.
    pub fn revert(&self) -> Result<Loaded, LoadError> {
        let (cookies, skipped) = self.read()?;
        self.jar.clear(None, None, None);
        Ok(Loaded {
            cookies: self.take(cookies),
            skipped,
        })
    }

    fn read(&self) -> Result<(Vec<Cookie>, usize), LoadError> {
        let mut content = Vec::new();
        let beyond = LARGEST.saturating_add(1);
        File::open(&self.filename)?
            .take(beyond)
            .read_to_end(&mut content)?;
        if u64::try_from(content.len()).unwrap_or(beyond) > LARGEST {
            return Err(LoadError::TooLarge(LARGEST));
        }
        let file = netscape::File::parse(&content);
        // Without a line that is understood it is something else, which saving would destroy.
        if file.cookies.is_empty() && file.skipped > 0 && !file.has_header {
            return Err(LoadError::NoCookieFile);
        }
        Ok((file.cookies, file.skipped))
    }

    fn take(&self, cookies: Vec<Cookie>) -> usize {
        let now = self.jar.now();
        let mut count: usize = 0;
        let kept = cookies
            .into_iter()
            .filter(|cookie| self.is_kept(cookie, now));
        for mut cookie in kept {
            let is_shared = self
                .jar
                .with_rules(now, |rules| rules.is_shared(&cookie.domain));
            cookie.host_only = cookie.host_only || is_shared;
            self.jar.set_cookie(cookie);
            count = count.saturating_add(1);
        }
        count
    }

    fn is_kept(&self, cookie: &Cookie, now: Moment) -> bool {
        !cookie.is_expired_at(now) && (self.ignore_discard || !cookie.is_session())
    }

    /// Writes the cookies to the file (`save`), with mode 0600 where there are modes. Cookies that
    /// have expired are left out, and those that end with the session unless asked for.
    ///
    /// # Errors
    ///
    /// The file can't be written; the old one is then as it was.
    pub fn save(&self) -> io::Result<Saved> {
        let now = self.jar.now();
        let cookies: Vec<Cookie> = self.jar.iter().collect();
        let kept = cookies.iter().filter(|cookie| self.is_kept(cookie, now));
        let count = kept.clone().count();
        let (content, skipped) = netscape::write(kept);
        replace(&self.filename, Readers::Owner, |file| {
            file.write_all(&content)
        })?;
        Ok(Saved {
            cookies: count.saturating_sub(skipped),
            skipped,
        })
    }
}

impl Deref for MozillaCookieJar {
    type Target = CookieJar;

    fn deref(&self) -> &CookieJar {
        &self.jar
    }
}
