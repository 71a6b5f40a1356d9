//! The user's data folder. It contains the downloads of `setup`, and the knowledge base of a user without a configuration file.

use std::path::PathBuf;

use nix::unistd::{User, geteuid};

/// The variable that names the folder.
pub const VARIABLE: &str = "TRAILBLAZER_DATA_DIR";

/// Returns the first of `TRAILBLAZER_DATA_DIR`, `trailblazer` in `XDG_DATA_HOME`, and `~/.local/share/trailblazer`.
/// `None` means that the account has no home folder.
pub(super) fn find(env: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let path = |name: &str| env(name).filter(|text| !text.is_empty()).map(PathBuf::from);
    if let Some(folder) = path(VARIABLE) {
        return Some(folder);
    }
    // The XDG specification ignores a relative path.
    let shared = path("XDG_DATA_HOME").filter(|folder| folder.is_absolute());
    let home = || path("HOME").or_else(|| User::from_uid(geteuid()).ok().flatten().map(|user| user.dir));
    Some(shared.or_else(|| home().map(|home| home.join(".local/share")))?.join("trailblazer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(variables: &[(&str, &str)]) -> Option<String> {
        let value = |name: &str| {
            let set = variables.iter().find(|(known, _)| *known == name);
            set.map(|(_, value)| (*value).to_owned())
        };
        find(value).map(|folder| folder.display().to_string())
    }

    #[test]
    fn data_folder_is_the_named_one_then_xdgs_then_the_one_in_the_home() {
        let (home, shared, named) = (("HOME", "/home/ann"), ("XDG_DATA_HOME", "/data/ann"), (VARIABLE, "/srv/kb"));
        assert_eq!(found(&[home]).as_deref(), Some("/home/ann/.local/share/trailblazer"));
        assert_eq!(found(&[home, shared]).as_deref(), Some("/data/ann/trailblazer"));
        assert_eq!(found(&[home, shared, named]).as_deref(), Some("/srv/kb"));
        assert_eq!(found(&[home, ("XDG_DATA_HOME", "here"), (VARIABLE, "")]), found(&[home]));
    }
}
