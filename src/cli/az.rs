//! Called by the name `az`, for programs that ask the Azure CLI for a token (`AzureCliCredential` of the Azure SDKs).

use std::ffi::OsString;
use std::path::Path;

/// What `argv` asks for, as a command line of ours, where the program was called `az`; `None` where it was not. An error says
/// what cannot be answered.
pub(super) fn translate(argv: &[OsString]) -> Option<Result<Vec<OsString>, String>> {
    let name = Path::new(argv.first()?).file_stem()?;
    (name == "az").then(|| words(argv))
}

fn words(argv: &[OsString]) -> Result<Vec<OsString>, String> {
    let text = |word: &OsString| word.to_string_lossy().into_owned();
    let mut rest = argv.iter().skip(1).map(text);
    if (rest.next().as_deref(), rest.next().as_deref())
        != (Some("account"), Some("get-access-token"))
    {
        return Err(
            "called as `az`, entrada answers `az account get-access-token` alone".to_owned()
        );
    }
    let mut ours: Vec<String> =
        ["entrada", "token", "-o", "azure-cli"].into_iter().map(str::to_owned).collect();
    let mut scopes = Vec::new();
    let mut rest = rest.peekable();
    while let Some(word) = rest.next() {
        let (flag, given) = match word.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => {
                (flag.to_owned(), Some(value.to_owned()))
            }
            _ => (word, None),
        };
        let mut value =
            || given.clone().or_else(|| rest.next()).ok_or(format!("`{flag}` has no value"));
        match flag.as_str() {
            // As MSAL makes a scope of a resource: its closing slash stays.
            "--resource" => scopes.push(format!("{}/.default", value()?)),
            "--scope" => {
                scopes.push(value()?);
                while let Some(more) = rest.next_if(|word| !word.starts_with('-')) {
                    scopes.push(more);
                }
            }
            "--tenant" | "-t" => ours.push(format!("--tenant={}", value()?)),
            "--output" | "-o" => {
                if value()? != "json" {
                    return Err("called as `az`, entrada writes JSON alone".to_owned());
                }
            }
            // Subscriptions choose a tenant and an account; ours are chosen by profile.
            "--subscription" | "-s" | "-n" | "--name" => drop(value()?),
            "--only-show-errors" | "--debug" | "--verbose" => (),
            other => return Err(format!("called as `az`, entrada knows no `{other}`")),
        }
    }
    if scopes.is_empty() {
        scopes.push("https://management.core.windows.net//.default".to_owned());
    }
    for scope in scopes {
        ours.push(format!("--scope={scope}"));
    }
    Ok(ours.into_iter().map(Into::into).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours(line: &str) -> Option<Result<String, String>> {
        let argv: Vec<OsString> = line.split(' ').map(Into::into).collect();
        translate(&argv).map(|words| {
            words.map(|words| {
                words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
            })
        })
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
        ] {
            assert_eq!(ours(theirs), Some(Ok(own.to_owned())), "{theirs}");
        }
        for other in [
            "az login",
            "az",
            "az account get-access-token --query accessToken",
            "az account get-access-token --resource",
        ] {
            assert!(ours(other).unwrap().is_err(), "{other}");
        }
        assert!(ours("entrada token").is_none() && ours("/opt/azure/entrada token").is_none());
    }
}
