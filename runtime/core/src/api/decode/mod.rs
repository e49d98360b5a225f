//! From JSON to a typed object: every field that the kind does not have, every duplicate and every
//! wrong type is found, with the path and the words of the Kubernetes API server.

mod amounts;
mod fault;
mod go;
mod object;
mod reader;
mod text;

pub use fault::{Fault, Problem};
pub use object::{FieldValidation, Read, decode, read};
pub use text::{TextError, json};
