//! What is said of a panic.

use std::panic::{Location, set_hook};

use super::say;

/// Makes a panic say where it is, on stderr, and not what it is about: that may quote the text at hand, such as a token.
pub fn quiet_panics() {
    set_hook(Box::new(|panic| say(&told(panic.location()))));
}

fn told(place: Option<&Location<'_>>) -> String {
    let place = place.map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let thread = std::thread::current();
    format!("panic in the thread `{}` at {place}", thread.name().unwrap_or("unnamed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_with_its_place() {
        let told = told(Some(Location::caller()));
        assert!(
            told.contains(&format!("`{}` at {}:", std::thread::current().name().unwrap(), file!())),
            "{told}"
        );
    }
}
