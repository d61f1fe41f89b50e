//! The commands of the pages for readers that need other programs, and all others of the same pages.

use std::fs;
use std::path::Path;

use crate::pages::{Handling, blocks, follow, pages, root};
use crate::program::ENTRADA;

#[test]
fn the_commands_that_need_other_programs_do_what_the_pages_say() {
    crate::default_signals::are_default_for_children();
    let mut followed = 0;
    for page in pages() {
        let text = fs::read_to_string(root().join(&page)).unwrap();
        if blocks(&text).iter().any(|block| matches!(block.handling, Handling::Needs(_))) {
            follow(&page, Path::new(ENTRADA), true);
            followed += 1;
        }
    }
    assert_ne!(followed, 0);
}
