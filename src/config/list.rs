//! Lists in the configuration file.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, IntoDeserializer as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads a list. A single value counts as a list of one: `job = "imap"`.
pub(super) fn one_or_several<'de, T, D>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    struct OneOrSeveral<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrSeveral<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of strings, or one string")
        }

        fn visit_str<E: de::Error>(self, one: &str) -> Result<Vec<T>, E> {
            T::deserialize(one.into_deserializer()).map(|one| vec![one])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, all: A) -> Result<Vec<T>, A::Error> {
            Vec::deserialize(SeqAccessDeserializer::new(all))
        }
    }

    deserializer.deserialize_any(OneOrSeveral(PhantomData)).map(Some)
}

#[cfg(test)]
mod tests {
    use super::super::Layer;

    #[test]
    fn a_single_string_is_a_list_of_one() {
        let layer = |text: &str| toml::from_str::<Layer>(text);
        let one = layer("job = 'imap'\nscope = 'Mail.Read'\nparam = 'mkt=de-DE'").unwrap();
        let list = layer("job = ['imap']\nscope = ['Mail.Read']\nparam = ['mkt=de-DE']").unwrap();
        assert_eq!(one, list);
        let wrong = layer("job = 5").unwrap_err();
        assert!(wrong.message().contains("a list of strings, or one string"), "{wrong}");
        assert!(layer("job = 'imap smtp'").unwrap_err().message().contains("a job's name has"));
    }
}
