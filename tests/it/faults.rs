//! The server's rows of the table in `docs/reliability.md`.

use entrada_emulator::{FaultReply, RefreshFault};

use crate::shared::{Moment, rows};
use crate::world::World;

const FAULTS: [(&str, FaultReply); 4] = [
    ("server says 503", FaultReply::Unavailable),
    ("server hangs", FaultReply::Hang),
    ("server cuts the connection", FaultReply::Cut),
    ("server sends a page", FaultReply::Page),
];

#[test]
fn whatever_the_server_does_nothing_is_lost() {
    for row in rows(&FAULTS.map(|(name, _)| name)) {
        let (_, failure) = FAULTS.into_iter().find(|(name, _)| *name == row.fault).unwrap();
        assert_eq!(row.store, "file");
        let world = World::new();
        world.login(&[]);
        world.clock.pass(7_200);
        let before = world.stored();
        // It fails from that moment on, until it is mended.
        world.emulator.inject_faults(match row.moment {
            Moment::BeforeAnswer => [RefreshFault::Before(failure); 3],
            Moment::AfterAnswer => [RefreshFault::After(failure); 3],
            Moment::BeforeSave | Moment::AfterSave => {
                [RefreshFault::None, RefreshFault::Before(failure), RefreshFault::Before(failure)]
            }
        });
        let run = world.run(&["token"]);
        assert_eq!(Some(i32::from(run.exit.code())), row.ends, "{row:?}: {}", run.stderr);
        assert_eq!(world.token_requests("refresh_token"), row.requests, "{row:?}");
        let failed = row.ends != Some(0);
        assert_eq!(run.stdout.is_empty(), failed, "{row:?}");
        assert_eq!(world.stored() == before, failed, "{row:?}");
        world.emulator.clear_faults();
        let next = world.run(&["token"]);
        assert_eq!(i32::from(next.exit.code()), row.next_ends, "{row:?}: {}", next.stderr);
        let requests = row.requests + row.next_requests;
        assert_eq!(world.token_requests("refresh_token"), requests, "{row:?}");
    }
}
