"""Controls and disturbs a local stack: jobs through the command line, objects and histories through the AWS API."""
import json
import os
import signal
import time
import urllib.request
from pathlib import Path

import botocore.session

from measure import run

LOOK, PATIENCE = 0.05, 600


class Stack:
    """A local stack with the settings of one measurement."""

    def __init__(self, root, program, workers):
        self.root, self.program, self.workers = root, program, workers
        settings = ["PROFILE=draft", f"MAX_CONCURRENCY={workers}", "ENABLE_H265=false"]
        run([program, "up", *(word for s in settings for word in ("--set", s))])
        state = json.loads((root / ".local/stack.json").read_text())
        self.endpoint, self.pid = f"http://127.0.0.1:{state['port']}", state["pid"]
        self.bucket = "reelsmith-output"
        self.s3 = botocore.session.get_session().create_client(
            "s3", endpoint_url=self.endpoint, region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")

    def down(self):
        run([self.program, "down"])

    def _ask(self, method, path, body=None, headers=()):
        request = urllib.request.Request(self.endpoint + path, data=body, method=method, headers=dict(headers))
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def keys(self, prefix):
        """Keys of the output bucket."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def forget(self, keys):
        """Deletes objects."""
        for key in keys:
            self.s3.delete_object(Bucket=self.bucket, Key=key)

    def history_bytes(self, execution):
        """Size of an execution's history as JSON."""
        events, token = [], None
        arn = f"arn:aws:states:us-east-1:000000000000:execution:reelsmith-transcode:{execution}"
        while True:
            ask = {"executionArn": arn, "maxResults": 1000} | ({"nextToken": token} if token else {})
            page = json.loads(self._ask("POST", "/", json.dumps(ask).encode(), {
                "X-Amz-Target": "AWSStepFunctions.GetExecutionHistory", "Content-Type": "application/x-amz-json-1.0"}))
            events += page["events"]
            token = page.get("nextToken")
            if not token:
                return len(json.dumps(events, separators=(",", ":")))

    def submit(self, manifest, mezzanine):
        """Submits a manifest and returns the execution's name."""
        return run([self.program, "submit", manifest, "--mezzanine", mezzanine]).strip().splitlines()[-1]

    def cancel(self, execution):
        run([self.program, "cancel", execution])

    def redrive(self, execution):
        return run([self.program, "redrive", execution]).strip().splitlines()[-1]

    def watch(self, execution):
        """Waits until the job is published."""
        run([self.program, "watch", execution])

    def report(self, execution):
        return json.loads(run([self.program, "report", execution, "--json"]))

    def wait_for_records(self, before, count):
        """Waits until a new job has this number of chunk records and returns its key."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            new = [k for k in self.keys("jobs/") if "/chunks/" in k and k not in before]
            if len(new) >= count:
                return new[0].split("/")[1]
            time.sleep(LOOK)
        raise SystemExit(f"evaluate: no {count} chunk records after {PATIENCE} s")

    def kill_workers(self):
        """Kills every Map worker of the stack and its encoder with SIGKILL. Returns the number of encoders that were
        encoding a chunk."""
        parents = {}
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                stat = Path(f"/proc/{name}/stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            parents[int(name)] = int(stat.rpartition(")")[2].split()[1])
        workers = [pid for pid in parents if self._is_worker(pid)]
        below = [pid for pid, parent in parents.items() if parent in workers]
        chunks = sum(b"libx264" in self._read(pid, "cmdline") for pid in below)
        for pid in workers + below:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        return chunks

    def _read(self, pid, what):
        """A text file of a process in /proc, split into words."""
        try:
            return Path(f"/proc/{pid}/{what}").read_bytes().split(b"\0")
        except OSError:
            return []

    def _is_worker(self, pid):
        settings = self._read(pid, "environ")
        port = f":{self.endpoint.rsplit(':', 1)[1]}".encode()
        named = any(s.startswith(b"AWS_LAMBDA_FUNCTION_NAME=") and s.endswith((b"-transcode-chunk", b"-encode-audio")) for s in settings)
        return named and any(s.startswith(b"AWS_ENDPOINT_URL") and s.endswith(port) for s in settings)
