//! Downloads: what is under the final name is whole or as it was, whatever fails on the way.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use stdhttp::requests::{Downloaded, ExceptionKind, Payload, RequestException, Session};
use stdhttp::testing::{Ending, Peer, Script};

use super::folder::Folder;
use super::{OK, adapter, answering, field, heads, session, session_with};

const URL: &str = "http://h/file";
const NEW: &[u8] = b"0123456789abcdefghij";
const OLD: &[u8] = b"old";

/// A folder with an old file in it.
fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    fs::write(folder.file(), OLD).unwrap();
    folder
}

impl Folder {
    fn file(&self) -> PathBuf {
        self.0.join("file")
    }

    fn content(&self) -> Vec<u8> {
        fs::read(self.file()).unwrap()
    }

    /// The part that a failure at this place leaves behind, and whether anything was left.
    fn fail_after(&self, head: &str, length: usize) -> bool {
        let answer = [head.as_bytes(), &NEW[..length]].concat();
        let (session, _) = peer_of([Script::answer(answer).end(Ending::Close)]);
        resume(&session, self).unwrap_err();
        assert_eq!(self.content(), OLD);
        self.names().len() > 1
    }
}

fn peer_of<const COUNT: usize>(scripts: [Script; COUNT]) -> (Session, Peer) {
    let peer = Peer::new(scripts);
    (session(&peer), peer)
}

fn resume(session: &Session, folder: &Folder) -> Result<Downloaded, RequestException> {
    session.download(URL, folder.file()).resume(true).send()
}

fn whole(fields: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{fields}\r\n",
        NEW.len()
    )
}

fn rest(range: &str, fields: &str, content: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\nContent-Range: {range}\r\n{fields}\r\n",
        content.len()
    );
    [head.as_bytes(), content].concat()
}

const TAG: &str = "ETag: \"v1\"\r\n";

#[test]
fn a_download_takes_the_place_of_the_old_file() {
    let folder = folder("replaces");
    let (session, peer) = peer_of([Script::answer([whole("").as_bytes(), NEW].concat())]);
    let seen = RefCell::new(Vec::new());
    let done = session
        .get(URL)
        .header("X-A", "1")
        .download(folder.file())
        .progress(|done, total| seen.borrow_mut().push((done, total)))
        .send()
        .unwrap();
    assert_eq!((done.length(), done.resumed_from()), (20, 0));
    assert_eq!(done.response().status_code(), 200);
    assert_eq!(folder.content(), NEW);
    assert_eq!(folder.names(), ["file"]);
    let seen = seen.into_inner();
    assert_eq!(seen.first(), Some(&(0, Some(20))));
    assert_eq!(seen.last(), Some(&(20, Some(20))));
    let head = &heads(&peer, 0)[0];
    assert_eq!(field(head, "Accept-Encoding"), Some("identity"));
    assert_eq!(
        (field(head, "X-A"), field(head, "Range")),
        (Some("1"), None)
    );
}

/// At every octet of the answer; with and without a part that is kept.
#[test]
fn a_cut_leaves_the_old_file() {
    let answer = [whole(TAG).as_bytes(), NEW].concat();
    for cut in 0..answer.len() {
        for keeps in [false, true] {
            let folder = folder("cut");
            let script = Script::answer(&answer[..cut]).end(Ending::Close);
            let (session, _) = peer_of([script]);
            let download = session.download(URL, folder.file()).resume(keeps);
            let error = download.send().unwrap_err();
            assert_eq!(folder.content(), OLD, "{cut}");
            let is_cut = matches!(error.kind(), ExceptionKind::ChunkedEncodingError(_));
            assert_eq!(is_cut, cut >= whole(TAG).len(), "{cut}: {error:?}");
            let left = keeps && cut > whole(TAG).len();
            assert_eq!(folder.names().len() > 1, left, "{cut}");
        }
    }
}

#[test]
fn a_status_that_is_no_success_leaves_the_old_file_and_comes_with_the_error() {
    for (status, fields) in [(404, ""), (503, ""), (304, ""), (302, "")] {
        for keeps in [false, true] {
            let folder = folder("status");
            let body = if status == 304 { "" } else { "no" };
            let answer = format!(
                "HTTP/1.1 {status} No\r\nContent-Length: {}\r\n{fields}\r\n{body}",
                body.len()
            );
            let (session, _) = answering([&answer]);
            let request = session.get(URL).download(folder.file()).resume(keeps);
            let error = request.send().unwrap_err();
            assert!(
                matches!(error.kind(), ExceptionKind::HTTPError { status_code } if *status_code == status)
            );
            assert_eq!(error.response().unwrap().text().unwrap(), body);
            assert_eq!((folder.content(), folder.names().len()), (OLD.to_vec(), 1));
        }
    }
}

/// Cut at every place, then again at every place of what is left, then finished.
#[test]
fn a_download_is_resumed_from_where_it_was_cut() {
    for first in 1..NEW.len() {
        for second in first..NEW.len() {
            let folder = folder("resumed");
            assert!(folder.fail_after(&whole(TAG), first));
            let answer = rest(&format!("bytes {first}-19/20"), TAG, &NEW[first..]);
            let cut = answer.len() - (NEW.len() - second);
            let finish = rest(&format!("bytes {second}-19/20"), TAG, &NEW[second..]);
            let (session, peer) = peer_of([
                Script::answer(&answer[..cut]).end(Ending::Close),
                Script::answer(finish),
            ]);
            resume(&session, &folder).unwrap_err();
            assert_eq!(folder.content(), OLD);
            let done = resume(&session, &folder).unwrap();
            assert_eq!(folder.content(), NEW);
            assert_eq!(folder.names(), ["file"]);
            assert_eq!((done.length(), done.resumed_from()), (20, second as u64));
            let head = &heads(&peer, 1)[0];
            let range = format!("bytes={second}-");
            assert_eq!(field(head, "Range"), Some(range.as_str()));
            assert_eq!(field(head, "If-Range"), Some("\"v1\""));
        }
    }
}

#[test]
fn a_part_is_kept_with_a_strong_validator_alone() {
    const APART: &str =
        "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nDate: Sun, 06 Nov 1994 08:50:37 GMT\r\n";
    const NEAR: &str =
        "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\nDate: Sun, 06 Nov 1994 08:50:36 GMT\r\n";
    for (fields, kept) in [
        ("", false),
        (TAG, true),
        ("ETag: W/\"v1\"\r\n", false),
        ("ETag: v1\r\n", false),
        ("ETag: \"\r\n", false),
        (APART, true),
        (NEAR, false),
        ("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\r\n", false),
        ("ETag: \"v1\"\r\nContent-Encoding: gzip\r\n", false),
    ] {
        let folder = folder("validator");
        assert_eq!(folder.fail_after(&whole(fields), 5), kept, "{fields}");
    }
}

#[test]
fn a_part_whose_note_names_no_validator_begins_anew() {
    for note in ["", "http://h/file\n", "http://h/file\n\n20\n"] {
        let folder = folder("note");
        assert!(folder.fail_after(&whole(TAG), 5));
        fs::write(folder.0.join("file.part.of"), note).unwrap();
        let all = [whole(TAG).as_bytes(), NEW].concat();
        let (session, peer) = peer_of([Script::answer(all)]);
        let done = resume(&session, &folder).unwrap();
        assert_eq!((folder.content(), done.resumed_from()), (NEW.to_vec(), 0));
        assert_eq!(field(&heads(&peer, 0)[0], "Range"), None, "{note:?}");
    }
}

#[test]
fn another_representation_begins_anew() {
    let folder = folder("changed");
    assert!(folder.fail_after(&whole(TAG), 5));
    let fields = "ETag: \"v2\"\r\n";
    let (session, peer) = peer_of([Script::answer([whole(fields).as_bytes(), NEW].concat())]);
    let done = resume(&session, &folder).unwrap();
    assert_eq!((folder.content(), done.resumed_from()), (NEW.to_vec(), 0));
    assert_eq!(peer.calls().connects, 1);
}

/// Each of these is not the rest of the part, whatever the status says: the file is fetched again,
/// without `Range`.
#[test]
fn a_part_that_was_not_asked_for_begins_anew() {
    let five = &NEW[5..];
    for answer in [
        rest("bytes 4-19/20", TAG, &NEW[4..]),
        rest("bytes 6-19/20", TAG, &NEW[6..]),
        rest("bytes 5-18/20", TAG, &NEW[5..19]),
        rest("bytes 5-19/21", TAG, five),
        rest("bytes 5-19/*", TAG, five),
        rest("bytes 5-20/21", TAG, b"5678901234567890"),
        rest("bytes 5-20/20", TAG, b"5678901234567890"),
        rest("lines 5-19/20", TAG, five),
        rest("bytes +5-19/20", TAG, five),
        rest("bytes 5-19/20", "ETag: \"v2\"\r\n", five),
        rest("bytes 5-19/20", "ETag: W/\"v1\"\r\n", five),
        rest("bytes 5-19/20", "Content-Encoding: gzip\r\n", five),
        b"HTTP/1.1 206 Partial Content\r\nContent-Length: 15\r\n\r\n56789abcdefghij".to_vec(),
        b"HTTP/1.1 416 No\r\nContent-Range: bytes */20\r\nContent-Length: 0\r\n\r\n".to_vec(),
        b"HTTP/1.1 416 No\r\nContent-Length: 0\r\n\r\n".to_vec(),
    ] {
        let folder = folder("not-asked");
        assert!(folder.fail_after(&whole(TAG), 5));
        let all = [whole(TAG).as_bytes(), NEW].concat();
        let both = Script::new()
            .expect_head()
            .send(&answer)
            .expect_head()
            .send(&all);
        let peer = Peer::new([both, Script::answer(&all)]);
        let session = session(&peer);
        let told = String::from_utf8_lossy(&answer).into_owned();
        let done = resume(&session, &folder).unwrap();
        assert_eq!(folder.content(), NEW, "{told}");
        assert_eq!(done.resumed_from(), 0, "{told}");
        assert_eq!(folder.names(), ["file"]);
        let last = heads(&peer, peer.calls().connects - 1).pop().unwrap();
        assert_eq!(field(&last, "Range"), None);
    }
}

/// Its framing ends before, or behind, where its range says.
#[test]
fn a_rest_of_another_length_than_its_range_is_no_success() {
    for content in ["56789abcdefghi", "56789abcdefghijk"] {
        let folder = folder("length");
        assert!(folder.fail_after(&whole(TAG), 5));
        let answer = format!(
            "HTTP/1.1 206 Partial Content\r\nTransfer-Encoding: chunked\r\n\
             Content-Range: bytes 5-19/20\r\n\r\n{:x}\r\n{content}\r\n0\r\n\r\n",
            content.len()
        );
        let (session, _) = peer_of([Script::answer(answer)]);
        let error = resume(&session, &folder).unwrap_err();
        assert!(
            matches!(error.kind(), ExceptionKind::InvalidContentRange { value } if value.as_bytes() == b"bytes 5-19/20")
        );
        assert_eq!(folder.content(), OLD);
    }
}

#[test]
fn a_part_is_of_one_url() {
    let folder = folder("url");
    assert!(folder.fail_after(&whole(TAG), 5));
    let (session, peer) = peer_of([Script::answer([whole(TAG).as_bytes(), NEW].concat())]);
    let download = session.download("http://h/file?other", folder.file());
    download.resume(true).send().unwrap();
    assert_eq!(field(&heads(&peer, 0)[0], "Range"), None);
    assert_eq!(folder.content(), NEW);
}

/// All of it was there, and only the last step failed: one octet shows that it is still the same.
#[test]
fn a_part_that_is_whole_is_asked_for_its_last_octet() {
    let folder = folder("last");
    assert!(folder.fail_after(&whole(TAG), 5));
    fs::write(folder.0.join("file.part"), NEW).unwrap();
    let (session, peer) = peer_of([Script::answer(rest("bytes 19-19/20", TAG, b"j"))]);
    resume(&session, &folder).unwrap();
    assert_eq!(folder.content(), NEW);
    assert_eq!(field(&heads(&peer, 0)[0], "Range"), Some("bytes=19-"));
}

#[test]
fn an_unasked_part_is_no_file() {
    let folder = folder("unasked");
    let (session, _) = peer_of([Script::answer(rest("bytes 0-4/20", TAG, &NEW[..5]))]);
    let error = session.download(URL, folder.file()).send().unwrap_err();
    assert!(matches!(
        error.kind(),
        ExceptionKind::InvalidContentRange { .. }
    ));
    assert_eq!((folder.content(), folder.names().len()), (OLD.to_vec(), 1));
}

#[test]
fn what_can_not_be_written_to_is_an_error_before_anything_is_sent() {
    let folder = folder("nowhere");
    let (session, peer) = answering([OK]);
    for path in [folder.0.clone(), folder.0.join("none/file")] {
        for keeps in [false, true] {
            let error = session
                .download(URL, &path)
                .resume(keeps)
                .send()
                .unwrap_err();
            assert!(matches!(error.kind(), ExceptionKind::File(_)), "{error:?}");
        }
    }
    assert_eq!(peer.calls().connects, 0);
}

#[test]
fn a_head_has_nothing_to_download() {
    let folder = folder("head");
    let (session, peer) = answering([&whole("")]);
    for keeps in [false, true] {
        let request = session.head(URL).download(folder.file()).resume(keeps);
        let error = request.send().unwrap_err();
        let kind = error.kind();
        assert!(matches!(kind, ExceptionKind::InvalidMethod { method } if method == "HEAD"));
    }
    assert_eq!(peer.calls().connects, 0);
    assert_eq!((folder.content(), folder.names().len()), (OLD.to_vec(), 1));
}

#[test]
fn a_limit_bounds_the_file() {
    let folder = folder("limit");
    let (session, _) = peer_of([Script::answer([whole("").as_bytes(), NEW].concat())]);
    let request = session.get(URL).max_content(19).download(folder.file());
    let error = request.send().unwrap_err();
    assert!(matches!(
        error.kind(),
        ExceptionKind::ContentTooLarge { limit: 19 }
    ));
    assert_eq!((folder.content(), folder.names().len()), (OLD.to_vec(), 1));

    let (session, _) = peer_of([Script::answer([whole("").as_bytes(), NEW].concat())]);
    let request = session.get(URL).max_content(20).download(folder.file());
    request.send().unwrap();
    assert_eq!(folder.content(), NEW);
}

#[test]
fn a_file_is_asked_for_as_it_is_unless_the_caller_wants_a_coding() {
    let folder = folder("coding");
    for (own, sent) in [(None, "identity"), (Some("gzip"), "gzip")] {
        let peer = Peer::new([Script::answer([whole("").as_bytes(), NEW].concat())]);
        let adapter = adapter(&peer).content_coding("zstd", |coded| coded);
        let session = session_with(adapter);
        let mut request = session.get(URL);
        if let Some(own) = own {
            request = request.header("Accept-Encoding", own);
        }
        request.download(folder.file()).send().unwrap();
        let head = heads(&peer, 0).remove(0);
        assert_eq!(field(&head, "Accept-Encoding"), Some(sent));
    }
}

#[test]
fn the_deadline_is_that_of_all_of_it() {
    let folder = folder("deadline");
    let script = Script::new().expect_head().send(whole(TAG)).send(&NEW[..5]);
    let script = script.wait(Duration::from_secs(9)).send(&NEW[5..]);
    let (session, _) = peer_of([script]);
    let request = session.get(URL).deadline(Duration::from_secs(8));
    let error = request
        .download(folder.file())
        .resume(true)
        .send()
        .unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(folder.content(), OLD);
    assert_eq!(fs::read(folder.0.join("file.part")).unwrap(), &NEW[..5]);
}

/// A process that may write 4 KiB and no more, as on a disk that is full.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_old_file() {
    const LENGTH: usize = 100_000;
    const NAME: &str = "downloads::a_full_disk_leaves_the_old_file";
    if std::env::var_os("STDHTTP_FULL_DISK").is_none() {
        let test = std::env::current_exe().unwrap();
        let limited = "trap '' XFSZ; ulimit -f 8; exec \"$0\" --exact \"$1\" --test-threads=1";
        let status = std::process::Command::new("sh")
            .args(["-c", limited, test.to_str().unwrap(), NAME])
            .env("STDHTTP_FULL_DISK", "1")
            .stdout(std::process::Stdio::null())
            .status();
        assert!(status.unwrap().success());
        return;
    }
    for keeps in [false, true] {
        let folder = folder("full");
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n{TAG}\r\n");
        let answer = [head.as_bytes(), &vec![b'x'; LENGTH]].concat();
        let (session, _) = peer_of([Script::answer(answer)]);
        let download = session.download(URL, folder.file()).resume(keeps);
        let error = download.send().unwrap_err();
        assert!(matches!(error.kind(), ExceptionKind::File(_)), "{error:?}");
        assert_eq!(error.response().unwrap().status_code(), 200);
        assert_eq!(folder.content(), OLD);
        assert_eq!(folder.names().len() > 1, keeps);
    }
}

/// Nobody who may write to the folder can lead the part elsewhere.
#[cfg(unix)]
#[test]
fn a_link_in_place_of_the_part_is_not_followed() {
    let folder = folder("link");
    assert!(folder.fail_after(&whole(TAG), 5));
    let (part, other) = (folder.0.join("file.part"), folder.0.join("other"));
    fs::write(&other, &NEW[..5]).unwrap();
    fs::remove_file(&part).unwrap();
    std::os::unix::fs::symlink(&other, &part).unwrap();
    let (session, peer) = peer_of([Script::answer([whole(TAG).as_bytes(), NEW].concat())]);
    resume(&session, &folder).unwrap();
    assert_eq!(field(&heads(&peer, 0)[0], "Range"), None);
    assert_eq!(fs::read(&other).unwrap(), &NEW[..5]);
    assert_eq!(folder.content(), NEW);
}

#[test]
fn an_upload_tells_its_progress() {
    let content = "x".repeat(200_000);
    for (body, total) in [
        (Payload::from(content.as_str()), Some(200_000)),
        (Payload::reader(std::io::Cursor::new(content.clone())), None),
    ] {
        let script = Script::new().expect_head().send(OK).end(Ending::Silence);
        let (session, _) = peer_of([script]);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let told = seen.clone();
        let request = session.put("http://h/").data(body);
        let request = request.upload_progress(move |sent, total| {
            told.lock().unwrap().push((sent, total));
        });
        request.send().unwrap();
        let seen = seen.lock().unwrap();
        assert_eq!(seen.last(), Some(&(200_000, total)));
        let grows = seen.windows(2).all(|two| two[0].0 < two[1].0);
        assert!(seen.len() > 1 && grows, "{seen:?}");
    }
}

/// A redirect that keeps the body sends it again, from the beginning.
#[test]
fn the_progress_of_an_upload_that_is_sent_again_begins_anew() {
    let moved = "HTTP/1.1 307 Moved\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n";
    let both = Script::new().expect_head().expect_bytes(4).send(moved);
    let (session, peer) = peer_of([both.expect_head().expect_bytes(4).send(OK)]);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let told = seen.clone();
    let request = session.put("http://h/").data("body");
    let request = request.upload_progress(move |sent, _| told.lock().unwrap().push(sent));
    request.send().unwrap();
    assert_eq!(*seen.lock().unwrap(), [4, 4]);
    assert_eq!(heads(&peer, 0).len(), 2);
}

/// Two requests are one download.
#[test]
fn the_deadline_is_that_of_both_requests_of_a_resumed_one() {
    let folder = folder("both");
    assert!(folder.fail_after(&whole(TAG), 5));
    let first = Script::new()
        .expect_head()
        .wait(Duration::from_secs(8))
        .send("HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n")
        .end(Ending::Close);
    let second = Script::new()
        .expect_head()
        .wait(Duration::from_secs(8))
        .send([whole(TAG).as_bytes(), NEW].concat());
    let peer = Peer::new([first, second]);
    let request = session(&peer);
    let error = request
        .get(URL)
        .deadline(Duration::from_secs(10))
        .download(folder.file())
        .resume(true)
        .send()
        .unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(folder.content(), OLD);
}

/// Who could not read the old file can't read the new one.
#[cfg(unix)]
#[test]
fn a_download_has_the_readers_of_the_old_file() {
    use std::os::unix::fs::PermissionsExt;
    for keeps in [false, true] {
        let folder = folder("readers");
        for mode in [0o600, 0o666] {
            let permissions = fs::Permissions::from_mode(mode);
            fs::set_permissions(folder.file(), permissions).unwrap();
            let (session, _) = answering([&format!("{}{}", whole(TAG), "0123456789abcdefghij")]);
            let download = session.download(URL, folder.file()).resume(keeps);
            download.send().unwrap();
            let found = fs::metadata(folder.file()).unwrap().permissions();
            assert_eq!(found.mode() & 0o777, mode);
        }
    }
}
