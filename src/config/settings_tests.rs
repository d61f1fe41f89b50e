//! Tests of `settings`.

use super::*;
use crate::config::Span;

fn env(variables: &[(&str, &str)]) -> Env {
    variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect()
}

const FILE: &str = "
    [defaults]
    tenant = 'organizations'
    client-id = 'of-defaults'
    [profiles.work]
    client-id = 'of-work'
    job = ['imap']
";

fn settings(profile: Option<&str>, variables: &[(&str, &str)], flags: Layer) -> Settings {
    let file = ConfigFile::parse(FILE).unwrap();
    Settings::resolve(&file, profile, &env(variables), flags).unwrap()
}

#[test]
fn a_flag_beats_a_variable_beats_the_profile_beats_the_defaults() {
    let flags = Layer { client_id: Some("of-flag".into()), ..Layer::default() };
    let variable = [("ENTRADA_CLIENT_ID", "of-env")];
    for (found, expected) in [
        (settings(None, &[], Layer::default()), "of-defaults"),
        (settings(Some("work"), &[], Layer::default()), "of-work"),
        (settings(Some("work"), &variable, Layer::default()), "of-env"),
        (settings(Some("work"), &variable, flags), "of-flag"),
    ] {
        assert_eq!(found.client_id().unwrap(), expected);
    }
}

#[test]
fn every_value_knows_its_origin() {
    let found = settings(Some("work"), &[("ENTRADA_STRICT", "yes")], Layer::default());
    let origins: Vec<(String, Origin)> =
        found.given().into_iter().map(|(key, _, origin)| (key, origin)).collect();
    assert_eq!(
        origins,
        [
            ("tenant".to_owned(), Origin::Defaults),
            ("client-id".to_owned(), Origin::Profile),
            ("job".to_owned(), Origin::Profile),
            ("strict".to_owned(), Origin::Env),
        ]
    );
}

#[test]
fn variables_have_the_types_of_their_keys() {
    let found = settings(
        None,
        &[
            ("ENTRADA_JOB", "imap,smtp"),
            ("ENTRADA_SCOPE", "a b"),
            ("ENTRADA_MIN_TTL", "10m"),
            ("ENTRADA_STORE", "file"),
            ("ENTRADA_OFFLINE", "0"),
        ],
        Layer::default(),
    );
    assert_eq!(found.jobs().unwrap(), [Job::Imap, Job::Smtp]);
    assert_eq!(found.scopes().unwrap(), ScopeSet::parse("a b"));
    assert_eq!(found.get(|layer| &layer.min_ttl), Some(Span(Duration::from_secs(600))));
    assert!(!found.offline());
    let bad = Settings::resolve(
        &ConfigFile::default(),
        None,
        &env(&[("ENTRADA_STORE", "cellar")]),
        Layer::default(),
    );
    assert!(
        bad.unwrap_err().to_string().starts_with("the variable ENTRADA_STORE has an invalid value")
    );
}

#[test]
fn scopes_that_could_break_out_of_the_request_are_refused() {
    for scope in ["a\"b", "a\\b", "a,b", "a\u{1}b", "ä"] {
        let flags = Layer { scope: Some(vec![scope.into()]), ..Layer::default() };
        let settings =
            Settings::resolve(&ConfigFile::default(), None, &Env::default(), flags).unwrap();
        assert!(settings.scopes().is_err(), "{scope:?}");
    }
}

#[test]
fn a_job_of_ones_own_is_found_and_a_slip_is_met_with_the_nearest_name() {
    let file =
        ConfigFile::parse("[jobs.crm]\naudience = 'api://crm'\nscope = ['api://crm/Orders.Read']");
    let file = file.unwrap();
    let resolve = |job: &str| {
        let flags = Layer { job: Some(vec![job.parse().unwrap()]), ..Layer::default() };
        Settings::resolve(&file, None, &Env::default(), flags).unwrap()
    };
    let jobs = resolve("CRM").jobs().unwrap();
    assert_eq!(jobs[0].id(), "crm");
    assert_eq!(
        resolve("crm").request_scopes(&jobs).unwrap().api().to_string(),
        "api://crm/Orders.Read"
    );
    let slip = resolve("imp").jobs().unwrap_err().to_string();
    assert!(
        slip.starts_with("there is no job `imp`; did you mean `imap`? `[jobs.imp]` in"),
        "{slip}"
    );
}

#[test]
fn of_job_and_scope_the_one_that_is_named_more_closely_displaces_the_other() {
    const JOB: &str = "https://outlook.office.com/IMAP.AccessAsUser.All";
    const SCOPE: &str = "https://graph.microsoft.com/Mail.Read";
    let places = [Origin::Defaults, Origin::Profile, Origin::Env, Origin::Flag];
    for job in places {
        for scope in places {
            let line = |of: Origin| {
                let job = if of == job { "job = ['imap']" } else { "" };
                let scope =
                    if of == scope { format!("scope = ['{SCOPE}']") } else { String::new() };
                format!("{job}\n{scope}\n")
            };
            let file = format!(
                "[defaults]\n{}[profiles.p]\n{}",
                line(Origin::Defaults),
                line(Origin::Profile)
            );
            let file = ConfigFile::parse(&file).unwrap();
            let variables = [
                (Origin::Env == job, "ENTRADA_JOB", "imap"),
                (Origin::Env == scope, "ENTRADA_SCOPE", SCOPE),
            ];
            let variables: Vec<_> = variables
                .iter()
                .filter(|(set, ..)| *set)
                .map(|(_, name, value)| (*name, *value))
                .collect();
            let flags: Layer = toml::from_str(&line(Origin::Flag)).unwrap();
            let found = Settings::resolve(&file, Some("p"), &env(&variables), flags).unwrap();
            let asked = found.request_scopes(&found.jobs().unwrap()).unwrap().api().to_string();
            let keys: Vec<String> = found.given().into_iter().map(|(key, ..)| key).collect();
            let (expected, shown) = match scope.cmp(&job) {
                Ordering::Less => (JOB.to_owned(), &["job"][..]),
                Ordering::Greater => (SCOPE.to_owned(), &["scope"][..]),
                Ordering::Equal => (format!("{SCOPE} {JOB}"), &["scope", "job"][..]),
            };
            assert_eq!(asked, expected, "job by {job:?}, scope by {scope:?}");
            assert_eq!(keys, shown, "job by {job:?}, scope by {scope:?}");
        }
    }
}

#[test]
fn a_job_without_scopes_and_an_empty_list_displace_nothing() {
    let file = "[defaults]\njob = ['imap']\n[profiles.own]\nscope = ['api://x/.default']\n[profiles.empty]\nscope = []\n\
                [jobs.bare]\naudience = 'api://x'";
    let file = ConfigFile::parse(file).unwrap();
    for job in ["custom", "none", "bare"] {
        let flags = Layer { job: Some(vec![job.parse().unwrap()]), ..Layer::default() };
        let found = Settings::resolve(&file, Some("own"), &Env::default(), flags).unwrap();
        assert_eq!(found.scopes().unwrap(), ScopeSet::parse("api://x/.default"), "{job}");
        assert_eq!(found.jobs().unwrap().len(), 1, "{job}");
    }
    let found = Settings::resolve(&file, Some("empty"), &Env::default(), Layer::default()).unwrap();
    assert_eq!(found.jobs().unwrap(), [Job::Imap]);
}

#[test]
fn a_job_brings_its_scopes_and_offline_access() {
    let found = settings(Some("work"), &[], Layer::default());
    assert_eq!(
        found.request_scopes(&[Job::Imap]).unwrap().to_string(),
        "https://outlook.office.com/IMAP.AccessAsUser.All offline_access openid profile"
    );
}

#[test]
fn a_profile_that_is_not_there_is_named_with_its_neighbour() {
    let file = ConfigFile::parse(FILE).unwrap();
    let error = Settings::resolve(&file, Some("wrk"), &Env::default(), Layer::default());
    assert_eq!(error.unwrap_err().to_string(), "there is no profile `wrk`; did you mean `work`?");
}
