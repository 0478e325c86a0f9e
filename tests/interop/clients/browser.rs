//! Chromium without a screen: the listing as it is rendered, sorted by its links, and a seek in a
//! media file, which it makes by ranges. Pages of this test tell by a request what they saw.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::site::{Request, Served, run, succeed};
use crate::servers::{Folder, client, new_folder};

/// Nothing of it may reach for anything but the server.
const ALWAYS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
];

const PATIENCE: Duration = Duration::from_secs(60);

/// Clicks on the heads of the columns in a frame, and reports the names in each order.
const SORTER: &str = r#"<!DOCTYPE html><iframe src="/many/"></iframe><script>
const frame = document.querySelector("iframe");
const orders = [];
const clicks = ["Size", "Size", "Name"];
frame.onload = () => {
  const page = frame.contentDocument;
  orders.push([...page.querySelectorAll("tbody a")].map(link => link.textContent).join(","));
  const next = clicks.shift();
  if (!next) return fetch("/report?" + orders.join(";"));
  [...page.querySelectorAll("th a")].find(link => link.textContent.startsWith(next)).click();
};
</script>"#;

/// Seeks to the 90th of 100 seconds, and reports where it is.
const PLAYER: &str = r#"<!DOCTYPE html><audio preload="metadata" src="/sound.wav"></audio><script>
const audio = document.querySelector("audio");
audio.onloadedmetadata = () => { audio.currentTime = 90; };
audio.onseeked = () => fetch(`/report?${audio.duration},${audio.currentTime}`);
audio.onerror = () => fetch("/report?" + audio.error.message);
</script>"#;

/// The profile of a browser, which is its own folder, and what it is told.
fn arguments(profile: &Folder) -> Vec<String> {
    let profile = format!("--user-data-dir={}", profile.0.display());
    ALWAYS
        .map(String::from)
        .into_iter()
        .chain([profile])
        .collect()
}

/// A running browser; it ends when this is dropped.
struct Browser {
    process: Child,
    profile: Folder,
}

impl Browser {
    fn open(program: &Path, url: &str) -> Self {
        let profile = new_folder();
        let process = Command::new(program)
            .args(arguments(&profile))
            .arg(url)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the browser does not start");
        Self { process, profile }
    }
}

impl Drop for Browser {
    /// In good order, so that its other processes end too; they may write a little longer.
    fn drop(&mut self) {
        let pid = self.process.id().to_string();
        let _ = Command::new("kill").arg(pid).status();
        let _ = self.process.wait();
        for _ in 0..40 {
            let _ = fs::remove_dir_all(&self.profile.0);
            thread::sleep(Duration::from_millis(50));
            if !self.profile.0.exists() {
                break;
            }
        }
    }
}

/// Opens a page; what it reports, and all requests until then.
fn report(program: &Path, served: &Served, page: &str) -> (String, Vec<Request>) {
    let _browser = Browser::open(program, &served.url(page));
    let start = Instant::now();
    let mut seen = Vec::new();
    while start.elapsed() < PATIENCE {
        seen.extend(served.take_seen());
        let mut lines = seen
            .iter()
            .map(|seen: &Request| seen.line.split(' ').nth(1));
        let reported = lines.find_map(|path| path?.strip_prefix("/report?").map(str::to_owned));
        if let Some(reported) = reported {
            return (reported, seen);
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("no report; requests: {seen:?}");
}

fn write(served: &Served, name: &str, data: &[u8]) {
    fs::write(served.folder.0.join(name), data).expect("cannot write a file");
}

#[test]
fn the_listing_is_rendered() {
    let Some(program) = client("chromium") else {
        return;
    };
    let (served, profile) = (Served::start(), new_folder());
    let mut arguments = arguments(&profile);
    arguments.extend(["--dump-dom".into(), served.url("/inner/")]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let page = succeed(run(&program, &profile.0, &arguments));
    assert!(
        page.contains("<h1>Directory listing for /inner/</h1>"),
        "{page}"
    );
    let link = "<a href=\"./a%20b%20%26%20%3C%C3%BC%3E.txt\">a b &amp; &lt;ü&gt;.txt</a>";
    assert!(page.contains(link), "{page}");
    assert!(page.contains("<a href=\"../\">../</a>"), "{page}");
    assert!(page.contains("<a href=\"./deep/\">deep/</a>"), "{page}");
}

#[test]
fn the_listing_is_sorted_by_its_links() {
    let Some(program) = client("chromium") else {
        return;
    };
    let served = Served::start();
    fs::create_dir(served.folder.0.join("many")).expect("cannot create a folder");
    for (name, length) in [("a", 30), ("b", 10), ("c", 20)] {
        write(&served, &format!("many/{name}"), &vec![b'x'; length]);
    }
    write(&served, "sorter.html", SORTER.as_bytes());
    let (orders, _) = report(&program, &served, "/sorter.html");
    assert_eq!(orders, "../,a,b,c;../,b,c,a;../,a,c,b;../,a,b,c");
}

#[test]
fn a_seek_is_made_by_ranges() {
    let Some(program) = client("chromium") else {
        return;
    };
    let served = Served::start();
    write(&served, "sound.wav", &silence(100));
    write(&served, "player.html", PLAYER.as_bytes());
    let (place, seen) = report(&program, &served, "/player.html");
    assert_eq!(place, "100,90");
    let sound = seen.iter().filter(|seen| seen.line.contains("/sound.wav"));
    let sound: Vec<_> = sound.filter_map(start_and_status).collect();
    assert_eq!(sound[0], (0, 206), "{sound:?}");
    let far = sound.iter().filter(|(start, _)| *start > 15_000_000);
    let statuses: Vec<u16> = far.map(|(_, status)| *status).collect();
    assert!(statuses.contains(&206), "{sound:?}");
    // What it has already it asks for by its entity tag.
    assert!(
        statuses.iter().all(|status| [206, 304].contains(status)),
        "{sound:?}"
    );
}

/// Where a range begins, and how it was answered. Nothing for the line that says that the client
/// has given a response up.
fn start_and_status(request: &Request) -> Option<(u64, u16)> {
    let range = request.range.as_deref()?.strip_prefix("bytes=")?;
    let (start, _) = range.split_once('-')?;
    Some((start.parse().ok()?, request.status?))
}

/// So many seconds of silence, two channels of 16 bits at 44,100 Hz, in a WAV file.
fn silence(seconds: u32) -> Vec<u8> {
    let octets = seconds * 44_100 * 4;
    let mut file = b"RIFF".to_vec();
    file.extend((octets + 36).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    file.extend(44_100u32.to_le_bytes());
    file.extend((44_100u32 * 4).to_le_bytes());
    file.extend(b"\x04\0\x10\0data");
    file.extend(octets.to_le_bytes());
    file.resize(file.len() + octets as usize, 0);
    file
}
