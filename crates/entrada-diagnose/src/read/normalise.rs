use std::borrow::Cow;
pub(crate) struct Normalised<'a> {
    pub text: Cow<'a, str>,
    pub steps: Vec<Step>,
}
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    MailQuotes,
}
impl Step {
    pub(crate) fn id(self) -> &'static str {
        "mail-quotes"
    }
}
pub(crate) fn normalise(text: &str) -> Normalised<'_> {
    Normalised { text: Cow::Borrowed(text), steps: vec![] }
}
