//! What must hold of every path that leads to a file.

use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

use stdhttp::HTTPException;
use stdhttp::server::{
    BaseHTTPRequestHandler, Handler, PathRules, SimpleHTTPRequestHandler, split_path,
};
use stdhttp::testing::serve;
use stdhttp::urllib::parse::quote_from_bytes;

/// What stands in a file beside the directory.
const SECRET: &[u8] = b"what nobody may see";

/// Accepted names mean themselves and are read back from their quoted form; nothing harmless is
/// refused.
pub fn check_names(path: &[u8], rules: PathRules) {
    let plain = |octet: &u8| octet.is_ascii_lowercase() || *octet == b'/';
    let Some(names) = split_path(path, rules) else {
        // All devices have a digit, a sign or three letters.
        let shortest = path
            .split(|&octet| octet == b'/')
            .all(|name| name.len() != 3);
        assert!(!path.iter().all(plain) || !shortest, "a harmless path");
        return;
    };
    for name in &names {
        assert!(is_harmless(name, rules), "{}", name.escape_ascii());
    }
    let quoted: Vec<String> = names
        .iter()
        .map(|name| quote_from_bytes(name, ""))
        .collect();
    let again = split_path(format!("//{}/", quoted.join("/")).as_bytes(), rules);
    assert_eq!(again, Some(names));
}

/// Whether a system of this kind takes it for the name of a file in the directory at hand.
fn is_harmless(name: &[u8], rules: PathRules) -> bool {
    let leads_away = [&b""[..], b".", b".."].contains(&name);
    let separates = name.iter().any(|octet| b"/\\\0".contains(octet));
    if leads_away || separates || rules == PathRules::Unix {
        return !leads_away && !separates;
    }
    let Ok(text) = std::str::from_utf8(name) else {
        return false;
    };
    let stem = text
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_uppercase();
    let devices = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
    let numbered = |device: &str| {
        let number = stem.strip_prefix(device).unwrap_or_default();
        "123456789¹²³"
            .chars()
            .any(|digit| number == digit.to_string())
    };
    let forbidden = |c: char| c < ' ' || "<>:\"|?*".contains(c);
    !text.contains(forbidden)
        && !text.ends_with(['.', ' '])
        && !devices.contains(&stem.as_str())
        && !numbered("COM")
        && !numbered("LPT")
}

/// A directory with a file beside it.
fn directory() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let folder = std::env::temp_dir().join("stdhttp-fuzz-paths");
        let site = folder.join("site");
        std::fs::create_dir_all(site.join("d/e")).expect("a folder");
        std::fs::write(folder.join("secret"), SECRET).expect("a file");
        std::fs::write(site.join(".hidden"), SECRET).expect("a file");
        std::fs::write(site.join("d/a b"), "open").expect("a file");
        std::os::unix::fs::symlink(folder.join("secret"), site.join("d/out")).ok();
        site.canonicalize().expect("a folder")
    })
}

fn handler() -> &'static Quiet {
    static HANDLER: OnceLock<Quiet> = OnceLock::new();
    HANDLER.get_or_init(|| Quiet(SimpleHTTPRequestHandler::new(directory()).expect("a handler")))
}

/// Serves files and logs nothing.
struct Quiet(SimpleHTTPRequestHandler);

impl Handler for Quiet {
    fn do_GET(&self, request: &mut BaseHTTPRequestHandler<'_>) -> Result<(), HTTPException> {
        self.0.send_file(request)
    }

    fn log_message(&self, _: &BaseHTTPRequestHandler<'_>, _: fmt::Arguments<'_>) {}
}

/// The file of a path lies below the directory, by names alone.
pub fn check_translated(path: &str) {
    let Some(file) = handler().0.translate_path(path) else {
        return;
    };
    let below = file.strip_prefix(directory()).expect("below the directory");
    for part in below.components() {
        let Component::Normal(name) = part else {
            panic!("{part:?} in {}", file.display());
        };
        assert!(!name.to_string_lossy().starts_with('.') || name == ".well-known");
    }
}

/// Nothing beside the directory is sent, and no redirect names another host.
pub fn check_served(path: &[u8]) {
    let came = serve(
        handler(),
        [b"GET ", path, b" HTTP/1.1\r\nHost: h\r\n\r\n"].concat(),
    );
    let text = String::from_utf8_lossy(&came);
    assert!(came.is_empty() || text.starts_with("HTTP/1.1 "), "{text}");
    let leaks = came.windows(SECRET.len()).any(|window| window == SECRET);
    assert!(!leaks, "{text}");
    for location in text
        .lines()
        .filter_map(|line| line.strip_prefix("Location: "))
    {
        assert!(location.starts_with("./"), "{location}");
    }
}
