//! `HTTPHandler` and `HTTPSHandler`: one request over a connection of its own (`AbstractHTTPHandler`;
//! RFC 9110 section 7, RFC 9112 sections 3.2 and 9.6).
//!
//! As in Python there is no keep-alive: each request says `Connection: close`, so that the body of
//! a redirect or a challenge need not be read.

use std::fmt;
use std::sync::Arc;

use super::error::URLError;
use super::opener::{BaseHandler, OpenerDirector, Role};
use super::requested::Request;
use super::response::Response;
use super::tried::Tried;
use crate::auth::Credentials;
use crate::client::body::Body;
use crate::client::builder::Builder;
use crate::client::connect::{Connect, Tcp};
use crate::client::connection::HTTPConnection;
use crate::error::HTTPException;
use crate::urllib::{Proxy, ProxyScheme, Url};

/// Changes the settings of a connection.
type Settings<C> = Arc<dyn Fn(Builder<C>) -> Builder<C> + Send + Sync>;

/// How a request gets to its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Way {
    /// The proxy is asked for a tunnel.
    tunnel: bool,
    /// The connection is secured: to the server, or to an https proxy.
    tls: bool,
}

/// The way of a request, or nothing if it is not one over HTTP.
fn way(request: &Request) -> Result<Option<Way>, URLError> {
    let Some(url) = request.http_url() else {
        return Ok(None);
    };
    let proxy = request.proxy().map(|proxy| proxy.scheme());
    let (tunnel, tls) = match (url.is_https(), proxy) {
        (https, None) => (false, https),
        (https, Some(ProxyScheme::Http)) => (https, https),
        (false, Some(ProxyScheme::Https)) => (false, true),
        (_, Some(scheme)) => return Err(URLError::UnsupportedProxy { scheme }),
    };
    Ok(Some(Way { tunnel, tls }))
}

/// Whether a request can't be sent without TLS.
pub(super) fn needs_tls(request: &Request) -> bool {
    matches!(way(request), Ok(Some(Way { tls: true, .. })))
}

/// Opens http URLs, over TCP or what else makes connections (`urllib.request.HTTPHandler`).
pub struct HTTPHandler<C = Tcp> {
    connect: C,
    settings: Option<Settings<C>>,
}

/// Opens https URLs over the caller's TLS (`urllib.request.HTTPSHandler`).
///
/// It takes a connector that secures its streams, such as
/// [`Secured::new`](crate::Secured::new)`(tls, Tcp::new())`; `docs/tls.md` has adapters.
pub struct HTTPSHandler<C> {
    connect: C,
    settings: Option<Settings<C>>,
}

macro_rules! handler {
    ($name:ident, $tls:expr, $role:ident) => {
        impl<C: Connect + Clone> $name<C> {
            /// Makes each connection by a clone of this connector.
            #[must_use]
            pub fn new(connect: C) -> Self {
                Self {
                    connect,
                    settings: None,
                }
            }

            /// Changes the settings of each connection, such as its limits. Timeouts and the
            /// deadline are the opener's.
            #[must_use]
            pub fn with_settings(
                mut self,
                settings: impl Fn(Builder<C>) -> Builder<C> + Send + Sync + 'static,
            ) -> Self {
                self.settings = Some(Arc::new(settings));
                self
            }
        }

        impl<C> BaseHandler for $name<C>
        where
            C: Connect<Stream: Send> + Clone + Send + Sync + 'static,
        {
            fn role(&self) -> Role {
                Role::$role
            }

            fn open(
                &self,
                opener: &OpenerDirector,
                request: &mut Request,
            ) -> Result<Option<Response>, URLError> {
                match way(request)? {
                    Some(way) if way.tls == $tls => {
                        let builder = HTTPConnection::builder(&dialled(request).0)
                            .connector(self.connect.clone());
                        let builder = match &self.settings {
                            Some(settings) => settings(builder),
                            None => builder,
                        };
                        exchange(builder, opener, request, way).map(Some)
                    }
                    _ => Ok(None),
                }
            }
        }

        impl<C> fmt::Debug for $name<C> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

handler!(HTTPHandler, false, Http);
handler!(HTTPSHandler, true, Https);

/// The host and port to connect to.
fn dialled(request: &Request) -> (String, u16) {
    match (request.proxy(), request.http_url()) {
        (Some(proxy), _) => (proxy.hostname().to_owned(), proxy.port()),
        (None, Some(url)) => (url.hostname().to_owned(), url.port()),
        (None, None) => (String::new(), 0),
    }
}

/// Sends the request over a new connection, and takes the head of the answer.
fn exchange<C>(
    builder: Builder<C>,
    opener: &OpenerDirector,
    request: &mut Request,
    way: Way,
) -> Result<Response, URLError>
where
    C: Connect<Stream: Send> + Send + 'static,
{
    let mut connection = timed(builder.port(dialled(request).1), opener, request)?.build()?;
    if way.tunnel {
        set_tunnel(&mut connection, request)?;
    }
    let sent = send(&mut connection, opener, request, way);
    match sent.and_then(|()| Ok(connection.into_response()?)) {
        Ok(response) => Ok(Response::of_connection(request.full_url(), response)),
        Err(error) => refused_tunnel(request.full_url(), error),
    }
}

fn send<C: Connect>(
    connection: &mut HTTPConnection<C>,
    opener: &OpenerDirector,
    request: &mut Request,
    way: Way,
) -> Result<(), URLError> {
    let fields = fields(opener, request, way)?;
    let method = request.get_method().to_owned();
    let target = request.selector().into_owned();
    let body = match request.data_mut() {
        Some(data) => data.body()?,
        None => Body::EMPTY,
    };
    Ok(connection.request_with(&method, &target, body, &fields, false)?)
}

/// A proxy that asks for credentials before it opens a tunnel is answered as a server is. Its other
/// refusals stay errors: what it says is not what the server says.
fn refused_tunnel(url: &str, error: URLError) -> Result<Response, URLError> {
    match error {
        URLError::Exchange(HTTPException::TunnelFailed(failed)) if failed.status == 407 => {
            let body = std::io::Cursor::new(failed.body);
            Ok(Response::new(url, 407, failed.headers, body))
        }
        other => Err(other),
    }
}

fn timed<C: Connect>(
    builder: Builder<C>,
    opener: &OpenerDirector,
    request: &Request,
) -> Result<Builder<C>, HTTPException> {
    let [connect, io] = opener.timeouts(request);
    let mut builder = builder.clock(opener.clock());
    if let Some(time) = connect {
        builder = builder.connect_timeout(time);
    }
    if let Some(time) = io {
        builder = builder.read_timeout(time).write_timeout(time);
    }
    Ok(match opener.time_left(request)? {
        Some(left) => builder.deadline(left),
        None => builder,
    })
}

fn set_tunnel<C: Connect>(
    connection: &mut HTTPConnection<C>,
    request: &Request,
) -> Result<(), URLError> {
    let Some(url) = request.http_url() else {
        return Ok(());
    };
    let credentials = proxy_credentials(request)?;
    // What a proxy made of octets that are no text can't be given back to it in a tunnel's head.
    let credentials = credentials.and_then(|value| String::from_utf8(value).ok());
    let fields: Vec<(&str, &str)> = credentials
        .iter()
        .map(|value| ("Proxy-Authorization", value.as_str()))
        .collect();
    Ok(connection.set_tunnel(url.hostname(), url.port(), &fields)?)
}

/// The field for the proxy: the caller's own, or what is tried, or what its URL has.
fn proxy_credentials(request: &Request) -> Result<Option<Vec<u8>>, URLError> {
    if let Some(own) = request.get_header("proxy-authorization") {
        return Ok(Some(own.as_bytes().to_vec()));
    }
    let tried = request.proxy_auth.as_ref();
    if let Some(tried) = tried.and_then(Tried::authorization) {
        return Ok(Some(tried.value().to_vec()));
    }
    let Some((user, password)) = request.proxy().and_then(Proxy::userinfo) else {
        return Ok(None);
    };
    Ok(Some(
        Credentials::new(user, password)?.basic()?.into_bytes(),
    ))
}

/// A field as it is sent.
type Field = (String, Vec<u8>);

fn field(name: &str, value: impl AsRef<[u8]>) -> Field {
    (name.to_owned(), value.as_ref().to_vec())
}

/// All fields of a request but those that frame it.
fn fields(opener: &OpenerDirector, request: &Request, way: Way) -> Result<Vec<Field>, URLError> {
    let host = request.http_url().map_or("", Url::host_field);
    let mut fields = vec![field("Host", request.get_header("host").unwrap_or(host))];
    fields.extend(missing(opener, request));
    let own = request.header_items().filter(|(name, _)| !is_ours(name));
    fields.extend(own.map(|(name, value)| field(name, value)));
    fields.extend(learnt(request));
    // A proxy that sees the request has it from there, and nobody else has it at all.
    if request.has_proxy() && !way.tunnel {
        let credentials = proxy_credentials(request)?;
        fields.extend(credentials.map(|value| field("Proxy-Authorization", value)));
    }
    fields.push(field("Connection", "close"));
    Ok(fields)
}

/// What stands in for fields that the caller has not given.
fn missing(opener: &OpenerDirector, request: &Request) -> impl Iterator<Item = Field> {
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let form = request.data().is_some().then_some(form);
    let defaults = opener.addheaders().iter();
    defaults
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .chain(form)
        .filter(|(name, _)| !request.has_header(name))
        .map(|(name, value)| field(name, value))
}

/// What the handlers have for this hop: cookies, unless the caller has some, and credentials.
fn learnt(request: &Request) -> impl Iterator<Item = Field> {
    let cookie = request.cookie.as_ref();
    let cookie = cookie.filter(|_| !request.has_header("cookie"));
    let tried = request.server_auth.as_ref().and_then(Tried::authorization);
    let cookie = cookie.map(|cookie| field("Cookie", cookie));
    let tried = tried.map(|tried| field(tried.name(), tried.value()));
    cookie.into_iter().chain(tried)
}

/// Fields that are put apart from the caller's others.
fn is_ours(name: &str) -> bool {
    ["host", "connection", "proxy-authorization"]
        .iter()
        .any(|ours| name.eq_ignore_ascii_case(ours))
}
