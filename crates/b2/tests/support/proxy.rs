//! A proxy that makes trouble: it cuts, stalls, trickles, and falls silent.
//!
//! Trouble comes one piece after the other. Each counts the bytes of its
//! direction, over all connections, from the moment it is the first in line,
//! and befalls the connection on which its count is reached.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// What befalls one connection.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Trouble {
    /// It is closed as soon as it is made.
    Refuse,
    /// It is closed after so many bytes from the client.
    CutUp(u64),
    /// It is closed after so many bytes from the server.
    CutDown(u64),
    /// Nothing more is taken from the client after so many bytes.
    StallUp(u64),
    /// Nothing more comes from the server after so many bytes.
    StallDown(u64),
}

/// How answers come, on every connection.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Pace {
    #[default]
    Free,
    /// Not at all.
    Silent,
    /// So many bytes, and then a pause.
    Trickle(usize, Duration),
}

pub(crate) struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    server: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    troubles: VecDeque<Trouble>,
    pace: Pace,
    /// Connections made so far.
    made: usize,
    open: Vec<TcpStream>,
    over: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Up,
    Down,
}

/// What becomes of bytes that were read.
enum Fate {
    Pass,
    /// So many pass, then the connection ends.
    Cut(usize),
    /// So many pass, then no more.
    Stall(usize),
    Trickle(usize, Duration),
}

impl Proxy {
    pub(crate) fn before(server: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared { server, state: Mutex::default(), changed: Condvar::new() });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&accepting, &listener));
        Self { address, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds trouble to come.
    pub(crate) fn expect(&self, troubles: impl IntoIterator<Item = Trouble>) {
        self.shared.state().troubles.extend(troubles);
    }

    pub(crate) fn set_pace(&self, pace: Pace) {
        self.shared.state().pace = pace;
    }

    /// Closes every connection that is open now.
    pub(crate) fn cut_now(&self) {
        self.shared.state().cut();
    }

    /// Whether all trouble has come.
    pub(crate) fn is_spent(&self) -> bool {
        self.shared.state().troubles.is_empty()
    }

    /// Connections that were made so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.state().made
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        state.over = true;
        state.cut();
        drop(state);
        self.shared.changed.notify_all();
        // The listener waits for a connection; here is one.
        drop(TcpStream::connect(self.address));
    }
}

impl State {
    fn cut(&mut self) {
        for stream in self.open.drain(..) {
            let _gone_already = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn refuses(&self) -> bool {
        let mut state = self.state();
        let refused = matches!(state.troubles.front(), Some(Trouble::Refuse));
        if refused {
            state.troubles.pop_front();
        }
        refused
    }

    fn fate(&self, way: Way, read: usize) -> Fate {
        let mut state = self.state();
        let struck = match (way, state.troubles.front_mut()) {
            (Way::Up, Some(Trouble::CutUp(left) | Trouble::StallUp(left)))
            | (Way::Down, Some(Trouble::CutDown(left) | Trouble::StallDown(left))) => {
                let keep = usize::try_from(*left).unwrap_or(usize::MAX);
                *left -= (read as u64).min(*left);
                (keep < read).then_some(keep)
            }
            _ => None,
        };
        match (struck, way, state.pace) {
            (Some(keep), ..) => match state.troubles.pop_front() {
                Some(Trouble::StallUp(_) | Trouble::StallDown(_)) => Fate::Stall(keep),
                _ => Fate::Cut(keep),
            },
            (None, Way::Down, Pace::Silent) => Fate::Stall(0),
            (None, Way::Down, Pace::Trickle(bytes, pause)) => Fate::Trickle(bytes, pause),
            _ => Fate::Pass,
        }
    }

    fn is_over(&self) -> bool {
        self.state().over
    }

    fn wait_for_the_end(&self) {
        drop(self.changed.wait_while(self.state(), |state| !state.over));
    }
}

fn accept(shared: &Arc<Shared>, listener: &TcpListener) {
    for stream in listener.incoming() {
        if shared.is_over() {
            return;
        }
        let Ok(client) = stream else { continue };
        shared.state().made += 1;
        if shared.refuses() {
            continue;
        }
        if let Err(error) = serve(shared, client) {
            eprintln!("the proxy could not pass a connection on: {error}");
        }
    }
}

fn serve(shared: &Arc<Shared>, client: TcpStream) -> io::Result<()> {
    let server = TcpStream::connect(shared.server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    shared.state().open.extend([client.try_clone()?, server.try_clone()?]);
    for (way, from, to) in [
        (Way::Up, client.try_clone()?, server.try_clone()?),
        (Way::Down, server.try_clone()?, client.try_clone()?),
    ] {
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            let _broken = pump(&shared, way, &from, &to);
            let _gone_already = from.shutdown(Shutdown::Both);
            let _gone_already = to.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}

fn pump(shared: &Shared, way: Way, mut from: &TcpStream, mut to: &TcpStream) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        match shared.fate(way, read) {
            Fate::Pass => to.write_all(&buffer[..read])?,
            Fate::Cut(keep) => return to.write_all(&buffer[..keep]),
            Fate::Stall(keep) => {
                to.write_all(&buffer[..keep])?;
                return stall(shared, way, from);
            }
            Fate::Trickle(bytes, pause) => {
                for slice in buffer[..read].chunks(bytes) {
                    to.write_all(slice)?;
                    thread::sleep(pause);
                }
            }
        }
    }
}

/// Bytes of the server are swallowed, so that it does not notice; bytes of the
/// client are left where they are, so that it does.
fn stall(shared: &Shared, way: Way, from: &TcpStream) -> io::Result<()> {
    match way {
        Way::Down => io::copy(&mut &*from, &mut io::sink()).map(drop),
        Way::Up => {
            shared.wait_for_the_end();
            Ok(())
        }
    }
}
