// The real command line must read both files, and make of them what check.js does.
// A preview needs neither the component nor a key nor a network.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const cli = fileURLToPath(new URL('node_modules/.bin/s', import.meta.url));
const home = mkdtempSync(join(tmpdir(), 'preview-'));
after(() => rmSync(home, { recursive: true }));

// Nothing of the person's own: neither keys nor the home with their cache.
function preview(file, env = {}) {
  const out = execFileSync(cli, ['preview', '-t', file, '-o', 'json'], {
    cwd: root, encoding: 'utf8', env: { PATH: process.env.PATH, HOME: home, serverless_devs_config_home: home, ...env },
  });
  return JSON.parse(out.slice(out.indexOf('{'), out.lastIndexOf('}') + 1));
}

test('s preview of s.yaml', () => {
  const { props } = preview('s.yaml', { REGION: 'cn-beijing', ACCOUNT_ID: '9876543210987654' }).resources.warden;
  assert.equal(props.region, 'cn-beijing');
  assert.equal(props.role, 'acs:ram::9876543210987654:role/bucketwarden');
  assert.equal(props.memorySize, 128);
  assert.equal(props.asyncInvokeConfig.destinationConfig.onFailure.destination, 'acs:mns:cn-beijing:9876543210987654:/queues/bucketwarden-dead-letters/messages');
  assert.deepEqual(props.triggers.map((t) => t.triggerName), ['http', 'nightly-sweep', 'bucket-created', 'bucket-calls']);
  assert.deepEqual(JSON.parse(props.triggers[1].triggerConfig.payload), { action: 'sweep' });
});

test('s preview of s.local.yaml', () => {
  const { props } = preview('s.local.yaml').resources.warden;
  assert.equal(props.runtime, 'go1');
  assert.deepEqual(props.triggers.map((t) => t.triggerType), ['http']);
});
