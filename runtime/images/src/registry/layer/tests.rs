//! Layers as tools make them, and as nobody should.

use flate2::Compression as Level;
use flate2::write::GzEncoder;
use tar::{Builder, Header};

use super::*;

const MOST: u64 = 1 << 20;

/// One entry: its name, its kind, its link's target and its bytes.
type Row<'a> = (&'a str, EntryType, &'a str, &'a [u8]);

#[test]
fn a_file_is_found_however_its_path_is_written() {
    for name in ["app.wasm", "./app.wasm", ".//app.wasm"] {
        let layer = archive(&[("etc/", EntryType::Directory, "", b""), file(name, b"module")]);
        assert_eq!(search("app.wasm", &layer), Ok((Found::File, b"module".to_vec())), "{name}");
    }
    let deep = archive(&[file("opt/x/app.wasm", b"module")]);
    assert_eq!(search("opt/x/app.wasm", &deep), Ok((Found::File, b"module".to_vec())));
    assert_eq!(search("app.wasm", &deep), Ok((Found::Nothing, Vec::new())));
}

#[test]
fn of_two_entries_with_the_name_the_last_one_counts() {
    let layer = archive(&[file("app.wasm", b"first and longer"), file("app.wasm", b"second")]);
    assert_eq!(search("app.wasm", &layer), Ok((Found::File, b"second".to_vec())));
}

#[test]
fn a_whiteout_hides_what_lower_layers_have_and_nothing_of_its_own() {
    for (entries, expected) in [
        (vec![file("opt/.wh.app.wasm", b"")], Found::Removed),
        (vec![file(".wh.opt", b"")], Found::Removed),
        (vec![file("opt/.wh..wh..opq", b"")], Found::Removed),
        (vec![file("opt/.wh.other", b"")], Found::Nothing),
        (vec![file("opt/app.wasm", b"new"), file("opt/.wh..wh..opq", b"")], Found::File),
    ] {
        let found = search("opt/app.wasm", &archive(&entries)).map(|(found, _)| found);
        assert_eq!(found, Ok(expected), "{:?}", entries[0].0);
    }
}

#[test]
fn a_long_name_is_read_in_both_of_its_forms() {
    let name = format!("{}/app.wasm", "directory/".repeat(30));
    let mut gnu = Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    header.set_size(6);
    gnu.append_data(&mut header, &name, &b"module"[..]).unwrap();
    let mut pax = Builder::new(Vec::new());
    pax.append_pax_extensions([("path", name.as_bytes())]).unwrap();
    append(&mut pax, &file("short", b"module"));
    for layer in [gnu.into_inner().unwrap(), pax.into_inner().unwrap()] {
        assert_eq!(search(&name, &layer), Ok((Found::File, b"module".to_vec())));
    }
}

#[test]
fn paths_and_links_that_lead_out_refuse_the_image() {
    let (link, hard) = (EntryType::Symlink, EntryType::Link);
    for (entry, part) in [
        (file("/app.wasm", b"x"), "path \"/app.wasm\" leads out"),
        (file("../app.wasm", b"x"), "path \"../app.wasm\" leads out"),
        (file("a/../../app.wasm", b"x"), "leads out"),
        (("a", link, "../etc/passwd", b"".as_slice()), "link \"a\" to \"../etc/passwd\" leads out"),
        (("a/b", link, "../../x", b"".as_slice()), "leads out"),
        (("a/b", link, "/../x", b"".as_slice()), "leads out"),
        (("a", hard, "/etc/passwd", b"".as_slice()), "leads out"),
        (("a", hard, "../x", b"".as_slice()), "leads out"),
        (("app.wasm", link, "other.wasm", b"".as_slice()), "is a link, which is not followed"),
        (("app.wasm", link, "/etc/passwd", b"".as_slice()), "is a link, which is not followed"),
    ] {
        let layer = archive(&[file("app.wasm", b"module"), entry]);
        let error = search("app.wasm", &layer).unwrap_err().to_string();
        assert!(error.contains(part), "{}: {error}", entry.0);
    }
    let layer = archive(&[
        ("lib", link, "usr/../lib64", b""),
        ("a/b", link, "/x", b""),
        file("app.wasm", b"m"),
    ]);
    assert_eq!(search("app.wasm", &layer).map(|(found, _)| found), Ok(Found::File));
}

#[test]
fn what_grows_without_end_is_refused_before_it_does() {
    let name = "n".repeat(10_000);
    let mut long = Builder::new(Vec::new());
    append(&mut long, &("././@LongLink", EntryType::GNULongName, "", name.as_bytes()));
    let pax = vec![b'x'; 100_000];
    let mut extended = Builder::new(Vec::new());
    append(&mut extended, &("x", EntryType::XHeader, "", &pax));
    let mut sparse = Builder::new(Vec::new());
    sparse.append_pax_extensions([("GNU.sparse.size", b"99".as_slice())]).unwrap();
    let large = vec![7; usize::try_from(MOST).unwrap() + 1];
    for (layer, part) in [
        (long.into_inner().unwrap(), "longer than a name may be"),
        (extended.into_inner().unwrap(), "longer than a name may be"),
        (sparse.into_inner().unwrap(), "a sparse or an oversized file"),
        (archive(&[("x", EntryType::GNUSparse, "", b"")]), "a sparse file"),
        (archive(&[file("app.wasm", &large)]), "more than 1 MiB"),
    ] {
        let error = search("app.wasm", &layer).unwrap_err().to_string();
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn a_gzip_bomb_is_refused_by_its_ratio() {
    let zeros = vec![0; 64 << 20];
    let packed = gzip(&archive(&[file("zeros", &zeros), file("app.wasm", b"m")]));
    let wanted = FilePath::parse(b"app.wasm").unwrap();
    let size = packed.len() as u64;
    let found = Search::resumed(&wanted, MOST, 0).layer(
        &packed[..],
        Compression::Gzip,
        size,
        &mut Page::default(),
    );
    assert_eq!(found, Err(LayerError::Ratio { packed: size, most: SMALL_BYTES }));
}

#[test]
fn a_damaged_layer_is_an_error_and_never_a_panic() {
    let whole = gzip(&archive(&[file("a", &[1; 3000]), file("app.wasm", &[2; 3000])]));
    let wanted = FilePath::parse(b"app.wasm").unwrap();
    let mut failed = 0;
    for at in 0..whole.len() {
        let mut broken = whole.clone();
        broken[at] ^= 0xff;
        for layer in [&broken[..], &whole[..at]] {
            let found = Search::resumed(&wanted, MOST, 0).layer(
                layer,
                Compression::Gzip,
                9,
                &mut Page::default(),
            );
            failed += usize::from(found.is_err());
        }
    }
    assert!(failed > whole.len(), "{failed} of {}", 2 * whole.len());
}

fn file<'a>(name: &'a str, bytes: &'a [u8]) -> Row<'a> {
    (name, EntryType::Regular, "", bytes)
}

fn archive(rows: &[Row<'_>]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for row in rows {
        append(&mut builder, row);
    }
    builder.into_inner().unwrap()
}

/// Written by hand: the library would refuse the paths of some.
fn append(builder: &mut Builder<Vec<u8>>, (name, kind, target, bytes): &Row<'_>) {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.as_old_mut().linkname[..target.len()].copy_from_slice(target.as_bytes());
    header.set_entry_type(*kind);
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    builder.append(&header, *bytes).unwrap();
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn search(wanted: &str, layer: &[u8]) -> Result<(Found, Vec<u8>), LayerError> {
    let wanted = FilePath::parse(wanted.as_bytes()).unwrap();
    let mut out = Page::default();
    let size = layer.len() as u64;
    let found =
        Search::resumed(&wanted, MOST, 0).layer(layer, Compression::None, size, &mut out)?;
    Ok((found, out.0))
}

/// Where the file is written.
#[derive(Default)]
struct Page(Vec<u8>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Rewrite for Page {
    fn rewind_empty(&mut self) -> io::Result<()> {
        self.0.clear();
        Ok(())
    }
}
