//! The running calls: a session of the crate for each of them.

use std::time::Duration;

use reattempt::Session;

/// A call that has not ended.
#[derive(Debug)]
pub(crate) struct Call<'f> {
    pub(crate) session: Session<'f>,
    pub(crate) client: u32,
    pub(crate) start: Duration,
}

/// The running calls by number. Numbers of calls that ended are used again, so the memory
/// depends on the calls that run at once.
#[derive(Debug, Default)]
pub(crate) struct Calls<'f> {
    places: Vec<Option<Call<'f>>>,
    free: Vec<usize>,
}

impl<'f> Calls<'f> {
    /// Adds a call and returns its number.
    pub(crate) fn add(&mut self, call: Call<'f>) -> usize {
        if let Some(number) = self.free.pop() {
            self.places[number] = Some(call);
            number
        } else {
            self.places.push(Some(call));
            self.places.len() - 1
        }
    }

    /// Returns the call with this number, if it still runs.
    pub(crate) fn get(&mut self, number: usize) -> Option<&mut Call<'f>> {
        self.places.get_mut(number)?.as_mut()
    }

    /// Removes the call with this number.
    pub(crate) fn remove(&mut self, number: usize) -> Option<Call<'f>> {
        let call = self.places.get_mut(number)?.take();
        if call.is_some() {
            self.free.push(number);
        }
        call
    }
}
