//! Calling a function by hand.

use aws_sdk_lambda::primitives::Blob;

use crate::provision::{Cloud, CloudError, CloudResult, Doing};

impl Cloud {
    /// Calls a function and waits for its answer, as JSON text.
    ///
    /// # Errors
    /// Where the call fails or the function itself does; then the detail is the function's own error.
    pub async fn invoke(&self, function: &str, payload: &str) -> CloudResult<String> {
        let action = format!("invoke {function}");
        let request = self.lambda.invoke().function_name(function);
        let answer = request.payload(Blob::new(payload)).send().await;
        let answer = answer.doing(action.as_str())?;
        let body = answer.payload.map(Blob::into_inner).unwrap_or_default();
        let body = String::from_utf8_lossy(&body).into_owned();
        match answer.function_error {
            Some(_) => Err(CloudError::new(action, body)),
            None => Ok(body),
        }
    }
}
