#![doc = include_str!("../../docs/FORMAT.md")]

mod crc;
mod description;
mod fields;
#[cfg(feature = "f16")]
mod floats;
#[cfg(feature = "f16")]
mod half;
mod heads;
mod le;
mod limits;
mod names;
mod read;
mod records;
#[cfg(feature = "write")]
mod write;
#[cfg(feature = "write")]
mod write_index;

#[cfg(all(feature = "f16", target_arch = "x86_64"))]
pub(crate) use half::HALF_SCALE;
#[cfg(feature = "f16")]
pub(crate) use half::widen;
pub(crate) use le::U64Le;
#[cfg(feature = "f16")]
#[doc(hidden)]
pub use le::{F16Le, F32Le};
#[doc(hidden)]
pub use le::{I16Le, I32Le};
pub(crate) use limits::Limits;
pub(crate) use names::Names;
pub(crate) use read::{Records, check_prelude, checksum_of};
#[doc(hidden)]
pub use records::{
    ActivationRecord, AttentionRecord, AttributesRecord, BlockRecord, ContextRecord, ConvRecord,
    DescriptorRecord, EndRecord, F16Block, F16Conv, F16End, F16LinearRecord, F16NormRecord,
    GeluRecord, HeadRecord, Header, Int8Block, Int8Conv, Int8End, LastNormRecord, LinearRecord,
    LogitsRecord, NormRecord, PartRecord, PixelRecord, RequantRecord, SecondGeluRecord,
};
#[cfg(feature = "write")]
pub(crate) use write::write_heads;
#[cfg(feature = "write")]
#[doc(hidden)]
pub use write::{Blob, WriteError, write, write_attributes, write_class_head, write_descriptor};
#[cfg(feature = "write")]
pub use write_index::{IndexEntries, PartEntries, write_index};

/// First four bytes of every blob.
pub const MAGIC: [u8; 4] = *b"OCEL";
/// First four bytes of every index.
pub const INDEX_MAGIC: [u8; 4] = *b"OCIX";
/// The version that the writer writes and the newest that the reader reads.
pub const VERSION: u16 = 1;
/// Bytes before the first record.
pub const PRELUDE_LEN: usize = 16;
/// Bytes of the prelude that the CRC covers, besides everything after it.
const CHECKED_PRELUDE_LEN: usize = 12;
/// Arithmetic of an int8 blob.
pub const ARITHMETIC_INT8: u16 = 0;
/// Arithmetic of a blob with f16 weights.
pub const ARITHMETIC_F16: u16 = 1;
/// Kind of the class head in the list of heads.
pub const HEAD_CLASS: u8 = 0;
/// Kind of the attribute head in the list of heads.
pub const HEAD_ATTRIBUTES: u8 = 1;
/// Kind of the descriptor head in the list of heads.
pub const HEAD_DESCRIPTOR: u8 = 2;
/// Maximum number of values of one part of a fingerprint.
pub const MAX_PART: usize = 128;
/// Bits of a code.
pub(crate) const CODE_BITS: usize = 64;
/// Maximum number of entries of an index.
pub const MAX_ENTRIES: usize = 1 << 24;
/// Maximum number of heads of one blob.
pub const MAX_HEADS: usize = 8;
/// Maximum number of attributes of one blob.
pub const MAX_ATTRIBUTES: usize = 256;

/// CRC-32 of the checked part of a prelude followed by the records.
pub(crate) fn checksum(prelude: &[u8], records: &[u8]) -> u32 {
    crc::crc32(&[prelude, records])
}
