//! `reelsmith sign`: CloudFront signed URLs, and signed cookies for players, which request hundreds of files.
//!
//! The format is Amazon's ("Serve private content with signed URLs and signed cookies"): an RSA signature over the SHA-1 of
//! a policy, in Base64 with three characters replaced. CloudFront requires SHA-1; only our own policies are signed.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use jiff::{SignedDuration, Timestamp};

use crate::error::{CliError, CommandResult, Exit};
use crate::view::text::say;

#[derive(Args, Clone, Debug)]
pub struct SignArgs {
    /// A URL of the distribution, for example https://d111.cloudfront.net/outputs/demo/KEY/master.m3u8.
    pub url: String,
    /// The private key in PEM. The Terraform variable `delivery_public_key` is its public key.
    #[arg(long, value_name = "FILE", env = "REELSMITH_SIGNING_KEY")]
    pub key: PathBuf,
    /// Id of the public key: the Terraform output `delivery_key_pair_id`.
    #[arg(long, value_name = "ID", env = "REELSMITH_KEY_PAIR_ID")]
    pub key_pair_id: String,
    /// How long the signature is valid, for example 90m, 12h or 168h.
    #[arg(long, value_name = "DURATION", default_value = "12h")]
    pub expires: SignedDuration,
    /// Print cookies for everything in the folder of the URL and below. Players need them, because only their first request
    /// has the query of a signed URL.
    #[arg(long)]
    pub cookies: bool,
}

pub fn run(args: &SignArgs) -> CommandResult {
    say(&sign(args, Timestamp::now())?);
    Ok(Exit::Done)
}

/// The signed URL, or three cookies, one per line.
pub fn sign(args: &SignArgs, now: Timestamp) -> Result<String, CliError> {
    let key = args.key.as_path();
    let until = expiry(args.expires, now)?;
    check(&args.url)?;
    let pair = &args.key_pair_id;
    if args.cookies {
        let policy = policy(&folder(&args.url), until);
        let signature = signature(key, &policy)?;
        return Ok(format!(
            "CloudFront-Policy={}\nCloudFront-Signature={signature}\nCloudFront-Key-Pair-Id={pair}",
            encoded(policy.as_bytes())
        ));
    }
    let signature = signature(key, &policy(&args.url, until))?;
    let separator = if args.url.contains('?') { '&' } else { '?' };
    Ok(format!(
        "{}{separator}Expires={until}&Signature={signature}&Key-Pair-Id={pair}",
        args.url
    ))
}

/// The policy. CloudFront builds the same text for a canned policy and compares the signatures, so every character counts.
fn policy(resource: &str, until: i64) -> String {
    format!(
        r#"{{"Statement":[{{"Resource":"{resource}","Condition":{{"DateLessThan":{{"AWS:EpochTime":{until}}}}}}}]}}"#
    )
}

fn folder(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let end = path.rfind('/').map_or(path.len(), |at| at + 1);
    format!("{}*", &path[..end])
}

fn encoded(bytes: &[u8]) -> String {
    let safe = |c| match c {
        '+' => '-',
        '=' => '_',
        '/' => '~',
        other => other,
    };
    STANDARD.encode(bytes).chars().map(safe).collect()
}

/// RSA over SHA-1, by OpenSSL, so that this program does not need a library with SHA-1 signatures.
fn signature(key: &Path, policy: &str) -> Result<String, CliError> {
    let mut openssl = Command::new("openssl")
        .args(["dgst", "-sha1", "-sign"])
        .arg(key)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| unsigned(format!("openssl cannot be started: {e}")))?;
    // If openssl cannot read the key, it ends before it reads the policy. Its message is reported, not the broken pipe.
    if let Some(mut input) = openssl.stdin.take() {
        let _ = input.write_all(policy.as_bytes());
    }
    let done = openssl.wait_with_output();
    let done = done.map_err(|e| unsigned(format!("openssl: {e}")))?;
    if done.status.success() && !done.stdout.is_empty() {
        return Ok(encoded(&done.stdout));
    }
    let message = String::from_utf8_lossy(&done.stderr);
    let message = message.lines().next().unwrap_or_default();
    Err(unsigned(format!(
        "expected an RSA private key in PEM at {}, found none that openssl can use ({message})",
        key.display()
    )))
}

fn unsigned(why: String) -> CliError {
    let remedy = "install openssl, and make a key with: openssl genrsa -out private.pem 2048";
    CliError::new("sign the URL", why, remedy)
}

fn expiry(after: SignedDuration, now: Timestamp) -> Result<i64, CliError> {
    let until = now.checked_add(after).ok().filter(|_| after.is_positive());
    until.map(Timestamp::as_second).ok_or_else(|| {
        CliError::new(
            "sign the URL",
            format!("expected a duration above 0, found {after}"),
            "give it as --expires 12h",
        )
    })
}

fn check(url: &str) -> Result<(), CliError> {
    let rest = url.strip_prefix("https://").unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or_default();
    // A quote would end the string in the policy, and a star is a wildcard.
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | '*');
    if !host.is_empty() && !path.is_empty() && url.chars().all(plain) {
        return Ok(());
    }
    Err(CliError::new(
        "sign the URL",
        format!("expected https://HOST/PATH without spaces, quotes and stars, found {url:?}"),
        "take the domain from the Terraform output distribution_domain and the path from the outputs of the job; percent-encode other characters",
    ))
}

#[cfg(test)]
mod tests;
