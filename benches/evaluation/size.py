"""Counts the lines of code that keep a job's state, without tests, comments and blank lines."""
import re

EXPLICIT = {
    "transitions: reserve, commit, complete, fail, abandon": ["shared/core/src/submission.rs"],
    "table adapter: conditional writes, outbox, sweeps": [
        "shared/aws/src/dynamodb.rs", "shared/aws/src/dynamodb/apply.rs", "shared/aws/src/dynamodb/item.rs",
        "shared/aws/src/dynamodb/outbox.rs", "shared/aws/src/dynamodb/sweep.rs"],
    "records: write once, then reuse": ["shared/pipeline/src/worker.rs", "shared/core/src/record.rs"],
    "reserve and release: submit-job, fail-job": ["functions/submit-job/src/lib.rs", "functions/fail-job/src/lib.rs",
                                                      "shared/pipeline/src/submission.rs"],
    "publish and notify: publish-job, notify": ["functions/publish-job/src/lib.rs", "functions/notify/src/lib.rs",
                                                    "shared/pipeline/src/publication.rs", "shared/contract/src/notice.rs"],
    "clean up: cleanup-job, reap-jobs": ["functions/cleanup-job/src/lib.rs", "functions/reap-jobs/src/lib.rs",
                                            "shared/pipeline/src/cleanup.rs"],
}
CHECKPOINTED = {
    "order, retries, timeouts, catches: the ASL": ["statemachine/transcode.asl.json"],
    "start and query executions": ["shared/aws/src/sfn.rs"],
}


def lines(path):
    """Code lines of a file, without its inline tests."""
    text = path.read_text()
    if path.suffix == ".rs":
        text = re.split(r"^#\[cfg\(test\)\]\nmod tests", text, maxsplit=1, flags=re.MULTILINE)[0]
    return sum(bool(line.strip()) and not line.strip().startswith("//") for line in text.splitlines())


def count(root):
    """Lines by part, and of all code of functions and libraries."""
    parts = {kind: {name: sum(lines(root / file) for file in files) for name, files in of.items()}
             for kind, of in (("explicit", EXPLICIT), ("checkpointed", CHECKPOINTED))}
    files = [f for top in ("functions", "shared") for f in (root / top).rglob("*.rs")]
    plain = [f for f in files if not {"tests", "benches", "testkit", "examples"} & set(f.relative_to(root).parts) and f.name != "tests.rs"]
    return parts | {"all": sum(map(lines, plain))}
