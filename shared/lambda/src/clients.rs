//! The ports of a deployed function, built from its settings.

use std::sync::Arc;

use reelsmith_aws::{Sdk, SystemClock};
use reelsmith_contract::setting::Setting;
use reelsmith_contract::{Failure, Objects};
use reelsmith_core::ports::{
    AdmissionStore, Announcer, Clock, EncodeService, ObjectStore, SubmissionStore, Workflow,
};
use reelsmith_media::{OnSource as _, Tools};
use reelsmith_pipeline::admission::Admission;
use reelsmith_pipeline::worker::EncoderPorts;

use crate::Settings;

/// Settings, and the AWS clients behind the ports.
pub struct Clients {
    settings: Settings,
    sdk: Sdk,
    store: Arc<dyn ObjectStore>,
}

impl Clients {
    /// Loads the SDK's configuration by the usual environment.
    pub async fn load(settings: Settings) -> Self {
        let sdk = Sdk::load().await;
        let store = Arc::new(sdk.s3());
        Self {
            settings,
            sdk,
            store,
        }
    }

    /// The settings of this function.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Object storage.
    #[must_use]
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.store)
    }

    /// The output bucket.
    ///
    /// # Errors
    /// Where `OUTPUT_BUCKET` is not set.
    pub fn outputs(&self) -> Result<Objects, Failure> {
        let bucket = self.settings.text(Setting::OUTPUT_BUCKET)?;
        Ok(Objects::new(self.store(), bucket))
    }

    /// The submission table.
    ///
    /// # Errors
    /// Where `SUBMISSION_TABLE` is not set.
    pub fn submissions(&self) -> Result<Arc<dyn SubmissionStore>, Failure> {
        let table = self.settings.text(Setting::SUBMISSION_TABLE)?;
        Ok(Arc::new(self.sdk.submissions(table)))
    }

    /// The line of manifests and the slots: in the submission table.
    ///
    /// # Errors
    /// Where `SUBMISSION_TABLE` is not set.
    fn admissions(&self) -> Result<Arc<dyn AdmissionStore>, Failure> {
        let table = self.settings.text(Setting::SUBMISSION_TABLE)?;
        Ok(Arc::new(self.sdk.submissions(table)))
    }

    /// The state machine.
    ///
    /// # Errors
    /// Where `STATE_MACHINE_ARN` is not set.
    pub fn workflow(&self) -> Result<Arc<dyn Workflow>, Failure> {
        let arn = self.settings.text(Setting::STATE_MACHINE_ARN)?;
        Ok(Arc::new(self.sdk.workflow(arn)))
    }

    /// The topic.
    ///
    /// # Errors
    /// Where `NOTIFICATION_TOPIC_ARN` is not set.
    pub fn announcer(&self) -> Result<Arc<dyn Announcer>, Failure> {
        let arn = self.settings.text(Setting::NOTIFICATION_TOPIC_ARN)?;
        Ok(Arc::new(self.sdk.announcer(arn)))
    }

    /// MediaConvert.
    ///
    /// # Errors
    /// None today: a deployment without MediaConvert has empty ARNs, and submit-job turns its jobs away.
    pub fn encodes(&self) -> Result<Arc<dyn EncodeService>, Failure> {
        let role = self.settings.text(Setting::MEDIACONVERT_ROLE_ARN)?;
        let queue = self.settings.text(Setting::MEDIACONVERT_QUEUE_ARN)?;
        Ok(Arc::new(self.sdk.encodes(role, queue)))
    }

    /// MediaConvert, where the deployment has it.
    ///
    /// # Errors
    /// None today.
    pub fn encodes_if_any(&self) -> Result<Option<Arc<dyn EncodeService>>, Failure> {
        let role = self.settings.text(Setting::MEDIACONVERT_ROLE_ARN)?;
        (!role.is_empty()).then(|| self.encodes()).transpose()
    }

    /// The line of manifests and the slots for running jobs.
    ///
    /// # Errors
    /// If a setting is missing or invalid.
    pub fn admission(&self) -> Result<Admission, Failure> {
        let slots = self.settings.number(Setting::MAX_RUNNING_JOBS)?;
        Ok(Admission::new(self.admissions()?, self.workflow()?, slots))
    }

    /// The ports of a function that runs the encoder.
    ///
    /// # Errors
    /// If a setting or a tool is missing.
    pub fn encoder_ports(&self) -> Result<EncoderPorts, Failure> {
        Ok(EncoderPorts {
            store: self.store(),
            outputs: self.outputs()?,
            clock: self.clock(),
            tools: self.tools()?,
        })
    }

    /// Wall-clock time.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(SystemClock)
    }

    /// ffmpeg and ffprobe.
    ///
    /// # Errors
    /// Where they are not found.
    pub fn tools(&self) -> Result<Tools, Failure> {
        let path = |setting| Ok(Some(self.settings.text(setting)?).filter(|p| !p.is_empty()));
        Tools::locate(path(Setting::FFMPEG)?, path(Setting::FFPROBE)?)
            .on_source("environment of the function")
    }
}
