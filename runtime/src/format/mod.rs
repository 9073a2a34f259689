#![doc = include_str!("../../docs/FORMAT.md")]

mod le;
mod read;
mod records;
#[cfg(feature = "write")]
mod write;

pub use le::{I16Le, I32Le};
pub(crate) use read::{Prelude, Records};
pub use records::{
    ActivationRecord, BlockRecord, ContextRecord, ConvRecord, EndRecord, GeluRecord, HeadRecord,
    Header, LinearRecord, NormRecord, RequantRecord, SecondGeluRecord,
};
#[cfg(feature = "write")]
pub use write::{Blob, ClassHeadBody, WriteError, write, write_class_head};

/// First four bytes of every blob.
pub const MAGIC: [u8; 4] = *b"OCEL";
/// The version that the writer writes and the newest that the reader reads.
pub const VERSION: u16 = 1;
/// Bytes before the first record.
pub const PRELUDE_LEN: usize = 16;
/// Bytes of the prelude that the CRC covers, besides everything after it.
const CHECKED_PRELUDE_LEN: usize = 12;
/// Arithmetic of an int8 blob.
pub const ARITHMETIC_INT8: u16 = 0;
/// Kind of the class head in the list of heads.
pub const HEAD_CLASS: u8 = 0;
/// Most heads of one blob.
pub const MAX_HEADS: usize = 8;

/// CRC-32 of the checked part of a prelude followed by the records.
fn checksum(prelude: &[u8], records: &[u8]) -> u32 {
    const CRC: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);
    let mut digest = CRC.digest();
    digest.update(prelude);
    digest.update(records);
    digest.finalize()
}
