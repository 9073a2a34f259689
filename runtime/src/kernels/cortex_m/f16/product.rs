//! Products of four rows and four columns, with all sums in registers.

use core::arch::asm;

/// Rows and columns of a tile.
pub(super) const TILE: usize = 4;

/// The operands of a tile.
pub(super) struct Tile<'a> {
    /// Four rows, as long as the panel.
    pub(super) x: [&'a [f32]; TILE],
    /// The weights of four columns, one input after another.
    pub(super) panel: &'a [[f32; TILE]],
    /// Added to the sums of each row before the products.
    pub(super) bias: [f32; TILE],
}

/// The products of one row and two inputs. `x` are the inputs, the weights are in `s24` to `s31`.
macro_rules! row {
    ($a:literal, $b:literal, $c:literal, $d:literal, $first:literal, $second:literal) => {
        concat!(
            "vmla.f32 ",
            $a,
            ", ",
            $first,
            ", s24\n",
            "vmla.f32 ",
            $b,
            ", ",
            $first,
            ", s25\n",
            "vmla.f32 ",
            $c,
            ", ",
            $first,
            ", s26\n",
            "vmla.f32 ",
            $d,
            ", ",
            $first,
            ", s27\n",
            "vmla.f32 ",
            $a,
            ", ",
            $second,
            ", s28\n",
            "vmla.f32 ",
            $b,
            ", ",
            $second,
            ", s29\n",
            "vmla.f32 ",
            $c,
            ", ",
            $second,
            ", s30\n",
            "vmla.f32 ",
            $d,
            ", ",
            $second,
            ", s31",
        )
    };
}

/// The products of one row and one input.
macro_rules! last {
    ($a:literal, $b:literal, $c:literal, $d:literal, $x:literal) => {
        concat!(
            "vmla.f32 ",
            $a,
            ", ",
            $x,
            ", s24\n",
            "vmla.f32 ",
            $b,
            ", ",
            $x,
            ", s25\n",
            "vmla.f32 ",
            $c,
            ", ",
            $x,
            ", s26\n",
            "vmla.f32 ",
            $d,
            ", ",
            $x,
            ", s27",
        )
    };
}

/// Reads a row of sums, adds the bias, and goes to the next row.
macro_rules! read {
    ($a:literal, $b:literal, $c:literal, $d:literal) => {
        concat!(
            "vldmia {out}, {{",
            $a,
            "-",
            $d,
            "}}\n",
            "vadd.f32 ",
            $a,
            ", ",
            $a,
            ", s16\n",
            "vadd.f32 ",
            $b,
            ", ",
            $b,
            ", s17\n",
            "vadd.f32 ",
            $c,
            ", ",
            $c,
            ", s18\n",
            "vadd.f32 ",
            $d,
            ", ",
            $d,
            ", s19",
        )
    };
}

/// Adds the bias and the products of a tile to four rows of `out`, which are `stride` values apart.
#[inline(never)]
pub(super) fn multiply(tile: &Tile<'_>, out: &mut [f32], stride: usize) {
    let [x0, x1, x2, x3] = tile.x;
    let len = tile.panel.len();
    let whole = tile.x.iter().all(|x| x.len() >= len) && out.len() >= 3 * stride + TILE;
    debug_assert!(whole, "operands of a tile");
    if !whole {
        return;
    }
    // SAFETY: each row and the panel have `len` inputs, `out` has four rows of four sums. Each pointer is
    // moved only past what was read.
    unsafe {
        asm!(
            "vldmia {bias}, {{s16-s19}}",
            read!("s0", "s1", "s2", "s3"),
            "add {out}, {out}, {stride}",
            read!("s4", "s5", "s6", "s7"),
            "add {out}, {out}, {stride}",
            read!("s8", "s9", "s10", "s11"),
            "add {out}, {out}, {stride}",
            read!("s12", "s13", "s14", "s15"),
            "subs {len}, {len}, #2",
            "blo 3f",
            "2:",
            "vldmia {panel}!, {{s24-s31}}",
            "vldmia {x0}!, {{s16-s17}}",
            "vldmia {x1}!, {{s18-s19}}",
            "vldmia {x2}!, {{s20-s21}}",
            "vldmia {x3}!, {{s22-s23}}",
            row!("s0", "s1", "s2", "s3", "s16", "s17"),
            row!("s4", "s5", "s6", "s7", "s18", "s19"),
            row!("s8", "s9", "s10", "s11", "s20", "s21"),
            row!("s12", "s13", "s14", "s15", "s22", "s23"),
            "subs {len}, {len}, #2",
            "bhs 2b",
            "3:",
            // One input is left if their number is odd.
            "adds {len}, {len}, #2",
            "beq 4f",
            "vldmia {panel}, {{s24-s27}}",
            "vldr s16, [{x0}]",
            "vldr s18, [{x1}]",
            "vldr s20, [{x2}]",
            "vldr s22, [{x3}]",
            last!("s0", "s1", "s2", "s3", "s16"),
            last!("s4", "s5", "s6", "s7", "s18"),
            last!("s8", "s9", "s10", "s11", "s20"),
            last!("s12", "s13", "s14", "s15", "s22"),
            "4:",
            "vstmia {out}, {{s12-s15}}",
            "sub {out}, {out}, {stride}",
            "vstmia {out}, {{s8-s11}}",
            "sub {out}, {out}, {stride}",
            "vstmia {out}, {{s4-s7}}",
            "sub {out}, {out}, {stride}",
            "vstmia {out}, {{s0-s3}}",
            bias = in(reg) tile.bias.as_ptr(),
            out = inout(reg) out.as_mut_ptr() => _,
            stride = in(reg) stride * size_of::<f32>(),
            panel = inout(reg) tile.panel.as_ptr() => _,
            len = inout(reg) len => _,
            x0 = inout(reg) x0.as_ptr() => _,
            x1 = inout(reg) x1.as_ptr() => _,
            x2 = inout(reg) x2.as_ptr() => _,
            x3 = inout(reg) x3.as_ptr() => _,
            out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _,
            out("s6") _, out("s7") _, out("s8") _, out("s9") _, out("s10") _, out("s11") _,
            out("s12") _, out("s13") _, out("s14") _, out("s15") _, out("s16") _, out("s17") _,
            out("s18") _, out("s19") _, out("s20") _, out("s21") _, out("s22") _, out("s23") _,
            out("s24") _, out("s25") _, out("s26") _, out("s27") _, out("s28") _, out("s29") _,
            out("s30") _, out("s31") _,
            options(nostack)
        );
    }
}
