//! A Redis of the program's own, on a free port of the loopback interface.

use std::error::Error;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::{fs, io};

use crate::bucket::{Address, Bucket};
use crate::wait::wait_until;

/// What to do without a `redis-server`.
const HOW_TO_GET_ONE: &str = "redis-server is not installed: run `apt-get install redis-server`, \
     or give the address of a Redis with --redis or in REDIS_URL";

/// A `redis-server` in a folder of its own. Dropping it stops the server and removes the folder.
pub(crate) struct OwnRedis {
    folder: PathBuf,
    port: u16,
    server: Child,
}

impl OwnRedis {
    /// Starts a server and waits until it answers.
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let folder = std::env::temp_dir().join(format!("fleet-budget-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        // The port is free again when the listener is dropped.
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let server = spawn(&folder, port)?;
        let redis = Self {
            folder,
            port,
            server,
        };
        redis.wait()?;
        Ok(redis)
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills the server, as a crash would.
    pub(crate) fn kill(&mut self) -> io::Result<()> {
        self.server.kill()?;
        self.server.wait()?;
        Ok(())
    }

    /// Starts the killed server again, with the same port and folder.
    pub(crate) fn restart(&mut self) -> Result<(), Box<dyn Error>> {
        self.server = spawn(&self.folder, self.port)?;
        self.wait()
    }

    fn wait(&self) -> Result<(), Box<dyn Error>> {
        let address = Address {
            redis: self.url(),
            key: String::new(),
        };
        wait_until("an answer of redis-server", || {
            Bucket::connect(&address).is_ok()
        })
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        // Both fail only if there is nothing left to stop or to remove.
        let _ = self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Starts a server that writes each lease to the disk before it answers.
///
/// A server that forgets its last leases would pay these tokens again. `everysec` and
/// snapshots forget the last second or more. A server without any persistence would be safe
/// too, because a missing bucket starts empty, but it would also forget what it has paid out.
fn spawn(folder: &PathBuf, port: u16) -> Result<Child, Box<dyn Error>> {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--appendonly", "yes", "--appendfsync", "always"])
        .args(["--save", "", "--loglevel", "warning", "--dir"])
        .arg(folder)
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => HOW_TO_GET_ONE.into(),
            _ => format!("cannot start redis-server: {error}").into(),
        })
}
