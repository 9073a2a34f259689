//! What the JPEG decoder does not do: report that a file is cut short, and supply missing Huffman tables.
//!
//! The decoder fills the missing part of a cut file with grey, as browsers do, and reports no error.

use std::borrow::Cow;

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const DHT: u8 = 0xC4;
/// Baseline and extended sequential frames with Huffman codes, the ones in motion JPEG.
const SEQUENTIAL: [u8; 2] = [0xC0, 0xC1];
/// Progressive frames.
const PROGRESSIVE: u8 = 0xC2;

/// What the markers of a file show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Markers {
    /// Where the first scan begins: the position of its marker.
    first_scan: Option<usize>,
    /// Whether any Huffman table comes before the first scan.
    tables: bool,
    sequential: bool,
    progressive: bool,
    /// Whether the end marker follows the last scan.
    ended: bool,
}

impl Markers {
    /// Walks over the segments. Thumbnails lie inside a segment, so that their markers do not count.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let mut found = Self::default();
        let mut at = 2;
        while let Some(marker) = next_marker(bytes, &mut at) {
            match marker {
                EOI => {
                    found.ended = found.first_scan.is_some();
                    break;
                }
                // Without a length: restart markers, TEM, and a second start.
                0x01 | 0xD0..=SOI => {}
                _ => {
                    match marker {
                        SOS => {
                            let _ = found.first_scan.get_or_insert(at - 2);
                        }
                        DHT => found.tables |= found.first_scan.is_none(),
                        PROGRESSIVE => found.progressive = true,
                        _ => found.sequential |= SEQUENTIAL.contains(&marker),
                    }
                    let length = bytes.get(at..at + 2).map(|length| [length[0], length[1]]);
                    at += length.map_or(2, |length| usize::from(u16::from_be_bytes(length)).max(2));
                }
            }
        }
        found
    }

    /// Whether the file has a scan and the end marker after it.
    pub(crate) const fn complete(self) -> bool {
        self.ended
    }

    /// Whether only the end marker may be missing, as in frames of some cameras.
    pub(crate) const fn may_lack_only_its_end(self) -> bool {
        self.first_scan.is_some() && !self.progressive && !self.ended
    }

    /// The file with the standard Huffman tables, if it is a frame of motion JPEG that leaves them out.
    pub(crate) fn with_tables(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        match self.first_scan {
            Some(scan) if self.sequential && !self.tables => {
                let (head, rest) = bytes.split_at(scan);
                Cow::Owned([head, &standard_tables(), rest].concat())
            }
            _ => Cow::Borrowed(bytes),
        }
    }
}

/// Two completions of a file whose end is missing. One appends zeros, the other one ones. If the decoder
/// reads any of these bits, the pictures differ.
pub(crate) fn completions(bytes: &[u8]) -> [Vec<u8>; 2] {
    /// Bytes of each filling; a decoder reads a few bytes ahead.
    const FILLING: usize = 64;
    let used = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let used = match (bytes.get(used.wrapping_sub(1)), bytes.get(used)) {
        // A stuffed byte. Its zero belongs to the data.
        (Some(0xFF), Some(0)) => used + 1,
        // The first byte of a marker at the cut. It would form a marker with the first byte of the filling.
        (Some(0xFF), None) => used - 1,
        _ => used,
    };
    let ones = [0xFF, 0x00].repeat(FILLING);
    [vec![0; FILLING], ones].map(|filling| [&bytes[..used], &filling, &[0xFF, EOI]].concat())
}

/// The next marker at or after a position; skips entropy-coded data. The position moves to the end of the
/// marker.
fn next_marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    loop {
        let start = bytes.get(*at..)?.iter().position(|&byte| byte == 0xFF)?;
        *at += start + 1;
        while bytes.get(*at) == Some(&0xFF) {
            *at += 1;
        }
        let code = *bytes.get(*at)?;
        *at += 1;
        // A stuffed byte of the data.
        if code != 0 {
            return Some(code);
        }
    }
}

/// The segment with the four tables of ITU-T T.81, annex K.3, which motion JPEG leaves out.
fn standard_tables() -> Vec<u8> {
    let tables: [(u8, [u8; 16], &[u8]); 4] = [
        (0x00, [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0], &DC_VALUES),
        (0x10, [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125], &AC_LUMINANCE),
        (0x01, [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], &DC_VALUES),
        (0x11, [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 119], &AC_CHROMINANCE),
    ];
    let mut content = Vec::new();
    for (class_and_number, counts, values) in tables {
        content.push(class_and_number);
        content.extend(counts);
        content.extend(values);
    }
    let length = u16::try_from(content.len() + 2).expect("the tables have 418 bytes");
    [&[0xFF, DHT], length.to_be_bytes().as_slice(), &content].concat()
}

const DC_VALUES: [u8; 12] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

#[rustfmt::skip]
const AC_LUMINANCE: [u8; 162] = [
    0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07,
    0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xa1, 0x08, 0x23, 0x42, 0xb1, 0xc1, 0x15, 0x52, 0xd1, 0xf0,
    0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0a, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x25, 0x26, 0x27, 0x28,
    0x29, 0x2a, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49,
    0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69,
    0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
    0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
    0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3, 0xc4, 0xc5,
    0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda, 0xe1, 0xe2,
    0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8,
    0xf9, 0xfa,
];

#[rustfmt::skip]
const AC_CHROMINANCE: [u8; 162] = [
    0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07, 0x61, 0x71,
    0x13, 0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xa1, 0xb1, 0xc1, 0x09, 0x23, 0x33, 0x52, 0xf0,
    0x15, 0x62, 0x72, 0xd1, 0x0a, 0x16, 0x24, 0x34, 0xe1, 0x25, 0xf1, 0x17, 0x18, 0x19, 0x1a, 0x26,
    0x27, 0x28, 0x29, 0x2a, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48,
    0x49, 0x4a, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68,
    0x69, 0x6a, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87,
    0x88, 0x89, 0x8a, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0xa2, 0xa3, 0xa4, 0xa5,
    0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xc2, 0xc3,
    0xc4, 0xc5, 0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xd2, 0xd3, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8, 0xd9, 0xda,
    0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7, 0xe8, 0xe9, 0xea, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8,
    0xf9, 0xfa,
];
