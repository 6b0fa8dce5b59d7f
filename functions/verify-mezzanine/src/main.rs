//! See the library of this package.

use verify_mezzanine::{Ports, handle};

#[tokio::main]
async fn main() -> Result<(), reelsmith_lambda::StartError> {
    reelsmith_lambda::serve(async |clients| Ports::build(clients), handle).await
}
