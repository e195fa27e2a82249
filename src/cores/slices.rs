//! Loops over slices, shared among the threads of `rayon`.

/// The numbers that a thread takes at least: some microseconds of work.
const PIECE: usize = 8 * 1024;

/// Runs `run` for pieces of slices of one length, and adds up the results, two sums. Their order depends only on the
/// length. Threads share the pieces if this is one of them: small steps have not [entered](super::Cores::enter) the pool.
pub fn in_pieces<T: Send + Sync, const R: usize, const W: usize>(
    read: [&[T]; R],
    write: [&mut [T]; W],
    run: &(impl Fn([&[T]; R], [&mut [T]; W]) -> [f64; 2] + Sync),
) -> [f64; 2] {
    halved(read, write, rayon::current_thread_index().is_some(), run)
}

fn halved<T: Send + Sync, const R: usize, const W: usize>(
    mut read: [&[T]; R],
    mut write: [&mut [T]; W],
    threads: bool,
    run: &(impl Fn([&[T]; R], [&mut [T]; W]) -> [f64; 2] + Sync),
) -> [f64; 2] {
    let length = write.first().map(|slice| slice.len()).or(read.first().map(|slice| slice.len())).unwrap_or(0);
    if length < 2 * PIECE {
        return run(read, write);
    }
    // A multiple of a cache line.
    let half = (length / 2).next_multiple_of(64);
    let more_read = read.each_mut().map(|slice| slice.split_off(half..).unwrap_or_default());
    let more_write = write.each_mut().map(|slice| slice.split_off_mut(half..).unwrap_or_default());
    let first = || halved(read, write, threads, run);
    let second = || halved(more_read, more_write, threads, run);
    let (first, second) = if threads { rayon::join(first, second) } else { (first(), second()) };
    [first[0] + second[0], first[1] + second[1]]
}
