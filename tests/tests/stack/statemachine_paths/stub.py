#!/usr/bin/env python3
"""Stands in for every function of a case: says what the case's script says, and writes down what it was asked.

It speaks the Lambda runtime API, so that the state machine calls it exactly as it calls the real functions. FOLDER
holds one folder for each case, with FUNCTION.json: the answers in order, of which the last is given for ever.
"""

import fcntl
import json
import os
import sys
import urllib.request

API = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation"


def case_of(event):
    """The case is the asset and the outbox, and before there is either, the manifest's name."""
    event = event.get("state", event)
    if "source" in event:
        return os.path.basename(event["source"]["key"]).removesuffix(".xml")
    holder = event.get("claim") or event.get("job")
    return holder["asset"] if holder else event["outbox"]


def answer(event):
    folder = os.path.join(os.environ["FOLDER"], case_of(event))
    function = os.environ["FUNCTION"]
    with open(os.path.join(folder, f"{function}.json"), encoding="utf-8") as file:
        answers = json.load(file)
    with open(os.path.join(folder, f"{function}.calls"), "a+", encoding="utf-8") as calls:
        fcntl.flock(calls, fcntl.LOCK_EX)
        calls.seek(0)
        number = sum(1 for _ in calls)
        calls.write(json.dumps(event) + "\n")
        calls.flush()
    return answers[min(number, len(answers) - 1)]


def post(path, body):
    request = urllib.request.Request(f"{API}/{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request).close()


while True:
    with urllib.request.urlopen(f"{API}/next") as response:
        request_id = response.headers["Lambda-Runtime-Aws-Request-Id"]
        said = answer(json.load(response))
    if "throw" in said:
        post(f"{request_id}/error", {"errorType": said["throw"], "errorMessage": f"thrown {said['throw']}"})
    elif "crash" in said:
        sys.exit(said["crash"])
    else:
        post(f"{request_id}/response", said["return"])
