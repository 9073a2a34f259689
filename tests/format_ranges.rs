//! Every integer of a blob is checked against its range in `FORMAT.md`: both ends are accepted, and the
//! next values outside are refused.

use kit::network::{Linear, Network};
use kit::smallest;
use runtime::Model;
use runtime::error::{FormatError, RecordId};

/// Range of the multipliers of every rescale.
const MULT: (i64, i64) = (1 << 30, (1 << 31) - 1);
/// Range of the numbers that are added to a variance.
const EPS: (i64, i64) = (1, (1 << 31) - 1);

/// One checked value of a network and how to set it.
struct Field {
    record: RecordId,
    name: &'static str,
    range: (i64, i64),
    set: fn(&mut Network, i64),
}

const fn field(
    record: RecordId,
    name: &'static str,
    range: (i64, i64),
    set: fn(&mut Network, i64),
) -> Field {
    Field { record, name, range, set }
}

fn short(value: i64) -> u8 {
    value.try_into().expect("a byte")
}

fn long(value: i64) -> u32 {
    value.try_into().expect("an u32")
}

/// Sets the last integer of a tensor of i32.
fn last(tensor: &mut [u8], value: i64) {
    let value = i32::try_from(value).expect("an i32").to_le_bytes();
    let at = tensor.len() - 4;
    tensor[at..].copy_from_slice(&value);
}

const BLOCK: RecordId = RecordId::Block(0);
const FIELDS: [Field; 20] = [
    field(RecordId::Conv(3), "mult", MULT, |n, v| {
        n.convs[3].skip.as_mut().unwrap().mult = long(v);
    }),
    field(RecordId::Conv(6), "shift", (32, 62), |n, v| {
        n.convs[6].skip.as_mut().unwrap().shift = short(v);
    }),
    field(BLOCK, "eps", EPS, |n, v| n.blocks[0].norm1.eps = long(v)),
    field(BLOCK, "mult", MULT, |n, v| n.blocks[0].norm1.mult = long(v)),
    field(BLOCK, "shift", (7, 37), |n, v| n.blocks[0].norm1.shift = short(v)),
    field(BLOCK, "scores", (1, 1 << 30), |n, v| n.blocks[0].scores = long(v)),
    field(BLOCK, "mult", MULT, |n, v| n.blocks[0].context.mult = long(v)),
    field(BLOCK, "shift", (25, 55), |n, v| n.blocks[0].context.shift = short(v)),
    field(BLOCK, "eps", EPS, |n, v| n.blocks[0].norm2.eps = long(v)),
    field(BLOCK, "mult", MULT, |n, v| n.blocks[0].norm2.mult = long(v)),
    field(BLOCK, "shift", (7, 37), |n, v| n.blocks[0].norm2.shift = short(v)),
    field(RecordId::End, "eps", EPS, |n, v| n.end.eps = long(v)),
    field(RecordId::End, "beta", (-(1 << 29), 1 << 29), |n, v| last(&mut n.end.beta, v)),
    field(RecordId::End, "shift", (1, 24), |n, v| n.end.shift = short(v)),
    field(RecordId::End, "mult", MULT, |n, v| n.end.embedding.as_mut().unwrap().mult = long(v)),
    field(RecordId::End, "shift", (32, 62), |n, v| {
        n.end.embedding.as_mut().unwrap().shift = short(v);
    }),
    field(RecordId::Head(0), "bias", (-(1 << 30), 1 << 30), |n, v| {
        last(&mut n.class_head.bias, v);
    }),
    field(RecordId::Head(0), "mult", MULT, |n, v| n.class_head.probability.mult = long(v)),
    field(RecordId::Head(0), "shift", (10, 62), |n, v| n.class_head.probability.shift = short(v)),
    field(RecordId::Head(0), "mult", MULT, |n, v| last(&mut n.class_head.hidden[0].0.mult, v)),
];

/// A linear layer of a network, and the record that holds it.
type Layer = (RecordId, fn(&mut Network) -> &mut Linear);

const LAYERS: [Layer; 10] = [
    (RecordId::Conv(0), |n| &mut n.convs[0].linear),
    (RecordId::Conv(3), |n| &mut n.convs[3].linear),
    (RecordId::Conv(5), |n| &mut n.convs[5].linear),
    (RecordId::Embed, |n| &mut n.embed),
    (BLOCK, |n| &mut n.blocks[0].qkv),
    (BLOCK, |n| &mut n.blocks[0].project),
    (BLOCK, |n| &mut n.blocks[0].mlp1.0),
    (BLOCK, |n| &mut n.blocks[0].depthwise.as_mut().unwrap().0),
    (BLOCK, |n| &mut n.blocks[0].mlp2),
    (RecordId::Head(0), |n| &mut n.class_head.hidden[0].0),
];

fn check(
    record: RecordId,
    field: &'static str,
    (min, max): (i64, i64),
    value: i64,
    set: impl Fn(&mut Network),
) {
    let [(_, mut network), ..] = smallest::networks();
    set(&mut network);
    let blob = network.to_bytes();
    let found = Model::parse(&blob).err();
    let expected = (value < min || value > max).then_some(FormatError::Range {
        record,
        field,
        found: value,
        min,
        max,
    });
    assert_eq!(found, expected, "{record}: {field} is {value}");
}

#[test]
fn single_values_are_accepted_up_to_both_ends() {
    for Field { record, name, range: (min, max), set } in FIELDS {
        let mut values = vec![min, max, min.midpoint(max), min - 1];
        // The largest multiplier is the largest i32: a tensor cannot hold a larger one.
        if i32::try_from(max + 1).is_ok() || !name.starts_with("mult") {
            values.push(max + 1);
        }
        for value in values {
            check(record, name, (min, max), value, |network| set(network, value));
        }
    }
}

#[test]
fn every_layer_is_accepted_up_to_both_ends() {
    let bias = (-(1 << 30), 1 << 30);
    for (record, layer) in LAYERS {
        for value in [bias.0 - 1, bias.0, 0, bias.1, bias.1 + 1, i64::from(i32::MIN)] {
            check(record, "bias", bias, value, |n| last(&mut layer(n).bias, value));
        }
        for value in [-1, 0, MULT.0 - 1, MULT.0, MULT.1, -MULT.1] {
            check(record, "mult", MULT, value, |n| last(&mut layer(n).mult, value));
        }
        for value in [0, 31, 32, 62, 63, 255] {
            check(record, "shift", (32, 62), value, |n| {
                *layer(n).shift.last_mut().unwrap() = short(value);
            });
        }
    }
}

#[test]
fn the_smallest_i32_is_refused_as_a_multiplier() {
    let value = i64::from(i32::MIN);
    check(RecordId::Embed, "mult", MULT, value, |n| last(&mut n.embed.mult, value));
}
