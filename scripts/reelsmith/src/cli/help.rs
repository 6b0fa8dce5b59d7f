//! Examples at the end of the help of each command.

/// The end of `reelsmith --help`.
pub const MAIN: &str = "\
Examples:
  reelsmith run                                 encode a generated sample locally
  reelsmith manifest new my.mov --out my.xml    write the manifest of your own file
  reelsmith run my.xml --mezzanine my.mov       encode it, follow the job, fetch the outputs
  reelsmith list --environment dev              list jobs of terraform/environments/dev
  reelsmith show                                show the newest job and why it failed

Exit codes:
  0  success; for run and watch: the job is COMPLETE
  1  the job failed, the manifest has defects, or the output breaks a rule
  2  the command or its environment is at fault; the error begins with a name for scripts

Results go to standard output, everything else to standard error. docs/cli.md describes all
commands and errors.";

pub const UP: &str = "\
Examples:
  reelsmith up                                  start the stack, deploy changes
  reelsmith up --set PROFILE=draft              use the fast encoding profile
  reelsmith up --set ENABLE_H265=false --set MAX_CONCURRENCY=2";

pub const DOWN: &str = "\
Example:
  reelsmith down && reelsmith up                restart with empty buckets and tables";

pub const STATUS: &str = "\
Examples:
  reelsmith status                              check the queues of the local stack
  reelsmith status --environment aws --stack prod";

pub const RUN: &str = "\
Examples:
  reelsmith run                                 a generated sample of 8 s
  reelsmith run my.xml --mezzanine my.mov       your own file
  reelsmith run my.xml --out /srv/vod           outputs go to /srv/vod/{asset}/{job key}/
  reelsmith run my.xml --environment dev        in AWS

If no environment is selected, the local stack is started and deployed to first.";

pub const SUBMIT: &str = "\
Examples:
  reelsmith submit my.xml --mezzanine my.mov    print the name of the execution
  reelsmith watch \"$(reelsmith submit my.xml)\"  follow it
  for m in *.xml; do reelsmith submit \"$m\"; done

Submitting a manifest again starts a new execution, which finds the published job. Nothing is
encoded twice.";

pub const LIST: &str = "\
Examples:
  reelsmith list                                the newest 20
  reelsmith list --status failed --limit 5
  reelsmith list --json | jq -r 'select(.error).execution'";

pub const SHOW: &str = "\
Examples:
  reelsmith show                                the newest execution
  reelsmith show episode-01                     the newest execution of episode-01.xml
  reelsmith show my-series-s01e01               by title
  reelsmith show 3f9a1c                         by the beginning of the job key
  reelsmith show --json | jq .outputs.hls";

pub const WATCH: &str = "\
Examples:
  reelsmith watch                               the newest execution
  reelsmith watch episode-01
  reelsmith watch --json | jq -c 'select(.event == \"progress\") | {done, total, seconds_left}'

A terminal shows the states as a tree. Below Encode there is a bar for each rung and a symbol
for each chunk: ■ encoded, ▣ running, ✗ failed and retried, · waiting. The Map reports how many
chunks are running but not which; the marked ones are the next in its order. Otherwise there is
a line for each event.";

pub const LOGS: &str = "\
Examples:
  reelsmith logs                                all functions, in order of time
  reelsmith logs episode-01 --function transcode-chunk
  reelsmith logs --grep ERROR --json | jq .fields
  reelsmith logs --all                          also lines of Lambda and of other jobs";

pub const CANCEL: &str = "\
Examples:
  reelsmith cancel episode-01 --reason \"wrong cut\"

The execution is stopped and the job released, so the manifest can be submitted again at once.
A running function completes; the next attempt reuses what it writes.";

pub const REDRIVE: &str = "\
Examples:
  reelsmith redrive                             the newest execution again
  reelsmith watch \"$(reelsmith redrive episode-01)\"

Encoded chunks are reused.";

pub const FETCH: &str = "\
Examples:
  reelsmith fetch episode-01                    to .local/out/{asset}/{job key}/
  reelsmith fetch my-series-s01e01 --out /srv/vod";

pub const REPORT: &str = "\
Examples:
  reelsmith report                              the newest execution
  reelsmith report episode-01 --json | jq .chunk_encode.p95_s
  reelsmith report episode-01 --json > report.json
  reelsmith report episode-01 --html            a page with the time of every state

docs/metrics.md explains every number.";

pub const ESTIMATE: &str = "\
Examples:
  reelsmith estimate my.xml                     with 40 workers, the default
  reelsmith estimate my.xml --mezzanine my.mov  with the properties that ffprobe finds
  reelsmith estimate my.xml --set MAX_CONCURRENCY=400 --set PROFILE=draft
  reelsmith plan my.xml --json | jq .cost.total

Time and work are from a model (docs/cost.md, docs/performance.md), prices from the list of
us-east-1. Use them to compare and decide; they are not a bill.";

pub const DOCTOR: &str = "\
Examples:
  reelsmith doctor
  reelsmith doctor --json | jq -r 'select(.standing == \"missing\").remedy'";

pub const MANIFEST_NEW: &str = "\
Examples:
  reelsmith manifest new my.mov                 write my.xml
  reelsmith manifest new my.mov --out - | less  print it";

pub const MANIFEST_CHECK: &str = "\
Examples:
  reelsmith manifest check my.xml
  reelsmith manifest check my.xml && reelsmith submit my.xml";

pub const VALIDATE: &str = "\
Examples:
  reelsmith validate .local/out/my-series-s01e01/3f9a…/
  reelsmith validate s3://some-bucket/vod/film/ --format junit > rules.xml
  reelsmith validate master.m3u8                one playlist and everything it references";

pub const PLAY: &str = "\
Examples:
  reelsmith play                                the newest job
  reelsmith play my-series-s01e01 --open        a job by its title, in a browser
  reelsmith play .local/out/my-series-s01e01/3f9a…/
  reelsmith play s3://some-bucket/vod/film/     any HLS and DASH

The page marks rungs that the browser cannot play. Chromium on Debian has no H.265.";

pub const CONSOLE: &str = "\
Examples:
  reelsmith console                             print the address of the page
  reelsmith console --open                      open the page
  reelsmith console --environment aws --open    open the AWS console";

pub const RULES: &str = "\
Examples:
  reelsmith rules                               list all rules
  reelsmith rules HLS-P02                       explain a rule";

pub const SIGN: &str = "\
Examples:
  reelsmith sign https://d111.cloudfront.net/outputs/demo-s01e01/KEY/master.m3u8 --key private.pem --key-pair-id K2JC
  reelsmith sign URL --expires 30m              key from REELSMITH_SIGNING_KEY and REELSMITH_KEY_PAIR_ID
  reelsmith sign URL --cookies                  cookies for players

The Terraform outputs distribution_domain and delivery_key_pair_id contain domain and id.";

pub const SIMULATE: &str = "\
Examples:
  reelsmith simulate                            an episode of 24 minutes on 1 to 10,000 workers
  reelsmith simulate --duration 2h --picture 3840x2160 --workers 500,1000
  reelsmith simulate --titles 1000 --workers 1000";

pub const RENDER: &str = "\
Example:
  reelsmith render | jq .States.Encode";

pub const COMPLETIONS: &str = "\
Examples:
  reelsmith completions bash > ~/.local/share/bash-completion/completions/reelsmith
  reelsmith completions zsh > \"${fpath[1]}/_reelsmith\"
  reelsmith completions fish > ~/.config/fish/completions/reelsmith.fish";
