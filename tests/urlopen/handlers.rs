//! The opener and its handlers: their order, their replacement, and handlers of the caller's own.

use std::io::Cursor;
use std::sync::{Arc, Mutex};

use stdhttp::HTTPMessage;
use stdhttp::urllib::request::*;

use crate::{Net, OK, refused, text, to};

/// Writes down when it is asked, and lets everything pass.
#[derive(Clone)]
struct Witness {
    name: &'static str,
    order: i32,
    log: Arc<Mutex<Vec<String>>>,
}

impl Witness {
    fn note(&self, hook: &str) {
        self.log
            .lock()
            .unwrap()
            .push(format!("{} {hook}", self.name));
    }
}

impl BaseHandler for Witness {
    fn handler_order(&self) -> i32 {
        self.order
    }

    fn request(&self, _: &OpenerDirector, _: &mut Request) -> Result<(), URLError> {
        self.note("request");
        Ok(())
    }

    fn default_open(
        &self,
        _: &OpenerDirector,
        _: &mut Request,
    ) -> Result<Option<Response>, URLError> {
        self.note("default_open");
        Ok(None)
    }

    fn open(&self, _: &OpenerDirector, _: &mut Request) -> Result<Option<Response>, URLError> {
        self.note("open");
        Ok(None)
    }

    fn unknown_open(
        &self,
        _: &OpenerDirector,
        _: &mut Request,
    ) -> Result<Option<Response>, URLError> {
        self.note("unknown_open");
        Ok(None)
    }

    fn response(
        &self,
        _: &OpenerDirector,
        _: &mut Request,
        response: Response,
    ) -> Result<Response, URLError> {
        self.note("response");
        Ok(response)
    }

    fn http_error(
        &self,
        _: &OpenerDirector,
        _: &mut Request,
        response: Response,
    ) -> Result<Handled, URLError> {
        self.note("http_error");
        Ok(Handled::Passed(response))
    }

    fn http_error_default(
        &self,
        _: &OpenerDirector,
        _: &mut Request,
        response: Response,
    ) -> Result<Handled, URLError> {
        self.note("http_error_default");
        Ok(Handled::Passed(response))
    }
}

fn witnesses(opener: OpenerDirector) -> (OpenerDirector, Arc<Mutex<Vec<String>>>) {
    let log = Arc::new(Mutex::new(Vec::new()));
    let witness = |name, order| Witness {
        name,
        order,
        log: log.clone(),
    };
    let opener = opener
        .add_handler(witness("last", 2000))
        .add_handler(witness("second", 1))
        .add_handler(witness("third", 1))
        .add_handler(witness("first", 0));
    (opener, log)
}

fn taken(log: &Mutex<Vec<String>>) -> Vec<String> {
    std::mem::take(&mut log.lock().unwrap())
}

fn each(hook: &str, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("{name} {hook}")).collect()
}

#[test]
fn handlers_are_asked_in_their_order() {
    let all = ["first", "second", "third", "last"];
    let before = &all[..3];
    let net = Net::answering([OK, "HTTP/1.1 500 No\n\n"]);
    let (opener, log) = witnesses(net.opener());
    opener.open("http://h/").unwrap();
    let expected = [
        each("request", &all),
        each("default_open", &all),
        each("open", before),
        each("response", &all),
    ];
    assert_eq!(taken(&log), expected.concat());
    refused(opener.open("http://h/"));
    let expected = [
        each("request", &all),
        each("default_open", &all),
        each("open", before),
        each("response", before),
        each("http_error", &all),
        each("http_error_default", before),
    ];
    assert_eq!(taken(&log), expected.concat());
    assert!(matches!(
        opener.open("gopher://h/"),
        Err(URLError::UnknownType { .. })
    ));
    let expected = [
        each("request", &all),
        each("default_open", &all),
        each("open", &all),
        each("unknown_open", before),
    ];
    assert_eq!(taken(&log), expected.concat());
}

/// An opener without handlers opens nothing; one without the processor of errors returns them.
#[test]
fn an_opener_is_its_handlers() {
    let nothing = OpenerDirector::new();
    match nothing.open("http://h/") {
        Err(URLError::UnknownType { scheme }) => assert_eq!(scheme, "http"),
        other => panic!("{other:?}"),
    }
    let net = Net::answering(["HTTP/1.1 404 No\n\n", &to(302, "/x")]);
    let alone = OpenerDirector::new().add_handler(HTTPHandler::new(net.clone()));
    assert_eq!(alone.open("http://h/").unwrap().status(), 404);
    assert_eq!(alone.open("http://h/").unwrap().status(), 302);
    // With it, and nobody that deals with them, they are the answer too.
    let net = Net::answering(["HTTP/1.1 404 No\n\n"]);
    let processed = OpenerDirector::new()
        .add_handler(HTTPHandler::new(net))
        .add_handler(HTTPErrorProcessor);
    assert_eq!(processed.open("http://h/").unwrap().status(), 404);
}

#[test]
fn a_handler_takes_the_place_of_the_one_with_its_role() {
    struct NoRedirects;
    impl BaseHandler for NoRedirects {
        fn role(&self) -> Role {
            Role::Redirect
        }
    }
    let net = Net::answering([to(302, "/x")]);
    let error = refused(net.opener().add_handler(NoRedirects).open("http://h/"));
    assert_eq!((error.code(), error.unfollowed()), (302, None));
    let roles = format!("{:?}", net.opener().add_handler(NoRedirects));
    assert_eq!(roles.matches("Redirect").count(), 1);
}

#[test]
fn default_open_comes_first_and_unknown_open_last() {
    struct Cache;
    impl BaseHandler for Cache {
        fn default_open(
            &self,
            _: &OpenerDirector,
            request: &mut Request,
        ) -> Result<Option<Response>, URLError> {
            let known = request.full_url().ends_with("/known");
            let answer = Response::new(request.full_url(), 200, HTTPMessage::new(), &b"cached"[..]);
            Ok(known.then(|| answer.with_reason("Kept")))
        }

        fn unknown_open(
            &self,
            _: &OpenerDirector,
            request: &mut Request,
        ) -> Result<Option<Response>, URLError> {
            let text = format!(
                "{} {} {}",
                request.scheme(),
                request.host(),
                request.selector()
            );
            let answer = Response::new(
                request.full_url(),
                200,
                HTTPMessage::new(),
                Cursor::new(text),
            );
            Ok(Some(answer))
        }

        fn handler_order(&self) -> i32 {
            499
        }
    }
    let net = Net::answering([OK]);
    let opener = net.opener().add_handler(Cache);
    let response = opener.open("http://h/known").unwrap();
    assert_eq!((response.reason(), response.length()), ("Kept", None));
    assert_eq!(text(response), "cached");
    assert_eq!(text(opener.open("http://h/").unwrap()), "ok");
    assert_eq!(
        text(opener.open("redis://h:1/key").unwrap()),
        "redis h:1 /key"
    );
    assert_eq!(net.dialled().len(), 1);
}

#[test]
fn handlers_of_the_callers_own_deal_with_errors() {
    /// Takes 404 for an empty page, asks again after 503, and refuses 410.
    struct Own;
    impl BaseHandler for Own {
        fn http_error(
            &self,
            opener: &OpenerDirector,
            request: &mut Request,
            response: Response,
        ) -> Result<Handled, URLError> {
            match response.status() {
                404 => {
                    let empty = Response::new(response.url(), 200, HTTPMessage::new(), &b""[..]);
                    Ok(Handled::Answered(empty))
                }
                503 => opener.open_again(request).map(Handled::Answered),
                410 => Err(URLError::NotLocal),
                _ => Ok(Handled::Passed(response)),
            }
        }
    }
    let net = Net::answering([
        "HTTP/1.1 404 No\n\n",
        "HTTP/1.1 503 Wait\n\n",
        OK,
        "HTTP/1.1 410 Gone\n\n",
        "HTTP/1.1 500 No\n\n",
    ]);
    let opener = net.opener().add_handler(Own);
    assert_eq!(text(opener.open("http://h/").unwrap()), "");
    assert_eq!(text(opener.open("http://h/").unwrap()), "ok");
    assert!(matches!(opener.open("http://h/"), Err(URLError::NotLocal)));
    assert_eq!(refused(opener.open("http://h/")).code(), 500);
}

#[test]
fn a_handler_that_fails_ends_it() {
    struct Fails;
    impl BaseHandler for Fails {
        fn request(&self, _: &OpenerDirector, _: &mut Request) -> Result<(), URLError> {
            Err(URLError::NotLocal)
        }
    }
    let net = Net::answering([OK]);
    assert!(matches!(
        net.opener().add_handler(Fails).open("http://h/"),
        Err(URLError::NotLocal)
    ));
    assert_eq!(net.dialled().len(), 0);
}

#[test]
fn https_without_tls_says_what_to_do() {
    let error = build_opener()
        .add_handler(ProxyHandler::none())
        .open("https://h/")
        .unwrap_err();
    assert!(matches!(error, URLError::NoTls));
    assert!(error.to_string().contains("docs/tls.md"), "{error}");
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/tls.md");
    assert!(
        std::fs::read_to_string(page)
            .unwrap()
            .contains("HTTPSHandler")
    );
}

/// A response, and an error that holds one, are read by lines too.
#[test]
fn responses_are_read_by_lines() {
    use std::io::{BufRead, Read};
    let answer = |status: &str| format!("HTTP/1.1 {status}\nContent-Length: 14\n\none\ntwo\nrest");
    let net = Net::answering([answer("200 OK"), answer("404 No")]);
    let opener = net.opener();
    let mut response = opener.open("http://h/").unwrap();
    let shown = format!("{response:?}");
    assert!(
        shown.starts_with("Response { status: 200, reason: "),
        "{shown}"
    );
    let mut line = String::new();
    assert_eq!(response.read_line(&mut line).unwrap(), 5);
    let mut octets = Vec::new();
    assert_eq!(response.read_until(b'o', &mut octets).unwrap(), 3);
    assert_eq!((line.as_str(), &octets[..]), ("one\r\n", &b"two"[..]));
    assert_eq!(response.fill_buf().unwrap(), b"\r\nrest");
    response.consume(2);
    let mut rest = String::new();
    response.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "rest");

    let URLError::HTTP(mut error) = opener.open("http://h/").unwrap_err() else {
        panic!("no error of HTTP");
    };
    assert_eq!(error.fill_buf().unwrap(), b"one\r\ntwo\r\nrest");
    error.consume(10);
    let mut rest = String::new();
    error.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "rest");
}

#[test]
fn data_says_what_it_is_and_not_what_is_in_it() {
    let bytes = Data::from(b"secret".to_vec());
    assert_eq!(format!("{bytes:?}"), "Data(6 bytes)");
}
