//! The flows by which users may sign in.

use super::{AcquireError, FlowKind};

/// The flows that are allowed, and what limits them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedFlows {
    flows: Vec<FlowKind>,
    limited_by: String,
}

impl AllowedFlows {
    /// Allows only `flows`. `limited_by` names what limits them, for messages: a file or a setting.
    pub fn new(flows: Vec<FlowKind>, limited_by: impl Into<String>) -> Self {
        Self { flows, limited_by: limited_by.into() }
    }

    /// Whether `flow` is allowed.
    pub fn allows(&self, flow: FlowKind) -> bool {
        self.flows.contains(&flow)
    }

    /// The same, without the flows that `other` does not allow.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        let flows = self.flows.iter().copied().filter(|flow| other.allows(*flow)).collect();
        Self { flows, ..self }
    }

    /// The error for a sign-in by `flow`, which is not allowed.
    pub(super) fn refuse(&self, flow: FlowKind) -> AcquireError {
        let names = self.flows.iter().map(|flow| format!("`{}`", <&str>::from(*flow)));
        AcquireError::FlowNotAllowed {
            flow: flow.into(),
            allowed: names.collect::<Vec<_>>().join(", "),
            limited_by: self.limited_by.clone(),
        }
    }
}
