//! Bytes by columns instead of rows.

use super::multiply::CHANNELS;
use super::vector::Vector;

/// Eight vectors from the lower halves of sixteen: the bytes of each column, in the order of the rows.
#[inline]
pub(super) fn transpose<V: Vector>(rows: [V; 16]) -> [V; CHANNELS] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = rows;
    // Each step halves the distance of the rows whose bytes become neighbours.
    let low = |x: V, y: V| {
        let [low, _] = x.zip8(y);
        low
    };
    let pairs =
        [low(a, i), low(b, j), low(c, k), low(d, l), low(e, m), low(f, n), low(g, o), low(h, p)];
    let [a, b, c, d, e, f, g, h] = pairs;
    let ([a, i], [b, j], [c, k], [d, l]) = (a.zip8(e), b.zip8(f), c.zip8(g), d.zip8(h));
    let two = |a: V, b: V, c: V, d: V| {
        let ([a, c], [b, d]) = (a.zip8(c), b.zip8(d));
        let ([a, b], [c, d]) = (a.zip8(b), c.zip8(d));
        [a, b, c, d]
    };
    let ([a, b, c, d], [e, f, g, h]) = (two(a, b, c, d), two(i, j, k, l));
    [a, b, c, d, e, f, g, h]
}
