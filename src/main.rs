//! Entry point: joins the real world to the library.

fn main() {}
