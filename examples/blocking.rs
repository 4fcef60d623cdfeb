//! Retries a blocking call over a `TcpStream`. The server closes the first two connections.
#![expect(clippy::print_stdout, reason = "the example prints each retry")]

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use reattempt::{Backoff, RetryPolicy};

fn ask(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.is_empty() {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(answer)
}

fn main() -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for (count, stream) in listener.incoming().enumerate() {
            if let (2.., Ok(mut stream)) = (count, stream) {
                // Ignore the error: it means that the client has disconnected.
                let _ = stream.write_all(b"hello");
            }
        }
    });

    let policy = RetryPolicy::new(Backoff::exponential(Duration::from_millis(100)));
    let answer = policy
        .retry_blocking(|_| ask(address))
        .when(|error| error.kind() == io::ErrorKind::UnexpectedEof)
        .on_retry(|event| {
            if let Some(error) = event.error() {
                let (number, delay) = (event.attempt().number(), event.delay());
                println!(
                    "attempt {number}: {error}, retry in {} ms",
                    delay.as_millis()
                );
            }
        })
        .call()?;
    println!("the server says: {answer}");
    Ok(())
}
