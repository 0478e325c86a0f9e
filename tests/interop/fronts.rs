//! Servers that have files of their own and stand in front of another one, which is Node's here:
//! Apache, lighttpd, Caddy, Varnish, h2o. `/hello` and `/small` are theirs where they can; the rest
//! is Node's, as they pass it on.

use std::path::Path;

use stdhttp::Continue;

use crate::row::{IDLE, Row, run};
use crate::servers::{self, Server, start, write_config};

#[test]
fn fronts() {
    if let Some(origin) = servers::node(None) {
        run(ROWS, origin.port);
    }
}

const ROWS: &[Row] = &[
    Row {
        name: "apache",
        start: apache,
        requests: Some(6), // five that keep the connection, and a last one
        hints: true,
        websocket: true,
        ..Row::PLAIN
    },
    Row {
        name: "lighttpd",
        start: lighttpd,
        requests: Some(6), // five that keep the connection, and a last one
        hints: true,
        // Trailers that it passes on get into the head, with a stray CR.
        websocket: true,
        ..Row::PLAIN
    },
    Row {
        name: "caddy",
        start: caddy,
        trailers: true,
        hints: true,
        websocket: true,
        ..Row::PLAIN
    },
    Row {
        name: "varnish",
        start: varnish,
        request_trailers: 503,
        expect_refused: Continue::Continue,
        websocket: true,
        ..Row::PLAIN
    },
    Row {
        name: "h2o",
        start: h2o,
        websocket: true,
        ..Row::PLAIN
    },
];

/// `-X` makes it one process, which is all there is to end.
fn apache(origin: u16) -> Option<Server> {
    start("apache2", |command, port, folder| {
        let config = write_config(folder, &apache_config(port, folder, origin));
        command.arg("-X").arg("-f").arg(config);
    })
}

fn apache_config(port: u16, folder: &Path, origin: u16) -> String {
    let folder = folder.display();
    let modules: String = ["mpm_event", "authz_core", "proxy", "proxy_http"]
        .iter()
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
        .collect();
    format!(
        "ServerName localhost
        ServerRoot {folder}
        PidFile pid
        ErrorLog /dev/stderr
        Listen 127.0.0.1:{port}
        {modules}
        DocumentRoot {folder}
        MaxKeepAliveRequests 5
        KeepAliveTimeout {IDLE}
        <Location /small>
            LimitRequestBody 1024
        </Location>
        ProxyPass /hello !
        ProxyPass /ws http://127.0.0.1:{origin}/ws upgrade=websocket
        ProxyPass / http://127.0.0.1:{origin}/"
    )
}

fn lighttpd(origin: u16) -> Option<Server> {
    start("lighttpd", |command, port, folder| {
        let config = write_config(folder, &lighttpd_config(port, folder, origin));
        command.arg("-D").arg("-f").arg(config);
    })
}

fn lighttpd_config(port: u16, folder: &Path, origin: u16) -> String {
    let folder = folder.display();
    format!(
        "server.modules = (\"mod_proxy\")
        server.document-root = \"{folder}\"
        server.bind = \"127.0.0.1\"
        server.port = {port}
        server.max-keep-alive-requests = 5
        server.max-keep-alive-idle = {IDLE}
        $HTTP[\"url\"] == \"/small\" {{ server.max-request-size = 1 }}
        $HTTP[\"url\"] != \"/hello\" {{
            proxy.server = ( \"\" => (( \"host\" => \"127.0.0.1\", \"port\" => {origin} )) )
            proxy.header = ( \"upgrade\" => \"enable\" )
        }}"
    )
}

fn caddy(origin: u16) -> Option<Server> {
    start("caddy", |command, port, folder| {
        let config = write_config(folder, &caddy_config(port, folder, origin));
        command
            .args(["run", "--adapter", "caddyfile", "--config"])
            .arg(config);
        command
            .env("XDG_CONFIG_HOME", folder)
            .env("XDG_DATA_HOME", folder);
    })
}

fn caddy_config(port: u16, folder: &Path, origin: u16) -> String {
    let folder = folder.display();
    format!(
        "{{
            admin off
            auto_https off
            servers {{
                timeouts {{
                    idle {IDLE}s
                }}
            }}
        }}
        http://127.0.0.1:{port} {{
            root * {folder}
            respond /small \"too large\" 413
            file_server /hello
            reverse_proxy 127.0.0.1:{origin}
        }}"
    )
}

fn varnish(origin: u16) -> Option<Server> {
    start("varnishd", |command, port, folder| {
        let config = write_config(folder, &varnish_config(origin));
        command
            .arg("-F")
            .arg("-n")
            .arg(folder)
            .arg("-f")
            .arg(config);
        command.args([
            "-a",
            &format!("127.0.0.1:{port}"),
            "-T",
            "none",
            "-j",
            "none",
        ]);
        command.args(["-s", "malloc,16m", "-p", &format!("timeout_idle={IDLE}")]);
    })
}

fn varnish_config(origin: u16) -> String {
    format!(
        "vcl 4.1;
        backend origin {{ .host = \"127.0.0.1\"; .port = \"{origin}\"; }}
        sub vcl_recv {{
            if (req.url == \"/small\") {{ return (synth(413, \"Content Too Large\")); }}
            if (req.http.upgrade) {{ return (pipe); }}
            if (req.url != \"/hello\") {{ return (pass); }}
        }}
        sub vcl_pipe {{
            set bereq.http.upgrade = req.http.upgrade;
            set bereq.http.connection = req.http.connection;
        }}"
    )
}

fn h2o(origin: u16) -> Option<Server> {
    start("h2o", |command, port, folder| {
        let config = write_config(folder, &h2o_config(port, folder, origin));
        command.args(["-m", "worker", "-c"]).arg(config);
    })
}

fn h2o_config(port: u16, folder: &Path, origin: u16) -> String {
    let folder = folder.display();
    format!(
        "listen:
  host: 127.0.0.1
  port: {port}
num-threads: 1
http1-request-timeout: {IDLE}
http1-upgrade-to-http2: OFF
limit-request-body: 2000000
proxy.websocket: ON
hosts:
  default:
    paths:
      /hello:
        file.file: {folder}/hello
      /:
        proxy.reverse.url: http://127.0.0.1:{origin}/"
    )
}
