//! Calculators: 64 SEV-SNP shapes, a TD and a virtual TPM of one image of ordinary size.

mod synthetic;

use anyhow::{Result, ensure};
use cloister_image::measure::{Files, Image, Shapes, predict};

use crate::timing::{Measured, alone};

/// What an image has with a kernel and an initrd near the limit of `image.size`.
const KERNEL_BYTES: usize = 12 * 1024 * 1024;
const INITRD_BYTES: usize = 18 * 1024 * 1024;
/// 64 of SEV-SNP, one TD, one virtual TPM.
const SHAPES: usize = 66;
const MICROS_PER_SECOND: f64 = 1e6;

/// All shapes of one image, in seconds.
pub(crate) fn measure() -> Result<Measured> {
    let kernel = synthetic::kernel(KERNEL_BYTES);
    let initrd = vec![0xa5; INITRD_BYTES];
    let command_line = "console=ttyS0 quiet panic=-1";
    let uki = synthetic::uki(&kernel, &initrd, command_line);
    let image = Image { kernel: &kernel, initrd: &initrd, command_line, uki: &uki, disk: None };
    let shapes = Shapes::parse(synthetic::SHAPES)?;
    let files = Files::from([("OVMF.fd".to_owned(), synthetic::firmware())]);
    let mut measured = alone("synthetic image of 30 MiB, firmware of 4 MiB".to_owned(), || {
        let predictions = predict(&image, &shapes, &files)?;
        ensure!(predictions.len() == SHAPES, "{} shapes", predictions.len());
        Ok(())
    })?;
    measured.value /= MICROS_PER_SECOND;
    measured.spread /= MICROS_PER_SECOND;
    Ok(measured)
}
