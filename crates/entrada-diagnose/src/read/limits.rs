//! Limits on the input size: large enough for the data of any sign-in, small enough that a hostile
//! input costs little time and memory.

use super::RecogniseError;

/// Maximum number of bytes of unstructured text that are searched.
const TEXT_MAX: usize = 1 << 20;
/// Maximum number of JSON members and elements. Each takes about a hundred bytes in memory; a browser's archive has a few
/// thousand.
const ELEMENTS_MAX: usize = 100_000;

/// The start of `text` that is searched.
pub(crate) fn start_of(text: &str) -> &str {
    let mut end = text.len().min(TEXT_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Refuses JSON of more elements than can be read cheaply. Counts outside of strings, before anything is read.
pub(crate) fn weigh(json: &str) -> Result<(), RecogniseError> {
    let mut rest = json.as_bytes();
    let mut elements = 0_usize;
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b',' | b'{' | b'[')) {
        let quote = rest[at] == b'"';
        rest = &rest[at + 1..];
        if !quote {
            elements += 1;
            if ELEMENTS_MAX < elements {
                return Err(RecogniseError::Json(format!(
                    "it has more than {ELEMENTS_MAX} members; keep only the part that belongs to the sign-in"
                )));
            }
            continue;
        }
        // The end of the string: a quote after an even number of backslashes.
        while let Some(end) = memchr::memchr2(b'"', b'\\', rest) {
            let escaped = rest[end] == b'\\';
            rest = rest.get(end + 1 + usize::from(escaped)..).unwrap_or_default();
            if !escaped {
                break;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_outside_of_strings_counts() {
        let many = ",".repeat(ELEMENTS_MAX + 1);
        assert!(weigh(&format!("{{\"a\":\"{many}\"}}")).is_ok());
        assert!(weigh(&format!("{{\"a\":\"\\\\\\\"{many}\"}}")).is_ok());
        assert!(weigh(&format!("{{\"a\":\"\\\\\"{many}\"}}")).is_err());
        assert!(weigh(&format!("[{many}]")).is_err());
        assert!(weigh("{\"a\":\"unfinished\\").is_ok());
    }

    #[test]
    fn the_start_ends_between_characters() {
        let text = "ä".repeat(TEXT_MAX);
        assert_eq!(start_of(&text).len(), TEXT_MAX);
        assert_eq!(start_of(&format!("x{text}")).len(), TEXT_MAX - 1);
        assert_eq!(start_of("abc"), "abc");
    }
}
