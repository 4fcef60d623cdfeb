//! A server that sends the first bytes of a response and then ends the connection.

use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use crate::servers::{read_request, reset};

/// How a connection ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// With a TCP reset.
    Reset,
    /// With an orderly close.
    Close,
}

/// A server whose first two responses end early. The third one is whole.
#[derive(Debug)]
pub struct CutServer {
    /// The URL of the server.
    pub url: String,
}

impl CutServer {
    /// Starts a server that sends `length` bytes of `response` and ends the connection.
    ///
    /// # Panics
    ///
    /// Panics if there is no free port.
    #[must_use]
    pub fn new(response: &'static [u8], length: usize, end: End) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let address = listener.local_addr().expect("the listener is bound");
        thread::spawn(move || {
            let cut = &response[..length];
            for (part, end) in [(cut, end), (cut, end), (response, End::Close)] {
                let Ok((stream, _)) = listener.accept() else {
                    return;
                };
                // The client may have disconnected.
                let _ = respond(stream, part, end);
            }
        });
        Self {
            url: format!("http://{address}/"),
        }
    }
}

fn respond(mut stream: TcpStream, part: &[u8], end: End) -> io::Result<()> {
    stream.set_nodelay(true)?;
    read_request(&mut stream)?;
    stream.write_all(part)?;
    match end {
        End::Reset => reset(&stream),
        End::Close => Ok(()),
    }
}
