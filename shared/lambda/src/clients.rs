//! The ports of a deployed function, built from its settings.
//!
//! Each method fails with `ConfigurationInvalid` if a setting that it needs is missing or invalid. function.yaml lists the
//! settings of a function; a test compares the list with the calls in its main.rs.

use std::path::Path;
use std::sync::Arc;

use reelsmith_aws::{Sdk, SystemClock};
use reelsmith_contract::setting::Setting;
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::ports::{Announcer, Clock, EncodeService, ObjectStore, Workflow};
use reelsmith_media::{OnSource as _, Tools};
use reelsmith_pipeline::Settings;
use reelsmith_pipeline::admission::Admission;
use reelsmith_pipeline::submission::Submissions;
use reelsmith_pipeline::worker::EncoderPorts;

/// The settings of a function, and the AWS clients behind its ports.
pub struct Clients {
    settings: Settings,
    sdk: Sdk,
    store: Arc<dyn ObjectStore>,
}

impl Clients {
    /// Loads the configuration of the SDK from the environment.
    pub async fn load(settings: Settings) -> Self {
        let sdk = Sdk::load().await;
        let store = Arc::new(sdk.s3());
        Self {
            settings,
            sdk,
            store,
        }
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Object storage.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.store)
    }

    /// Wall-clock time.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(SystemClock)
    }

    /// The output bucket.
    pub fn outputs(&self) -> Result<Objects, Failure> {
        let bucket = self.settings.text(Setting::OUTPUT_BUCKET)?;
        Ok(Objects::new(self.store(), bucket))
    }

    /// The submission table.
    pub fn submissions(&self) -> Result<Submissions, Failure> {
        let table = self.settings.text(Setting::SUBMISSION_TABLE)?;
        let table = Arc::new(self.sdk.submissions(table));
        Ok(Submissions::new(table, self.clock()))
    }

    /// The line of waiting manifests and the slots, which are in the submission table.
    pub fn admission(&self) -> Result<Admission, Failure> {
        let table = self.settings.text(Setting::SUBMISSION_TABLE)?;
        let slots = self.settings.number(Setting::MAX_RUNNING_JOBS)?;
        let store = Arc::new(self.sdk.submissions(table));
        Ok(Admission::new(store, self.workflow()?, slots))
    }

    /// The state machine.
    pub fn workflow(&self) -> Result<Arc<dyn Workflow>, Failure> {
        let arn = self.settings.text(Setting::STATE_MACHINE_ARN)?;
        Ok(Arc::new(self.sdk.workflow(arn)))
    }

    /// The topic.
    pub fn announcer(&self) -> Result<Arc<dyn Announcer>, Failure> {
        let arn = self.settings.text(Setting::NOTIFICATION_TOPIC_ARN)?;
        Ok(Arc::new(self.sdk.announcer(arn)))
    }

    /// MediaConvert. A deployment without MediaConvert has empty ARNs, and `submit-job` refuses its jobs.
    pub fn encodes(&self) -> Result<Arc<dyn EncodeService>, Failure> {
        let role = self.settings.text(Setting::MEDIACONVERT_ROLE_ARN)?;
        let queue = self.settings.text(Setting::MEDIACONVERT_QUEUE_ARN)?;
        Ok(Arc::new(self.sdk.encodes(role, queue)))
    }

    /// MediaConvert, if the deployment has it.
    pub fn encodes_if_any(&self) -> Result<Option<Arc<dyn EncodeService>>, Failure> {
        let role = self.settings.text(Setting::MEDIACONVERT_ROLE_ARN)?;
        (!role.is_empty()).then(|| self.encodes()).transpose()
    }

    /// The programs of the media layer; fails if they are not found.
    pub fn tools(&self) -> Result<Tools, Failure> {
        let path = |setting| Ok(Some(self.settings.text(setting)?).filter(|p| !p.is_empty()));
        let layer = Path::new(Tools::LAYER);
        Tools::locate(layer, path(Setting::FFMPEG)?, path(Setting::FFPROBE)?)
            .on_source("environment of the function")
    }

    /// The ports of a function that runs the encoder.
    pub fn encoder_ports(&self) -> Result<EncoderPorts, Failure> {
        Ok(EncoderPorts {
            store: self.store(),
            outputs: self.outputs()?,
            clock: self.clock(),
            tools: self.tools()?,
        })
    }
}
