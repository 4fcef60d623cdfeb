//! A listener that does not complete connections, because its backlog is full.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// Keeps the listener and the connections that fill its backlog.
#[derive(Debug)]
pub(crate) struct FullListener {
    pub(crate) address: SocketAddr,
    _listener: Socket,
    _connections: Vec<TcpStream>,
}

impl FullListener {
    /// Listens, never accepts, and connects until a connection does not complete.
    ///
    /// This works on Linux, where the kernel then ignores further connections.
    pub(crate) fn new() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        listener.bind(&any.into()).expect("a free port");
        listener.listen(0).expect("the socket listens");
        let address = listener.local_addr().expect("the socket is bound");
        let address = address.as_socket().expect("the address is an IP address");
        let patience = Duration::from_millis(300);
        let connect = || TcpStream::connect_timeout(&address, patience).ok();
        let connections = std::iter::from_fn(connect).take(64).collect();
        Self {
            address,
            _listener: listener,
            _connections: connections,
        }
    }
}
