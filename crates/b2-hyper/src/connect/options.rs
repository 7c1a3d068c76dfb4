//! What is set on a TCP socket, before it connects and after.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpSocket, TcpStream};

/// Options of a TCP connection.
///
/// ```
/// use std::time::Duration;
///
/// use b2_hyper::connect::{KeepAlive, SocketOptions};
///
/// let options = SocketOptions::new()
///     .with_keep_alive(KeepAlive::new().with_idle(Duration::from_secs(60)))
///     .with_send_buffer(1 << 20);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct SocketOptions {
    local_address: Option<IpAddr>,
    local_port: u16,
    no_delay: bool,
    keep_alive: Option<KeepAlive>,
    linger: Option<Duration>,
    send_buffer: Option<usize>,
    receive_buffer: Option<usize>,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            local_address: None,
            local_port: 0,
            no_delay: true,
            keep_alive: None,
            linger: None,
            send_buffer: None,
            receive_buffer: None,
        }
    }
}

impl SocketOptions {
    /// No local address, no waiting to fill packets, everything else as the
    /// system has it.
    pub fn new() -> Self {
        Self::default()
    }

    /// The local address to connect from, that of one of this machine's
    /// interfaces. Addresses of the other family cannot be reached then.
    pub fn with_local_address(mut self, address: IpAddr) -> Self {
        self.local_address = Some(address);
        self
    }

    /// The local port to connect from; 0, the default, lets the system choose.
    /// A port serves one connection to a server at a time, and for minutes
    /// none after it was closed from this side.
    pub fn with_local_port(mut self, port: u16) -> Self {
        self.local_port = port;
        self
    }

    /// Whether to send each piece at once instead of waiting to fill a packet
    /// (the algorithm of Nagle); yes unless told. Requests are written in
    /// large pieces, so waiting only delays the last one.
    pub fn with_no_delay(mut self, no_delay: bool) -> Self {
        self.no_delay = no_delay;
        self
    }

    /// Has the system ask an idle peer whether it is still there.
    pub fn with_keep_alive(mut self, keep_alive: KeepAlive) -> Self {
        self.keep_alive = Some(keep_alive);
        self
    }

    /// How long the system tries to deliver what is unsent when a connection
    /// is closed, in whole seconds. Zero resets the connection at once;
    /// anything else may block the thread that closes it for that long.
    /// Unless told, the system delivers in the background.
    pub fn with_linger(mut self, linger: Duration) -> Self {
        self.linger = Some(linger);
        self
    }

    /// Bytes of the system's queue of outgoing data. More helps on long fat
    /// lines and costs memory; the system has limits of its own.
    pub fn with_send_buffer(mut self, bytes: usize) -> Self {
        self.send_buffer = Some(bytes);
        self
    }

    /// Bytes of the system's queue of incoming data, as for
    /// [`with_send_buffer`](Self::with_send_buffer).
    pub fn with_receive_buffer(mut self, bytes: usize) -> Self {
        self.receive_buffer = Some(bytes);
        self
    }

    /// A socket fit to connect to `remote`.
    pub(super) fn socket(&self, remote: SocketAddr) -> io::Result<TcpSocket> {
        let socket = Socket::new(Domain::for_address(remote), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        // Windows are agreed on in the first packet, so buffers come first.
        if let Some(bytes) = self.send_buffer {
            socket.set_send_buffer_size(bytes)?;
        }
        if let Some(bytes) = self.receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        if self.local_address.is_some() || self.local_port != 0 {
            let address = self.local_address.unwrap_or_else(|| match remote {
                SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
            });
            // Or the port would be taken in IPv4 too, where it may be tried at
            // the same time. An address of IPv4 in the clothes of IPv6 is both.
            if let SocketAddr::V6(remote) = remote
                && remote.ip().to_ipv4_mapped().is_none()
            {
                socket.set_only_v6(true)?;
            }
            socket.bind(&SocketAddr::new(address, self.local_port).into())?;
        }
        Ok(TcpSocket::from_std_stream(socket.into()))
    }

    /// What can only be set on a connection that stands.
    pub(super) fn apply(&self, tcp: &TcpStream) -> io::Result<()> {
        let socket = SockRef::from(tcp);
        socket.set_tcp_nodelay(self.no_delay)?;
        if let Some(keep_alive) = &self.keep_alive {
            socket.set_tcp_keepalive(&keep_alive.to_system())?;
        }
        if let Some(linger) = self.linger {
            socket.set_linger(Some(linger))?;
        }
        Ok(())
    }
}

/// When the system asks an idle peer whether it is still there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct KeepAlive {
    idle: Option<Duration>,
    interval: Option<Duration>,
    retries: Option<u32>,
}

impl KeepAlive {
    /// With the times of the system, mostly two hours and then 75 seconds.
    pub fn new() -> Self {
        Self::default()
    }

    /// Silence before the first question, in whole seconds.
    pub fn with_idle(mut self, idle: Duration) -> Self {
        self.idle = Some(idle);
        self
    }

    /// Time between two questions without an answer, in whole seconds.
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// Questions without an answer after which the connection is broken.
    /// Without effect on systems that do not let it be chosen.
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = Some(retries);
        self
    }

    fn to_system(&self) -> TcpKeepalive {
        // Less than a second would be none at all.
        let whole = |time: Duration| time.max(Duration::from_secs(1));
        let mut system = TcpKeepalive::new();
        if let Some(idle) = self.idle {
            system = system.with_time(whole(idle));
        }
        if let Some(interval) = self.interval {
            system = system.with_interval(whole(interval));
        }
        match self.retries {
            #[cfg(not(target_os = "windows"))]
            Some(retries) => system.with_retries(retries),
            _ => system,
        }
    }
}
