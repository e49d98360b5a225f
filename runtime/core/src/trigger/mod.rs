//! A request to an `HTTPTrigger`: what is known of it from the endpoint to the guest, what it is answered
//! at once, and the answer that is remembered. Decides nothing (`control::trigger` does), speaks no HTTP.

mod answer;
mod call;
mod reply;

pub use answer::{CallOutput, CallRecord, MOST_OUTPUT_BYTES, OpenCall, Outcome, TriggerAnswer};
pub use call::{IdempotencyKey, TriggerCall};
pub use reply::{Counts, TriggerFailure, TriggerReply, TriggerRequest, TriggerVerb};
