//! Weights for networks that need no training, because only their size matters.

/// Generates pseudo-random numbers within ±2/√rows at compile time, with the linear congruential generator of Numerical
/// Recipes.
pub const fn pattern<const COLUMNS: usize, const ROWS: usize>(seed: u32) -> [[f32; COLUMNS]; ROWS] {
    let mut root = 1;
    while (root * root) < ROWS {
        root += 1;
    }
    let (mut numbers, mut state) = ([[0.0; COLUMNS]; ROWS], seed);
    let mut row = 0;
    while row < ROWS {
        let mut column = 0;
        while column < COLUMNS {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let uniform = (state >> 8) as f32 / (1 << 24) as f32;
            numbers[row][column] = (4.0 * uniform - 2.0) / root as f32;
            column += 1;
        }
        row += 1;
    }
    numbers
}
