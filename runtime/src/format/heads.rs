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

    /// The body of the head of a kind. The records must be the heads after the class head. The inner value is
    /// `None` if there is no such head. A second one is refused, because it is not clear which of the two counts.
    pub(crate) fn head_of_kind(&mut self, kind: u8) -> Option<Option<&'a [u8]>> {
        let (mut found, mut index) = (None, 0u8);
        while !self.rest().is_empty() {
            index = index.saturating_add(1);
            let record = RecordId::Head(index);
            self.enter(record);
            let (other, body) = (self.next::<u8>()?, self.next()?);
            if other != kind {
                continue;
            }
            if found.is_some() {
                let limits = Limits::new("kind", i64::from(kind) + 1, u8::MAX.into());
                self.within(&limits, kind.into())?;
            }
            found = Some((record, body));
        }
        let Some((record, body)) = found else { return Some(None) };
        self.enter(record);
        Some(Some(body))
    }
}
