//! Creates what Terraform creates, for the local stack.
