//! Paths inside a package: ST_Loc of GB/T 33190-2016, 7.3.
//!
//! A path is kept in one form, the canonical one: segments joined by `/`, no leading `/`. Whatever two
//! readers could understand differently (`..` out of the package, `\`, drives, control characters,
//! empty segments) is refused, so that a signed path and a rendered path are the same file.

use crate::{
    error::{Code, Error},
    limits::{PACKAGE_NAME_BYTES_MAX, PACKAGE_PATH_DEPTH_MAX},
};

/// The canonical form of an absolute path or of a ZIP entry's name: one leading `/` is taken off.
///
/// # Errors
/// [`Code::BadPath`] if a segment is empty, `.` or `..`, ends in a dot or a space (Windows drops
/// them), or holds a control character, `\`, `:` or a combining mark (so that two Unicode forms of one
/// name cannot be told apart by some readers only); [`Code::LimitReached`] for long names.
pub(crate) fn canonical(path: &str) -> Result<&str, Error> {
    if path.len() > PACKAGE_NAME_BYTES_MAX {
        return Err(Error::limit("PACKAGE_NAME_BYTES_MAX"));
    }
    let path = path.strip_prefix('/').unwrap_or(path);
    check_depth(path.split('/').count())?;
    path.split('/').try_for_each(check_segment)?;
    Ok(path)
}

/// The canonical path that `location` means inside the file `base_file`.
///
/// A location that begins with `/` starts at the package's root, any other at the folder of
/// `base_file` (itself canonical). `.` and `..` segments are followed inside the package.
///
/// # Errors
/// [`Code::BadPath`] if it leaves the package or has a refused form, such as `\` or a drive letter.
pub fn resolve(base_file: &str, location: &str) -> Result<String, Error> {
    let folder = base_file.rsplit_once('/').map_or("", |(folder, _)| folder);
    resolve_in(folder, location)
}

/// As [`resolve`], from a folder (canonical, or empty for the root).
pub(crate) fn resolve_in(folder: &str, location: &str) -> Result<String, Error> {
    let location = trim(location);
    if location.len() > PACKAGE_NAME_BYTES_MAX {
        return Err(Error::limit("PACKAGE_NAME_BYTES_MAX"));
    }
    let (mut segments, rest): (Vec<&str>, &str) = match location.strip_prefix('/') {
        Some(rest) => (Vec::new(), rest),
        None if folder.is_empty() => (Vec::new(), location),
        None => (folder.split('/').collect(), location),
    };
    for segment in rest.split('/') {
        match segment {
            "." => {}
            ".." => {
                segments.pop().ok_or_else(|| Error::new(Code::BadPath).field("escape"))?;
            }
            _ => {
                check_segment(segment)?;
                segments.push(segment);
            }
        }
    }
    if segments.is_empty() {
        return Err(Error::new(Code::BadPath).field("empty"));
    }
    check_depth(segments.len())?;
    let path = segments.join("/");
    if path.len() > PACKAGE_NAME_BYTES_MAX {
        return Err(Error::limit("PACKAGE_NAME_BYTES_MAX"));
    }
    Ok(path)
}

/// `text` without the white space of XML around it. Other white space is part of a name.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// The folder of a canonical path, empty for the root.
pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// What two names share when a reader that ignores case would take them for one file.
pub(crate) fn folded(path: &str) -> String {
    path.to_lowercase()
}

fn check_depth(segments: usize) -> Result<(), Error> {
    if segments > PACKAGE_PATH_DEPTH_MAX {
        return Err(Error::limit("PACKAGE_PATH_DEPTH_MAX"));
    }
    Ok(())
}

fn check_segment(segment: &str) -> Result<(), Error> {
    let bad = |field| Err(Error::new(Code::BadPath).field(field));
    match segment {
        "" => return bad("empty segment"),
        "." | ".." => return bad("dot segment"),
        _ => {}
    }
    if segment.ends_with(['.', ' ']) {
        return bad("trailing dot or space");
    }
    let forbidden =
        |c: char| c.is_control() || matches!(c, '\\' | ':' | '\u{300}'..='\u{36f}' | '\u{feff}');
    if segment.contains(forbidden) { bad("character") } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_resolve_inside_the_package() {
        for (base, location, path) in [
            ("OFD.xml", "Doc_0/Document.xml", "Doc_0/Document.xml"),
            ("OFD.xml", "/Doc_0/Document.xml", "Doc_0/Document.xml"),
            ("Doc_0/Document.xml", "Pages/Page_0/Content.xml", "Doc_0/Pages/Page_0/Content.xml"),
            ("Doc_0/Document.xml", " PublicRes.xml\n", "Doc_0/PublicRes.xml"),
            ("Doc_0/Pages/Page_0/Content.xml", "../../Res/a.png", "Doc_0/Res/a.png"),
            ("Doc_0/Pages/Page_0/Content.xml", "/./a.png", "a.png"),
            ("Doc_0/Document.xml", "附件/发票.xml", "Doc_0/附件/发票.xml"),
        ] {
            assert_eq!(resolve(base, location).unwrap(), path, "{base} {location}");
        }
    }

    #[test]
    fn ambiguous_or_escaping_locations_are_refused() {
        for location in [
            "",
            " ",
            "/",
            "..",
            "../../x",
            "/../x",
            "a//b",
            "//a",
            "a/",
            "a\\b",
            "C:/a",
            "C:a",
            "a\0b",
            "a\nb",
            "a./b",
            "a /b",
            "a.",
            "e\u{301}",
            "\u{feff}a",
            "a\u{7f}",
            "a\u{85}",
        ] {
            let error = resolve("Doc_0/Document.xml", location).unwrap_err();
            assert_eq!(error.code(), Code::BadPath, "{location:?}");
            assert!(canonical(location).is_err(), "{location:?}");
        }
        assert_eq!(canonical("/Doc_0/a.xml").unwrap(), "Doc_0/a.xml");
        assert_eq!(canonical("Doc_0/../a.xml").unwrap_err().code(), Code::BadPath);
    }

    #[test]
    fn names_are_bounded() {
        let most = "a".repeat(PACKAGE_NAME_BYTES_MAX);
        assert!(canonical(&most).is_ok());
        assert!(resolve("OFD.xml", &most).is_ok());
        let past = "a".repeat(PACKAGE_NAME_BYTES_MAX + 1);
        for error in [canonical(&past).unwrap_err(), resolve("OFD.xml", &past).unwrap_err()] {
            assert_eq!(error.field_name(), Some("PACKAGE_NAME_BYTES_MAX"));
        }
        let deepest = vec!["a"; PACKAGE_PATH_DEPTH_MAX].join("/");
        assert!(canonical(&deepest).is_ok() && resolve("OFD.xml", &deepest).is_ok());
        for error in
            [canonical(&format!("{deepest}/a")).unwrap_err(), resolve("d/x", &deepest).unwrap_err()]
        {
            assert_eq!(error.field_name(), Some("PACKAGE_PATH_DEPTH_MAX"));
        }
        let joined = "a".repeat(PACKAGE_NAME_BYTES_MAX - 1);
        assert_eq!(resolve("d/x", &joined).unwrap_err().code(), Code::LimitReached);
    }
}
