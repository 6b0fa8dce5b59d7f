//! See the library of this package.

use cleanup_job::{Ports, handle};

#[tokio::main]
async fn main() -> Result<(), reelsmith_lambda::StartError> {
    reelsmith_lambda::serve(async |clients| Ports::build(clients).await, handle).await
}
