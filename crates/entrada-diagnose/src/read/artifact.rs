//! What the extractors find in a text.

use std::ops::Range;

use crate::Evidence;

/// Something that an extractor found.
#[derive(Clone, Debug)]
pub(crate) struct Artifact {
    /// Its kind.
    pub(crate) kind: ArtifactKind,
    /// Its place: bytes of the normalised text.
    pub(crate) span: Range<usize>,
    /// What it shows.
    pub(crate) content: Box<Evidence>,
}

/// The kinds of artifacts, the most structured first: of two that overlap, the earlier kind counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ArtifactKind {
    /// An HTTP archive.
    HttpArchive,
    /// An evidence file (`docs/json.md`).
    EvidenceFile,
    /// A token cache of a Microsoft library.
    TokenCache,
    /// An HTTP answer with its status line.
    HttpMessage,
    /// A challenge without the answer that it was part of (RFC 9110 §11.6.1).
    Challenge,
    /// The answer of a token endpoint.
    TokenResponse,
    /// An OAuth error as JSON or as a form.
    OauthError,
    /// An API's error as JSON or XML.
    ApiError,
    /// The output of a tool that prints a token.
    ToolOutput,
    /// A redirect URL with a code, a token or an error.
    Redirect,
    /// The claims of a token, decoded.
    DecodedClaims,
    /// The string with which a mail program signs in, alone: base64 of `user=…^Aauth=Bearer …`.
    SaslString,
    /// A token or another string in its place.
    Token,
    /// A status with its reason phrase at the start of a line: `403 Forbidden`.
    StatusLine,
    /// Lines of a mail protocol.
    MailLines,
    /// An AADSTS number, an OAuth error code or a sentence of an authority.
    AuthorityText,
    /// A mail server's line inside an exception or a log.
    MailSentence,
    /// A status in words: `Request failed with status code 403`.
    StatusInWords,
    /// An API's error as a command line tool prints it: `(AuthorizationFailed) …`.
    CommandError,
    /// A code or sentence that only a known service writes.
    ServiceText,
}

impl ArtifactKind {
    /// The name that `--explain-reading` prints.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::HttpArchive => "http-archive",
            Self::EvidenceFile => "evidence-file",
            Self::TokenCache => "token-cache",
            Self::HttpMessage => "http-message",
            Self::Challenge => "challenge",
            Self::TokenResponse => "token-response",
            Self::OauthError => "oauth-error",
            Self::ApiError => "api-error",
            Self::ToolOutput => "tool-output",
            Self::Redirect => "redirect",
            Self::DecodedClaims => "decoded-claims",
            Self::SaslString => "sasl-string",
            Self::Token => "token",
            Self::StatusLine => "status-line",
            Self::MailLines => "mail-lines",
            Self::AuthorityText => "authority-text",
            Self::MailSentence => "mail-sentence",
            Self::StatusInWords => "status-in-words",
            Self::CommandError => "command-error",
            Self::ServiceText => "service-text",
        }
    }

    /// Whether it is a whole case by itself: what stands around it does not belong to it.
    pub(crate) fn is_whole_case(self) -> bool {
        matches!(self, Self::HttpArchive | Self::EvidenceFile | Self::TokenCache)
    }

    /// Whether it is prose: a sentence or a number that a structured artifact outweighs.
    pub(crate) fn is_prose(self) -> bool {
        self >= Self::StatusLine
    }
}
