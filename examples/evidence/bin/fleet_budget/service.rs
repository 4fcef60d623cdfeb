//! The failing service: it counts the attempts of each process and fails all of them.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

/// The number of processes of the fleet.
pub(crate) const PROCESSES: u8 = 4;

/// What the service has received from one process.
#[derive(Debug, Default)]
pub(crate) struct Received {
    attempts: AtomicU32,
    retries: AtomicU32,
}

impl Received {
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::SeqCst)
    }

    pub(crate) fn retries(&self) -> u32 {
        self.retries.load(Ordering::SeqCst)
    }
}

/// The service, which runs in threads until the program ends.
#[derive(Debug)]
pub(crate) struct Service {
    address: SocketAddr,
    received: Arc<[Received; PROCESSES as usize]>,
}

impl Service {
    pub(crate) fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let received = Arc::new(<[Received; PROCESSES as usize]>::default());
        let counted = Arc::clone(&received);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let counted = Arc::clone(&counted);
                // An error is the end of the process.
                thread::spawn(move || serve(stream, &counted[..]));
            }
        });
        Ok(Self { address, received })
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns what was received from each process.
    pub(crate) fn received(&self) -> &[Received] {
        &self.received[..]
    }

    /// Returns the attempts of all processes.
    pub(crate) fn attempts(&self) -> u32 {
        self.received.iter().map(Received::attempts).sum()
    }

    /// Returns the retries of all processes.
    pub(crate) fn retries(&self) -> u32 {
        self.received.iter().map(Received::retries).sum()
    }
}

/// Counts each attempt before it answers.
fn serve(mut stream: TcpStream, received: &[Received]) -> io::Result<()> {
    loop {
        let mut request = [0; 2];
        stream.read_exact(&mut request)?;
        let [process, is_retry] = request;
        if let Some(received) = received.get(usize::from(process)) {
            received.attempts.fetch_add(1, Ordering::SeqCst);
            received
                .retries
                .fetch_add(u32::from(is_retry), Ordering::SeqCst);
        }
        stream.write_all(&[0])?;
    }
}

/// A process's connection to the service.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    process: u8,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr, process: u8) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, process })
    }

    /// Makes an attempt, which always fails.
    pub(crate) fn attempt(&mut self, number: u32) -> io::Result<()> {
        let is_retry = u8::from(number > 1);
        self.stream.write_all(&[self.process, is_retry])?;
        self.stream.read_exact(&mut [0])?;
        Err(io::Error::other("the service is down"))
    }
}
