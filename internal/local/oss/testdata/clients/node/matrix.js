// Does every row of the table in docs/local.md with ali-oss, unchanged but for the
// endpoint, and prints a line for each: name, tab, outcome.
'use strict';

const assert = require('node:assert/strict');
const OSS = require('ali-oss');

// An IP address would make the client send the real name as Host, and leave the
// bucket out of signed URLs.
const local = url => url.replace('127.0.0.1', 'localhost');

const { OSS_ENDPOINT, OSS_SECURE_ENDPOINT, OSS_BUCKET, OSS_ACCESS_KEY_ID, OSS_ACCESS_KEY_SECRET } = process.env;
const name = `${OSS_BUCKET}-main`;

const connect = more => new OSS({
  region: 'oss-cn-hangzhou',
  endpoint: local(OSS_ENDPOINT),
  sldEnable: true,
  authorizationV4: true,
  accessKeyId: OSS_ACCESS_KEY_ID,
  accessKeySecret: OSS_ACCESS_KEY_SECRET,
  bucket: name,
  ...more,
});
const client = connect({});

async function refused(promise, code) {
  const error = await promise.then(() => assert.fail(`no ${code}`), e => e);
  assert.equal(error.code, code, error.message);
  return error;
}

const put = (key, headers = {}) => client.put(key, Buffer.from(`text of ${key}`), { headers });

async function encrypted(key, algorithm, kmsKey) {
  const { headers } = (await client.head(key)).res;
  assert.equal(headers['x-oss-server-side-encryption'], algorithm);
  assert.equal(headers['x-oss-server-side-encryption-key-id'], kmsKey);
}

const rows = {
  'create a bucket': () => client.putBucket(name),

  'create with a rule': async () => {
    await client.putBucket(`${name}-rule`, { headers: { 'x-oss-server-side-encryption': 'KMS', 'x-oss-server-side-encryption-key-id': 'key-1' } });
    const { encryption } = await client.getBucketEncryption(`${name}-rule`);
    assert.deepEqual(encryption, { SSEAlgorithm: 'KMS', KMSMasterKeyID: 'key-1' });
  },

  'create with ACL and redundancy': async () => {
    await client.putBucket(`${name}-zrs`, { acl: 'public-read', StorageClass: 'IA', dataRedundancyType: 'ZRS' });
    const { bucket } = await client.getBucketInfo(`${name}-zrs`);
    assert.deepEqual([bucket.AccessControlList.Grant, bucket.StorageClass, bucket.DataRedundancyType], ['public-read', 'IA', 'ZRS']);
    await refused(client.putBucket(`${name}-no`, { acl: 'foo' }), 'InvalidArgument');
  },

  // The client has no parameter for the data algorithm, so SM4 under KMS is not here.
  'set and read every rule': async () => {
    for (const rule of [{ SSEAlgorithm: 'AES256' }, { SSEAlgorithm: 'KMS' }, { SSEAlgorithm: 'KMS', KMSMasterKeyID: 'key-1' }, { SSEAlgorithm: 'SM4' }]) {
      await client.putBucketEncryption(name, rule);
      assert.deepEqual((await client.getBucketEncryption(name)).encryption, rule);
    }
  },

  'wrong rules are refused': async () => {
    await refused(client.putBucketEncryption(name, { SSEAlgorithm: 'AES256', KMSMasterKeyID: 'key-1' }), 'InvalidArgument');
    await refused(client.putBucketEncryption(name, { SSEAlgorithm: 'DES' }), 'InvalidEncryptionAlgorithmError');
  },

  'remove the rule': async () => {
    await client.deleteBucketEncryption(name);
    await client.deleteBucketEncryption(name);
    await refused(client.getBucketEncryption(name), 'NoSuchServerSideEncryptionRule');
  },

  'bucket info': async () => {
    const { bucket } = await client.getBucketInfo(name);
    assert.deepEqual([bucket.Name, bucket.Location, bucket.ServerSideEncryptionRule.SSEAlgorithm], [name, 'oss-cn-hangzhou', 'None']);
  },

  'list buckets, page by page': async () => {
    const found = [];
    let marker = null;
    do {
      const page = await client.listBuckets({ prefix: name, 'max-keys': 1, marker });
      found.push(...page.buckets.map(b => b.name));
      marker = page.nextMarker;
    } while (marker);
    assert.deepEqual(found, [name, `${name}-rule`, `${name}-zrs`]);
  },

  'list buckets by tag': async () => {
    await client.putBucketTags(name, { team: 'node' });
    const { buckets } = await client.listBuckets({ 'tag-key': 'team', 'tag-value': 'node' });
    assert.deepEqual(buckets.map(b => b.name), [name]);
  },

  location: async () => assert.equal((await client.getBucketLocation(name)).location, 'oss-cn-hangzhou'),

  'bucket tags': async () => {
    await client.putBucketTags(name, { env: 'prod', team: 'a/b' });
    assert.deepEqual((await client.getBucketTags(name)).tag, { env: 'prod', team: 'a/b' });
    await client.deleteBucketTags(name);
    assert.deepEqual((await client.getBucketTags(name)).tag, {});
  },

  'does a bucket exist': null,

  'bucket ACL': async () => {
    await client.putBucketACL(name, 'public-read');
    assert.equal((await client.getBucketACL(name)).acl, 'public-read');
    await client.putBucketACL(name, 'private');
  },

  statistics: async () => assert.equal((await client.getBucketStat(name)).stat.ObjectCount, '0'),

  'versioning status': async () => assert.equal((await client.getBucketVersioning(name)).versionStatus, undefined),

  regions: null,

  'upload without a rule': async () => {
    await put('plain');
    await encrypted('plain', undefined, undefined);
  },

  'upload takes the rule': async () => {
    for (const [rule, key] of [[{ SSEAlgorithm: 'AES256' }], [{ SSEAlgorithm: 'KMS', KMSMasterKeyID: 'key-1' }, 'key-1'], [{ SSEAlgorithm: 'KMS' }, 'key-made-by-oss-cn-hangzhou']]) {
      await client.putBucketEncryption(name, rule);
      const { res } = await put('by-rule');
      assert.equal(res.headers['x-oss-server-side-encryption'], rule.SSEAlgorithm);
      await encrypted('by-rule', rule.SSEAlgorithm, key);
    }
    await encrypted('plain', undefined, undefined);
  },

  'upload with encryption of its own': async () => {
    await put('own', { 'x-oss-server-side-encryption': 'SM4' });
    await encrypted('own', 'SM4', undefined);
  },

  'upload fails with a key that is unknown or disabled': async () => {
    for (const [key, code] of [['test_wrong', 'KeyNotFound'], ['key-disabled', 'KeyDisabled'], ['key-deleting', 'KeyPendingDeletion']]) {
      await client.putBucketEncryption(name, { SSEAlgorithm: 'KMS', KMSMasterKeyID: key });
      await refused(put('refused'), code);
    }
    await client.deleteBucketEncryption(name);
  },

  'download, whole and in part': async () => {
    assert.equal((await client.get('plain')).content.toString(), 'text of plain');
    assert.equal((await client.get('plain', { headers: { Range: 'bytes=5-6' } })).content.toString(), 'of');
    await refused(client.get('nothing'), 'NoSuchKey');
    await refused(client.head('nothing'), 'NoSuchKey');
  },

  'list objects, page by page': async () => {
    for (const key of ['list/a', 'list/b & c', 'list/d/e']) await put(key);
    const first = [];
    let marker = null; // what is undefined, the client sends without signing it
    do {
      const page = await client.list({ prefix: 'list/', delimiter: '/', 'max-keys': 1, marker });
      first.push(...(page.objects || []).map(o => o.name), ...(page.prefixes || []));
      marker = page.nextMarker;
    } while (marker);
    const second = [];
    let token = null;
    do {
      const page = await client.listV2({ prefix: 'list/', 'max-keys': 2, 'continuation-token': token });
      second.push(...page.objects.map(o => o.name));
      token = page.nextContinuationToken;
    } while (token);
    assert.deepEqual([first, second], [['list/a', 'list/b & c', 'list/d/'], ['list/a', 'list/b & c', 'list/d/e']]);
  },

  'copy encrypts an old object': async () => {
    await client.putBucketEncryption(name, { SSEAlgorithm: 'AES256' });
    await client.copy('plain', 'plain');
    await encrypted('plain', 'AES256', undefined);
    assert.equal((await client.get('plain')).content.toString(), 'text of plain');
    await client.deleteBucketEncryption(name);
  },

  'multipart upload': async () => {
    const body = Buffer.alloc(250 << 10, '0123456789');
    await client.multipartUpload('large', body, { partSize: 100 << 10, headers: { 'x-oss-server-side-encryption': 'AES256' } });
    await encrypted('large', 'AES256', undefined);
    assert.ok((await client.get('large')).content.equals(body));
  },

  'signed URL': async () => {
    const answer = await fetch(await client.signatureUrlV4('GET', 60, undefined, 'plain'));
    assert.equal(await answer.text(), 'text of plain');
  },

  'delete objects, one and many': async () => {
    await client.delete('plain');
    const keys = (await client.listV2({ 'max-keys': 1000 })).objects.map(o => o.name);
    assert.deepEqual((await client.deleteMulti(keys)).deleted.map(o => o.Key), keys);
  },

  'delete a bucket': async () => {
    await put('last');
    await refused(client.deleteBucket(name), 'BucketNotEmpty');
    await client.delete('last');
    for (const b of [name, `${name}-rule`, `${name}-zrs`]) await client.deleteBucket(b);
    await refused(client.deleteBucket(name), 'NoSuchBucket');
  },

  'V1 signature is refused with the line to change': async () => {
    const error = await refused(connect({ authorizationV4: false }).listBuckets(), 'InvalidArgument');
    assert.match(error.message, /authorizationV4: true/);
  },

  "another region's bucket": () => refused(client.getBucketEncryption('beijing-bucket'), 'AccessDenied'),

  'absent operations fail at once': async () => {
    await refused(client.getBucketLifecycle('demo-bucket'), 'NotImplemented');
    await refused(client.getBucketLifecycle('never-created'), 'NoSuchBucket');
  },

  'HTTPS with the local authority': () => connect({ endpoint: local(OSS_SECURE_ENDPOINT), secure: true }).listBuckets(),
};

async function main() {
  for (const [row, run] of Object.entries(rows)) {
    let outcome = run ? 'ok' : '-';
    try {
      if (run) await run();
    } catch (error) {
      outcome = `${error.code || ''} ${error.message}`.replace(/\s+/g, ' ');
    }
    console.log(`${row}\t${outcome}`);
  }
  process.exit(0); // the client keeps connections open
}

main();
