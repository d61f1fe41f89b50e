//! Enums of the libraries as values of flags. The libraries know no command line; their variants know name and meaning (`strum`).

use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use strum::{EnumMessage, IntoEnumIterator};

/// Reads a variant of `T` by its name. Help lists the variants with the first line of their documentation.
pub(super) fn choice<T>() -> impl TypedValueParser<Value = T>
where
    T: IntoEnumIterator
        + EnumMessage
        + Into<&'static str>
        + FromStr
        + Clone
        + Send
        + Sync
        + 'static,
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let values = T::iter().map(|variant| {
        let help = variant.get_documentation();
        let value = PossibleValue::new(variant.into());
        match help {
            Some(help) => value.help(help),
            None => value,
        }
    });
    PossibleValuesParser::new(values).try_map(|name| name.parse())
}
