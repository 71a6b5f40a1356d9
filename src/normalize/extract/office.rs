//! Reads the packages of office documents, which are zip files with XML parts.

use std::borrow::Cow;
use std::io::{Cursor, Read as _};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::super::decode::decode;
use super::super::text::Losses;

/// Maximum size of all unpacked parts of a package in bytes.
const MAX_UNPACKED: u64 = 64 * 1024 * 1024;

/// A package, and the number of bytes that may still be unpacked.
pub(super) struct Package {
    archive: ZipArchive<Cursor<Vec<u8>>>,
    left: u64,
}

impl Package {
    pub(super) fn open(bytes: Vec<u8>) -> Result<Self, String> {
        if bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
            return Err("it is encrypted, or has the format of Office before 2007".to_owned());
        }
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| format!("no readable package: {error}"))?;
        Ok(Self { archive, left: MAX_UNPACKED })
    }

    /// Returns the names of the parts with this prefix and suffix. `slide2.xml` comes before `slide10.xml`.
    pub(super) fn names(&self, start: &str, end: &str) -> Vec<String> {
        let names = self.archive.file_names().filter_map(Result::ok).map(Cow::into_owned);
        let mut names: Vec<String> = names.filter(|name| name.starts_with(start) && name.ends_with(end)).collect();
        names.sort_by_key(|name| (name.len(), name.clone()));
        names
    }

    /// Unpacks a part and decodes its text. `None` means that the package does not contain it.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<String>, String> {
        Ok(self.bytes(name)?.map(|bytes| decode(&bytes, &mut Losses::new())))
    }

    /// Unpacks a part.
    pub(super) fn bytes(&mut self, name: &str) -> Result<Option<Vec<u8>>, String> {
        let Ok(file) = self.archive.by_name(name) else { return Ok(None) };
        let mut bytes = Vec::new();
        let length = file.take(self.left + 1).read_to_end(&mut bytes).map_err(|error| format!("{name}: {error}"))?;
        self.left = self.left.checked_sub(length as u64).ok_or_else(too_large)?;
        Ok(Some(bytes))
    }

    /// Returns the relations of a part. The relations of the package itself belong to the part without a name.
    pub(super) fn relations(&mut self, part: &str) -> Result<Relations, String> {
        let (folder, name) = part.rsplit_once('/').unwrap_or(("", part));
        let path = joined(folder, &format!("_rels/{name}.rels"));
        let Some(source) = self.part(&path)? else { return Ok(Relations::default()) };
        let mut relations = Relations::default();
        each_tag(&source, |tag| {
            if local(tag.name().as_ref()) == "Relationship"
                && let (Some(id), Some(target)) = (attribute(tag, "Id"), attribute(tag, "Target"))
            {
                let kind = attribute(tag, "Type").unwrap_or_default();
                let address = joined(folder, &target);
                relations.0.push(Relation { id, kind, target: address, is_direct: !target.contains("..") });
            }
        })?;
        Ok(relations)
    }

    /// Returns the name of the main part. `usual` is its name in almost all packages.
    pub(super) fn main(&mut self, usual: &str) -> Result<String, String> {
        let relations = self.relations("")?;
        Ok(relations.of_kind("officeDocument").next().map_or(usual, |(_, target)| target).to_owned())
    }

    /// Returns the file. First unpacks all of it to check the limit, because the libraries that read it have no limit.
    pub(super) fn checked(mut self) -> Result<Vec<u8>, String> {
        self.left = MAX_UNPACKED;
        for index in 0..self.archive.len() {
            let file = self.archive.by_index(index).map_err(|error| format!("no readable package: {error}"))?;
            let length = std::io::copy(&mut file.take(self.left + 1), &mut std::io::sink());
            let length = length.map_err(|error| format!("no readable package: {error}"))?;
            self.left = self.left.checked_sub(length).ok_or_else(too_large)?;
        }
        Ok(self.archive.into_inner().into_inner())
    }
}

/// The relations of a part to other parts of the package.
#[derive(Debug, Default)]
pub(super) struct Relations(Vec<Relation>);

#[derive(Debug)]
pub(super) struct Relation {
    pub id: String,
    /// An address that ends with the name of the kind.
    pub kind: String,
    /// The path in the package.
    pub target: String,
    /// Whether the path is written without `..`.
    pub is_direct: bool,
}

impl Relation {
    /// Returns the name of the kind.
    pub(super) fn kind_name(&self) -> &str {
        self.kind.rsplit('/').next().unwrap_or_default()
    }
}

impl Relations {
    pub(super) fn all(&self) -> &[Relation] {
        &self.0
    }

    /// Returns the part with this id.
    pub(super) fn target(&self, id: &str) -> Option<&str> {
        self.0.iter().find(|relation| relation.id == id).map(|relation| relation.target.as_str())
    }

    /// Returns the ids and the parts of a kind, in order.
    pub(super) fn of_kind(&self, kind: &str) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .filter(move |relation| relation.kind_name() == kind)
            .map(|relation| (relation.id.as_str(), relation.target.as_str()))
    }
}

fn too_large() -> String {
    format!("it unpacks to more than {MAX_UNPACKED} bytes")
}

/// Resolves a target relative to the folder of its part.
fn joined(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            ".." => {
                parts.pop();
            }
            "." | "" => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

pub(super) fn reader(source: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(source);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    reader
}

/// Calls a function with every start tag of a part.
pub(super) fn each_tag(source: &str, mut see: impl FnMut(&BytesStart<'_>)) -> Result<(), String> {
    let mut reader = reader(source);
    loop {
        match reader.read_event().map_err(|error| format!("no readable XML: {error}"))? {
            Event::Start(tag) | Event::Empty(tag) => see(&tag),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// Returns whether a switch is on: the attribute `val`, or the element alone.
pub(super) fn is_on(value: Option<&str>) -> bool {
    !matches!(value, Some("0" | "false" | "off"))
}

/// Returns the name without its prefix.
pub(super) fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// Returns the attribute with this name, regardless of its prefix.
pub(super) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = tag.attributes().flatten();
    let found = attributes.find(|attribute| local(attribute.key.as_ref()) == name)?;
    Some(found.value.as_ref().to_owned())
}
