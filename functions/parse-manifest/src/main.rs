//! See the library of this package.

use parse_manifest::{Ports, handle};

#[tokio::main]
async fn main() -> Result<(), reelsmith_lambda::StartError> {
    reelsmith_lambda::serve(async |clients| Ports::build(clients).await, handle).await
}
