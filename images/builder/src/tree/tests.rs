use super::{Kind, Tree};

fn tree() -> Tree {
    let mut tree = Tree::new();
    tree.link("/lib", "usr/lib").unwrap();
    tree.folder("/usr/lib").unwrap();
    tree
}

fn paths(tree: &Tree) -> Vec<&str> {
    tree.iter().map(|(path, _)| path).collect()
}

#[test]
fn what_is_put_below_a_link_lies_where_the_link_leads() {
    let mut tree = tree();
    tree.file("/lib/modules/load", b"x".to_vec(), false).unwrap();
    let expected = ["lib", "usr", "usr/lib", "usr/lib/modules", "usr/lib/modules/load"];
    assert_eq!(paths(&tree), expected);
    assert_eq!(tree.read("lib/modules/load").unwrap().data(), b"x");
}

#[test]
fn no_link_leads_out_of_the_root() {
    let mut tree = tree();
    tree.link("/usr/lib/up", "../../../../etc").unwrap();
    tree.file("/usr/lib/up/passwd", Vec::new(), false).unwrap();
    assert!(paths(&tree).contains(&"etc/passwd"), "{:?}", paths(&tree));
}

#[test]
fn a_loop_of_links_is_refused() {
    let mut tree = tree();
    tree.link("/a", "b").unwrap();
    tree.link("/b", "a").unwrap();
    assert!(tree.file("/a/x", Vec::new(), false).is_err());
    assert!(tree.find("/a").is_err());
}

#[test]
fn paths_that_lead_upwards_and_the_root_itself_are_refused() {
    let mut tree = tree();
    for path in ["../x", "/usr/../../x", "a/..", "/", "", "a\0b", &"x/".repeat(3000)] {
        assert!(tree.file(path, Vec::new(), false).is_err(), "{path:?}");
    }
    assert_eq!(tree, self::tree());
}

#[test]
fn a_file_is_no_folder_and_a_folder_no_file() {
    let mut tree = tree();
    tree.file("/etc/name", b"1".to_vec(), false).unwrap();
    assert!(tree.file("/etc/name/below", Vec::new(), false).is_err());
    assert!(tree.file("/etc", Vec::new(), false).is_err());
    tree.file("/etc/name", b"22".to_vec(), true).unwrap();
    assert_eq!(tree.read("/etc/name").unwrap().permissions(), 0o755);
    assert_eq!(tree.bytes(), 2 + 7);
}

#[test]
fn what_is_removed_goes_with_all_that_is_below_and_nothing_else() {
    let mut tree = tree();
    for path in ["/a/b/c", "/a/b2", "/a/d"] {
        tree.file(path, Vec::new(), false).unwrap();
    }
    tree.remove("/a/b").unwrap();
    tree.remove("/nowhere").unwrap();
    assert_eq!(paths(&tree), ["a", "a/b2", "a/d", "lib", "usr", "usr/lib"]);
    tree.clear("/a").unwrap();
    assert_eq!(tree.find("/a").unwrap().unwrap().kind(), Kind::Folder);
    assert_eq!(paths(&tree), ["a", "lib", "usr", "usr/lib"]);
}
