//! What an operator reads: executions, histories, map runs, logs, queues.
