//! `sources`: the sources that `sync` updates. Each source is a run with its name.

mod lines;
mod read;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny};

use crate::ids::RunId;

pub(super) use read::read;

/// The configured sources, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sources(pub Vec<Source>);

impl<'de> Deserialize<'de> for Sources {
    /// Ignores the value. [`read`] parses the sources, because it knows the lines.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Self::default())
    }
}

/// A source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The name of the source, which is also the id of its run.
    pub name: RunId,
    /// Where its documents come from.
    pub origin: Origin,
}

/// The origin of the documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Files: a folder, a map, or the zip file of an export.
    Path(PathOrigin),
    /// A Confluence site with its REST API.
    Site(Site),
}

/// The files of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathOrigin {
    /// The kind of documentation.
    pub kind: Kind,
    /// The file or folder. A relative path starts at the folder of the configuration file.
    pub path: PathBuf,
    /// Ditaval files that filter DITA.
    pub ditaval: Vec<PathBuf>,
    /// The first part of the document ids. For DITA, the default is the name of the source.
    pub collection: Option<String>,
    /// Address of the published site.
    pub site_url: Option<String>,
}

/// A Confluence site, and the pages to fetch. A page must meet all conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// The address without a slash at the end. For Cloud, it includes `/wiki`.
    pub url: String,
    /// The type of its REST API.
    pub deployment: Deployment,
    /// The account of the API token. Without it, the token is sent as a bearer token.
    pub email: Option<String>,
    /// The keys of spaces.
    pub spaces: Vec<String>,
    /// Labels. A page must have at least one of them.
    pub labels: Vec<String>,
    /// Page ids. A page must have one of these ids, or be a descendant of such a page.
    pub ancestors: Vec<String>,
    /// A condition in Confluence's query language.
    pub cql: Option<String>,
    /// Maximum number of concurrent requests.
    pub parallel: u8,
}

/// Kinds of documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Kind {
    Dita,
    Confluence,
}

/// The two REST APIs of Confluence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deployment {
    /// Confluence Cloud: version 2, and version 1 for functions that version 2 lacks.
    Cloud,
    /// Data Center 7.19 or later: version 1.
    DataCenter,
}

impl Sources {
    /// Resolves relative paths from the folder of the configuration file.
    pub(super) fn resolve(&mut self, folder: &Path) {
        for source in &mut self.0 {
            if let Origin::Path(origin) = &mut source.origin {
                origin.path = folder.join(&origin.path);
                for ditaval in &mut origin.ditaval {
                    *ditaval = folder.join(&*ditaval);
                }
            }
        }
    }
}
