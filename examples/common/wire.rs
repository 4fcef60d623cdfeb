//! The parts of HTTP/1.1 that the servers of the examples need.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// A request, with its body. The names of the headers are in lower case.
pub(crate) struct Head {
    pub(crate) line: String,
    pub(crate) body: Vec<u8>,
    pub(crate) headers: Vec<(String, String)>,
}

impl Head {
    /// Returns the value of a header, or an empty text if it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(found, _)| found == name)
            .map_or("", |(_, value)| value)
    }
}

/// Reads a request with its body.
pub(crate) async fn read(stream: &mut TcpStream) -> io::Result<Head> {
    let mut stream = BufReader::new(stream);
    let mut lines = (&mut stream).lines();
    let line = lines.next_line().await?.unwrap_or_default();
    let mut headers = Vec::new();
    while let Some(header) = lines.next_line().await?.filter(|line| !line.is_empty()) {
        if let Some((name, value)) = header.split_once(':') {
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    let mut head = Head {
        line,
        headers,
        body: Vec::new(),
    };
    let length = head.header("content-length").parse().unwrap_or(0);
    head.body.resize(length, 0);
    stream.read_exact(&mut head.body).await?;
    Ok(head)
}

/// Sends a response and closes the connection. `headers` are lines that end with `\r\n`.
pub(crate) async fn reply(
    stream: &mut TcpStream,
    status: &str,
    headers: &str,
    body: &[u8],
) -> io::Result<()> {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body).await?;
    stream.shutdown().await
}
