//! The processes of the fleet, as the parent sees them.

use std::error::Error;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::bucket::Address;
use crate::message::Message;

/// A running process. Dropping it kills it.
pub(crate) struct Process {
    number: u8,
    child: Child,
    messages: Arc<Mutex<Vec<Message>>>,
}

impl Process {
    /// Starts this program again as one process of the fleet.
    pub(crate) fn start(
        number: u8,
        service: SocketAddr,
        address: &Address,
        last_lease: Option<u32>,
    ) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["process", "--number", &number.to_string()])
            .args(["--service", &service.to_string()])
            .args(["--url", &address.redis, "--key", &address.key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(lease) = last_lease {
            command.args(["--last-lease", &lease.to_string()]);
        }
        let mut child = command.spawn()?;
        let messages = Arc::default();
        if let Some(output) = child.stdout.take() {
            let messages = Arc::clone(&messages);
            thread::spawn(move || listen(number, output, &messages));
        }
        Ok(Self {
            number,
            child,
            messages,
        })
    }

    pub(crate) const fn number(&self) -> u8 {
        self.number
    }

    pub(crate) fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Closes the standard input, which ends the process.
    pub(crate) fn end(&mut self) {
        drop(self.child.stdin.take());
    }

    /// Returns the number of messages of one kind.
    pub(crate) fn count(&self, is_kind: impl Fn(&Message) -> bool) -> usize {
        self.messages()
            .iter()
            .filter(|message| is_kind(message))
            .count()
    }

    /// Returns the deposited tokens and those that the process held at its end, if it has
    /// ended in order.
    pub(crate) fn end_message(&self) -> Option<(u32, u32)> {
        self.messages().iter().find_map(|message| match message {
            Message::End { deposited, held } => Some((*deposited, *held)),
            Message::Away { .. } | Message::Back | Message::Paid => None,
        })
    }

    fn messages(&self) -> Vec<Message> {
        let messages = self.messages.lock();
        messages.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only if the process has ended.
        let _ = self.kill();
    }
}

/// Reads the lines of a process and prints what the reader of the program wants to see.
fn listen(number: u8, output: impl io::Read, messages: &Mutex<Vec<Message>>) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        match line.parse() {
            Ok(message) => {
                match &message {
                    Message::Away { held, error } => println!(
                        "process {number}: Redis is away ({error}). It goes on. Tokens held: {held}."
                    ),
                    Message::Back => println!("process {number}: Redis is back."),
                    Message::End { .. } | Message::Paid => {}
                }
                let messages = messages.lock();
                messages
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(message);
            }
            Err(error) => eprintln!("process {number}: {error}"),
        }
    }
}
