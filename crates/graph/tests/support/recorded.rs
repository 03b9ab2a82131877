//! Texts that are compared with files: `tests/snapshots/<name>.txt` of the crate whose test this is part of.

/// Errors, by panicking, when the text is not the file's. With `KERATIN_BLESS` set the file is written first.
pub fn is_recorded(name: &str, text: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/snapshots")
        .join(format!("{name}.txt"));
    if std::env::var_os("KERATIN_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let expected =
        std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}; KERATIN_BLESS=1 writes it", path.display()));
    assert!(
        expected.replace('\r', "") == text,
        "{name} has changed. Expected:\n{expected}\nFound:\n{text}"
    );
}
