//! The message of a panic.

use std::panic::{Location, set_hook};

use super::say;

/// Makes a panic print its place on stderr, but not its message: the message may quote data such as a token.
pub fn quiet_panics() {
    set_hook(Box::new(|panic| say(&message(panic.location()))));
}

fn message(place: Option<&Location<'_>>) -> String {
    let place = place.map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let thread = std::thread::current();
    format!("panic in the thread `{}` at {place}", thread.name().unwrap_or("unnamed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_reported_with_its_place() {
        let text = message(Some(Location::caller()));
        assert!(
            text.contains(&format!("`{}` at {}:", std::thread::current().name().unwrap(), file!())),
            "{text}"
        );
    }
}
