//! Forms of the type multipart/form-data: RFC 7578 and RFC 2046.

use std::io::{self, Read};

use stdhttp::urllib::multipart::{FormPart, FormReader, MultipartForm};
use stdhttp::urllib::{Fault, ParseError, Part};

/// The bytes of a form with the boundary `B`.
fn written<'a>(parts: impl IntoIterator<Item = FormPart<'a>>) -> String {
    let mut form = MultipartForm::with_boundary("B").unwrap();
    for part in parts {
        form.push(part).unwrap();
    }
    let mut body = form.into_body();
    let length = body.content_length();
    let mut text = String::new();
    body.read_to_string(&mut text).unwrap();
    assert!(length.is_none_or(|length| length == text.len() as u64));
    text
}

fn field<'a>(name: &str, value: &'a str) -> FormPart<'a> {
    FormPart::new(name, value).unwrap()
}

fn file<'a>(filename: &str) -> FormPart<'a> {
    field("f", "x").filename(filename).unwrap()
}

#[test]
fn f_4_1_1_parts_between_delimiters() {
    let text = written([field("a", "1"), field("b", "2\r\n")]);
    let expected = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
                    --B\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n2\r\n\r\n--B--\r\n";
    assert_eq!(text, expected);
    assert_eq!(written([]), "--B--\r\n");
    for (boundary, value) in [
        ("B", "multipart/form-data; boundary=B"),
        ("a b", "multipart/form-data; boundary=\"a b\""),
        ("x:y", "multipart/form-data; boundary=\"x:y\""),
        ("a+b'c_d-e.f", "multipart/form-data; boundary=a+b'c_d-e.f"),
    ] {
        let body = MultipartForm::with_boundary(boundary).unwrap().into_body();
        assert_eq!(body.content_type(), value);
        let content_type = body.content_type();
        let mut reader = FormReader::from_content_type(body, &content_type).unwrap();
        assert!(reader.next_part().unwrap().is_none());
    }
}

#[test]
fn f_4_1_2_the_delimiter_is_in_no_part() {
    let types: Vec<String> = (0..100)
        .map(|_| MultipartForm::new().into_body().content_type())
        .collect();
    for (place, content_type) in types.iter().enumerate() {
        assert!(!types[..place].contains(content_type));
        let boundary = content_type
            .strip_prefix("multipart/form-data; boundary=")
            .unwrap();
        assert!(boundary.len() == 32 && boundary.bytes().all(|octet| octet.is_ascii_hexdigit()));
    }
    for (content, place) in [
        ("--B", Some(0)),
        ("--Bx", Some(0)),
        ("x\r\n--Bx", Some(1)),
        ("x\r\n--B", Some(1)),
        ("x\n--B", None),
        ("x--B", None),
        ("x\r\n--b", None),
        ("\r\n-", None),
        ("x\r\n--", None),
    ] {
        let mut form = MultipartForm::with_boundary("B").unwrap();
        let pushed = form.push(field("a", content)).map(drop);
        let refused = |place| error(Part::Boundary, Fault::Malformed, place);
        assert_eq!(
            pushed,
            place.map_or(Ok(()), |place| Err(refused(place))),
            "{content}"
        );
    }
}

/// An error with these facts.
fn error(part: Part, fault: Fault, offset: usize) -> ParseError {
    let mut error = MultipartForm::with_boundary("").unwrap_err();
    (error.part, error.fault, error.offset) = (part, fault, offset);
    error
}

#[test]
fn f_4_1_3_a_boundary_is_checked() {
    for good in ["B", &"b".repeat(70), "'()+_,-./:=?", "a b", "0"] {
        assert!(MultipartForm::with_boundary(good).is_ok(), "{good}");
    }
    let long = "b".repeat(71);
    for (bad, fault, place) in [
        ("", Fault::Missing, 0),
        (&*long, Fault::TooMuch(70), 0),
        ("a ", Fault::Octet(b' '), 1),
        ("a\r\n", Fault::Octet(b'\r'), 1),
        ("a\"", Fault::Octet(b'"'), 1),
        ("a;b", Fault::Octet(b';'), 1),
        ("ä", Fault::Octet(0xc3), 0),
        ("ab\0", Fault::Octet(0), 2),
    ] {
        let refused = error(Part::Boundary, fault, place);
        assert_eq!(MultipartForm::with_boundary(bad).unwrap_err(), refused);
        assert_eq!(FormReader::new(io::empty(), bad).unwrap_err(), refused);
    }
}

#[test]
fn f_4_2_1_each_part_has_a_disposition_and_a_name() {
    for part in [
        field("a", "1"),
        file("x"),
        FormPart::reader("r", io::empty()).unwrap(),
    ] {
        let text = written([part]);
        assert!(
            text.starts_with("--B\r\nContent-Disposition: form-data; name=\""),
            "{text}"
        );
    }
    let received = |head: &str| {
        let text = format!("--B\r\n{head}\r\n\r\nx\r\n--B--");
        let mut reader = FormReader::new(text.as_bytes(), "B").unwrap();
        reader
            .next_part()
            .map(|part| part.unwrap().name().to_owned())
    };
    assert_eq!(
        received("content-disposition: Form-Data ; NAME=a;").unwrap(),
        "a"
    );
    for head in [
        "Content-Type: text/plain",
        "Content-Disposition: form-data",
        "Content-Disposition: attachment; name=\"a\"",
        "Content-Disposition: form-data; name=\"a\"; name=\"b\"",
        "Content-Disposition: form-data; name=\"a\"; filename=b; FILENAME=b",
        "Content-Disposition: form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"a\"",
        "Content-Disposition: form-data; name=\"a",
        "Content-Disposition: form-data; name=",
        "Content-Disposition: form-data; =a",
        "Content-Disposition: form-data; name=\"a\"b",
        "Content-Disposition: form-data name=\"a\"",
    ] {
        let error = received(head).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{head}");
        let error = error
            .get_ref()
            .unwrap()
            .downcast_ref::<ParseError>()
            .unwrap();
        assert_eq!(error.part, Part::Disposition, "{head}");
    }
}

#[test]
fn f_4_2_2_a_file_has_a_name_without_a_path() {
    for (given, sent) in [
        ("dir/sub/a.txt", "a.txt"),
        ("C:\\x\\a.txt", "a.txt"),
        ("/etc/..", ".."),
        ("a.txt", "a.txt"),
        ("dir/", ""),
        ("", ""),
    ] {
        let text = written([file(given)]);
        assert!(
            text.contains(&format!("name=\"f\"; filename=\"{sent}\"\r\n")),
            "{text}"
        );
    }
    assert!(!written([field("a", "1")]).contains("filename"));
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let mut form = MultipartForm::with_boundary("B").unwrap();
    form.push(FormPart::file("f", path).unwrap()).unwrap();
    let mut body = form.into_body();
    let length = body.content_length().unwrap();
    let mut text = String::new();
    body.read_to_string(&mut text).unwrap();
    assert_eq!(length, text.len() as u64);
    assert!(text.contains(
        "filename=\"Cargo.toml\"\r\nContent-Type: application/octet-stream\r\n\r\n[package]"
    ));
    let folder = FormPart::file("f", env!("CARGO_MANIFEST_DIR")).unwrap_err();
    assert_eq!(folder.kind(), io::ErrorKind::IsADirectory);
    assert_eq!(
        FormPart::file("f", "/none").unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
    let name = FormPart::file("f\0", path).unwrap_err();
    assert_eq!(name.kind(), io::ErrorKind::InvalidInput);
}

#[test]
fn f_4_2_3_names_are_utf_8_in_quotes() {
    let text = written([field("ä", "1").filename("ü.txt").unwrap()]);
    assert!(
        text.contains("name=\"ä\"; filename=\"ü.txt\"\r\n"),
        "{text}"
    );
    assert!(!text.contains("filename*"));
}

#[test]
fn f_4_2_4_what_would_end_a_name_is_encoded() {
    let name = "a\"\r\nX: y";
    let text = written([field(name, "1").filename(name).unwrap()]);
    assert!(
        text.contains("name=\"a%22%0D%0AX: y\"; filename=\"a%22%0D%0AX: y\"\r\n"),
        "{text}"
    );
    let mut reader = FormReader::new(text.as_bytes(), "B").unwrap();
    let part = reader.next_part().unwrap().unwrap();
    assert_eq!((part.name(), part.filename()), (name, Some(name)));
    for odd in ["100%", "a\\", "\\\"", "%2", "%41", "'", "\ta"] {
        let text = written([field(odd, "1")]);
        let mut reader = FormReader::new(text.as_bytes(), "B").unwrap();
        assert_eq!(reader.next_part().unwrap().unwrap().name(), odd);
    }
    for octet in (0..0x20)
        .chain([0x7f])
        .filter(|octet| !b"\t\r\n".contains(octet))
    {
        let name = format!("a{}", char::from(octet));
        let refused = FormPart::new(&name, "").unwrap_err();
        assert_eq!(refused, error(Part::Name, Fault::Octet(octet), 1));
        let refused = field("a", "").filename(&format!("x/{name}")).unwrap_err();
        assert_eq!(refused, error(Part::Filename, Fault::Octet(octet), 3));
    }
}

#[test]
fn f_4_3_1_one_part_for_each_file() {
    let text = written([file("1"), file("2")]);
    assert_eq!(text.matches("; name=\"f\"; filename=").count(), 2);
}

#[test]
fn f_4_4_1_the_type_of_a_part() {
    assert!(!written([field("a", "1")]).contains("Content-Type"));
    let typed = field("a", "1")
        .content_type("text/plain; charset=utf-8")
        .unwrap();
    assert!(
        written([typed]).contains("name=\"a\"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n1")
    );
    assert!(written([file("x")]).contains("\r\nContent-Type: application/octet-stream\r\n\r\n"));
    assert!(
        written([file("x").content_type("image/png").unwrap()])
            .contains("\r\nContent-Type: image/png\r\n\r\n")
    );
    for (bad, fault, place) in [
        ("text/plain\r\nX: y", Fault::Octet(b'\r'), 10),
        ("text/plain\0", Fault::Octet(0), 10),
        ("", Fault::Malformed, 0),
        ("text", Fault::Malformed, 0),
        ("text/", Fault::Malformed, 0),
        ("/plain", Fault::Malformed, 0),
        ("text/pl ain", Fault::Malformed, 0),
        ("te\"xt/plain", Fault::Malformed, 0),
        (" text/plain", Fault::Malformed, 0),
    ] {
        let refused = field("a", "1").content_type(bad).unwrap_err();
        assert_eq!(refused, error(Part::ContentType, fault, place), "{bad}");
    }
    assert!(field("a", "1").content_type("text/plain ;x=y").is_ok());
}

#[test]
fn f_4_7_1_no_transfer_encoding() {
    let binary: Vec<u8> = (0..=u8::MAX).collect();
    let mut form = MultipartForm::with_boundary("B").unwrap();
    form.push(FormPart::new("b", &binary).unwrap()).unwrap();
    let mut octets = Vec::new();
    form.into_body().read_to_end(&mut octets).unwrap();
    assert!(octets.windows(binary.len()).any(|window| window == binary));
    assert!(
        !String::from_utf8_lossy(&octets)
            .to_lowercase()
            .contains("transfer-encoding")
    );
    // What somebody sends all the same can be seen.
    let text = "--B\r\nContent-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64\r\n\r\nMQ==\r\n--B--";
    let mut reader = FormReader::new(text.as_bytes(), "B").unwrap();
    let mut part = reader.next_part().unwrap().unwrap();
    let mut value = String::new();
    part.read_to_string(&mut value).unwrap();
    assert_eq!(value, "MQ==");
    assert_eq!(
        part.headers().get("content-transfer-encoding").unwrap(),
        "base64"
    );
}

#[test]
fn f_4_8_1_no_other_fields() {
    let text = written([file("x").content_type("a/b").unwrap(), field("a", "1")]);
    let heads = text.lines().filter(|line| line.contains(": "));
    for line in heads {
        let name = line.split(':').next().unwrap();
        assert!(
            ["Content-Disposition", "Content-Type"].contains(&name),
            "{line}"
        );
    }
}

#[test]
fn f_5_2_1_parts_stay_in_their_order() {
    let text = written([field("a", "1"), field("b", "2"), field("a", "3")]);
    let mut reader = FormReader::new(text.as_bytes(), "B").unwrap();
    let mut fields = Vec::new();
    while let Some(mut part) = reader.next_part().unwrap() {
        let mut value = String::new();
        part.read_to_string(&mut value).unwrap();
        fields.push(format!("{}={value}", part.name()));
    }
    assert_eq!(fields, ["a=1", "b=2", "a=3"]);
}

#[test]
fn f_8_1_the_length_is_exact_or_unknown() {
    let all = [
        field("ä", "ö\r\n"),
        file("ü"),
        FormPart::sized("s", &b"12345"[..], 5).unwrap(),
    ];
    let mut form = MultipartForm::new();
    for part in all {
        form.push(part).unwrap();
    }
    let mut body = form.into_body();
    let length = body.content_length().unwrap();
    assert_eq!(io::copy(&mut body, &mut io::sink()).unwrap(), length);
    assert_eq!(body.content_length(), Some(length));

    let unknown = FormPart::reader("r", &b"12345"[..]).unwrap();
    let mut form = MultipartForm::new();
    form.push(field("a", "1")).unwrap().push(unknown).unwrap();
    assert_eq!(form.into_body().content_length(), None);
    let huge = [u64::MAX, 1].map(|length| FormPart::sized("h", io::repeat(0), length).unwrap());
    let mut form = MultipartForm::new();
    for part in huge {
        form.push(part).unwrap();
    }
    assert_eq!(form.into_body().content_length(), None);
    // A reader that has not what was promised is an error, for good.
    for (length, kind) in [
        (4, io::ErrorKind::InvalidData),
        (6, io::ErrorKind::UnexpectedEof),
    ] {
        let mut form = MultipartForm::new();
        form.push(FormPart::sized("s", &b"12345"[..], length).unwrap())
            .unwrap();
        let mut body = form.into_body();
        let mut octets = Vec::new();
        assert_eq!(body.read_to_end(&mut octets).unwrap_err().kind(), kind);
        assert_eq!(body.read(&mut [0; 9]).unwrap_err().kind(), kind);
        assert!(!octets.ends_with(b"--\r\n"));
    }
}

#[test]
fn s_8_3_3_1_only_crlf_ends_lines() {
    let good = "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--B--\r\n";
    let read = |text: &str| -> io::Result<String> {
        let mut reader = FormReader::new(text.as_bytes(), "B").unwrap();
        let mut value = String::new();
        reader.next_part()?.unwrap().read_to_string(&mut value)?;
        Ok(value)
    };
    assert_eq!(read(good).unwrap(), "1");
    let lines = good.match_indices("\r\n").map(|(place, _)| place);
    for place in lines.take(4) {
        let lone_lf = format!("{}{}", &good[..place], &good[place + 1..]);
        assert!(read(&lone_lf).is_err(), "{lone_lf:?}");
        let lone_cr = format!("{}{}", &good[..=place], &good[place + 2..]);
        assert!(read(&lone_cr).is_err(), "{lone_cr:?}");
    }
    assert!(
        !written([field("a", "1")])
            .replace("\r\n", "")
            .contains(['\r', '\n'])
    );
}
