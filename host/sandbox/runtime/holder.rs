//! Empty on purpose: see `Cargo.toml` beside it.
