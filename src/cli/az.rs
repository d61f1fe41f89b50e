//! Emulates the Azure CLI when called as `az`, for programs that get their token from it (`AzureCliCredential` of the Azure
//! SDKs).

mod output;
mod query;

use std::ffi::OsString;
use std::path::Path;

use clap::ValueEnum as _;

pub(super) use output::AzAnswer;
use output::AzOutput;
use query::Query;

use entrada_core::clean;

/// A call of `az account get-access-token`, as entrada carries it out.
pub(super) struct AzCall {
    /// The command line of entrada that gets the answer.
    pub(super) argv: Vec<OsString>,
    /// What is printed of the answer.
    pub(super) answer: AzAnswer,
    /// What is said of options that have no effect.
    pub(super) notes: Vec<&'static str>,
}

/// entrada has accounts and no subscriptions.
const NO_SUBSCRIPTION: &str = "note: `--subscription` has no effect: a profile (ENTRADA_PROFILE) or the account that is signed in decides";

/// The values of `--resource-type`, and their resources.
const RESOURCE_TYPES: [(&str, &str); 7] = [
    ("arm", RESOURCE_DEFAULT),
    ("ms-graph", "https://graph.microsoft.com/"),
    ("aad-graph", "https://graph.windows.net/"),
    ("batch", "https://batch.core.windows.net/"),
    ("data-lake", "https://datalake.azure.net/"),
    ("media", "https://rest.media.azure.net"),
    ("oss-rdbms", "https://ossrdbms-aad.database.windows.net"),
];

/// The call in `argv`, if the program was called as `az`; otherwise `None`. An error says what is not supported.
pub(super) fn translate(argv: &[OsString]) -> Option<Result<AzCall, String>> {
    let name = Path::new(argv.first()?).file_stem()?;
    (name == "az").then(|| call(argv))
}

fn call(argv: &[OsString]) -> Result<AzCall, String> {
    let text = |word: &OsString| word.to_string_lossy().into_owned();
    let mut rest = argv.iter().skip(1).map(text);
    if (rest.next().as_deref(), rest.next().as_deref())
        != (Some("account"), Some("get-access-token"))
    {
        return Err(
            "called as `az`, entrada supports only `az account get-access-token`".to_owned()
        );
    }
    let mut ours: Vec<String> =
        ["entrada", "token", "-o", "azure-cli"].into_iter().map(str::to_owned).collect();
    // If an option is repeated, the last one counts, as with argparse.
    let (mut resource, mut scopes, mut tenant) = (None, Vec::new(), None);
    let mut answer = AzAnswer::default();
    let (mut is_subscription, mut is_silent) = (false, false);
    let mut rest = rest.peekable();
    while let Some(word) = rest.next() {
        let (flag, given) = split(word);
        let mut value =
            || given.clone().or_else(|| rest.next()).ok_or(format!("`{flag}` has no value"));
        match flag.as_str() {
            "--resource" => resource = Some(one_word(&flag, value()?)?),
            "--resource-type" => resource = Some(resource_of_type(&value()?)?.to_owned()),
            "--scope" => {
                scopes = vec![not_empty(&flag, value()?)?];
                while let Some(more) = rest.next_if(|word| !word.starts_with('-')) {
                    scopes.push(more);
                }
            }
            "--tenant" | "-t" => tenant = Some(one_word(&flag, value()?)?),
            "--output" | "-o" => answer.output = output_of(&value()?)?,
            "--query" => {
                let query = not_empty(&flag, value()?)?;
                let parsed = Query::parse(&query).map_err(|why| {
                    let (query, why) = (clean(&query), clean(&why));
                    format!(
                        "argument --query: `{query}`: {why}; entrada reads `accessToken`, `[accessToken,expiresOn]` and `{{t:accessToken}}`"
                    )
                });
                answer.query = Some(parsed?);
            }
            // Subscriptions choose a tenant and an account; in entrada a profile does.
            "--subscription" | "-s" | "-n" | "--name" => {
                not_empty(&flag, value()?)?;
                is_subscription = true;
            }
            "--only-show-errors" => is_silent = true,
            "--debug" | "--verbose" => (),
            other => return Err(format!("called as `az`, entrada does not support `{other}`")),
        }
    }
    if let Some(tenant) = tenant {
        ours.push(format!("--tenant={tenant}"));
    }
    match resource {
        Some(_) if !scopes.is_empty() => {
            return Err("`--resource` and `--scope` exclude each other".to_owned());
        }
        // As MSAL makes a scope of a resource: its closing slash stays.
        Some(resource) => scopes.push(format!("{resource}/.default")),
        None if scopes.is_empty() => scopes.push(format!("{RESOURCE_DEFAULT}/.default")),
        None => (),
    }
    for scope in scopes {
        ours.push(format!("--scope={scope}"));
    }
    let notes = if is_subscription && !is_silent { vec![NO_SUBSCRIPTION] } else { Vec::new() };
    Ok(AzCall { argv: ours.into_iter().map(Into::into).collect(), answer, notes })
}

/// The option in `word`, and its value where it is in the same word: `--output=tsv`, `-otsv`.
fn split(word: String) -> (String, Option<String>) {
    if word.starts_with("--") {
        return match word.split_once('=') {
            Some((flag, value)) => (flag.to_owned(), Some(value.to_owned())),
            None => (word, None),
        };
    }
    match word.char_indices().nth(2) {
        Some((at, _)) if word.starts_with('-') => {
            let (flag, value) = word.split_at(at);
            let value = value.strip_prefix('=').unwrap_or(value);
            (flag.to_owned(), Some(value.to_owned()))
        }
        _ => (word, None),
    }
}

fn output_of(name: &str) -> Result<AzOutput, String> {
    AzOutput::from_str(name, true).map_err(|_| {
        let all = AzOutput::value_variants().iter().filter_map(clap::ValueEnum::to_possible_value);
        let names: Vec<String> = all.map(|value| format!("'{}'", value.get_name())).collect();
        let (name, names) = (clean(name), names.join(", "));
        format!("argument --output: invalid choice: '{name}' (choose from {names})")
    })
}

fn resource_of_type(name: &str) -> Result<&'static str, String> {
    let found = RESOURCE_TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, resource)| *resource).ok_or_else(|| {
        let names: Vec<String> =
            RESOURCE_TYPES.iter().map(|(name, _)| format!("'{name}'")).collect();
        let (name, names) = (clean(name), names.join(", "));
        format!("argument --resource-type: invalid choice: '{name}' (choose from {names})")
    })
}

/// Azure Resource Manager in the public cloud, as the Azure CLI names it.
const RESOURCE_DEFAULT: &str = "https://management.core.windows.net/";

/// The value of an option that takes one. It must not be empty. A value with whitespace would become two scopes or another
/// address.
fn one_word(flag: &str, value: String) -> Result<String, String> {
    let value = not_empty(flag, value)?;
    if value.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(format!(
            "`{flag}` takes one value, and `{}` contains whitespace",
            clean(&value)
        ));
    }
    Ok(value)
}

/// In the words of the Azure CLI, where there is nothing.
fn not_empty(flag: &str, value: String) -> Result<String, String> {
    if value.is_empty() {
        Err(format!("argument {flag}: expected one argument"))
    } else {
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(line: &str) -> Option<Result<String, String>> {
        let argv: Vec<OsString> = line.split(' ').map(Into::into).collect();
        translate(&argv).map(|call| {
            call.map(|call| {
                call.argv.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
            })
        })
    }

    #[test]
    fn a_value_with_a_blank_is_one_value() {
        let of = |options: &[&str]| {
            let argv = ["az", "account", "get-access-token"].iter().chain(options).map(Into::into);
            translate(&argv.collect::<Vec<OsString>>()).unwrap().map(|call| call.argv)
        };
        for options in [
            &["--resource", "https://a.example https://b.example"][..],
            &["--resource=https://a.example https://b.example"],
            &["--resource", "https://a.example\thttps://b.example"],
            &["--resource", "https://a.example\n"],
            &["--resource", " "],
            &["--tenant", "contoso.example other.example"],
            &["-t", "a b"],
            &["--tenant=a b"],
        ] {
            let error = of(options).unwrap_err();
            assert!(error.contains("takes one value"), "{options:?}: {error}");
            assert!(!error.contains('\n'), "{error}");
        }
        for options in [
            &["--subscription", "Pay as you go"][..],
            &["-s", "Pay as you go"],
            &["--subscription=Pay as you go", "-o", "json"],
            &["-n", "Pay as you go"],
        ] {
            let words = of(options).unwrap_or_else(|error| vec![error.into()]);
            let default = "--scope=https://management.core.windows.net//.default";
            assert_eq!(words.last().unwrap(), default, "{options:?}");
            assert_eq!(words.len(), 5, "{options:?}");
        }
        // Scopes are words, however they are put.
        let scopes = of(&["--scope", "a/.default b", "c", "--output", "json"]).unwrap();
        assert_eq!(scopes[4..], ["--scope=a/.default b", "--scope=c"].map(OsString::from));
    }

    #[test]
    fn an_empty_value_is_an_error_and_not_the_default() {
        for options in [
            &["--resource", ""][..],
            &["--resource="],
            &["--scope", ""],
            &["--scope=", "a/.default"],
            &["--tenant", ""],
            &["-t", ""],
            &["--query", ""],
            &["--subscription", ""],
        ] {
            let argv = ["az", "account", "get-access-token"].iter().chain(options).map(Into::into);
            let error = translate(&argv.collect::<Vec<OsString>>()).unwrap().err().unwrap();
            assert!(error.ends_with(": expected one argument"), "{options:?}: {error}");
        }
    }

    #[test]
    fn of_an_option_that_comes_twice_the_last_counts() {
        let last = "entrada token -o azure-cli --tenant=u --scope=https://b.example/.default";
        for theirs in [
            "az account get-access-token --resource https://a.example --tenant t --tenant u --resource https://b.example",
            "az account get-access-token --scope https://a.example/.default -t t --scope https://b.example/.default -t u",
        ] {
            assert_eq!(ours(theirs), Some(Ok(last.to_owned())), "{theirs}");
        }
        let both = "az account get-access-token --resource https://a.example --scope https://b.example/.default";
        assert!(ours(both).unwrap().unwrap_err().contains("exclude each other"));
    }

    #[test]
    fn the_sdks_questions_are_understood() {
        for (theirs, own) in [
            (
                "az account get-access-token --output json --resource https://vault.azure.net",
                "entrada token -o azure-cli --scope=https://vault.azure.net/.default",
            ),
            (
                "/usr/bin/az account get-access-token -o json --scope https://graph.microsoft.com/.default --tenant t",
                "entrada token -o azure-cli --tenant=t --scope=https://graph.microsoft.com/.default",
            ),
            (
                "az account get-access-token --output=json --subscription x",
                "entrada token -o azure-cli --scope=https://management.core.windows.net//.default",
            ),
            (
                "az account get-access-token --resource-type ms-graph --query accessToken -otsv",
                "entrada token -o azure-cli --scope=https://graph.microsoft.com//.default",
            ),
            (
                "az account get-access-token --resource https://graph.microsoft.com --query=accessToken --output TSV",
                "entrada token -o azure-cli --scope=https://graph.microsoft.com/.default",
            ),
            (
                "az account get-access-token -tcontoso.example -s=x",
                "entrada token -o azure-cli --tenant=contoso.example --scope=https://management.core.windows.net//.default",
            ),
        ] {
            assert_eq!(ours(theirs), Some(Ok(own.to_owned())), "{theirs}");
        }
        for other in [
            "az login",
            "az",
            "az account get-access-token --query accessToken]",
            "az account get-access-token --output xml",
            "az account get-access-token --resource-type graph",
            "az account get-access-token --identity",
            "az account get-access-token --resource",
        ] {
            assert!(ours(other).unwrap().is_err(), "{other}");
        }
        assert!(ours("entrada token").is_none() && ours("/opt/azure/entrada token").is_none());
    }
}
