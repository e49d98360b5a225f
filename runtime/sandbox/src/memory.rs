//! The process's memory: giving back to the host what nobody uses. It is here as C has to be called for it.

/// Has the allocator give the host what it holds for later: called when nothing happens, for it takes a
/// moment. It does nothing in a program whose allocator is another than mimalloc.
pub fn give_back_memory() {
    // SAFETY: the function takes no pointer and touches nothing that is allocated; it may be called by any
    // thread at any time, also before mimalloc has allocated anything.
    #[expect(unsafe_code, reason = "mimalloc's crate has no safe function for it")]
    unsafe {
        libmimalloc_sys::mi_collect(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_use_stays_whoever_gives_back_what_is_not() {
        let kept: Vec<Vec<u8>> = (0..=255).map(|byte| vec![byte; 10_000]).collect();
        let others: Vec<_> = (0..4)
            .map(|_| {
                std::thread::spawn(|| {
                    for round in 0..50_u8 {
                        let own = vec![round; 100_000];
                        give_back_memory();
                        assert!(own.iter().all(|byte| *byte == round));
                    }
                })
            })
            .collect();
        for other in others {
            other.join().expect("it finds what it wrote");
        }
        give_back_memory();
        for (byte, piece) in (0..=255).zip(&kept) {
            assert!(piece.iter().all(|kept| *kept == byte), "{byte}");
        }
    }
}
