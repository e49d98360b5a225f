//! Where modules come from: references, a local content-addressed store, and OCI registries.
//!
//! A [`Reference`] is the name that a manifest's `image` gives. [`ImageStore`] keeps modules and components
//! by the digest of their bytes, and names that lead to them; it reads no network. [`registry`] brings images
//! into it and takes them out. Nothing here knows of Jobs, of compiling or of running, or reads the clock.

mod collect;
mod digest;
mod failure;
mod layout;
mod module;
mod permissions;
mod producers;
mod record;
mod reference;
pub mod registry;
mod store;

pub use collect::Prune;
pub use digest::{Digest, DigestError};
pub use failure::{ImageError, ImportError};
pub use module::{Extern, ImageKind, ModuleError, Sort, Summary};
pub use permissions::Permission;
pub use producers::Producer;
pub use record::{Entry, Image, Lease};
pub use reference::{Reference, ReferenceError};
pub use store::{ImageStore, Limits, Removal};
