// Checks the rendered state machine with two independent validators. Usage: node check.mjs NODE_MODULES TEMPLATE
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";

const [modules, template] = process.argv.slice(2);
if (!template) {
  console.error("usage: node check.mjs NODE_MODULES TEMPLATE");
  process.exit(2);
}
const require = createRequire(resolve(modules, "check.mjs"));
const validate = require("asl-validator");
const { getLanguageService, TextDocument } = require("amazon-states-language-service");

// The validators check ARNs, so the stand-ins are well-formed.
const text = readFileSync(template, "utf8").replaceAll(/\$\{(\w+)\}/g, (_, name) => {
  if (name === "max_concurrency") return "40";
  if (name === "output_bucket") return "reelsmith-output";
  return `arn:aws:lambda:us-east-1:000000000000:function:reelsmith-${name.replaceAll("_", "-")}`;
});

async function languageService() {
  const document = TextDocument.create("file:///transcode.asl.json", "json", 1, text);
  const service = getLanguageService({});
  const found = await service.doValidation(document, service.parseJSONDocument(document));
  return found.map((d) => `line ${d.range.start.line + 1}: ${d.message}`);
}

function aslValidator() {
  const { isValid, errors } = validate(JSON.parse(text), { checkPaths: true, checkArn: true });
  return isValid ? [] : errors.map((e) => JSON.stringify(e));
}

const findings = [
  ...aslValidator().map((f) => `asl-validator: ${f}`),
  ...(await languageService()).map((f) => `amazon-states-language-service: ${f}`),
];
findings.forEach((f) => console.error(f));
if (findings.length > 0) process.exit(1);
console.log(`${template}: no finding by asl-validator and amazon-states-language-service`);
