//! One pod's life: taken up, its containers run in order and again as its restartPolicy says, ended, and
//! reported all the way. One task a pod; between two things that happen it waits for a timer or a change.

mod board;
mod called;
mod container;
mod image;
mod life;
mod reporting;
mod stop;
mod verdict;
mod volumes;

pub(crate) use board::Board;
pub(crate) use life::Pod;
pub(crate) use reporting::attend;
pub(crate) use stop::Stop;

#[cfg(test)]
mod tests;
