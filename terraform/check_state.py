"""Checks the result of a simulated apply: policies, buckets, logs and the state machine. Usage: check_state.py STATE.json ASL_OUT

STATE.json is `terraform show -json`. The rendered state machine is written to ASL_OUT for the ASL validators.
"""

import json
import re
import sys

# The only actions that may be granted on every resource, because they have no resource-level permissions
# (Service Authorization Reference: X-Ray, CloudWatch Logs "log delivery").
ON_EVERYTHING = {
    "xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets",
    "logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeLogGroups", "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:UpdateLogDelivery",
}
# Actions that are granted on a bucket itself; every other S3 action needs a prefix below it.
ON_BUCKETS = {"s3:ListBucket"}
# Readers of mezzanines and captions, whose keys the manifest chooses: so the whole input bucket is the minimum.
WHOLE_BUCKET_READS = {"s3:GetObject", "s3:GetObjectVersion"}

# What an operator has to see, by CloudWatch's names; failures by error name are a search and looked for apart.
ON_THE_DASHBOARD = {
    ("AWS/States", "ExecutionsFailed"), ("AWS/States", "ExecutionTime"), ("reelsmith", "Seconds"),
    ("AWS/Lambda", "ConcurrentExecutions"), ("AWS/SQS", "ApproximateNumberOfMessagesVisible"),
    ("AWS/SQS", "ApproximateAgeOfOldestMessage"), ("reelsmith", "EstimatedUsdPerMinute"),
    ("AWS/MediaConvert", "JobsErroredCount"), ("AWS/S3", "BucketSizeBytes"),
}


def resources(module):
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from resources(child)


def as_list(value):
    return value if isinstance(value, list) else [value]


def target_findings(actions, target):
    if target == "*":
        wide = [a for a in actions if a not in ON_EVERYTHING]
        if wide:
            yield f"expected exact resources for {', '.join(wide)}, found *"
        return
    if not target.startswith("arn:"):
        yield f"expected an ARN, found {target!r}"
        return
    service, name = target.split(":")[2], target.split(":", 5)[5]
    if service == "s3":
        bucket, slash, path = name.partition("/")
        if "*" in bucket:
            yield f"expected one bucket, found {target}"
        if not slash and not set(actions) <= ON_BUCKETS:
            yield f"expected a prefix for {', '.join(actions)}, found the bucket {target}"
        if path == "*" and not set(actions) <= WHOLE_BUCKET_READS:
            yield f"expected a prefix for {', '.join(actions)}, found all of {target}"
    elif "*" in name and not re.search(r"(:|/)\*$", name):
        yield f"expected a star at the end only, found {target}"


def statement_findings(statement):
    actions, targets = as_list(statement["Action"]), as_list(statement["Resource"])
    if statement["Effect"] == "Deny":
        return
    if "NotAction" in statement or "NotResource" in statement or "NotPrincipal" in statement:
        yield "expected what is allowed, found what is not"
    for action in actions:
        if "*" in action:
            yield f"expected exact actions, found {action}"
        if action == "iam:PassRole" and "iam:PassedToService" not in json.dumps(statement.get("Condition", {})):
            yield "expected iam:PassRole for one service only, found no condition"
    for target in targets:
        yield from target_findings(actions, target)
    principal = statement.get("Principal")
    if principal is not None:
        if "*" in json.dumps(principal):
            yield "expected a named principal, found *"
        if "Service" in principal and "aws:Source" not in json.dumps(statement.get("Condition", {})):
            yield f"expected {principal['Service']} for this account's resources only, found no condition"


def policy_findings(resource):
    for statement in json.loads(resource["values"]["policy"])["Statement"]:
        for finding in statement_findings(statement):
            yield f"{resource['address']}: {finding}"


def bucket_findings(found):
    """Each bucket: private, TLS only, encrypted, owned by the account, with lifecycle rules."""
    buckets = {r["index"] for r in found if r["type"] == "aws_s3_bucket"}

    def of(kind):
        return {r["index"]: r["values"] for r in found if r["type"] == kind}

    blocks, owners = of("aws_s3_bucket_public_access_block"), of("aws_s3_bucket_ownership_controls")
    encrypted, tidied = of("aws_s3_bucket_server_side_encryption_configuration"), of("aws_s3_bucket_lifecycle_configuration")
    policies, versions = of("aws_s3_bucket_policy"), of("aws_s3_bucket_versioning")
    switches = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    for bucket in sorted(buckets):
        if not all(blocks.get(bucket, {}).get(s) for s in switches):
            yield f"bucket {bucket}: expected all public access blocked"
        if "BucketOwnerEnforced" not in json.dumps(owners.get(bucket)):
            yield f"bucket {bucket}: expected BucketOwnerEnforced"
        if not re.search("AES256|aws:kms", json.dumps(encrypted.get(bucket))):
            yield f"bucket {bucket}: expected encryption"
        if "abort_incomplete_multipart_upload" not in json.dumps(tidied.get(bucket)):
            yield f"bucket {bucket}: expected broken uploads to be removed"
        if bucket == "output" and "jobs/working/" not in json.dumps(tidied.get(bucket)):
            yield f"bucket {bucket}: expected working files to expire"
        statements = json.loads(policies.get(bucket, {}).get("policy", '{"Statement": []}'))["Statement"]
        tls = [s for s in statements if s["Effect"] == "Deny" and s["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}]
        if not any(as_list(s["Action"]) == ["s3:*"] and len(as_list(s["Resource"])) == 2 for s in tls):
            yield f"bucket {bucket}: expected TLS only"
    if "input" not in versions:
        yield "bucket input: expected versions, which every job is pinned to"


def function_findings(found):
    functions = [r for r in found if r["type"] == "aws_lambda_function"]
    if len({r["values"]["role"] for r in functions}) != len(functions):
        yield "expected a role of its own for each function, found one that is shared"
    for function in functions:
        if function["values"]["tracing_config"][0]["mode"] != "Active":
            yield f"{function['address']}: expected traces"
    for group in (r for r in found if r["type"] == "aws_cloudwatch_log_group"):
        if not group["values"]["retention_in_days"]:
            yield f"{group['address']}: expected logs to end some day"


def monitoring_findings(found):
    """The dashboard shows the expected metrics of existing resources; every alarm has a recipient."""
    bodies = [json.loads(r["values"]["dashboard_body"]) for r in found if r["type"] == "aws_cloudwatch_dashboard"]
    metrics = [m for body in bodies for w in body["widgets"] for m in w["properties"]["metrics"]]
    shown = {tuple(m[:2]) for m in metrics if isinstance(m[0], str)}
    for namespace, metric in sorted(ON_THE_DASHBOARD - shown):
        yield f"dashboard: expected {namespace} {metric}, found none"
    searches = [m[0]["expression"] for m in metrics if isinstance(m[0], dict)]
    if not any("Failures" in s for s in searches):
        yield "dashboard: expected failures by error name, found none"
    functions = {r["values"]["function_name"] for r in found if r["type"] == "aws_lambda_function"}
    for metric in metrics:
        if metric[0] == "AWS/Lambda" and metric[3] not in functions:
            yield f"dashboard: expected one of the functions, found {metric[3]}"
    for alarm in (r for r in found if r["type"] == "aws_cloudwatch_metric_alarm"):
        if not alarm["values"]["alarm_actions"]:
            yield f"{alarm['address']}: expected somebody to be told"


def main(state_path, asl_path):
    with open(state_path, encoding="utf-8") as file:
        found = list(resources(json.load(file)["values"]["root_module"]))
    policies = [r for r in found if r["type"].endswith("_policy") and r["values"].get("policy")]
    machines = [r for r in found if r["type"] == "aws_sfn_state_machine"]
    findings = [f for r in policies for f in policy_findings(r)]
    findings += bucket_findings(found)
    findings += function_findings(found)
    findings += monitoring_findings(found)
    if len(machines) != 1:
        findings.append(f"expected one state machine, found {len(machines)}")
    else:
        with open(asl_path, "w", encoding="utf-8") as file:
            file.write(machines[0]["values"]["definition"])
    for finding in findings:
        print(finding, file=sys.stderr)
    print(f"{len(policies)} policies, {len(found)} resources: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
