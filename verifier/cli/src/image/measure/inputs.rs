//! Everything that a prediction is made of, read once.

use std::path::{Path, PathBuf};

use cloister_image::folder::{DISK, Description, INITRD, ImageFolder, KERNEL, UKI};
use cloister_image::measure::{Files, Shapes};

use super::error::CommandError;
use crate::arguments::MeasureArguments;
use crate::file;

/// An image and the shapes that it is offered in.
pub(super) struct Inputs {
    pub(super) description: Description,
    pub(super) kernel: Vec<u8>,
    pub(super) initrd: Vec<u8>,
    pub(super) command_line: String,
    pub(super) uki: Vec<u8>,
    pub(super) disk: Option<Vec<u8>>,
    pub(super) documents: Vec<Document>,
}

/// One shapes document with the files that it names.
pub(super) struct Document {
    pub(super) path: PathBuf,
    pub(super) shapes: Shapes,
    pub(super) files: Files,
}

impl Inputs {
    pub(super) fn read(arguments: &MeasureArguments) -> Result<Self, CommandError> {
        let firmware = arguments.firmware.as_deref();
        let paths = arguments.shape.iter();
        let documents: Vec<_> =
            paths.map(|path| Document::read(path, firmware)).collect::<Result<_, _>>()?;
        let folder = ImageFolder::open(&arguments.image)?;
        let from_disk = documents.iter().any(|document| document.shapes.needs_disk());
        Ok(Self {
            description: folder.description().clone(),
            kernel: folder.read(KERNEL)?,
            initrd: folder.read(INITRD)?,
            command_line: folder.cmdline()?,
            uki: folder.read(UKI)?,
            disk: from_disk.then(|| folder.read(DISK)).transpose()?,
            documents,
        })
    }
}

impl Document {
    fn read(path: &Path, firmware: Option<&Path>) -> Result<Self, CommandError> {
        let shapes = Shapes::parse(&file::read_text(path)?)
            .map_err(|source| CommandError::Measure { path: path.to_owned(), source })?;
        let beside = path.parent().unwrap_or_else(|| Path::new(""));
        let mut files = Files::new();
        for name in shapes.event_logs() {
            files.insert(name.to_owned(), file::read(&beside.join(name))?);
        }
        for name in shapes.firmware() {
            let given = firmware.map_or_else(|| beside.join(name), Path::to_owned);
            files.insert(name.to_owned(), file::read(&given)?);
        }
        Ok(Self { path: path.to_owned(), shapes, files })
    }
}
