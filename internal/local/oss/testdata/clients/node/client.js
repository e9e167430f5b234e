// Walks the life of a bucket with the official client, unchanged, and fails
// loudly. Usage: node client.js <endpoint> <port> <path style: true|false>
'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const OSS = require('ali-oss');

const [endpoint, port, pathStyle] = process.argv.slice(2);

// Every host name leads to the server; the names in the requests stay as they are.
const agent = new http.Agent({
  lookup: (_name, options, done) =>
    options.all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4),
});

const client = new OSS({
  region: 'oss-cn-hangzhou',
  endpoint: `http://${endpoint}:${port}`,
  sldEnable: pathStyle === 'true',
  authorizationV4: true,
  accessKeyId: 'STS.local-id',
  accessKeySecret: 'local-secret',
  stsToken: 'local-token',
  refreshSTSToken: async () => ({
    accessKeyId: 'STS.local-id', accessKeySecret: 'local-secret', stsToken: 'local-token',
  }),
  agent,
});

async function refused(promise, status, code, ec) {
  const error = await promise.then(() => assert.fail(`no ${code}`), e => e);
  assert.deepEqual([error.status, error.code, error.ecCode], [status, code, ec]);
  assert.match(error.requestId, /^[0-9A-F]{24}$/);
}

async function main() {
  const name = 'node-bucket';
  assert.equal((await client.putBucket(name, { StorageClass: 'IA' })).bucket, name);
  await refused(client.getBucketEncryption(name), 404, 'NoSuchServerSideEncryptionRule', '0005-00000004');

  await client.putBucketEncryption(name, { SSEAlgorithm: 'AES256' });
  assert.deepEqual((await client.getBucketEncryption(name)).encryption, { SSEAlgorithm: 'AES256' });
  await client.putBucketEncryption(name, { SSEAlgorithm: 'KMS', KMSMasterKeyID: 'made-up' });
  assert.deepEqual((await client.getBucketEncryption(name)).encryption, { SSEAlgorithm: 'KMS', KMSMasterKeyID: 'made-up' });
  await refused(client.putBucketEncryption(name, { SSEAlgorithm: 'DES' }), 400, 'InvalidEncryptionAlgorithmError', '0005-00000003');

  const { bucket } = await client.getBucketInfo(name);
  assert.deepEqual([bucket.Name, bucket.StorageClass, bucket.ServerSideEncryptionRule.KMSMasterKeyID], [name, 'IA', 'made-up']);
  assert.equal((await client.getBucketLocation(name)).location, 'oss-cn-hangzhou');

  await client.deleteBucketEncryption(name);
  assert.equal((await client.getBucketInfo(name)).bucket.ServerSideEncryptionRule.SSEAlgorithm, 'None');

  const all = await client.listBuckets();
  assert.deepEqual(all.buckets.map(b => [b.name, b.region]), [['first', 'oss-cn-beijing'], [name, 'oss-cn-hangzhou']]);
  const page = await client.listBuckets({ 'max-keys': 1, marker: null });
  assert.deepEqual([page.buckets[0].name, page.isTruncated, page.nextMarker], ['first', true, 'first']);

  await refused(client.getBucketLocation('first'), 403, 'AccessDenied', undefined);
  await client.deleteBucket(name);
  await refused(client.deleteBucket(name), 404, 'NoSuchBucket', '0015-00000101');
}

main().catch(error => {
  console.error(error);
  process.exitCode = 1;
}).finally(() => agent.destroy());
