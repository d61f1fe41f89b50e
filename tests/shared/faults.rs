//! The table of `docs/reliability.md`, which is what its tests run by.

/// One row: a fault at a moment, and what comes of it.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) fault: String,
    pub(crate) moment: Moment,
    pub(crate) store: String,
    /// The exit code of the run; `None` where it is killed.
    pub(crate) ends: Option<i32>,
    pub(crate) requests: usize,
    pub(crate) next_ends: i32,
    pub(crate) next_requests: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    BeforeAnswer,
    AfterAnswer,
    BeforeSave,
    AfterSave,
}

/// The rows whose fault is one of `faults`: as many as there are moments for each, in each store.
pub(crate) fn rows(faults: &[&str]) -> Vec<Row> {
    let page = include_str!("../../docs/reliability.md");
    let rows: Vec<Row> = page
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix("| ")?.split('|').map(str::trim).collect();
            let [fault, moment, store, ends, requests, next_ends, next_requests, ""] = *cells
            else {
                return None;
            };
            let moment = match moment {
                "before the answer" => Moment::BeforeAnswer,
                "after the answer" => Moment::AfterAnswer,
                "before the save" => Moment::BeforeSave,
                "after the save" => Moment::AfterSave,
                _ => return None,
            };
            faults.contains(&fault).then(|| Row {
                fault: fault.to_owned(),
                moment,
                store: store.to_owned(),
                ends: ends.parse().ok(),
                requests: requests.parse().unwrap(),
                next_ends: next_ends.parse().unwrap(),
                next_requests: next_requests.parse().unwrap(),
            })
        })
        .collect();
    for fault in faults {
        for moment in
            [Moment::BeforeAnswer, Moment::AfterAnswer, Moment::BeforeSave, Moment::AfterSave]
        {
            let there = rows.iter().any(|row| row.fault == *fault && row.moment == moment);
            assert!(there, "no row for {fault} {moment:?}");
        }
    }
    rows
}
