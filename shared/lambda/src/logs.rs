//! Structured logs: JSON lines, each with the fields of its invocation.

use reelsmith_contract::setting::Setting;
use reelsmith_pipeline::{Invocation, Settings};
use serde_json::Value;
use tracing_subscriber::EnvFilter;

/// Starts logging, as the setting `RUST_LOG` filters it.
pub(crate) fn start(settings: &Settings) {
    let filter = settings.text(Setting::RUST_LOG).unwrap_or("info");
    // The runtime would log every failure again, without its fields.
    let filter = format!("{filter},lambda_runtime::layers=off");
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(EnvFilter::new(filter))
        .finish();
    // A process has a second subscriber only in tests; the first one remains.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// The span of an invocation, with the identifiers that its input has.
pub(crate) fn span(payload: &Value, invocation: &Invocation) -> tracing::Span {
    let text = |pointer: &str| payload.pointer(pointer).and_then(Value::as_str);
    let number = |pointer: &str| payload.pointer(pointer).and_then(Value::as_u64);
    let job_key = text("/claim/job_key")
        .or(text("/job/job_key"))
        .or(text("/state/job/job_key"));
    tracing::info_span!(
        "invocation",
        request_id = %invocation.request_id,
        job_key,
        chunk = number("/item/chunk"),
        group = number("/item/group"),
        rendition = text("/item/rendition"),
    )
}
