//! Converts between 32-bit floats and 8-bit integers.

use rten_simd::ops::{BitOps as _, FloatOps as _, NarrowSaturate as _, NumOps as _, ToFloat as _};
use rten_simd::{Isa, SimdOp};
use rten_vecmath::MinMax;

/// The largest 8-bit weight. It must be small, because processors without a special instruction add two products in 16
/// bits. It is the same on every processor, so that the vectors are the same.
const LARGEST_WEIGHT: f32 = 64.0;

/// The columns of a layer's weights, for [`Dequantize`].
pub struct Columns {
    /// The value of a weight of 1, for each column.
    scales: Vec<f32>,
    /// The sum of the weights in each column.
    sums: Vec<f32>,
    bias: Vec<f32>,
}

/// Scales each column so that its largest weight becomes [`LARGEST_WEIGHT`]. A column has `length` consecutive weights.
#[expect(clippy::cast_possible_truncation, reason = "no number is larger than LARGEST_WEIGHT")]
pub fn quantize_columns(weights: &[f32], length: usize, bias: Vec<f32>) -> (Vec<i8>, Columns) {
    let mut integers = Vec::with_capacity(weights.len());
    let mut columns = Columns { scales: Vec::with_capacity(bias.len()), sums: Vec::with_capacity(bias.len()), bias };
    for column in weights.chunks_exact(length.max(1)) {
        let most = column.iter().fold(0.0_f32, |most, x| most.max(x.abs()));
        let scale = most.max(f32::MIN_POSITIVE) / LARGEST_WEIGHT;
        let rounded = column.iter().map(|x| (x / scale).round());
        columns.sums.push(rounded.clone().sum::<f32>() * scale);
        columns.scales.push(scale);
        integers.extend(rounded.map(|x| x as i8));
    }
    (integers, columns)
}

/// Rows of unsigned bytes.
#[derive(Default)]
pub struct Bytes {
    pub bytes: Vec<u8>,
    /// For each row, the value of one step and the byte that represents 0.
    rows: Vec<(f32, u8)>,
}

impl Bytes {
    /// Quantizes rows of `width` numbers. The minimum of each row becomes 0, and its maximum becomes 255.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 0 and 255")]
    pub fn quantize(&mut self, numbers: &[f32], width: usize) {
        self.bytes.resize(numbers.len(), 0);
        self.rows.clear();
        for (row, bytes) in numbers.chunks_exact(width).zip(self.bytes.chunks_exact_mut(width)) {
            let (least, most) = MinMax::new(row).dispatch();
            let (least, most) = (least.min(0.0), most.max(0.0));
            let scale = ((most - least) / 255.0).max(f32::MIN_POSITIVE);
            let zero = (-least / scale).round() as u8;
            Quantize { row, bytes, factor: 1.0 / scale, zero }.dispatch();
            self.rows.push((scale, zero));
        }
    }
}

/// `bytes = row · factor + zero`
struct Quantize<'a> {
    row: &'a [f32],
    bytes: &'a mut [u8],
    factor: f32,
    zero: u8,
}

impl SimdOp for Quantize<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "the caller is compiled for the processor's instructions")]
    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let (floats, ints, shorts) = (isa.f32(), isa.i32(), isa.i16());
        let (factor, zero) = (floats.splat(self.factor), ints.splat(i32::from(self.zero)));
        let lanes = 4 * floats.len();
        let (mut row, mut bytes) = (self.row.chunks_exact(lanes), self.bytes.chunks_exact_mut(lanes));
        for (x, bytes) in row.by_ref().zip(bytes.by_ref()) {
            let [a, b, c, d] =
                floats.load_many::<4>(x).map(|x| ints.add(floats.to_int_round(floats.mul(x, factor)), zero));
            let (low, high) = (ints.narrow_saturate(a, b), ints.narrow_saturate(c, d));
            isa.u8().store(shorts.narrow_saturate(low, high), bytes);
        }
        for (x, byte) in row.remainder().iter().zip(bytes.into_remainder()) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped")]
            let rounded = ((x * self.factor).round_ties_even() + f32::from(self.zero)).clamp(0.0, 255.0) as u8;
            *byte = rounded;
        }
    }
}

/// Converts the product of bytes and weights to floats: `out = (sums - zero · column's sum) · scales + bias`.
/// With `keep`, the old value of `out` is added. The zero points have not been subtracted from `sums`.
pub struct Dequantize<'a> {
    pub sums: &'a [i32],
    pub bytes: &'a Bytes,
    pub columns: &'a Columns,
    pub keep: bool,
    pub out: &'a mut [f32],
}

impl SimdOp for Dequantize<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "the caller is compiled for the processor's instructions")]
    #[inline(always)]
    fn eval<I: Isa>(self, isa: I) {
        let (floats, ints) = (isa.f32(), isa.i32());
        let Self { sums, bytes, columns, keep, out } = self;
        let (width, lanes) = (columns.bias.len(), floats.len());
        for ((sums, out), (scale, zero)) in sums.chunks_exact(width).zip(out.chunks_exact_mut(width)).zip(&bytes.rows) {
            let (scale, shift) = (*scale, -scale * f32::from(*zero));
            let (scales, shifts) = (floats.splat(scale), floats.splat(shift));
            let (mut sums, mut out) = (sums.chunks_exact(lanes), out.chunks_exact_mut(lanes));
            let mut column_scales = columns.scales.chunks_exact(lanes);
            let mut column_sums = columns.sums.chunks_exact(lanes);
            let mut bias = columns.bias.chunks_exact(lanes);
            let of_columns = column_scales.by_ref().zip(column_sums.by_ref()).zip(bias.by_ref());
            for ((sums, out), ((column_scales, column_sums), bias)) in sums.by_ref().zip(out.by_ref()).zip(of_columns) {
                let mut number = floats.mul_add(shifts, floats.load(column_sums), floats.load(bias));
                if keep {
                    number = floats.add(number, floats.load(out));
                }
                let scales = floats.mul(scales, floats.load(column_scales));
                floats.store(floats.mul_add(ints.to_float(ints.load(sums)), scales, number), out);
            }
            let of_columns = column_scales.remainder().iter().zip(column_sums.remainder()).zip(bias.remainder());
            let rest = sums.remainder().iter().zip(out.into_remainder()).zip(of_columns);
            for ((sum, out), ((column_scale, column_sum), bias)) in rest {
                #[expect(clippy::cast_precision_loss, reason = "the loss is smaller than the error of the weights")]
                let number = *sum as f32 * scale * column_scale + shift * column_sum + bias;
                *out = if keep { *out + number } else { number };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These sizes are not a multiple of any processor's vector length.
    const ROWS: usize = 3;
    const LENGTH: usize = 70;
    const COLUMNS: usize = 21;

    fn number(i: usize) -> f32 {
        f32::from(u8::try_from(i * 37 % 101).unwrap()) / 50.0 - 0.7
    }

    #[test]
    fn a_product_of_integers_is_near_that_of_the_numbers() {
        let input: Vec<f32> = (0..ROWS * LENGTH).map(number).collect();
        let weights: Vec<f32> = (0..COLUMNS * LENGTH).map(|i| number(i * 3 + 1)).collect();
        let bias: Vec<f32> = (0..COLUMNS).map(number).collect();
        let (integers, columns) = quantize_columns(&weights, LENGTH, bias.clone());
        let mut bytes = Bytes::default();
        bytes.quantize(&input, LENGTH);
        let pairs = (0..ROWS * COLUMNS).map(|i| (i / COLUMNS * LENGTH, i % COLUMNS * LENGTH));
        let sums: Vec<i32> = pairs
            .clone()
            .map(|(row, column)| {
                (0..LENGTH).map(|i| i32::from(bytes.bytes[row + i]) * i32::from(integers[column + i])).sum()
            })
            .collect();
        for keep in [false, true] {
            let mut out = vec![5.0; sums.len()];
            Dequantize { sums: &sums, bytes: &bytes, columns: &columns, keep, out: &mut out }.dispatch();
            for ((row, column), out) in pairs.clone().zip(out) {
                let product: f32 = (0..LENGTH).map(|i| input[row + i] * weights[column + i]).sum();
                let expected = product + bias[column / LENGTH] + if keep { 5.0 } else { 0.0 };
                assert!((out - expected).abs() < 0.3, "{out} instead of {expected}");
            }
        }
    }

    #[test]
    fn a_row_of_one_number_only_stays_that_number() {
        for number in [0.0, 3.0, -3.0] {
            let mut bytes = Bytes::default();
            bytes.quantize(&[number; 40], 40);
            let (scale, zero) = bytes.rows[0];
            let back = (f32::from(bytes.bytes[39]) - f32::from(zero)) * scale;
            assert!((back - number).abs() < 0.02, "{back} instead of {number}");
        }
    }
}
