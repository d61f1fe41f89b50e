//! The permission that a key vault's access policy does not give.

use super::Hypothesis;

/// The kinds of objects in a vault, with the option that names their permissions.
const KINDS: [(&str, &str); 4] = [
    ("secrets", "--secret-permissions"),
    ("keys", "--key-permissions"),
    ("certificates", "--certificate-permissions"),
    ("storage", "--storage-permissions"),
];

/// Maximum length of the name of a permission in bytes.
const PERMISSION_MAX: usize = 24;

/// Names the kind and the permission of `text` in the command that adds it: `does not have secrets set permission on key vault 'kv;…'`.
pub(super) fn refine(text: &str, told: &mut Hypothesis) {
    let Some((kind, option, permission)) = permission_in(text) else { return };
    told.message = format!(
        "the key vault's access policy does not give the caller the permission `{permission}` for {kind}"
    );
    let vault = value_after(text, "permission on key vault '").filter(|name| is_vault(name));
    let object = value_after(text, "oid=").filter(|id| uuid::Uuid::try_parse(id).is_ok());
    told.help = vec![
        format!(
            "add it: `az keyvault set-policy --name {} --object-id {} {option} {permission}`; the command replaces the caller's list for {kind}, so name all the permissions that are needed, such as `{}`",
            vault.unwrap_or("VAULT"),
            object.unwrap_or("OBJECT_ID"),
            if permission == "get" { "get list".to_owned() } else { format!("get list {permission}") },
        ),
        "a role does not help while the vault uses access policies (`az keyvault show --name VAULT --query properties.enableRbacAuthorization`)"
            .to_owned(),
    ];
}

/// The kind of the objects, its option, and the permission.
fn permission_in(text: &str) -> Option<(&'static str, &'static str, &str)> {
    let lower = text.to_ascii_lowercase();
    let end = lower.find(" permission on key vault")?;
    let mut words = text.get(..end)?.rsplit(' ');
    let permission = words.next()?;
    let kind = words.next()?;
    let (kind, option) = KINDS.iter().find(|(name, _)| kind.eq_ignore_ascii_case(name))?;
    let is_permission = !permission.is_empty()
        && permission.len() <= PERMISSION_MAX
        && permission.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_permission.then_some((*kind, *option, permission))
}

/// The value right after `before`, up to a mark that ends it.
fn value_after<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    let at = text.find(before)? + before.len();
    text.get(at..)?.split([';', '\'', ',', '"', ' ']).next()
}

/// Whether `name` is that of a vault.
fn is_vault(name: &str) -> bool {
    (3..=24).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RuleId;

    #[test]
    fn the_command_names_kind_and_permission() {
        for (said, wanted) in [
            ("secrets set", "--secret-permissions set`"),
            ("keys unwrapKey", "--key-permissions unwrapKey`"),
            ("certificates import", "--certificate-permissions import`"),
            ("storage get", "--storage-permissions get`"),
        ] {
            let text = format!(
                "The user, group or application 'appid=a;oid=5b0f3c1e-7d42-4c8a-9a51-2f6d8e03b7c4;iss=b' does not have {said} permission on key vault 'kv-orders;location=westeurope'."
            );
            let mut told = Hypothesis::likely(RuleId::AzureRoleMissing, "x");
            refine(&text, &mut told);
            let command = format!(
                "--name kv-orders --object-id 5b0f3c1e-7d42-4c8a-9a51-2f6d8e03b7c4 {wanted}"
            );
            assert!(told.help[0].contains(&command), "{:?}", told.help);
            assert!(told.help[0].contains("replaces"), "{:?}", told.help);
        }
    }

    #[test]
    fn another_word_is_no_permission() {
        for said in ["secrets $(id)", "blobs get", "any"] {
            let text = format!("does not have {said} permission on key vault 'kv'");
            let mut told = Hypothesis::likely(RuleId::AzureRoleMissing, "x");
            refine(&text, &mut told);
            assert_eq!(told.message, "x", "{said}");
        }
    }
}
