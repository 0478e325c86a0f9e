//! What a recorder keeps, a replayer gives: the same answers, and no secret.

use stdhttp::requests::{ExceptionKind, FilePart, Payload, RequestException, Session};
use stdhttp::testing::{NotRecorded, Peer, Recorder, RecordingError, Replayer, Script};

use super::{OK, adapter, answers_of, session_with};

/// A session that records what a peer with these answers says, on one connection.
fn recording(answers: &[&str]) -> (Session, Recorder) {
    let peer = Peer::new([answers_of(answers)]);
    let recorder = Recorder::new(adapter(&peer)).mask("X-Own");
    let mut session = Session::new();
    session.set_trust_env(false);
    session.mount("http://", recorder.clone());
    (session, recorder)
}

fn replaying(text: &str) -> (Session, Replayer) {
    let replayer: Replayer = text.parse().unwrap();
    let replayer = replayer.mask("X-Own");
    let mut session = Session::new();
    session.set_trust_env(false);
    session.mount("http://", replayer.clone());
    (session, replayer)
}

fn not_recorded(error: &RequestException) -> NotRecorded {
    let ExceptionKind::Other(inner) = error.kind() else {
        panic!("{error:?}");
    };
    inner.downcast_ref::<NotRecorded>().unwrap().clone()
}

#[test]
fn a_conversation_is_told_again() {
    let moved = "HTTP/1.1 302 Found\r\nLocation: /in\r\nSet-Cookie: id=secret; Path=/\r\n\
                 Content-Length: 0\r\n\r\n";
    let page = "HTTP/1.1 200 Very Fine\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\na\n\nb\\\r\n\x7f\u{e9}";
    let talk = |session: &Session| {
        let login = session.post("http://h/login").data([("name", "me")]);
        let response = login.send().unwrap();
        let statuses: Vec<_> = response
            .history()
            .iter()
            .map(|it| it.status_code())
            .collect();
        assert_eq!((response.status_code(), statuses), (200, vec![302]));
        assert_eq!(response.reason(), "Very Fine");
        assert_eq!(
            response.headers().get("Content-Type").as_deref(),
            Some("text/plain")
        );
        let cookie = session.cookies().get("id", None, None);
        assert_eq!(cookie.unwrap().unwrap().name(), "id");
        response.content().unwrap().to_vec()
    };
    let (session, recorder) = recording(&[moved, page]);
    let told = talk(&session);
    assert_eq!(told, "a\n\nb\\\r\n\x7f\u{e9}".as_bytes());
    let text = recorder.to_string();
    let (session, replayer) = replaying(&text);
    assert_eq!(talk(&session), told);
    replayer.check().unwrap();
}

/// The text is as people read it.
#[test]
fn the_text_of_a_recording() {
    let (session, recorder) =
        recording(&["HTTP/1.1 201 Created\r\nX-A: é\r\nContent-Length: 6\r\n\r\na\nb\x00é"]);
    let mut request = session
        .put("http://h/a?q=1")
        .data("{}\n")
        .prepare()
        .unwrap();
    for name in ["User-Agent", "Accept-Encoding", "Accept", "Connection"] {
        request.headers_mut().remove(name);
    }
    session.send(request, Default::default()).unwrap();
    let expected = "# stdhttp recording 1\n\n> PUT http://h/a?q=1\n| {}\\n\n\n\
                    < 201 Created\n< X-A: é\n| a\\n\n| b\\x00é\n";
    assert_eq!(recorder.to_string(), expected);
}

#[test]
fn no_secret_is_written_down() {
    let answer = "HTTP/1.1 200 OK\r\nSet-Cookie: id=hidden1; Path=/; HttpOnly\r\n\
                  Location: http://me:hidden2@h/?access_token=hidden3&a=b#c\r\n\
                  X-Api-Key: hidden4\r\nContent-Length: 2\r\n\r\nok";
    let (session, recorder) = recording(&[answer, OK, OK]);
    let request = session
        .get("http://me:hidden5@h/?signature=hidden6&q=shown&TOKEN=hidden7")
        .header("X-Auth-Token", "hidden8")
        .header("X-Own", "hidden9")
        .header("Referer", "http://me:hidden10@h/")
        .cookie("name", "hidden11");
    request.send().unwrap();
    let bearer = session
        .get("http://h/2")
        .header("Authorization", "Bearer hidden12");
    bearer
        .header("Proxy-Authorization", "hidden13")
        .send()
        .unwrap();
    session
        .get("http://h/3")
        .header("Cookie", "a=hidden14; hidden15")
        .send()
        .unwrap();
    let text = recorder.to_string();
    assert!(!text.contains("hidden"), "{text}");
    for line in [
        "> GET http://h/?signature=***&q=shown&TOKEN=***",
        "> Authorization: Basic ***",
        "> Authorization: Bearer ***",
        "> Proxy-Authorization: ***",
        "> Cookie: name=***",
        "> X-Own: ***",
        "< Set-Cookie: id=***; Path=/; HttpOnly",
        "< Location: http://h/?access_token=***&a=b#c",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}:\n{text}");
    }
}

/// In URLs, in their fragments and in forms, with names that are quoted or named by `mask`; the server
/// gets them, and the recording fits requests with others.
#[test]
fn a_recorder_asks_for_what_its_adapter_undoes() {
    let peer = Peer::new([answers_of(&[OK])]);
    let adapter = adapter(&peer).content_coding("same", |coded| coded);
    let mut session = Session::new();
    session.set_trust_env(false);
    session.mount("http://", Recorder::new(adapter));
    let response = session.get("http://h/").send().unwrap();
    let asked = response.request().headers().get("Accept-Encoding");
    assert_eq!(asked.as_deref(), Some("same"));
}

#[test]
fn recordings_and_their_errors_are_shown() {
    use std::error::Error;
    let (session, recorder) = recording(&[OK]);
    assert_eq!(format!("{recorder:?}"), "Recorder(0 exchanges)");
    session.get("http://h/").send().unwrap();
    assert_eq!(format!("{recorder:?}"), "Recorder(1 exchanges)");
    let (_, replayer) = replaying(&recorder.to_string());
    assert_eq!(format!("{replayer:?}"), "Replayer(1 exchanges left)");
    let unused = replayer.check().unwrap_err();
    let text = "recorded, but not asked for: GET http://h/";
    assert_eq!(unused.to_string(), text);
    assert!(unused.source().is_none());
    let line = "no recording".parse::<Replayer>().unwrap_err();
    assert_eq!(line.to_string(), "line 1 is none of a recording");
    let file = RecordingError::File(std::io::Error::other("gone"));
    assert_eq!(file.to_string(), "recording: gone");
    assert_eq!(file.source().unwrap().to_string(), "gone");
}

/// A challenge is no secret, and says what is wanted.
#[test]
fn challenges_are_written_down() {
    let challenge = "WWW-Authenticate: Basic realm=\"here\"";
    let answer = format!("HTTP/1.1 401 No\r\n{challenge}\r\nContent-Length: 0\r\n\r\n");
    let (session, recorder) = recording(&[&answer]);
    session.get("http://h/").send().unwrap();
    let text = recorder.to_string();
    assert!(text.contains(challenge), "{text}");
}

#[test]
fn secret_parameters_are_masked_wherever_they_stand() {
    const FORM: &str = "application/x-www-form-urlencoded";
    let moved = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\
                 Location: //me:hidden@h/a/@b?x-own=hidden&q=1#state=s&access_token=hidden\r\n\r\n";
    let talk = |session: &Session, secret: &str| {
        let url = format!("http://h/?X-OWN={secret}&t%6Fken={secret}&q=shown&x-own");
        session.get(&url).send().unwrap();
        let fields = [("password", secret), ("name", "me"), ("X-Own", secret)];
        session.post("http://h/form").data(fields).send().unwrap();
        let octets = [b"a=\xff&client+secret=", secret.as_bytes(), b"\xfe&b"].concat();
        let form = session.put("http://h/octets").data(octets);
        let kind = format!("{}; charset=x", FORM.to_uppercase());
        form.header("Content-Type", kind).send().unwrap();
        let json = r#"{"a": 1}&token=shown"#;
        session.post("http://h/json").json(json).send().unwrap();
    };
    let peer = Peer::new([answers_of(&[moved, OK, OK, OK])]);
    let recorder = Recorder::new(adapter(&peer)).mask("X-Own");
    let mut session = session_with(adapter(&peer));
    session.mount("http://", recorder.clone());
    talk(&session, "hidden");
    let text = recorder.to_string();
    assert!(!text.contains("hidden"), "{text}");
    for line in [
        "> GET http://h/?X-OWN=***&t%6Fken=***&q=shown&x-own",
        "< Location: //h/a/@b?x-own=***&q=1#state=s&access_token=***",
        "| password=***&name=me&X-Own=***",
        "| a=\\xff&client+secret=***&b",
        r#"| {"a": 1}&token=shown"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line}:\n{text}");
    }
    let sent = String::from_utf8_lossy(&peer.received(0)).into_owned();
    assert_eq!(sent.matches("hidden").count(), 5, "{sent}");
    let (session, replayer) = replaying(&text);
    talk(&session, "other");
    replayer.check().unwrap();
}

#[test]
fn what_is_not_recorded_is_an_error_that_says_what() {
    let (session, recorder) = recording(&[OK]);
    session.post("http://h/a").data("one").send().unwrap();
    let (session, replayer) = replaying(&recorder.to_string());
    for (method, url, body, other_body) in [
        ("GET", "http://h/a", "one", false),
        ("POST", "http://h/b?key=1", "one", false),
        ("POST", "http://h/a", "two", true),
    ] {
        let error = session.request(method, url).data(body).send().unwrap_err();
        let missing = not_recorded(&error);
        assert_eq!(missing.other_body, other_body);
        assert_eq!(
            (missing.method.as_str(), missing.url.as_str()),
            (method, url.replace("=1", "=***").as_str())
        );
        assert!(error.to_string().contains(&missing.url), "{error}");
        assert_eq!(error.request().unwrap().method(), method);
    }
    let unused = replayer.check().unwrap_err();
    assert!(
        matches!(unused, RecordingError::Unused { method, url } if method == "POST" && url == "http://h/a")
    );
    session.post("http://h/a").data("one").send().unwrap();
    replayer.check().unwrap();
    let error = session.post("http://h/a").data("one").send().unwrap_err();
    assert!(!not_recorded(&error).other_body);
}

#[test]
fn equal_requests_are_answered_in_turn() {
    let answer = |content: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{content}");
    let (session, recorder) = recording(&[&answer("1"), &answer("2"), &answer("3")]);
    for path in ["a", "b", "a"] {
        session.get(&format!("http://h/{path}")).send().unwrap();
    }
    let (session, _) = replaying(&recorder.to_string());
    let got: Vec<_> = ["a", "a", "b"]
        .iter()
        .map(|path| {
            let response = session.get(&format!("http://h/{path}")).send().unwrap();
            response.text().unwrap().into_owned()
        })
        .collect();
    assert_eq!(got, ["1", "3", "2"]);
}

/// A form with a file, whose boundary is another each time; a stream, which can be read once.
#[test]
fn every_kind_of_body_is_compared() {
    let peer_of = |body: &Script| Peer::new([body.clone()]);
    let form = |session: &Session| {
        let part = FilePart::new("file", "a.bin", &b"\x00\xff\\"[..]);
        session.post("http://h/form").file(part).send().unwrap()
    };
    let stream = |session: &Session| {
        let body = Payload::iter(["one", "two"]);
        session.post("http://h/stream").data(body).send().unwrap()
    };
    let script = Script::new().expect_head().send(OK);
    let peers = [peer_of(&script), peer_of(&script)];
    let mut texts = Vec::new();
    for (peer, send) in peers.iter().zip([&form as &dyn Fn(&Session) -> _, &stream]) {
        let recorder = Recorder::new(adapter(peer));
        let mut session = session_with(adapter(peer));
        session.mount("http://", recorder.clone());
        send(&session);
        texts.push(recorder.to_string());
        let (session, replayer) = replaying(&recorder.to_string());
        send(&session);
        replayer.check().unwrap();
    }
    assert!(
        texts[0].contains("| \\x00\\xff\\\\\\r\\n\n"),
        "{}",
        texts[0]
    );
    assert!(texts[1].contains("| onetwo\n"));
    let sent = String::from_utf8(peers[1].received(0)).unwrap();
    assert!(
        sent.contains("\r\nTransfer-Encoding: chunked\r\n"),
        "{sent}"
    );
}

/// Each octet, at the beginning and the end of lines, in bodies and in values.
#[test]
fn every_octet_comes_back() {
    for octet in 0..=255_u8 {
        let body = [octet, octet, b'\n', octet, b'\\', octet, b'n'];
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        let answer = [head.as_bytes(), &body].concat();
        let peer = Peer::new([Script::new().expect_head().expect_bytes(7).send(answer)]);
        let recorder = Recorder::new(adapter(&peer));
        let mut session = session_with(adapter(&peer));
        session.mount("http://", recorder.clone());
        session.post("http://h/").data(&body[..]).send().unwrap();
        let (session, replayer) = replaying(&recorder.to_string());
        let response = session.post("http://h/").data(&body[..]).send().unwrap();
        assert_eq!(response.content().unwrap(), body, "{octet}");
        replayer.check().unwrap();
    }
}

#[test]
fn a_text_that_is_no_recording_is_refused_by_its_line() {
    let start = "# stdhttp recording 1\n";
    for (text, line) in [
        ("", 1),
        ("# stdhttp recording 2\n", 1),
        ("> GET http://h/\n", 1),
        ("# stdhttp recording 1\n> GET\n", 2),
        ("# stdhttp recording 1\n> GET http://h/\n", 2),
        ("# stdhttp recording 1\n< 200 OK\n", 2),
        ("# stdhttp recording 1\n| body\n", 2),
        ("# stdhttp recording 1\n> GET http://h/\n< many OK\n", 3),
        (
            "# stdhttp recording 1\n> GET http://h/\n> A: 1\n< 200 OK\n| \\y\n",
            5,
        ),
        (
            "# stdhttp recording 1\n> GET http://h/\n< 200 OK\n| \\x+1\n",
            4,
        ),
        (
            "# stdhttp recording 1\n> GET http://h/\n< 200 OK\n| a\\\n",
            4,
        ),
        ("# stdhttp recording 1\n> GET http://h/\n< 200 OK\n? a\n", 4),
        ("# stdhttp recording 1\n> GET http://h/\né\n", 3),
    ] {
        let parsed = text.parse::<Replayer>();
        assert!(
            matches!(parsed, Err(RecordingError::Line { line: found }) if found == line),
            "{text:?}: {parsed:?}"
        );
    }
    // A comment, and fields that look like the beginning of a message.
    let text = format!("{start}# why\n> GET http://h/\n> a:b c\n\n< 200 OK\n< x: 200 OK\n| a\n");
    let (session, _) = replaying(&text);
    assert_eq!(
        session.get("http://h/").send().unwrap().text().unwrap(),
        "a"
    );
}

#[test]
fn a_recording_is_a_file_for_its_owner() {
    let path = std::env::temp_dir().join(format!("stdhttp-recording-{}", std::process::id()));
    let (session, recorder) = recording(&[OK]);
    session.get("http://h/").send().unwrap();
    recorder.save(&path).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let replayer = Replayer::load(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(
        replayer.check(),
        Err(RecordingError::Unused { .. })
    ));
    assert!(matches!(
        Replayer::load(&path),
        Err(RecordingError::File(_))
    ));
}
