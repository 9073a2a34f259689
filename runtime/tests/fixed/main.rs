//! The fixed-point primitives against exact arithmetic: integers of any length and brackets of
//! rationals, no float. Bounds are those that `INTEGER.md` states.

mod attention;
mod exact;
mod exp2;
mod requant;
mod row;
mod rsqrt;
mod samples;
