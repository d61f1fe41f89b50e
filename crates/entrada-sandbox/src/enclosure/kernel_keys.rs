//! Keeps the program out of the kernel's keyrings, by a filter for its system calls (seccomp).
//!
//! A namespace of users has keyrings of its own, which end with it. Root has no such namespace in the enclosure: what a program
//! writes to its keyring would stay there, and what is there could be read.

/// `AUDIT_ARCH_…` of this processor, and the first of its three numbers in a row: `add_key`, `request_key`, `keyctl`.
#[cfg(target_arch = "x86_64")]
const CALLS: Option<(u32, u32)> = Some((0xC000_003E, 248));
#[cfg(target_arch = "aarch64")]
const CALLS: Option<(u32, u32)> = Some((0xC000_00B7, 217));
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const CALLS: Option<(u32, u32)> = None;

/// Instructions of the filter (`linux/bpf_common.h`).
const LOAD: u16 = 0x20;
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_GREATER: u16 = 0x25;
const JUMP_IF_GREATER_OR_EQUAL: u16 = 0x35;
const RETURN: u16 = 0x06;
/// Where `struct seccomp_data` has the number of the call and the architecture.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
/// `SECCOMP_RET_ALLOW`, and `SECCOMP_RET_ERRNO` with `EPERM`, as in containers.
const ALLOW: u32 = 0x7FFF_0000;
const REFUSE: u32 = 0x0005_0001;

/// The filter as bubblewrap's `--seccomp` reads it; `None` on processors whose numbers are not known here.
pub(super) fn filter() -> Option<Vec<u8>> {
    let (architecture, first) = CALLS?;
    // Each with the instructions to skip if the condition holds, and if it does not.
    let instructions: [(u16, u8, u8, u32); 7] = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_IF_EQUAL, 0, 4, architecture),
        (LOAD, 0, 0, NUMBER),
        (JUMP_IF_GREATER_OR_EQUAL, 0, 2, first),
        (JUMP_IF_GREATER, 1, 0, first + 2),
        (RETURN, 0, 0, REFUSE),
        (RETURN, 0, 0, ALLOW),
    ];
    let mut bytes = Vec::new();
    for (code, holds, fails, value) in instructions {
        bytes.extend(code.to_ne_bytes());
        bytes.extend([holds, fails]);
        bytes.extend(value.to_ne_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the filter answers to this call.
    fn answer(architecture: u32, number: u32) -> u32 {
        let filter = filter().unwrap();
        let mut accumulator = 0;
        let mut at = 0;
        loop {
            let one = &filter[at * 8..at * 8 + 8];
            let code = u16::from_ne_bytes([one[0], one[1]]);
            let value = u32::from_ne_bytes([one[4], one[5], one[6], one[7]]);
            let jump = |holds: bool| usize::from(if holds { one[2] } else { one[3] });
            at += 1 + match code {
                LOAD if value == NUMBER => {
                    accumulator = number;
                    0
                }
                LOAD => {
                    accumulator = architecture;
                    0
                }
                JUMP_IF_EQUAL => jump(accumulator == value),
                JUMP_IF_GREATER => jump(accumulator > value),
                JUMP_IF_GREATER_OR_EQUAL => jump(accumulator >= value),
                _ => return value,
            };
        }
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_calls_of_keyrings_are_refused_and_no_other() {
        let own = 0xC000_003E;
        for number in 248..=250 {
            assert_eq!(answer(own, number), REFUSE, "{number}");
            // A program of 32 bits has other numbers.
            assert_eq!(answer(0x4000_0003, number), ALLOW, "{number}");
        }
        for number in [0, 1, 59, 247, 251, 435] {
            assert_eq!(answer(own, number), ALLOW, "{number}");
        }
    }
}
