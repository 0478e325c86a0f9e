//! A program with the adapter of docs/tls.md pasted into a module, as a reader does it: nothing in
//! it may be left over, or a build without warnings would have some. Asks for `/` over HTTPS.
#![deny(warnings)]

mod tls {
    include!(concat!(env!("OUT_DIR"), "/adapter.rs"));
}

use stdhttp::{HTTPException, HTTPSConnection};

fn main() -> Result<(), HTTPException> {
    let [host, roots] = [1, 2].map(|place| std::env::args().nth(place).unwrap_or_default());
    let mut conn = HTTPSConnection::with_tls(&host, None, tls::Rustls::with_roots(roots)?)?;
    conn.request("GET", "/", (), &[])?;
    println!("{} bytes", conn.getresponse()?.read(None)?.len());
    Ok(())
}
