//! Rows that are shared among the threads of `rayon`. The results do not depend on the threads, whose number is one without
//! the feature `rayon`.

/// Work on rows that can be split between any two of them.
#[cfg_attr(not(feature = "rayon"), expect(dead_code, reason = "one core takes all rows"))]
pub(crate) trait Rows: Send + Sized {
    /// The number of rows.
    fn rows(&self) -> usize;

    /// The work on the first `rows`, and that on the others.
    fn split_at(self, rows: usize) -> (Self, Self);
}

impl<X: Send> Rows for &mut [X] {
    fn rows(&self) -> usize {
        self.len()
    }

    fn split_at(self, rows: usize) -> (Self, Self) {
        self.split_at_mut(rows)
    }
}

/// The operations, such as multiply-accumulates, for which several threads are faster than one: about 50 microseconds of
/// work, as much as it takes to wake a thread.
#[cfg(feature = "rayon")]
pub(super) const WORTHWHILE: usize = 2_000_000;

/// Whether work of this many operations is worth several threads, and there are several.
#[cfg(feature = "rayon")]
#[inline(always)]
pub(crate) fn is_worthwhile(operations: usize) -> bool {
    operations >= WORTHWHILE && rayon::current_num_threads() > 1
}

/// Runs `run` on parts of the rows, on all cores if they have enough to do. Each part except the last has a multiple of
/// `block` rows. `operations` is the amount of work for one row.
#[inline(always)]
pub(crate) fn on_all_cores<W: Rows>(work: W, block: usize, operations: usize, run: &(impl Fn(W) + Sync)) {
    #[cfg(feature = "rayon")]
    if is_worthwhile(operations.saturating_mul(work.rows())) {
        let least = (WORTHWHILE / 2).div_ceil(operations.max(1));
        let even = work.rows().div_ceil(4 * rayon::current_num_threads());
        return in_pieces(work, least.max(even).next_multiple_of(block), true, run);
    }
    let _ = (block, operations);
    run(work);
}

/// Runs `run` for each `piece` rows, on all threads if `threads`. `rayon::join` keeps its jobs on the stack.
#[cfg(feature = "rayon")]
pub(super) fn in_pieces<W: Rows>(work: W, piece: usize, threads: bool, run: &(impl Fn(W) + Sync)) {
    match work.rows().div_ceil(piece) {
        0 => {}
        1 => run(work),
        pieces => {
            let (first, others) = work.split_at(pieces / 2 * piece);
            let first = || in_pieces(first, piece, threads, run);
            let others = || in_pieces(others, piece, threads, run);
            if threads {
                rayon::join(first, others);
            } else {
                first();
                others();
            }
        }
    }
}
