//! Where modules come from: references and a local content-addressed store.
