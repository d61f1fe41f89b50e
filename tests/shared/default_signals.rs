//! Signals as a program finds them that somebody starts at a terminal.

/// Makes children begin with the system's own dispositions. A background job of a script ignores SIGINT, `nohup` ignores
/// SIGHUP, and every child inherits that; what nobody inherits is a handler. So this process gets one that does nothing for each
/// signal that it ignores.
pub(crate) fn are_default_for_children() {
    static DONE: std::sync::Once = std::sync::Once::new();
    DONE.call_once(|| {
        use tokio::signal::unix::{Signal, SignalKind, signal};
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _entered = runtime.enter();
        let kinds = [
            SignalKind::hangup(),
            SignalKind::interrupt(),
            SignalKind::quit(),
            SignalKind::terminate(),
        ];
        for kind in kinds.into_iter().filter(|kind| is_ignored(kind.as_raw_value())) {
            let _: Signal = signal(kind).unwrap();
        }
    });
}

/// Whether this process ignores `signal`.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap_or("0");
    u64::from_str_radix(mask.trim(), 16).unwrap() >> (signal - 1) & 1 == 1
}
