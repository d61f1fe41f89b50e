//! Look-ups in the table.

use std::sync::LazyLock;

use super::path::Segment;
use super::{CallAccess, CallPermission, PermissionList};

const PERMISSIONS: &str = include_str!("permissions.txt");
const ACCESS: &str = include_str!("access.txt");
const CALLS: &str = include_str!("calls.txt");

/// The most segments of a path that is looked up. The longest in the table has 19.
const SEGMENTS_MAX: usize = 30;

/// A line of `calls.txt`.
struct Node {
    depth: usize,
    segment: &'static str,
    methods: &'static str,
    /// The number of the first line behind its subtree.
    end: usize,
}

/// The lines of `calls.txt`, read at the first look-up.
fn nodes() -> &'static [Node] {
    static NODES: LazyLock<Vec<Node>> = LazyLock::new(|| {
        let mut nodes: Vec<Node> = Vec::new();
        // The lines whose subtree has not ended.
        let mut open: Vec<usize> = Vec::new();
        for (at, line) in CALLS.lines().enumerate() {
            let own = line.trim_start_matches(' ');
            let depth = line.len() - own.len();
            let (segment, methods) = own.split_once(' ').unwrap_or((own, ""));
            for ended in open.drain(depth.min(open.len())..) {
                nodes[ended].end = at;
            }
            open.push(at);
            nodes.push(Node { depth, segment, methods, end: usize::MAX });
        }
        nodes
    });
    &NODES
}

/// What the table says about a path.
pub(super) enum Match {
    Method(CallAccess),
    OtherMethods(Vec<&'static str>),
    Nothing,
}

/// Looks `segments` up, and marks those that the table has as ids.
pub(super) fn find(method: &str, segments: &mut [Segment]) -> Match {
    let Some((methods, ids)) = best(segments) else { return Match::Nothing };
    for (segment, is_id) in segments.iter_mut().zip(ids) {
        segment.is_id = is_id;
    }
    let mut all = Vec::new();
    for (name, access) in parts(methods) {
        if name == method {
            return Match::Method(CallAccess { call: String::new(), ..access_of(access) });
        }
        all.push(name);
    }
    Match::OtherMethods(all)
}

/// The methods of the best row, and which of its segments are ids. A literal segment is better than an id, and an earlier
/// segment decides before a later one.
fn best(segments: &[Segment]) -> Option<(&'static str, Vec<bool>)> {
    if segments.is_empty() || SEGMENTS_MAX < segments.len() {
        return None;
    }
    let nodes = nodes();
    // For each level of the current branch, how well it fits, and whether it is an id.
    let mut fits: Vec<(u64, bool)> = Vec::with_capacity(segments.len());
    let mut found: Option<(u64, &str, Vec<bool>)> = None;
    let mut at = 0;
    while let Some(node) = nodes.get(at) {
        fits.truncate(node.depth);
        let fit = segments.get(node.depth).and_then(|segment| segment.fit(node.segment));
        let is_last = node.depth + 1 == segments.len();
        at = if fit.is_none() || is_last { node.end } else { at + 1 };
        let Some(fit) = fit else { continue };
        fits.push((fit, node.segment.starts_with("{}")));
        if node.methods.is_empty() || !is_last {
            continue;
        }
        let rank = fits.iter().fold(0, |rank, (fit, _)| rank * 4 + fit);
        if found.as_ref().is_none_or(|(best, ..)| *best < rank) {
            found = Some((rank, node.methods, fits.iter().map(|(_, is_id)| *is_id).collect()));
        }
    }
    found.map(|(_, methods, ids)| (methods, ids))
}

/// The methods of a row, each with its line in `access.txt`.
fn parts(methods: &str) -> impl Iterator<Item = (&'static str, usize)> {
    methods.split_inclusive(|c: char| c.is_ascii_digit()).fold(Vec::new(), collect).into_iter()
}

/// Adds one digit, with the letter in front of it if there is one.
fn collect(mut all: Vec<(&'static str, usize)>, part: &str) -> Vec<(&'static str, usize)> {
    let name = match part.as_bytes().first() {
        Some(b'G') => Some("GET"),
        Some(b'P') => Some("POST"),
        Some(b'U') => Some("PATCH"),
        Some(b'T') => Some("PUT"),
        Some(b'D') => Some("DELETE"),
        _ => None,
    };
    let digit = part.bytes().last().map_or(0, |byte| usize::from(byte.wrapping_sub(b'0')));
    match (name, all.last_mut()) {
        (Some(name), _) => all.push((name, digit)),
        (None, Some((_, number))) => *number = *number * 10 + digit,
        (None, None) => (),
    }
    all
}

fn access_of(number: usize) -> CallAccess {
    let names: Vec<&'static str> = PERMISSIONS.lines().collect();
    access(ACCESS.lines().nth(number).unwrap_or_default(), &names)
}

fn access(line: &str, names: &[&'static str]) -> CallAccess {
    let mut parts = line.split('|').map(|part| list(part, names));
    let mut next = || parts.next().unwrap_or_default();
    CallAccess { call: String::new(), work: next(), personal: next(), application: next() }
}

fn list(text: &str, names: &[&'static str]) -> PermissionList {
    let (least, others) = text.split_once('!').unwrap_or((text, ""));
    let marked = least.split(',').map(|one| (one, true));
    let all = marked.chain(others.split(',').map(|one| (one, false)));
    let permission = |(number, is_least): (&str, bool)| {
        let line = names.get(number.parse::<usize>().ok()?)?;
        let (name, flags) = line.split_once(' ').unwrap_or((line, ""));
        Some(CallPermission {
            name,
            is_least,
            admin_consent: flags.contains('a'),
            is_resource_specific: flags.contains('r'),
        })
    };
    PermissionList(all.filter_map(permission).collect())
}

pub(super) fn all() -> Vec<CallAccess> {
    let names: Vec<&'static str> = PERMISSIONS.lines().collect();
    let accesses: Vec<CallAccess> = ACCESS.lines().map(|line| access(line, &names)).collect();
    let mut all = Vec::new();
    let mut path: Vec<&str> = Vec::new();
    for node in nodes() {
        path.truncate(node.depth);
        path.push(node.segment);
        for (method, number) in parts(node.methods) {
            let Some(access) = accesses.get(number) else { continue };
            let call = format!("{method} /{}", path.join("/")).replace("{}", "{id}");
            all.push(CallAccess { call, ..access.clone() });
        }
    }
    all
}
