//! Words of advice that depend on the platform: commands of its shell, its folders and variables, its keyring.

/// A command that writes a new key to the file `FILE`, which no other user can read.
pub(super) const MAKE_KEY_FILE: &str = if cfg!(windows) {
    // Not `>`, which writes UTF-16 in Windows PowerShell.
    "$b = New-Object byte[] 32; [Security.Cryptography.RandomNumberGenerator]::Create().GetBytes($b); \
     [Convert]::ToBase64String($b) | Set-Content FILE"
} else {
    "(umask 077; openssl rand -base64 32 > FILE)"
};

/// Who can use the key file that entrada makes.
pub(super) const READS_KEY_FILE: &str = if cfg!(windows) {
    "which Windows decrypts for you alone, on this machine"
} else {
    "which only you can read"
};

/// How the user makes a locked keyring usable.
pub(super) const UNLOCK_KEYRING: &str = if cfg!(windows) {
    "run the command in a session of the desktop: Windows keeps its Credential Manager closed in a service, a scheduled task \
     without a password, and a sign-in by SSH with a key; you are not signed out"
} else if cfg!(target_os = "macos") {
    "unlock it: `security unlock-keychain`; you are not signed out"
} else {
    "unlock it: log in to the desktop, or `printf %s PASSWORD | gnome-keyring-daemon --replace --unlock`; you are not signed out"
};

/// What to do where there is no keyring, without the commands that make a key.
pub(super) const START_KEYRING: &str = if cfg!(any(windows, target_os = "macos")) {
    "run the command in a session of the desktop, or keep sign-ins in encrypted files"
} else {
    "start a keyring (gnome-keyring, KWallet, KeePassXC), or keep sign-ins in encrypted files"
};

/// How the user chooses other folders for the store.
pub(super) const NAME_STORE_FOLDERS: &str = if cfg!(windows) {
    "make that folder writable, or name another with LOCALAPPDATA"
} else {
    "make that folder writable, or name others: XDG_STATE_HOME for locks and lists, XDG_DATA_HOME for the grants"
};

/// The variable that moves the folder of the locks.
pub(super) const STATE_VARIABLE: &str =
    if cfg!(windows) { "LOCALAPPDATA" } else { "XDG_STATE_HOME" };

/// How the user moves all folders.
pub(super) const SET_FOLDERS: &str = if cfg!(windows) {
    "set APPDATA and LOCALAPPDATA to folders that you own"
} else {
    "set HOME to a folder that you own, or set XDG_STATE_HOME and XDG_DATA_HOME"
};

/// The command that removes the file or folder `quoted`.
pub(super) fn remove_command(quoted: &str, is_folder: bool) -> String {
    match (cfg!(windows), is_folder) {
        (true, true) => format!("Remove-Item -Recurse {quoted}"),
        (true, false) => format!("Remove-Item {quoted}"),
        (false, true) => format!("rm -r {quoted}"),
        (false, false) => format!("rm {quoted}"),
    }
}

/// The command that removes the variable `name` from the environment.
pub(super) fn unset_command(name: &str) -> String {
    if cfg!(windows) { format!("Remove-Item Env:{name}") } else { format!("unset {name}") }
}
