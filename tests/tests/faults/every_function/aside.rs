//! Calls that not every job makes: encoding with MediaConvert, and failing.

use std::sync::Arc;

use reelsmith_contract::Failure;
use reelsmith_contract::payload::{
    Caught, CheckJobOutput, FailJobInput, FailedState, StartEncodeOutput,
};
use reelsmith_core::encode::EncodeState;
use reelsmith_pipeline::Invocation;
use reelsmith_testkit::fakes::MemoryEncodes;
use reelsmith_testkit::faults::{Faults, Faulty};

use crate::every_function::world::{LEASE_SECONDS, World, execution};

impl World {
    fn service(&self, faults: &Arc<Faults>) -> Arc<Faulty<MemoryEncodes>> {
        Arc::new(Faulty::new(self.encodes.clone(), faults.clone()))
    }

    pub async fn start_encode(&self, f: &Arc<Faults>) -> Result<StartEncodeOutput, Failure> {
        let ports = start_encode::Ports {
            outputs: self.objects(f),
            submissions: self.table(f),
            encodes: self.service(f),
            lease_seconds: LEASE_SECONDS,
        };
        start_encode::handle(Arc::new(ports), self.claimed(), Invocation::of_test("r")).await
    }

    pub async fn check_job(&self, f: &Arc<Faults>) -> Result<CheckJobOutput, Failure> {
        let ports = check_job::Ports {
            store: self.faulty(f),
            outputs: self.objects(f),
            submissions: self.table(f),
            encodes: self.service(f),
        };
        check_job::handle(Arc::new(ports), self.claimed(), Invocation::of_test("r")).await
    }

    /// Completes the work of the encoding service.
    pub fn encoded(&self) {
        for job in self.encodes.jobs() {
            self.encodes.set(&job.id, EncodeState::Done);
        }
    }

    pub fn failed_before_it_had_a_job(&self) -> FailJobInput {
        FailJobInput {
            execution: execution("other"),
            state: FailedState {
                source: self.source(),
                job: None,
                submission: None,
                error: Caught {
                    error: "ManifestMissing".into(),
                    cause: "c".into(),
                },
            },
        }
    }
}
