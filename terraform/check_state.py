"""Checks what a pretend apply rendered: the policies and the state machine. Usage: check_state.py STATE.json ASL_OUT

STATE.json is `terraform show -json`. The rendered state machine is written to ASL_OUT for the ASL validators.
"""

import json
import sys

# These services have actions that take no resource.
WITHOUT_RESOURCES = ("logs:", "xray:")


def resources(module):
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from resources(child)


def as_list(value):
    return value if isinstance(value, list) else [value]


def policy_findings(address, text):
    for statement in json.loads(text)["Statement"]:
        if statement["Effect"] != "Allow":
            continue
        actions, targets = as_list(statement["Action"]), as_list(statement["Resource"])
        for action in actions:
            if "*" in action:
                yield f"{address}: expected exact actions, found {action}"
        if "*" in targets and not all(a.startswith(WITHOUT_RESOURCES) for a in actions):
            yield f"{address}: expected exact resources for {', '.join(actions)}, found *"
        for target in targets:
            if target != "*" and not target.startswith("arn:"):
                yield f"{address}: expected an ARN, found {target!r}"


def main(state_path, asl_path):
    with open(state_path, encoding="utf-8") as file:
        found = list(resources(json.load(file)["values"]["root_module"]))
    policies = [r for r in found if r["type"].endswith("_policy") and r["values"].get("policy")]
    machines = [r for r in found if r["type"] == "aws_sfn_state_machine"]
    functions = [r for r in found if r["type"] == "aws_lambda_function"]
    findings = [f for r in policies for f in policy_findings(r["address"], r["values"]["policy"])]
    if len({r["values"]["role"] for r in functions}) != len(functions):
        findings.append("expected a role of its own for each function, found one that is shared")
    if len(machines) != 1:
        findings.append(f"expected one state machine, found {len(machines)}")
    else:
        with open(asl_path, "w", encoding="utf-8") as file:
            file.write(machines[0]["values"]["definition"])
    for finding in findings:
        print(finding, file=sys.stderr)
    print(f"{len(policies)} policies of {len(functions)} functions, the queue, the buckets and the state machine: {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
