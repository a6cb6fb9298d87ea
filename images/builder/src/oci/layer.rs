//! One layer of a container image, laid over those before.
//!
//! SPEC: OCI Image Format Specification 1.1, layer: "Applying Changesets" and "Whiteouts".

use super::OciError;
use crate::archive::tar::{Member, MemberKind, members};
use crate::digest::Sha256;
use crate::tree::{Kind, Tree, TreeError};

/// What a whiteout's name begins with: the file of the rest of the name is not there any more.
const WHITEOUT: &str = ".wh.";
/// The whiteout of all that lower layers have in the folder.
const OPAQUE: &str = ".wh..wh..opq";
/// Who owns a file may run it.
const OWNER_EXECUTES: u64 = 0o100;
/// Set-user-ID, set-group-ID.
const SET_ID: u64 = 0o6000;

/// Lays a layer's archive over `tree`.
pub(super) fn lay(tree: &mut Tree, layer: Sha256, archive: &[u8]) -> Result<(), OciError> {
    let read = || {
        members(archive)
            .map(move |member| member.map_err(|source| OciError::Archive { layer, source }))
    };
    // What a layer hides, it hides of the layers below; its own files come after, in any order.
    for member in read() {
        hide(tree, &member?.path)?;
    }
    for member in read() {
        put(tree, &member?)?;
    }
    Ok(())
}

fn hide(tree: &mut Tree, path: &str) -> Result<(), TreeError> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name.strip_prefix(WHITEOUT) {
        Some(_) if name == OPAQUE => tree.clear(folder),
        Some("") => Err(TreeError::new(path, "is the whiteout of nothing")),
        Some(hidden) => tree.remove(&format!("{folder}/{hidden}")),
        None => Ok(()),
    }
}

fn put(tree: &mut Tree, member: &Member<'_>) -> Result<(), TreeError> {
    let path = member.path.as_str();
    let name = path.rsplit('/').next().unwrap_or_default();
    if name.starts_with(WHITEOUT) {
        return Ok(());
    }
    if member.mode & SET_ID != 0 && !matches!(member.kind, MemberKind::Folder) {
        return Err(TreeError::new(path, "changes the user or group (setuid, setgid)"));
    }
    match &member.kind {
        MemberKind::Folder => {
            if tree.find(path)?.is_some_and(|entry| entry.kind() == Kind::File) {
                tree.remove(path)?;
            }
            tree.folder(path)
        }
        MemberKind::File(bytes) => {
            // In place of whatever a lower layer has there, a folder included.
            tree.remove(path)?;
            tree.file(path, bytes.to_vec(), member.mode & OWNER_EXECUTES != 0)
        }
        MemberKind::Link(target) => {
            tree.remove(path)?;
            tree.link(path, target)
        }
        MemberKind::HardLink(target) => tree.copy(target, path),
        MemberKind::Other(_) => Err(TreeError::new(path, "is neither file, folder nor link")),
    }
}

#[cfg(test)]
mod tests {
    use super::lay;
    use crate::archive::tar::tests::member;
    use crate::digest::Sha256;
    use crate::tree::Tree;

    fn laid(layers: &[&[Vec<u8>]]) -> Result<Vec<String>, String> {
        let mut tree = Tree::new();
        for layer in layers {
            lay(&mut tree, Sha256::of(b""), &layer.concat()).map_err(|error| error.to_string())?;
        }
        Ok(tree.iter().map(|(path, _)| path.to_owned()).collect())
    }

    fn file(path: &str) -> Vec<u8> {
        member(path, b'0', "644", "", b"x")
    }

    #[test]
    fn whiteouts_hide_what_is_below_and_nothing_of_their_own_layer() {
        let below = [file("etc/a"), file("etc/b"), file("opt/c"), file("opt/d/e")];
        let hide = [file("opt/new"), file("etc/.wh.a"), file("opt/.wh..wh..opq")];
        let paths = laid(&[&below, &hide]).unwrap();
        assert_eq!(paths, ["etc", "etc/b", "opt", "opt/new"]);
    }

    #[test]
    fn a_file_replaces_a_folder_and_a_hard_link_is_a_copy() {
        let layers = [file("a/b"), file("c"), member("d", b'1', "644", "c", b"")];
        assert_eq!(laid(&[&layers, &[file("a")]]).unwrap(), ["a", "c", "d"]);
        let folder = [member("c", b'5', "755", "", b""), file("c/e")];
        assert_eq!(laid(&[&layers, &folder]).unwrap(), ["a", "a/b", "c", "c/e", "d"]);
    }

    #[test]
    fn what_leaves_the_image_or_gives_rights_is_refused() {
        for bad in [
            file("../x"),
            file("a/../../x"),
            file("../.wh.x"),
            file(".wh."),
            member("x", b'1', "644", "../../etc/shadow", b""),
            member("x", b'1', "644", "missing", b""),
            member("su", b'0', "4755", "", b"x"),
            member("wall", b'0', "2755", "", b"x"),
            member("null", b'3', "666", "", b""),
            member("pipe", b'6', "666", "", b""),
        ] {
            assert!(laid(&[std::slice::from_ref(&bad)]).is_err(), "{:?}", &bad[..20]);
        }
        // Through a link of its own it still stays within.
        let through = [member("out", b'2', "777", "/../..", b""), file("out/x")];
        assert_eq!(laid(&[&through]).unwrap(), ["out", "x"]);
    }
}
