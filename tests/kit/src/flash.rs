//! A flash in memory that keeps the contract of `embedded-storage` and can lose power at any word.
//!
//! After a power cut, a word that was being written and a page that was being erased may have any contents. A word may
//! be written once after each erase. The contract promises no more.

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash, check_erase, check_read,
    check_write,
};

/// A flash of `WRITE`-byte words, of which `READ` bytes are read at least, and `PAGE`-byte pages.
#[derive(Clone, Debug)]
pub struct Flash<B, const WRITE: usize, const READ: usize, const PAGE: usize> {
    /// What it holds.
    pub bytes: B,
    /// Words written and erased so far.
    pub words: usize,
    /// Pages erased so far.
    pub erased: usize,
    cut: Option<Cut>,
    off: bool,
}

/// When the power is cut, and what that does.
#[derive(Clone, Copy, Debug)]
pub struct Cut {
    /// The number of the word, from 0.
    pub word: usize,
    /// What the cut does to the word.
    pub damage: Damage,
}

/// What a cut does to a word that is being written, or to a page that is being erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The word is unchanged. The words of the page before it are erased.
    Before,
    /// The word is written. The words of the page after it are erased.
    After,
    /// Arbitrary contents, which follow from the number. Each byte is the old one, the new one, 0 or another one.
    Any(u32),
}

/// Why the flash refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no power.
    NoPower,
    /// The caller broke the contract.
    Contract(NorFlashErrorKind),
}

impl NorFlashError for Refusal {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::NoPower => NorFlashErrorKind::Other,
            Self::Contract(kind) => *kind,
        }
    }
}

impl<B, const WRITE: usize, const READ: usize, const PAGE: usize> Flash<B, WRITE, READ, PAGE> {
    /// A flash with these contents.
    pub const fn new(bytes: B) -> Self {
        Self { bytes, words: 0, erased: 0, cut: None, off: false }
    }

    /// The same contents, with a power cut at a later word.
    #[must_use]
    pub const fn with_cut(mut self, cut: Cut) -> Self {
        self.words = 0;
        self.cut = Some(cut);
        self
    }

    /// The same contents after the power has come back.
    #[must_use]
    pub const fn with_power(mut self) -> Self {
        self.words = 0;
        self.cut = None;
        self.off = false;
        self
    }

    /// Counts a word; the damage if the power is cut there.
    fn word(&mut self) -> Option<Damage> {
        let cut = self.cut.filter(|cut| cut.word == self.words);
        self.words += 1;
        self.off = cut.is_some();
        cut.map(|cut| cut.damage)
    }

    fn powered(&self) -> Result<(), Refusal> {
        if self.off { Err(Refusal::NoPower) } else { Ok(()) }
    }
}

impl<B, const WRITE: usize, const READ: usize, const PAGE: usize> ErrorType
    for Flash<B, WRITE, READ, PAGE>
{
    type Error = Refusal;
}

impl<B: AsMut<[u8]> + AsRef<[u8]>, const WRITE: usize, const READ: usize, const PAGE: usize>
    ReadNorFlash for Flash<B, WRITE, READ, PAGE>
{
    const READ_SIZE: usize = READ;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Refusal> {
        self.powered()?;
        check_read(self, offset, bytes.len()).map_err(Refusal::Contract)?;
        let held = self.bytes.as_ref().iter().skip(offset as usize);
        bytes.iter_mut().zip(held).for_each(|(to, from)| *to = *from);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.bytes.as_ref().len()
    }
}

impl<B: AsMut<[u8]> + AsRef<[u8]>, const WRITE: usize, const READ: usize, const PAGE: usize>
    NorFlash for Flash<B, WRITE, READ, PAGE>
{
    const WRITE_SIZE: usize = WRITE;
    const ERASE_SIZE: usize = PAGE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Refusal> {
        self.powered()?;
        check_erase(self, from, to).map_err(Refusal::Contract)?;
        for start in (from as usize..to as usize).step_by(PAGE) {
            let damage = (0..PAGE / WRITE).find_map(|word| Some((word, self.word()?)));
            let page = self.bytes.as_mut().iter_mut().skip(start).take(PAGE);
            let Some((word, damage)) = damage else {
                page.for_each(|byte| *byte = 0xFF);
                self.erased += 1;
                continue;
            };
            match damage {
                Damage::Before => page.take(word * WRITE).for_each(|byte| *byte = 0xFF),
                Damage::After => page.skip(word * WRITE).for_each(|byte| *byte = 0xFF),
                Damage::Any(seed) => {
                    let mut noise = Noise(seed);
                    page.for_each(|byte| *byte = noise.of(*byte, 0xFF));
                }
            }
            return Err(Refusal::NoPower);
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Refusal> {
        self.powered()?;
        check_write(self, offset, bytes.len()).map_err(Refusal::Contract)?;
        for (index, new) in bytes.chunks(WRITE).enumerate() {
            let damage = self.word();
            let held = self.bytes.as_mut().iter_mut().skip(offset as usize + index * WRITE);
            let mut noise = Noise(index as u32);
            for (byte, &new) in held.zip(new) {
                if *byte != 0xFF {
                    return Err(Refusal::Contract(NorFlashErrorKind::Other));
                }
                *byte = match damage {
                    None | Some(Damage::After) => new,
                    Some(Damage::Before) => *byte,
                    Some(Damage::Any(seed)) => {
                        noise.0 ^= seed;
                        noise.of(*byte, new)
                    }
                };
            }
            self.powered()?;
        }
        Ok(())
    }
}

/// A linear congruential generator.
struct Noise(u32);

impl Noise {
    /// The old byte, the new one, 0 or another one. Most bytes of a page are of one kind.
    fn of(&mut self, old: u8, new: u8) -> u8 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        match self.0 >> 28 {
            0..6 => old,
            6..12 => new,
            12..14 => 0,
            _ => (self.0 >> 16) as u8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Small = Flash<[u8; 64], 4, 1, 16>;

    #[test]
    fn a_word_is_written_once_after_each_erase() {
        let mut flash = Small::new([0xFF; 64]);
        flash.write(4, &[1; 8]).unwrap();
        let twice = flash.write(8, &[1; 4]);
        assert_eq!(twice, Err(Refusal::Contract(NorFlashErrorKind::Other)), "again");
        flash.erase(0, 16).unwrap();
        flash.write(8, &[2; 4]).unwrap();
        let odd = flash.write(2, &[1; 4]);
        assert_eq!(odd, Err(Refusal::Contract(NorFlashErrorKind::NotAligned)), "address");
    }

    #[test]
    fn a_cut_damages_one_word_or_one_page_and_nothing_works_after_it() {
        let flash = Small::new([0xFF; 64]);
        let mut cut = flash.clone().with_cut(Cut { word: 1, damage: Damage::Before });
        assert_eq!(cut.write(0, &[7; 12]), Err(Refusal::NoPower), "the second word");
        assert_eq!(cut.read(0, &mut [0; 4]), Err(Refusal::NoPower), "afterwards");
        assert_eq!(cut.bytes[..12], [7, 7, 7, 7, 255, 255, 255, 255, 255, 255, 255, 255]);
        let mut cut = Small::new([5; 64]).with_cut(Cut { word: 6, damage: Damage::After });
        assert_eq!(cut.erase(0, 48), Err(Refusal::NoPower), "the second page");
        assert_eq!(cut.bytes[..24], [[255; 16].as_slice(), &[5; 8]].concat(), "before the cut");
        assert_eq!(cut.bytes[24..], [[255; 8].as_slice(), &[5; 32]].concat(), "after it");
    }
}
