//! What `std` can't do: bind a socket before it connects, and `sendfile`. The only file with
//! `unsafe`.
