//! The name that a misspelt word was meant to be.

/// Letters from which the start of a name stands for the whole: `--force` for `--force-refresh`.
const START_MIN: usize = 4;

/// Likeness from which a word counts as misspelt, where letters differ in more places.
const LIKENESS_MIN: f64 = 0.84;

/// The name among `known` that `word` was probably meant to be: the one with the fewest letters wrong, missing, extra or swapped,
/// up to one in three; else the one that begins like it; else one that looks like it.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let known: Vec<&str> = known.collect();
    let word = word.to_ascii_lowercase();
    let limit = (word.chars().count() / 3).max(1);
    let likeness = |name: &str| strsim::jaro_winkler(&word, &name.to_ascii_lowercase());
    let closest = |distance: &dyn Fn(&str) -> Option<usize>| {
        let near = known.iter().filter_map(|name| {
            let distance = distance(&name.to_ascii_lowercase()).filter(|one| *one <= limit)?;
            Some((distance, likeness(name), *name))
        });
        near.min_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1))).map(|(_, _, name)| name)
    };
    let length = word.chars().count();
    let whole = |name: &str| Some(strsim::osa_distance(&word, name));
    let start = |name: &str| {
        let start: String = name.chars().take(length).collect();
        (START_MIN <= length && length < name.chars().count())
            .then(|| strsim::osa_distance(&word, &start))
    };
    closest(&whole).or_else(|| closest(&start)).or_else(|| {
        let alike = known.iter().map(|name| (likeness(name), *name));
        let alike = alike.filter(|(likeness, _)| LIKENESS_MIN < *likeness);
        alike.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name)
    })
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn the_fewest_wrong_letters_win() {
        let flags = [
            "job",
            "scope",
            "tenant",
            "store",
            "store-key-file",
            "force-refresh",
            "client-id",
            "output",
            "timeout",
            "token",
            "login",
            "logout",
            "config",
            "status",
            "imap",
            "smtp",
            "pop",
            "graph-mail-read",
        ];
        for (word, name) in [
            ("jbo", Some("job")),
            ("forse", Some("force-refresh")),
            ("force", Some("force-refresh")),
            ("tokne", Some("token")),
            ("loign", Some("login")),
            ("imp", Some("imap")),
            ("imapp", Some("imap")),
            ("smpt", Some("smtp")),
            ("Imap", Some("imap")),
            ("tennant", Some("tenant")),
            ("clientid", Some("client-id")),
            ("client", Some("client-id")),
            ("outptu", Some("output")),
            ("stroe", Some("store")),
            ("graph-mail", Some("graph-mail-read")),
            ("xyzzy", None),
            ("nonsense", None),
            ("x", None),
        ] {
            assert_eq!(nearest(word, flags.into_iter()), name, "{word}");
        }
    }
}
