//! `run`: Jobs in the foreground, on an engine inside this process. What is to be run is decided whole
//! before anything is started; what happens is read from the engine's changes alone.

mod claims;
mod foreground;
mod place;
mod plan;
#[cfg(test)]
mod played;
mod pod;
mod printer;
mod scene;
mod stage;
mod summary;
#[cfg(test)]
mod tests;

pub(crate) use foreground::run;
pub(crate) use plan::plan;
pub(crate) use stage::Stage;
