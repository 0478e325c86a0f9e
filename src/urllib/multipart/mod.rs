//! Forms of the type `multipart/form-data` (RFC 7578, RFC 2046 section 5.1): written as a stream
//! that knows its length, and read part by part.
//!
//! ```
//! use std::io::Read;
//! use stdhttp::urllib::multipart::{FormPart, FormReader, MultipartForm};
//!
//! let mut form = MultipartForm::new();
//! form.push(FormPart::new("user", "ann")?)?;
//! form.push(FormPart::new("photo", b"\x89PNG...")?.filename("me.png")?.content_type("image/png")?)?;
//! let body = form.into_body();
//! let (content_type, length) = (body.content_type(), body.content_length());
//! assert!(length.is_some()); // else the body would be sent chunked
//! // conn.request("POST", "/upload", Body::sized(body, length), &[("Content-Type", &content_type)])
//!
//! let mut reader = FormReader::from_content_type(body, &content_type)?;
//! let mut user = reader.next_part()?.expect("a part");
//! let mut value = String::new();
//! user.read_to_string(&mut value)?;
//! assert_eq!((user.name(), value.as_str()), ("user", "ann"));
//! let photo = reader.next_part()?.expect("a part");
//! assert_eq!(photo.filename(), Some("me.png"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod boundary;
mod form;
mod head;
mod reader;

pub use form::{FormPart, MultipartBody, MultipartForm};
pub use reader::{FormLimits, FormReader, ReceivedPart};
