//! TDX quotes, field by field.
