//! Runs a handler: input in, output or a named error out, one log line at each boundary.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::FutureExt as _;
use lambda_runtime::{Context, Diagnostic, LambdaEvent, service_fn};
use reelsmith_contract::payload::MAX_PAYLOAD_BYTES;
use reelsmith_contract::setting::Setting;
use reelsmith_contract::{ErrorName, Failure};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::Instrument as _;
use tracing_subscriber::EnvFilter;

use reelsmith_pipeline::Invocation;
use reelsmith_pipeline::metrics::{Metric, Place, emit};

use crate::{Clients, Settings};

/// Why a function could not start. Shown in its log; Lambda reports `Runtime.ExitError`.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting or a tool is missing.
    #[error("{name}: {failure}", name = failure.name)]
    Configuration {
        /// What exactly.
        failure: Failure,
    },
    /// The runtime interface failed.
    #[error("the Lambda runtime interface failed: {0}")]
    Runtime(String),
}

impl From<Failure> for StartError {
    fn from(failure: Failure) -> Self {
        Self::Configuration { failure }
    }
}

/// Serves invocations until the environment ends: builds the ports once, then calls `handle` for each event.
///
/// # Errors
/// Where the ports cannot be built or the runtime interface fails. Errors of `handle` go to the caller of the function.
pub async fn serve<P, B, H, F, I, O>(build: B, handle: H) -> Result<(), StartError>
where
    B: AsyncFnOnce(&Clients) -> Result<P, Failure>,
    P: Send + Sync + 'static,
    H: Fn(Arc<P>, I, Invocation) -> F + Copy + Send + Sync + 'static,
    F: Future<Output = Result<O, Failure>> + Send,
    I: DeserializeOwned + Send + 'static,
    O: Serialize + Send + Sync + 'static,
{
    let settings = Settings::from_env();
    start_logging(&settings);
    close_to_others();
    let clients = Clients::load(settings).await;
    let ports = Arc::new(build(&clients).await.inspect_err(|failure| {
        tracing::error!(error = %failure.name, cause = %failure, "cannot start");
    })?);
    let service = service_fn(move |event: LambdaEvent<Value>| {
        let ports = Arc::clone(&ports);
        async move { invoke(ports, handle, event).await.map_err(diagnostic) }
    });
    lambda_runtime::run(service)
        .await
        .map_err(|e| StartError::Runtime(e.to_string()))
}

/// The environment holds credentials, and `/proc` shows it to every process of the same user, a decoder among them.
fn close_to_others() {
    if let Err(error) = reelsmith_media::close_to_others() {
        tracing::warn!(%error, "other processes of this user can read this one");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the deadline is a time of the wall clock"
)]
fn invocation(context: &Context) -> Invocation {
    let deadline = UNIX_EPOCH + Duration::from_millis(context.deadline);
    let remaining = deadline.duration_since(SystemTime::now());
    Invocation {
        request_id: context.request_id.clone(),
        // A runtime may give all environments one log stream: the process id distinguishes them.
        worker: format!("{}#{}", context.env_config.log_stream, std::process::id()),
        place: Place::of(&context.env_config.function_name),
        remaining: remaining.unwrap_or_default(),
    }
}

async fn invoke<P, H, F, I, O>(
    ports: Arc<P>,
    handle: H,
    event: LambdaEvent<Value>,
) -> Result<O, Failure>
where
    H: Fn(Arc<P>, I, Invocation) -> F,
    F: Future<Output = Result<O, Failure>> + Send,
    I: DeserializeOwned,
    O: Serialize,
{
    let invocation = invocation(&event.context);
    let span = span_of(&event.payload, &invocation);
    let (own, began) = (invocation.clone(), Instant::now());
    let work = async {
        let input = serde_json::from_value(event.payload).map_err(|e| bad_payload(&e))?;
        AssertUnwindSafe(handle(ports, input, invocation))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Err(Failure::internal("a panic", "handler")))
    };
    let result: Result<O, Failure> = work.instrument(span.clone()).await;
    let function = &own.place.function;
    let result = result.and_then(within_payload);
    let result = result.map_err(|failure| failure.in_function(function));
    let _entered = span.enter();
    match &result {
        Ok(_) => tracing::info!("done"),
        Err(failure) => {
            tracing::error!(error = %failure.name, cause = %failure, "failed");
            emit(&own, &[(Metric::Failures, 1.0)], failure.name.as_str());
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    emit(&own, &[(Metric::Seconds, seconds)], &own.place.function);
    result
}

/// The fields that every log line of an invocation carries, as far as its input has them.
fn span_of(payload: &Value, invocation: &Invocation) -> tracing::Span {
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

/// Step Functions refuses a larger state; the local stack does not, so it is refused here, in both alike.
fn within_payload<O: Serialize>(output: O) -> Result<O, Failure> {
    let size = serde_json::to_vec(&output).map_or(0, |json| json.len());
    if size <= MAX_PAYLOAD_BYTES {
        return Ok(output);
    }
    Err(Failure::internal(
        format!("an output of {size} bytes, where a state may have {MAX_PAYLOAD_BYTES}"),
        "handler",
    ))
}

fn bad_payload(error: &serde_json::Error) -> Failure {
    Failure::new(
        ErrorName::PayloadInvalid,
        "the input that the state machine gives this function",
        error.to_string(),
        "event",
        "deploy the functions and the state machine from one build; for a manual test see sample-data/events",
    )
}

fn diagnostic(failure: Failure) -> Diagnostic {
    Diagnostic {
        error_type: failure.name.to_string(),
        error_message: failure.to_string(),
    }
}

fn start_logging(settings: &Settings) {
    let filter = settings.text(Setting::RUST_LOG).unwrap_or("info");
    // The runtime would log every failure once more, without its fields.
    let filter = format!("{filter},lambda_runtime::layers=off");
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(EnvFilter::new(filter))
        .finish();
    // A second subscriber in one process only happens in tests; the first one stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(payload: Value) -> Result<String, Failure> {
        let echo = |_: Arc<()>, text: String, _: Invocation| async move {
            assert!(text != "panic", "on purpose");
            Ok(text)
        };
        invoke(
            Arc::new(()),
            echo,
            LambdaEvent::new(payload, Default::default()),
        )
        .await
    }

    #[tokio::test]
    async fn a_panic_a_wrong_input_and_a_state_too_large_are_named_errors() {
        assert_eq!(run("fine".into()).await.as_deref(), Ok("fine"));
        let name = async |payload: Value| run(payload).await.err().map(|f| f.name);
        assert_eq!(name("panic".into()).await, Some(ErrorName::Internal));
        assert_eq!(name(1.into()).await, Some(ErrorName::PayloadInvalid));
        assert_eq!(
            name("x".repeat(MAX_PAYLOAD_BYTES).into()).await,
            Some(ErrorName::Internal)
        );
    }
}
