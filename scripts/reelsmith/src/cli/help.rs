//! Examples for the help of each command: what people type, and why.

/// Of the command itself.
pub const MAIN: &str = "\
Examples:
  reelsmith run                                 encode a sample here, from nothing
  reelsmith manifest new my.mov --out my.xml    describe a file of one's own
  reelsmith run my.xml --mezzanine my.mov       encode it, follow it, fetch what it publishes
  reelsmith list --environment dev              look at the deployment of terraform/environments/dev
  reelsmith show                                why did the newest job fail?

Exit codes:
  0  done; for run and watch: the job is COMPLETE
  1  the job failed, the manifest has defects, or the output breaks a rule
  2  the command or what it needs is at fault; the error begins with a name that never changes

Results go to standard output, everything else to standard error. docs/cli.md has all of this
and the names of all errors.";

pub const UP: &str = "\
Examples:
  reelsmith up                                  start it, deploy what has changed
  reelsmith up --set PROFILE=draft              with the fast encoding profile
  reelsmith up --set ENABLE_H265=false --set MAX_CONCURRENCY=2";

pub const DOWN: &str = "\
Example:
  reelsmith down && reelsmith up                start afresh";

pub const STATUS: &str = "\
Examples:
  reelsmith status                              is anything waiting, is anything stuck?
  reelsmith status --environment aws --stack prod";

pub const RUN: &str = "\
Examples:
  reelsmith run                                 a sample of 8 s, made by ffmpeg
  reelsmith run my.xml --mezzanine my.mov       a file of one's own
  reelsmith run my.xml --out /srv/vod           outputs to /srv/vod/{asset}/{job key}/
  reelsmith run my.xml --environment dev        the same in AWS

Where no environment is named, the local stack is started and deployed to first.";

pub const SUBMIT: &str = "\
Examples:
  reelsmith submit my.xml --mezzanine my.mov    prints the name of the execution
  reelsmith watch \"$(reelsmith submit my.xml)\"  and follow it
  for m in *.xml; do reelsmith submit \"$m\"; done

The same manifest again starts a new execution, and that one finds its job done: nothing is
encoded twice.";

pub const LIST: &str = "\
Examples:
  reelsmith list                                the newest 20
  reelsmith list --status failed --limit 5
  reelsmith list --json | jq -r 'select(.error).execution'";

pub const SHOW: &str = "\
Examples:
  reelsmith show                                the newest execution
  reelsmith show episode-01                     the newest delivery of episode-01.xml
  reelsmith show my-series-s01e01               by title
  reelsmith show 3f9a1c                         by the beginning of the job key
  reelsmith show --json | jq .outputs.hls";

pub const WATCH: &str = "\
Examples:
  reelsmith watch                               the newest execution
  reelsmith watch episode-01
  reelsmith watch --json | jq -c 'select(.event == \"progress\") | {done, total, seconds_left}'

On a terminal the states are drawn as a tree; below Encode there is a bar for each rung and a
cell for each chunk: ■ encoded, ▣ under way, ✗ failed and tried again, · waiting. A Map tells
how many chunks are under way, not which: the cells marked are the next ones in its order.
Elsewhere there is a line for everything that happens.";

pub const LOGS: &str = "\
Examples:
  reelsmith logs                                of the newest execution, all functions in order of time
  reelsmith logs episode-01 --function transcode-chunk
  reelsmith logs --grep ERROR --json | jq .fields
  reelsmith logs --all                          with Lambda's own lines and those of other jobs";

pub const CANCEL: &str = "\
Examples:
  reelsmith cancel episode-01 --reason \"wrong cut\"

The execution is stopped and its hold on the job released, so the manifest can be submitted
again at once. A function that is at work ends by itself; what it writes is used by the next
attempt.";

pub const REDRIVE: &str = "\
Examples:
  reelsmith redrive                             the newest execution once more
  reelsmith watch \"$(reelsmith redrive episode-01)\"

Chunks that are encoded are not encoded again: it goes on where the other ended.";

pub const FETCH: &str = "\
Examples:
  reelsmith fetch episode-01                    to .local/out/{asset}/{job key}/
  reelsmith fetch my-series-s01e01 --out /srv/vod";

pub const REPORT: &str = "\
Examples:
  reelsmith report                              of the newest execution
  reelsmith report episode-01 --json | jq .chunk_encode.p95_s
  reelsmith report episode-01 --json > report.json
  reelsmith report episode-01 --html            the page, with the time of every state

docs/metrics.md tells what each number is and where it is measured.";

pub const ESTIMATE: &str = "\
Examples:
  reelsmith estimate my.xml                     with 40 workers, as a deployment has them
  reelsmith estimate my.xml --mezzanine my.mov  by what ffprobe says of the file
  reelsmith estimate my.xml --set MAX_CONCURRENCY=400 --set PROFILE=draft
  reelsmith plan my.xml --json | jq .cost.total

Time and work come from a model (docs/cost.md, docs/performance.md), prices from a list of
us-east-1: good for comparing and for deciding, not a bill.";

pub const DOCTOR: &str = "\
Examples:
  reelsmith doctor
  reelsmith doctor --json | jq -r 'select(.standing == \"missing\").remedy'";

pub const MANIFEST_NEW: &str = "\
Examples:
  reelsmith manifest new my.mov                 writes my.xml
  reelsmith manifest new my.mov --out - | less  look first";

pub const MANIFEST_CHECK: &str = "\
Examples:
  reelsmith manifest check my.xml
  reelsmith manifest check my.xml && reelsmith submit my.xml";

pub const VALIDATE: &str = "\
Examples:
  reelsmith validate .local/out/my-series-s01e01/3f9a…/
  reelsmith validate s3://some-bucket/vod/film/ --format junit > rules.xml
  reelsmith validate master.m3u8                one playlist and what it names";

pub const PLAY: &str = "\
Examples:
  reelsmith play                                what the newest job published
  reelsmith play my-series-s01e01 --open        a job by its title, in the usual browser
  reelsmith play .local/out/my-series-s01e01/3f9a…/
  reelsmith play s3://some-bucket/vod/film/     anybody's HLS and DASH

Debian's Chromium decodes H.264 but not H.265: rungs that a browser cannot play are shown as such.";

pub const CONSOLE: &str = "\
Examples:
  reelsmith console                             prints the address of a page for the local stack
  reelsmith console --open                      and opens it
  reelsmith console --environment aws --open    opens AWS's own console";

pub const RULES: &str = "\
Examples:
  reelsmith rules                               all of them
  reelsmith rules HLS-P02                       one, with the clause it comes from";

pub const SIGN: &str = "\
Examples:
  reelsmith sign https://d111.cloudfront.net/outputs/demo-s01e01/KEY/master.m3u8 --key private.pem --key-pair-id K2JC
  reelsmith sign URL --expires 30m              with the key of REELSMITH_SIGNING_KEY and REELSMITH_KEY_PAIR_ID
  reelsmith sign URL --cookies                  for players: everything in the URL's folder and below

Domain and id are the outputs distribution_domain and delivery_key_pair_id of Terraform.";

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
