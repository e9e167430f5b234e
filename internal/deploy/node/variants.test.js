// Every variant that the documents show is checked as strictly as s.yaml itself.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { check, problems, project } from './check.js';
import { preview } from './preview.js';
import { variants } from './variants.js';

const read = (name) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
const doc = read('docs/s-variants.md');
const all = variants(doc, read('s.yaml'));

test('the documents show the variants', () => {
  assert.deepEqual(all.map((v) => v.name), ['Signed requests', 'Tokens', 'JWT and a domain of your own', 'No trigger', 'A policy', 'Approval', 'Failures to the event bus']);
  assert.equal(all.filter((v) => v.changed).length, 6);
  assert.deepEqual(all.flatMap((v) => v.missing), []);
});

for (const { name, text } of all) {
  test(`s.yaml with the variant ${name} is as it must be`, () => assert.deepEqual(check(text, project()), []));
}

const mistakes = [
  ['Tokens', 'WARDEN_HTTP_AUTH: tokens', 'WARDEN_HTTP_AUTH: platform', /anonymous does not go with WARDEN_HTTP_AUTH: platform/],
  ['Tokens', 'WARDEN_HTTP_TOKENS', 'WARDEN_HTTP_TOKEN', /WARDEN_HTTP_TOKEN: there is no such setting/],
  ['JWT and a domain of your own', 'n: AAAA', 'm: AAAA', /keys\/0\/n: is missing/],
  ['JWT and a domain of your own', '{kty: RSA', '{kty: EC', /keys\/0\/kty: must be one of RSA/],
  ['JWT and a domain of your own', 'readPosition: cookie', 'readPosition: query', /readPosition: must be one of header, cookie/],
  ['JWT and a domain of your own', 'minVersion: TLSv1.2', 'minVersion: TLSv1.0', /minVersion: must be one of/],
  ['JWT and a domain of your own', 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'TLS_RSA_WITH_RC4_128_SHA', /a suite with AES-GCM/],
  ['JWT and a domain of your own', 'functionName: bucketwarden, path', 'functionName: warden, path', /a route leads to the unknown function warden/],
  ['JWT and a domain of your own', 'fc3-domain@0.0.29', 'fc3-domain', /component: must be fc3-domain with a version/],
  ['Failures to the event bus', 'acs:eventbridge:', 'eventbridge:', /destination: must be an ARN/],
];

for (const [name, from, to, problem] of mistakes) {
  test(`the variant ${name} with ${to} is refused`, () => {
    const { text } = all.find((v) => v.name === name);
    const changed = text.replace(from, () => to);
    assert.notEqual(changed, text);
    const found = check(changed, project());
    assert.ok(found.some((p) => problem.test(p)), `want ${problem}, found\n${found.join('\n')}`);
  });
}

test('lines that are not in s.yaml are found', () => {
  const found = variants(doc.replace('authType: function #', 'authType: functions #'), read('s.yaml')).filter((v) => v.missing.length > 0);
  assert.deepEqual(found, [{ name: 'Signed requests', missing: ['            authType: functions # requests are signed with a key of the account\n'] }]);
});

test('one mistake in s.yaml is one problem', () => {
  const broken = read('s.yaml').replace('memorySize: 128', 'memorySize: 200');
  assert.equal(problems({ 's.yaml': broken, 's.local.yaml': read('s.local.yaml') }, doc).problems.length, 1);
});

for (const { name, text } of all) {
  test(`make s-check takes a project with the variant ${name}`, () => {
    const report = problems({ 's.yaml': text, 's.local.yaml': read('s.local.yaml') }, doc);
    assert.deepEqual(report.problems, []);
    assert.equal(report.checked.length + report.left.length, 9);
    assert.equal(report.left.length > 0, text !== read('s.yaml'));
  });
}

test('s preview takes the variant with two resources', () => {
  const home = mkdtempSync(join(tmpdir(), 'variant-'));
  try {
    const file = join(home, 's.yaml');
    writeFileSync(file, all.find((v) => v.name.startsWith('JWT')).text);
    const { resources } = preview(file);
    assert.equal(resources.page.props.region, 'cn-hangzhou');
    assert.equal(resources.warden.props.triggers[0].triggerConfig.authConfig.jwks.keys.length, 1);
  } finally {
    rmSync(home, { recursive: true });
  }
});
