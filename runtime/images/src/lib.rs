//! Where modules come from: references, and a local content-addressed store.
//!
//! A [`Reference`] is the name that a manifest's `image` gives. [`ImageStore`] keeps modules and components
//! by the digest of their bytes, and names that lead to them. It knows nothing of Jobs, of compiling or of
//! running, and reads no clock and no network: a puller, where there is one, imports what it pulled.

mod digest;
mod failure;
mod layout;
mod module;
mod record;
mod reference;
mod store;

pub use digest::{Digest, DigestError};
pub use failure::{ImageError, ImportError};
pub use module::{Extern, ImageKind, ModuleError, Sort, Summary};
pub use record::{Entry, Image};
pub use reference::{Reference, ReferenceError};
pub use store::{ImageStore, Limits, Removal};
