//! Runs a handler: takes an event, returns its output or a named error, and logs and measures each invocation.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::FutureExt as _;
use lambda_runtime::{Context, Diagnostic, LambdaEvent, service_fn};
use reelsmith_contract::payload::MAX_PAYLOAD_BYTES;
use reelsmith_contract::{ErrorName, Failure};
use reelsmith_pipeline::metrics::{Metric, emit};
use reelsmith_pipeline::{DeployedFunction, Invocation, Settings};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::Instrument as _;

use crate::{Clients, logs};

/// Why a function could not start. Its log shows it; Lambda reports `Runtime.ExitError`.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting or a tool is missing or invalid.
    #[error("{name}: {0}", name = .0.name)]
    Configuration(#[from] Failure),
    /// The runtime interface failed.
    #[error("the Lambda runtime interface failed: {0}")]
    Runtime(lambda_runtime::Error),
}

/// Serves invocations until the environment ends: `build` makes the ports once, `handle` gets each event.
///
/// # Errors
/// If the ports cannot be built or the runtime interface fails. The errors of `handle` go to the caller of the function.
pub async fn serve<P, B, H, F, I, O>(build: B, handle: H) -> Result<(), StartError>
where
    B: FnOnce(&Clients) -> Result<P, Failure>,
    P: Send + Sync + 'static,
    H: Fn(Arc<P>, I, Invocation) -> F + Copy + Send + Sync + 'static,
    F: Future<Output = Result<O, Failure>> + Send,
    I: DeserializeOwned + Send + 'static,
    O: Serialize + Send + Sync + 'static,
{
    let settings = settings();
    logs::start(&settings);
    // The environment contains credentials, and `/proc` shows it to all processes of the same user, such as a decoder.
    if let Err(error) = reelsmith_media::close_to_others() {
        tracing::warn!(%error, "other processes of this user can read this one");
    }
    let clients = Box::pin(Clients::load(settings)).await;
    let ports = Arc::new(build(&clients).inspect_err(|failure| {
        tracing::error!(error = %failure.name, cause = %failure, "cannot start");
    })?);
    let service = service_fn(move |event: LambdaEvent<Value>| {
        let ports = Arc::clone(&ports);
        async move { invoke(ports, handle, event).await.map_err(diagnostic) }
    });
    Box::pin(lambda_runtime::run(service))
        .await
        .map_err(StartError::Runtime)
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
    let span = logs::span(&event.payload, &invocation);
    let (own, began) = (invocation.clone(), Instant::now());
    let work = async {
        let input = serde_json::from_value(event.payload).map_err(|e| invalid_payload(&e))?;
        AssertUnwindSafe(handle(ports, input, invocation))
            .catch_unwind()
            .await
            .unwrap_or_else(|_| Err(Failure::internal("a panic", "handler")))
    };
    let result: Result<O, Failure> = work.instrument(span.clone()).await;
    let result = result.and_then(check_size);
    let result = result.map_err(|failure| failure.in_function(&own.function.name));
    let _entered = span.enter();
    match &result {
        Ok(_) => tracing::info!("done"),
        Err(failure) => {
            tracing::error!(error = %failure.name, cause = %failure, "failed");
            emit(&own, &[(Metric::Failures, 1.0)], failure.name.as_str());
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    emit(&own, &[(Metric::Seconds, seconds)], &own.function.name);
    result
}

/// The settings in the environment.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the only place that reads the settings"
)]
fn settings() -> Settings {
    Settings::from_lookup(|name| std::env::var(name).ok())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the deadline of an invocation is wall-clock time"
)]
fn invocation(context: &Context) -> Invocation {
    let deadline = UNIX_EPOCH + Duration::from_millis(context.deadline);
    let remaining = deadline.duration_since(SystemTime::now());
    let log_stream = &context.env_config.log_stream;
    Invocation {
        request_id: context.request_id.clone(),
        // A runtime can give all environments one log stream; the process id distinguishes them.
        worker: format!("{log_stream}#{}", std::process::id()),
        function: DeployedFunction::parse(&context.env_config.function_name),
        remaining: remaining.unwrap_or_default(),
    }
}

/// Step Functions refuses a larger state. The local stack does not, so this is checked here, in both environments.
fn check_size<O: Serialize>(output: O) -> Result<O, Failure> {
    let size = serde_json::to_vec(&output).map_or(0, |json| json.len());
    if size <= MAX_PAYLOAD_BYTES {
        return Ok(output);
    }
    Err(Failure::internal(
        format!("an output of {size} bytes, more than the {MAX_PAYLOAD_BYTES} of a state"),
        "handler",
    ))
}

fn invalid_payload(error: &serde_json::Error) -> Failure {
    Failure::new(
        ErrorName::PayloadInvalid,
        "the input that the state machine gives this function",
        error.to_string(),
        "event",
        "deploy the functions and the state machine from one build; sample-data/events has events for manual tests",
    )
}

fn diagnostic(failure: Failure) -> Diagnostic {
    Diagnostic {
        error_type: failure.name.to_string(),
        error_message: failure.to_string(),
    }
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
    async fn panics_invalid_inputs_and_large_outputs_become_named_errors() {
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
