//! A file that is written beside the old one and takes its place when it is whole and on the disk:
//! until then, and after every failure, the old one is as it was.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Who may read a new file, where the system tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readers {
    /// The owner alone.
    Owner,
    /// Whoever may read the old file; where there is none, files that are made without a word about it.
    Usual,
}

/// Puts a new file in the place of an old one when it is whole, or leaves the old one.
///
/// # Errors
/// Those of the file system and of `write`. The old file is then as it was.
pub(crate) fn replace<T, E: From<io::Error>>(
    filename: &Path,
    readers: Readers,
    write: impl FnOnce(&mut File) -> Result<T, E>,
) -> Result<T, E> {
    // A link stays, and what it leads to is replaced.
    let target = fs::canonicalize(filename).unwrap_or_else(|_| filename.to_owned());
    let (beside, mut file) = create_beside(&target, readers)?;
    let written = write(&mut file).and_then(|written| {
        file.sync_all()?;
        Ok(written)
    });
    drop(file);
    let replaced = written.and_then(|written| {
        fs::rename(&beside, &target)?;
        Ok(written)
    });
    if replaced.is_err() {
        // The failure that counts is the first.
        let _ = fs::remove_file(&beside);
    }
    replaced
}

/// A new file in the same folder, under a name that nothing has yet.
fn create_beside(target: &Path, readers: Readers) -> io::Result<(PathBuf, File)> {
    let mut number: u32 = 0;
    loop {
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.{number}", std::process::id()));
        let beside = target.with_file_name(name);
        match create(&beside, target, readers) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number < 100 => {
                number = number.saturating_add(1);
            }
            opened => return Ok((beside, opened?)),
        }
    }
}

/// A new file, which is to take the place of another.
pub(crate) fn create(path: &Path, target: &Path, readers: Readers) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        let old = fs::metadata(target).map(|old| old.permissions());
        match (readers, old) {
            (Readers::Owner, _) => drop(options.mode(0o600)),
            (Readers::Usual, Ok(old)) => {
                // A part that is gone on with must be writable.
                let mode = old.mode() & 0o777 | 0o200;
                let file = options.mode(mode).open(path)?;
                // What the process takes away from new files, the old one may have had.
                file.set_permissions(fs::Permissions::from_mode(mode))?;
                return Ok(file);
            }
            (Readers::Usual, Err(_)) => {}
        }
    }
    #[cfg(not(unix))]
    let _ = (target, readers);
    options.open(path)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// A folder of this test's own, which is gone behind it.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let unique = format!("stdhttp-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(unique);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
            entries
                .map(|entry| name(entry).into_string().unwrap())
                .collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn a_write_that_fails_half_way_leaves_the_old_file() {
        let folder = Folder::new("half-way");
        let path = folder.0.join("cookies.txt");
        fs::write(&path, "old").unwrap();
        let failed: io::Result<()> = replace(&path, Readers::Owner, |file| {
            file.write_all(b"new, but cut sh")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(folder.names(), ["cookies.txt"]);
    }

    #[test]
    fn names_that_are_taken_are_left_alone() {
        let folder = Folder::new("taken");
        let path = folder.0.join("cookies.txt");
        let (first, _) = create_beside(&path, Readers::Owner).unwrap();
        let (second, _) = create_beside(&path, Readers::Owner).unwrap();
        assert_ne!(first, second);
        replace(&path, Readers::Owner, |file| file.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(folder.names().len(), 3);
    }
}
