//! What a call returns.

use core::ffi::{CStr, c_char};
use runtime::error::{EvidenceError, FormatError, RunError};
use runtime::search::SearchError;

/// What a call returns. The numbers do not change from version to version.
#[repr(i32)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// The call did what it says.
    Ok = 0,
    /// The run is not finished: call `ocelli_step` again.
    More = 1,

    /// A pointer is null.
    Null = 10,
    /// A pointer does not have the alignment of its type.
    Misaligned = 11,
    /// The memory for an object is too short.
    Short = 12,
    /// A length is larger than the address space allows.
    TooLong = 13,
    /// Memory that the call writes overlaps with other memory that it uses.
    Overlap = 14,
    /// The object was not made: the call that makes it was not called, or failed.
    NotMade = 15,
    /// The blob does not have this part, or has no name for this number.
    Absent = 16,
    /// A number is outside its range.
    Number = 17,

    /// The bytes are too few for a blob or an index.
    Truncated = 20,
    /// The bytes are not a blob, or not an index.
    Magic = 21,
    /// The bytes have a version that this library does not know.
    Version = 22,
    /// The blob has f16 weights.
    Arithmetic = 23,
    /// The bytes are fewer or more than their prelude says.
    Length = 24,
    /// The bytes are damaged.
    Checksum = 25,
    /// A record does not decode.
    Record = 26,
    /// The description of the network is not valid.
    Config = 27,
    /// A tensor has another length than the description asks for.
    Tensor = 28,
    /// A stored value is outside its range.
    Range = 29,
    /// A part is missing, or must not be there.
    Presence = 30,
    /// The cells of a descriptor do not divide the grid of tokens.
    Cells = 31,
    /// The number of class names is not the number of classes.
    ClassNames = 32,
    /// Bytes are left after the last record.
    Trailing = 33,
    /// The bytes have another fault.
    Format = 34,

    /// The image has another size than the network's input.
    Image = 40,
    /// The arena is too short.
    Arena = 41,
    /// The row has another length than a row of the network's input.
    Row = 42,
    /// There are too few or too many rows.
    Rows = 43,
    /// The run has another fault.
    Run = 44,

    /// The class head does not read the mean of the tokens, so there is no evidence.
    Flatten = 50,
    /// The class head has hidden layers, so there is no evidence.
    HiddenLayers = 51,
    /// There is no such class.
    Class = 52,
    /// There is no such attribute.
    Attribute = 53,
    /// The attributes are those of another network.
    OtherNetwork = 54,
    /// The array has another length than the result.
    ArrayLength = 55,
    /// The evidence has another fault.
    Evidence = 56,

    /// The fingerprint is of another network than those in the index.
    IndexNetwork = 60,
    /// A vector of the fingerprint has another length than those in the index.
    IndexLength = 61,
    /// The search has another fault.
    Search = 62,
}

impl Status {
    const ALL: [Self; 40] = [
        Self::Ok,
        Self::More,
        Self::Null,
        Self::Misaligned,
        Self::Short,
        Self::TooLong,
        Self::Overlap,
        Self::NotMade,
        Self::Absent,
        Self::Number,
        Self::Truncated,
        Self::Magic,
        Self::Version,
        Self::Arithmetic,
        Self::Length,
        Self::Checksum,
        Self::Record,
        Self::Config,
        Self::Tensor,
        Self::Range,
        Self::Presence,
        Self::Cells,
        Self::ClassNames,
        Self::Trailing,
        Self::Format,
        Self::Image,
        Self::Arena,
        Self::Row,
        Self::Rows,
        Self::Run,
        Self::Flatten,
        Self::HiddenLayers,
        Self::Class,
        Self::Attribute,
        Self::OtherNetwork,
        Self::ArrayLength,
        Self::Evidence,
        Self::IndexNetwork,
        Self::IndexLength,
        Self::Search,
    ];

    const fn text(self) -> &'static CStr {
        match self {
            Self::Ok => c"success",
            Self::More => c"the run is not at its end: call ocelli_step again",
            Self::Null => c"a pointer is null",
            Self::Misaligned => c"a pointer does not have the alignment of its type",
            Self::Short => c"the memory is too short: a model needs OCELLI_MODEL_SIZE bytes",
            Self::TooLong => c"a length is larger than the address space allows",
            Self::Overlap => c"memory that the call writes overlaps with other memory that it uses",
            Self::NotMade => c"the object was not made: the call that makes it must return OCELLI_STATUS_OK",
            Self::Absent => c"the blob has no such part, or the entry no such name",
            Self::Number => c"a number is outside its range",
            Self::Truncated => c"the bytes are too few for a blob or an index",
            Self::Magic => c"the bytes are not a blob, or not an index",
            Self::Version => c"the bytes have a version that this library does not know: use a newer library",
            Self::Arithmetic => c"the blob has f16 weights: export it in int8",
            Self::Length => c"the bytes are fewer or more than their prelude says",
            Self::Checksum => c"the bytes are damaged: their checksum is wrong",
            Self::Record => c"a record of the bytes does not decode",
            Self::Config => c"the description of the network is not valid",
            Self::Tensor => c"a tensor has another length than the description of the network asks for",
            Self::Range => c"a stored value is outside its range",
            Self::Presence => c"a part of the bytes is missing, or must not be there",
            Self::Cells => c"the cells of the descriptor do not divide the grid of tokens",
            Self::ClassNames => c"the number of class names is not the number of classes",
            Self::Trailing => c"bytes are left after the last record",
            Self::Format => c"the bytes cannot be read",
            Self::Image => c"the image has another size than the network's input: see ocelli_model_info",
            Self::Arena => c"the arena is too short: see ocelli_arena_len or ocelli_descriptor_arena_len",
            Self::Row => c"the row has another length than a row of the network's input: see ocelli_model_info",
            Self::Rows => c"there are too few or too many rows of the image: see ocelli_model_info",
            Self::Run => c"the network cannot run",
            Self::Flatten => c"the class head does not read the mean of the tokens, so a logit is not a sum over them",
            Self::HiddenLayers => c"the class head has hidden layers, so a logit is not a sum over the tokens",
            Self::Class => c"there is no such class",
            Self::Attribute => c"there is no such attribute",
            Self::OtherNetwork => c"the attributes are those of another network than the output",
            Self::ArrayLength => c"the array has another length than the result: see ocelli_model_info",
            Self::Evidence => c"there is no such evidence",
            Self::IndexNetwork => c"the index belongs to another network than the fingerprint: make the index again with this network",
            Self::IndexLength => c"a vector of the fingerprint has another length than those in the index",
            Self::Search => c"the index cannot be searched",
        }
    }
}

impl From<Result<(), Self>> for Status {
    fn from(result: Result<(), Self>) -> Self {
        result.err().unwrap_or(Self::Ok)
    }
}

// The errors may get new variants. They map to the last status of their group.

impl From<FormatError> for Status {
    fn from(error: FormatError) -> Self {
        match error {
            FormatError::Truncated { .. } => Self::Truncated,
            FormatError::Magic { .. } => Self::Magic,
            FormatError::Version { .. } => Self::Version,
            FormatError::Arithmetic { .. } => Self::Arithmetic,
            FormatError::Length { .. } => Self::Length,
            FormatError::Checksum { .. } => Self::Checksum,
            FormatError::Record { .. } => Self::Record,
            FormatError::Config(_) => Self::Config,
            FormatError::TensorLen { .. } => Self::Tensor,
            FormatError::Range { .. } => Self::Range,
            FormatError::Presence { .. } => Self::Presence,
            FormatError::Cells { .. } => Self::Cells,
            FormatError::ClassNames { .. } => Self::ClassNames,
            FormatError::Trailing { .. } => Self::Trailing,
            _ => Self::Format,
        }
    }
}

impl From<RunError> for Status {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Image { .. } => Self::Image,
            RunError::Arena { .. } => Self::Arena,
            RunError::Row { .. } => Self::Row,
            RunError::Rows { .. } => Self::Rows,
            _ => Self::Run,
        }
    }
}

impl From<EvidenceError> for Status {
    fn from(error: EvidenceError) -> Self {
        match error {
            EvidenceError::Flatten => Self::Flatten,
            EvidenceError::HiddenLayers => Self::HiddenLayers,
            EvidenceError::Class { .. } => Self::Class,
            EvidenceError::Attribute { .. } => Self::Attribute,
            EvidenceError::Network { .. } => Self::OtherNetwork,
            EvidenceError::Length { .. } => Self::ArrayLength,
            _ => Self::Evidence,
        }
    }
}

impl From<SearchError> for Status {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Network { .. } => Self::IndexNetwork,
            SearchError::Length { .. } => Self::IndexLength,
            _ => Self::Search,
        }
    }
}

/// The text of a status, in English. For any other number, the text says that it is not a status. Never null.
#[unsafe(no_mangle)]
pub extern "C" fn ocelli_status_text(status: i32) -> *const c_char {
    // A number of C, not the enum: any other number than those of the enum would be undefined behaviour.
    let known = Status::ALL.iter().find(|&&known| known as i32 == status);
    known.map_or(c"not a status of this library", |known| known.text()).as_ptr()
}
