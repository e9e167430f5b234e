// The real command line must read both files, and make of them what check.js does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { preview } from './preview.js';

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
