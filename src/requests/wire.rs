//! One exchange over a connection of the pool: the request as it goes out, and the body as it comes
//! in (RFC 9112 section 3.2).

use std::time::Duration;

use super::content::Source;
use super::error::ExceptionKind;
use super::failure::Failure;
use super::models::PreparedRequest;
use super::pool::{Connection, Lease};
use crate::auth::Credentials;
use crate::error::HTTPException;
use crate::message::HTTPMessage;
use crate::proto::Skip;
use crate::urllib::{Proxy, ProxyScheme};

/// Whether the body is still to be had.
pub(super) fn can_repeat(request: &PreparedRequest) -> bool {
    request.body().is_replayable() || !request.body().is_spent()
}

pub(super) fn is_secured(proxy: Option<&Proxy>) -> bool {
    proxy.is_some_and(|proxy| proxy.scheme() == ProxyScheme::Https)
}

/// `Basic` with the name and password of the proxy's URL.
pub(super) fn proxy_authorization(proxy: &Proxy) -> Result<Option<String>, ExceptionKind> {
    let Some((user, password)) = proxy.userinfo() else {
        return Ok(None);
    };
    Ok(Some(Credentials::new(user, password)?.basic()?))
}

/// Head and body, as `request` of `http.client` sends them. A proxy is asked for the whole URL
/// (RFC 9112 section 3.2.2).
pub(super) fn write_request(
    connection: &mut Connection,
    request: &PreparedRequest,
    proxy: Option<&Proxy>,
) -> Result<(), Failure> {
    let url = request.url();
    let asked = proxy.filter(|proxy| proxy.url().is_some() && !url.is_https());
    let target = match asked {
        Some(_) => url.absolute_target().into(),
        None => url.request_target(),
    };
    let skip = Skip {
        host: request.headers().contains("Host"),
        accept_encoding: true,
    };
    let body = request.body().open()?;
    connection.putrequest_with(request.method(), &target, skip)?;
    let put = put_fields(connection, request, proxy, asked);
    if let Err(failure) = put {
        connection.close();
        return Err(failure);
    }
    let chunked = request.headers().contains("Transfer-Encoding");
    Ok(connection.endheaders_with(body, chunked)?)
}

/// A `Host` of the caller's first (RFC 9110 section 7.2). What is for a proxy goes through no tunnel
/// (section 11.7.2).
fn put_fields(
    connection: &mut Connection,
    request: &PreparedRequest,
    proxy: Option<&Proxy>,
    asked: Option<&Proxy>,
) -> Result<(), Failure> {
    let headers = request.headers();
    let tunnelled = proxy.is_some() && asked.is_none();
    let stays = |name: &str| {
        name.eq_ignore_ascii_case("Host")
            || (tunnelled && name.eq_ignore_ascii_case("Proxy-Authorization"))
    };
    if let Some(host) = headers.get_bytes("Host") {
        connection.putheader_bytes(b"Host", host)?;
    }
    for (name, value) in headers.iter() {
        if !stays(name) {
            connection.putheader_bytes(name.as_bytes(), value)?;
        }
    }
    if let Some(proxy) = asked.filter(|_| !headers.contains("Proxy-Authorization")) {
        if let Some(value) = proxy_authorization(proxy)? {
            connection.putheader("Proxy-Authorization", value.as_str())?;
        }
    }
    Ok(())
}

/// The body of a response, over a connection that goes back to the pool at its end.
pub(super) struct Leased {
    lease: Option<Lease>,
    trailers: Option<HTTPMessage>,
}

impl Leased {
    pub(super) fn new(mut lease: Lease) -> Self {
        let response = lease.connection().and_then(|it| it.response());
        let complete = response.is_some_and(|response| response.is_complete());
        let mut source = Self {
            lease: Some(lease),
            trailers: None,
        };
        if complete {
            source.give_back();
        }
        source
    }

    fn give_back(&mut self) {
        if let Some(mut lease) = self.lease.take() {
            if let Some(connection) = lease.connection() {
                let response = connection.response();
                self.trailers = response.and_then(|response| response.trailers().cloned());
                connection.set_deadline(None);
            }
            lease.give_back();
        }
    }
}

impl Source for Leased {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, HTTPException> {
        let Some(connection) = self.lease.as_mut().and_then(Lease::connection) else {
            return Ok(0);
        };
        let mut response = connection.response().ok_or(HTTPException::NotConnected)?;
        let count = response.readinto(buffer)?;
        if response.is_complete() {
            self.give_back();
        }
        Ok(count)
    }

    fn is_at_end(&self) -> bool {
        self.lease.is_none()
    }

    fn begin_draining(&mut self, limit: u64, time: Duration) -> bool {
        let Some(connection) = self.lease.as_mut().and_then(Lease::connection) else {
            return true;
        };
        connection.set_deadline(Some(time));
        let response = connection.response();
        response.is_some_and(|it| !it.will_close() && it.length().is_none_or(|it| it <= limit))
    }

    fn trailers(&self) -> Option<&HTTPMessage> {
        self.trailers.as_ref()
    }
}
