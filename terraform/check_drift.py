"""Compares the local stack with what Terraform would create.

Usage: check_drift.py STATE.json ENDPOINT DEPLOYMENT DEFAULTS.json

STATE.json is written by scripts/plan-terraform for the same deployment. Facts of the local stack come from its own API.
DEFAULTS.json has the default of each setting in the code, which applies if Terraform sets none. Values of one machine are not
compared: account, region, code of the functions, path and build of ffmpeg.
"""

import json
import re
import sys

from botocore.session import Session

# Settings that differ on purpose: the local stack names the programs of its machine.
OF_THE_MACHINE = {"FFMPEG", "FFPROBE", "ENCODER_BUILD"}


def plain(value):
    """Without account and region, which no deployment shares."""
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, str):
        return re.sub(r":[a-z]{2}(-[a-z]+)+-\d:\d{12}:", ":REGION:ACCOUNT:", re.sub(r"::\d{12}:", "::ACCOUNT:", value))
    return value


def resources(module):
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from resources(child)


class Planned:
    """What Terraform would make."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            found = list(resources(json.load(file)["values"]["root_module"]))
        self.found = [r for r in found if r["mode"] == "managed"]

    def of(self, kind):
        return [r["values"] for r in self.found if r["type"] == kind]

    def functions(self):
        for f in self.of("aws_lambda_function"):
            yield f["function_name"], {
                "description": f["description"], "memory": f["memory_size"], "timeout": f["timeout"],
                "tmp": f["ephemeral_storage"][0]["size"], "runtime": f["runtime"], "handler": f["handler"],
                "environment": f["environment"][0]["variables"],
            }

    def triggers(self):
        for t in self.of("aws_lambda_event_source_mapping"):
            yield t["function_name"], {
                "queue": t["event_source_arn"], "batch": t["batch_size"], "alone": t["function_response_types"],
                "window": t["maximum_batching_window_in_seconds"],
            }

    def tables(self):
        for t in self.of("aws_dynamodb_table"):
            indexes = {i["name"]: {"keys": [k for k in (i["hash_key"], i["range_key"]) if k], "projection": i["projection_type"]}
                       for i in t["global_secondary_index"]}
            yield t["name"], {
                "keys": [t["hash_key"], t["range_key"]], "types": {a["name"]: a["type"] for a in t["attribute"]},
                "indexes": indexes, "expires": t["ttl"][0]["attribute_name"], "billing": t["billing_mode"],
            }

    def queues(self):
        for q in self.of("aws_sqs_queue"):
            yield q["name"], {
                "visibility": q["visibility_timeout_seconds"] or 30, "retention": q["message_retention_seconds"],
                "redrive": json.loads(q["redrive_policy"] or "null"),
            }

    def buckets(self):
        versioned = {v["bucket"] for v in self.of("aws_s3_bucket_versioning")}
        told = {n["bucket"]: n["queue"] for n in self.of("aws_s3_bucket_notification")}
        for b in self.of("aws_s3_bucket"):
            yield b["bucket"], {
                "versioned": b["bucket"] in versioned,
                "tells": [{"queue": q["queue_arn"], "events": q["events"], "prefix": q["filter_prefix"], "suffix": q["filter_suffix"]}
                          for q in told.get(b["bucket"], [])],
            }

    def subscriptions(self):
        for s in self.of("aws_sns_topic_subscription"):
            if s["protocol"] == "sqs":
                yield s["topic_arn"], {"queue": s["endpoint"], "raw": s["raw_message_delivery"]}

    def machines(self):
        for m in self.of("aws_sfn_state_machine"):
            yield m["name"], {"type": m["type"], "definition": m["definition"]}


class Local:
    """What the local stack was given."""

    def __init__(self, endpoint, deployment):
        self.prefix = f"{deployment}-"
        session = Session()
        session.set_credentials("test", "test")
        self.client = lambda service: session.create_client(service, region_name="us-east-1", endpoint_url=endpoint)

    def own(self, names):
        return sorted(n for n in names if n.startswith(self.prefix))

    def functions(self):
        client = self.client("lambda")
        pages = client.get_paginator("list_functions").paginate()
        for name in self.own(f["FunctionName"] for page in pages for f in page["Functions"]):
            f = client.get_function_configuration(FunctionName=name)
            yield name, {
                "description": f["Description"], "memory": f["MemorySize"], "timeout": f["Timeout"],
                "tmp": f["EphemeralStorage"]["Size"], "runtime": f["Runtime"], "handler": f["Handler"],
                "environment": f["Environment"]["Variables"],
            }

    def triggers(self):
        for t in self.client("lambda").list_event_source_mappings()["EventSourceMappings"]:
            if t["FunctionArn"].split(":")[-1].startswith(self.prefix):
                yield t["FunctionArn"], {
                    "queue": t["EventSourceArn"], "batch": t["BatchSize"], "alone": t["FunctionResponseTypes"],
                    "window": t.get("MaximumBatchingWindowInSeconds", 0),
                }

    def tables(self):
        client = self.client("dynamodb")
        for name in self.own(client.list_tables()["TableNames"]):
            t = client.describe_table(TableName=name)["Table"]
            ttl = client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]

            def keys(of):
                order = {"HASH": 0, "RANGE": 1}
                return [k["AttributeName"] for k in sorted(of["KeySchema"], key=lambda k: order[k["KeyType"]])]

            yield name, {
                "keys": keys(t), "types": {a["AttributeName"]: a["AttributeType"] for a in t["AttributeDefinitions"]},
                "indexes": {i["IndexName"]: {"keys": keys(i), "projection": i["Projection"]["ProjectionType"]}
                            for i in t["GlobalSecondaryIndexes"]},
                "expires": ttl["AttributeName"], "billing": t["BillingModeSummary"]["BillingMode"],
            }

    def queues(self):
        client = self.client("sqs")
        for url in client.list_queues(QueueNamePrefix=self.prefix)["QueueUrls"]:
            a = client.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            yield url.rsplit("/", 1)[1], {
                "visibility": int(a["VisibilityTimeout"]), "retention": int(a["MessageRetentionPeriod"]),
                "redrive": json.loads(a.get("RedrivePolicy", "null")),
            }

    def buckets(self):
        client = self.client("s3")
        for name in self.own(b["Name"] for b in client.list_buckets()["Buckets"]):
            told = client.get_bucket_notification_configuration(Bucket=name).get("QueueConfigurations", [])

            def rule(queue, which):
                rules = queue["Filter"]["Key"]["FilterRules"]
                return next(r["Value"] for r in rules if r["Name"].lower() == which)

            yield name, {
                "versioned": client.get_bucket_versioning(Bucket=name).get("Status") == "Enabled",
                "tells": [{"queue": q["QueueArn"], "events": q["Events"], "prefix": rule(q, "prefix"), "suffix": rule(q, "suffix")}
                          for q in told],
            }

    def subscriptions(self):
        client = self.client("sns")
        for s in client.list_subscriptions()["Subscriptions"]:
            if s["TopicArn"].split(":")[-1].startswith(self.prefix) and s["Protocol"] == "sqs":
                a = client.get_subscription_attributes(SubscriptionArn=s["SubscriptionArn"])["Attributes"]
                yield s["TopicArn"], {"queue": s["Endpoint"], "raw": a["RawMessageDelivery"] == "true"}

    def machines(self):
        client = self.client("stepfunctions")
        for m in client.list_state_machines()["stateMachines"]:
            if m["name"].startswith(self.prefix):
                found = client.describe_state_machine(stateMachineArn=m["stateMachineArn"])
                yield m["name"], {"type": found["type"], "definition": found["definition"]}


KINDS = ("functions", "triggers", "tables", "queues", "buckets", "subscriptions", "machines")


def facts(side, kind):
    """One entry for each of a topic's queues, one for everything else."""
    found = {}
    for name, what in getattr(side, kind)():
        key = f"{name} {what['queue']}" if kind == "subscriptions" else name
        found[plain(key)] = plain(what)
    return found


def flat(value, path=""):
    if isinstance(value, dict) and value:
        for key in sorted(value):
            yield from flat(value[key], f"{path}.{key}")
    else:
        yield path, value


def drop_what_is_local(local, deployment):
    """The queue on which a local stack keeps what was announced: nobody has it in AWS."""
    extra = f"{deployment}-notifications"
    local["queues"].pop(extra)
    local["subscriptions"] = {k: v for k, v in local["subscriptions"].items() if not k.endswith(f":{extra}")}


def settle_settings(planned, local, defaults):
    """A setting that Terraform leaves to the code has the code's default in both."""
    for name, function in planned.items():
        there = local.get(name, {}).get("environment", {})
        for setting in OF_THE_MACHINE:
            function["environment"].pop(setting, None)
            there.pop(setting, None)
        for setting in there:
            if setting not in function["environment"] and defaults.get(setting) is not None:
                function["environment"][setting] = defaults[setting]


def main(state, endpoint, deployment, defaults):
    with open(defaults, encoding="utf-8") as file:
        defaults = json.load(file)
    sides = Planned(state), Local(endpoint, deployment)
    planned, local = ({kind: facts(side, kind) for kind in KINDS} for side in sides)
    drop_what_is_local(local, deployment)
    settle_settings(planned["functions"], local["functions"], defaults)
    planned, local = dict(flat(planned)), dict(flat(local))
    drifts = 0
    for path in sorted(planned.keys() | local.keys()):
        one, other = planned.get(path, "nothing"), local.get(path, "nothing")
        if one != other:
            drifts += 1
            print(f"{path.lstrip('.')}: Terraform has {json.dumps(one)[:300]}, the local stack has {json.dumps(other)[:300]}")
    print(f"drift: {len(planned)} facts of Terraform's, {len(local)} of the local stack's, {drifts} differ")
    return 1 if drifts or len(planned) < 100 else 0


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
