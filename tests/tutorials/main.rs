//! The tutorials of Python's `requests` run here, against the servers that they name: nginx for pages,
//! redirects and passwords, a Flask application, a SOCKS proxy.
#![cfg(feature = "requests")]

#[allow(dead_code)]
#[path = "../interop/servers.rs"]
mod servers;
#[allow(dead_code, missing_docs)]
#[path = "../../docs/examples/sessions.rs"]
mod sessions;

use std::path::{Path, PathBuf};

use servers::{Server, start, start_python, write_config};

fn beside(name: &str) -> PathBuf {
    let parts = [env!("CARGO_MANIFEST_DIR"), "tests", "tutorials", name];
    parts.iter().collect()
}

fn nginx() -> Option<Server> {
    start("nginx", |command, port, folder| {
        std::fs::create_dir(folder.join("private")).expect("a folder");
        std::fs::write(folder.join("private/index.html"), "for you").expect("a page");
        std::fs::write(folder.join("passwords"), "user:{PLAIN}secret\n").expect("a file");
        let config = write_config(folder, &nginx_config(port, folder));
        command.arg("-p").arg(folder).arg("-c").arg(config);
        command.args(["-e", "stderr"]);
    })
}

fn nginx_config(port: u16, folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "daemon off; pid {folder}/pid; worker_processes 1;
        events {{ worker_connections 64; }}
        http {{
            access_log off;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
            fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
            scgi_temp_path {folder}/scgi;
            default_type text/plain;
            server {{
                listen 127.0.0.1:{port};
                root {folder};
                location = /old {{ return 301 /older; }}
                location = /older {{ return 302 /hello; }}
                location /private/ {{
                    auth_basic realm; auth_basic_user_file {folder}/passwords;
                    index index.html;
                }}
            }}
        }}"
    )
}

fn python(name: &str) -> Option<Server> {
    start_python(name, |command, port, _| {
        command.arg(beside(name)).arg(port.to_string());
    })
}

#[test]
fn every_stop_gets_what_the_tutorial_says() {
    let (Some(nginx), Some(flask), Some(socks)) =
        (nginx(), python("application.py"), python("socks.py"))
    else {
        return;
    };
    let servers = sessions::Servers {
        files: format!("http://127.0.0.1:{}", nginx.port),
        application: format!("http://127.0.0.1:{}", flask.port),
        socks: format!("socks5h://user:secret@127.0.0.1:{}", socks.port),
    };
    let mut out = Vec::new();
    sessions::run(&servers, &mut out).expect("every stop");
    let out = String::from_utf8(out).expect("text");
    let got: Vec<&str> = out.lines().collect();
    assert_eq!(got, EXPECTED);
}

const EXPECTED: [&str; 29] = [
    "page: 200 \"hello, world\\n\"",
    "attributes: /hello OK, 13 bytes of utf-8, 0 redirects, GET by /hello?q=a+b",
    "failures: status 404",
    "failures: no connection",
    "failures: no scheme",
    "timeouts: true",
    "deadline: true",
    "redirects: [301, 302] to /hello",
    "redirects: 301 would lead to Some(\"/older\")",
    "user agent: my-app/0.0.1",
    "form: {'key': ['value1', 'value2 \u{e4}']}",
    "image: A dot: dot.png image/png 28 PNG",
    "json: 14",
    "cookies: {'cookies_are': 'working'}",
    "cookies: set Some(\"123456789\")",
    "cookies: {'sessioncookie': '123456789'}",
    "download: 1000000 bytes in 16 pieces",
    "basic: 401 200",
    "defaults: \"X-Test X-Test2\" \"\"",
    "prepared: {'b': ['2']}",
    "hooks: [\"/old\", \"/older\", \"/hello\"]",
    "signature: kenneth",
    "lines: {\"id\": 0}",
    "lines: {\"id\": 1}",
    "lines: {\"id\": 2}",
    "socks: 200",
    "verbs: MKCOL ''",
    "adapters: 200 Some(\"yes\")",
    "put: PUT 'some data'",
];
