//! The list of heads at the end of a blob.

use super::limits::Limits;
use super::read::Records;
use crate::error::RecordId;

impl<'a> Records<'a> {
    /// Reads the list. Returns the record of the class head, and the bytes of the heads after it. Their
    /// records are not read.
    pub(crate) fn heads(&mut self) -> Option<(&'a [u8], &'a [u8])> {
        self.enter(RecordId::Heads);
        let count = self.u32_within(&Limits::HEADS)?;
        self.enter(RecordId::Head(0));
        self.u8_within(&Limits::FIRST_HEAD)?;
        let class_head = self.next()?;
        let others = self.rest();
        for index in 1..count {
            self.enter(RecordId::Head(u8::try_from(index).unwrap_or(u8::MAX)));
            self.u8_within(&Limits::OTHER_HEAD)?;
            self.next::<&[u8]>()?;
        }
        self.enter(RecordId::Head(0));
        Some((class_head, others))
    }
}
