//! The administrator's configuration: what users of this machine may sign in to, and how.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::toml_fault::TomlFault;
use super::{ConfigError, ConfigFile, nearest};
use entrada_auth::flow::{AllowedFlows, FlowKind};
use entrada_core::entra::clouds::Cloud;
use entrada_core::{Authority, clean};

/// The keys of the file.
const KEYS: [&str; 4] = ["flow-allow", "no-device", "tenant-allow", "authority-allow"];

/// The limits that the administrator's file sets. No flag, variable or file of a user changes them.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The file.
    pub path: PathBuf,
    limits: Limits,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct Limits {
    /// The flows by which users may sign in. All, if the key is absent.
    flow_allow: Option<Vec<FlowKind>>,
    /// The same as `flow-allow = ["browser", "paste"]`.
    no_device: bool,
    /// The tenants that tokens may be requested from, as the authority spells them.
    tenant_allow: Option<Vec<String>>,
    /// The authorities that tokens may be requested from.
    authority_allow: Option<Vec<String>>,
}

/// The administrator does not allow a request.
#[derive(Debug, thiserror::Error)]
#[error("the administrator of this machine does not allow {what}: `{key}` in {path} allows {allowed}", path = .path.display())]
pub struct NotAllowed {
    /// What was requested.
    what: String,
    key: &'static str,
    path: PathBuf,
    allowed: String,
}

impl Policy {
    /// Reads the administrator's file `path`; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the file cannot be read or understood, or if another user could change it. The program must not
    /// continue then: the file may forbid what it is about to do.
    pub fn read(path: &Path) -> Result<Option<Self>, ConfigError> {
        let text = match ConfigFile::read_text(path, true) {
            Ok(text) => text,
            Err(ConfigError::Read { source, .. }) if source.is_not_found() && is_absent(path) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let limits =
            parse(&text).map_err(|fault| ConfigError::Parse { path: path.to_owned(), fault })?;
        Ok(Some(Self { path: path.to_owned(), limits }))
    }

    /// The flows by which users may sign in; `None` if the file does not limit them.
    pub fn flows(&self) -> Option<AllowedFlows> {
        let Limits { flow_allow, no_device, .. } = &self.limits;
        let all = [FlowKind::Browser, FlowKind::Paste, FlowKind::Device];
        let is_allowed = |flow: &FlowKind| {
            flow_allow.as_ref().is_none_or(|allowed| allowed.contains(flow))
                && !(*no_device && *flow == FlowKind::Device)
        };
        (flow_allow.is_some() || *no_device).then(|| {
            let flows = all.into_iter().filter(is_allowed).collect();
            AllowedFlows::new(flows, format!("the administrator's file {}", self.path.display()))
        })
    }

    /// Checks that tokens may be requested from `authority`. Where only tenants are limited, they are those of Entra's own
    /// hosts: another server may use any name for its tenants.
    ///
    /// # Errors
    ///
    /// [`NotAllowed`] names the key and the file.
    pub fn check(&self, authority: &Authority) -> Result<(), NotAllowed> {
        let Limits { tenant_allow, authority_allow, .. } = &self.limits;
        let refuse = |what: String, key, allowed: &[String]| {
            let allowed = allowed.iter().map(|one| format!("`{}`", clean(one)));
            let allowed = allowed.collect::<Vec<_>>().join(", ");
            let allowed = if allowed.is_empty() { "none".to_owned() } else { allowed };
            Err(NotAllowed { what, key, path: self.path.clone(), allowed })
        };
        if let Some(allowed) = authority_allow {
            let named = [authority.base(), authority.to_string()];
            let same = |one: &String| {
                let one = Authority::parse(one, None).map(|one| one.base());
                one.is_ok_and(|one| named.iter().any(|named| named.eq_ignore_ascii_case(&one)))
            };
            if !allowed.iter().any(same) {
                let what = format!("the authority `{authority}`");
                return refuse(what, "authority-allow", allowed);
            }
        }
        let Some(allowed) = tenant_allow else { return Ok(()) };
        match authority {
            Authority::Entra { tenant, .. }
                if allowed.iter().any(|one| one.eq_ignore_ascii_case(tenant.as_str())) => {}
            Authority::Entra { tenant, .. } => {
                return refuse(format!("the tenant `{tenant}`"), "tenant-allow", allowed);
            }
            Authority::Issuer { .. } if authority_allow.is_some() => (),
            Authority::Issuer { .. } => {
                return refuse(format!("the authority `{authority}`"), "tenant-allow", allowed);
            }
        }
        let host = match authority {
            Authority::Entra { host, .. } | Authority::Issuer { url: host } => host,
        };
        let is_entra = host.scheme() == "https"
            && host.port().is_none()
            && host.host_str().and_then(Cloud::of_authority_host).is_some();
        if authority_allow.is_none() && !is_entra {
            let what = format!("the authority `{}`", authority.base());
            return refuse(what, "tenant-allow", allowed);
        }
        Ok(())
    }

    /// What the file sets: key and value, as in the file.
    pub fn given(&self) -> Vec<(&'static str, toml::Value)> {
        let Limits { flow_allow, no_device, tenant_allow, authority_allow } = &self.limits;
        let list = |all: &[String]| toml::Value::from(all.to_vec());
        let flows = flow_allow.as_ref().map(|flows| {
            let names = flows.iter().map(|flow| <&str>::from(*flow).to_owned());
            list(&names.collect::<Vec<_>>())
        });
        [
            (KEYS[0], flows),
            (KEYS[1], no_device.then_some(toml::Value::Boolean(true))),
            (KEYS[2], tenant_allow.as_deref().map(list)),
            (KEYS[3], authority_allow.as_deref().map(list)),
        ]
        .into_iter()
        .filter_map(|(key, value)| Some((key, value?)))
        .collect()
    }
}

/// Whether nothing has the name `path`. A symbolic link that leads nowhere, also as a folder of `path`, is not absent.
fn is_absent(path: &Path) -> bool {
    let is_there = |path: &&Path| path.symlink_metadata().is_ok();
    path.ancestors().find(is_there).is_none_or(|last| last != path && last.metadata().is_ok())
}

fn parse(text: &str) -> Result<Limits, TomlFault> {
    let table: toml::Table =
        text.parse().map_err(|error| TomlFault::of(text, &toml::Table::new(), &error))?;
    if let Some(key) = table.keys().find(|key| !KEYS.contains(&key.as_str())) {
        let near = nearest(key, KEYS.into_iter()).map_or_else(
            || format!("; its keys are: {}", KEYS.join(", ")),
            |near| format!("; did you mean `{near}`?"),
        );
        return Err(TomlFault::whole(format!(
            "the administrator's file has an unknown key `{}`{near}",
            clean(key)
        )));
    }
    let limits: Limits =
        toml::from_str(text).map_err(|error| TomlFault::of(text, &table, &error))?;
    let flows = limits.flow_allow.iter().flatten();
    if flows.into_iter().any(|flow| *flow == FlowKind::Auto) {
        let text = "`flow-allow` names flows: \"browser\", \"paste\", \"device\"; \"auto\" is a choice between them";
        return Err(TomlFault::whole(text));
    }
    let mut authorities = limits.authority_allow.iter().flatten();
    if let Some(error) = authorities.find_map(|one| Authority::parse(one, None).err()) {
        return Err(TomlFault::whole(format!(
            "a value of `authority-allow` cannot be used: {error}"
        )));
    }
    Ok(limits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use entrada_core::Tenant;

    fn policy(text: &str) -> Result<Policy, String> {
        let limits = parse(text).map_err(|fault| fault.to_string())?;
        Ok(Policy { path: "/etc/entrada/config.toml".into(), limits })
    }

    fn authority(url: &str, tenant: Option<&str>) -> Authority {
        Authority::parse(url, tenant.map(|tenant| Tenant::parse(tenant).unwrap())).unwrap()
    }

    #[test]
    fn only_the_authorities_and_tenants_that_are_named_are_allowed() {
        const ENTRA: &str = "https://login.microsoftonline.com";
        const TENANT: &str =
            "tenant-allow = ['Contoso.com', '0c0ffee0-1111-4222-8333-444455556666']";
        const AUTHORITY: &str =
            "authority-allow = ['https://login.microsoftonline.com/', 'https://idp.example/realm']";
        const ONE: &str = "authority-allow = ['https://login.microsoftonline.com/contoso.com']";
        let both = format!("{TENANT}\n{AUTHORITY}");
        for (text, url, tenant, allowed) in [
            ("", ENTRA, Some("common"), true),
            (TENANT, ENTRA, Some("contoso.com"), true),
            (TENANT, ENTRA, Some("0C0FFEE0-1111-4222-8333-444455556666"), true),
            (TENANT, ENTRA, Some("fabrikam.com"), false),
            (TENANT, ENTRA, Some("organizations"), false),
            (TENANT, ENTRA, Some("common"), false),
            // Another authority may give its tenants any names.
            (TENANT, "https://evil.example", Some("contoso.com"), false),
            (TENANT, "http://localhost:8400", Some("contoso.com"), false),
            (TENANT, "https://login.microsoftonline.com:444", Some("contoso.com"), false),
            (TENANT, "https://evil.example", None, false),
            (TENANT, "https://login.microsoftonline.us", Some("contoso.com"), true),
            (AUTHORITY, ENTRA, Some("fabrikam.com"), true),
            (AUTHORITY, "https://idp.example/realm", None, true),
            (AUTHORITY, "https://idp.example/other", None, false),
            (AUTHORITY, "https://idp.example", None, false),
            (
                AUTHORITY,
                "https://login.microsoftonline.com.evil.example",
                Some("contoso.com"),
                false,
            ),
            (ONE, ENTRA, Some("contoso.com"), true),
            (ONE, ENTRA, Some("fabrikam.com"), false),
            (&both, ENTRA, Some("contoso.com"), true),
            (&both, ENTRA, Some("fabrikam.com"), false),
            (&both, "https://idp.example/realm", None, true),
            (&both, "https://evil.example", Some("contoso.com"), false),
            ("tenant-allow = []", ENTRA, Some("contoso.com"), false),
            ("authority-allow = []", ENTRA, Some("contoso.com"), false),
        ] {
            let checked = policy(text).unwrap().check(&authority(url, tenant));
            assert_eq!(checked.is_ok(), allowed, "{text}: {url} {tenant:?}: {checked:?}");
            if let Err(error) = checked {
                assert!(error.to_string().contains("/etc/entrada/config.toml"), "{error}");
            }
        }
    }

    #[test]
    fn a_file_that_is_not_understood_is_refused() {
        for (text, message) in [
            ("flow-alow = ['browser']", "unknown key `flow-alow`; did you mean `flow-allow`?"),
            (
                "[defaults]\ntenant = 'x'",
                "unknown key `defaults`; its keys are: flow-allow, no-device",
            ),
            ("flow-allow = ['auto']", "\"auto\" is a choice"),
            ("flow-allow = ['broswer']", "did you mean `browser`?"),
            ("flow-allow = 'browser'", "invalid type"),
            ("authority-allow = ['login.microsoftonline.com']", "cannot be used"),
            ("no-device", "line 1"),
        ] {
            let error = policy(text).unwrap_err();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    #[test]
    fn flows_are_limited_by_name_or_by_the_shorthand() {
        use FlowKind::{Browser, Device, Paste};
        let allowed = |text: &str| {
            let flows = policy(text).unwrap().flows();
            flows.map(|flows| [Browser, Paste, Device].map(|flow| flows.allows(flow)))
        };
        assert_eq!(allowed(""), None);
        assert_eq!(allowed("tenant-allow = ['x.example']"), None);
        assert_eq!(allowed("no-device = true"), Some([true, true, false]));
        assert_eq!(allowed("flow-allow = ['browser']"), Some([true, false, false]));
        let both = "flow-allow = ['browser', 'device']\nno-device = true";
        assert_eq!(allowed(both), Some([true, false, false]));
        assert_eq!(allowed("flow-allow = []"), Some([false, false, false]));
    }
}
