// Each check must find its own mistake: a table of changes to the real files, and
// the one problem that each must give.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { check, project } from './check.js';

const read = (name) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
const files = { 's.yaml': read('s.yaml'), 's.local.yaml': read('s.local.yaml') };
const known = project();
const run = (name, text, env) => check(text, known, name === 's.local.yaml', env);

const custom = 'runtime: custom.debian12\n      customRuntimeConfig: {command: [/code/main], port: 9000}';

for (const [name, text] of Object.entries(files)) {
  test(`${name} is as it must be`, () => assert.deepEqual(run(name, text), []));
  test(`${name} is as it must be in every region`, () => assert.deepEqual(run(name, text, { REGION: 'eu-central-1', ACCOUNT_ID: '9876543210987654' }), []));
  test(`${name} is as it must be after the switch of two lines`, () => {
    const switched = text.replace('runtime: go1\n      handler: main', custom).replace('instanceConcurrency: 1\n', 'instanceConcurrency: 20\n');
    assert.ok(switched.includes(custom));
    assert.deepEqual(run(name, switched), []);
    assert.ok(text.includes(custom.replace('\n      ', '\n      #   ').replace('runtime:', '#   runtime:')), 'the two lines are shown in the file');
  });
}

const mistakes = [
  ['broken YAML', 'name: bucketwarden', 'name: [bucketwarden', /flow collection/],
  ['a key twice', 'edition: 3.0.0', 'edition: 3.0.0\nedition: 3.0.0', /duplicated mapping key/],
  ['an unknown variable', '${vars.region}', '${vars.regoin}', /\$\{vars\.regoin\}: there is no such variable/],
  ['another edition', 'edition: 3.0.0', 'edition: 1.0.0', /^\/edition: must be one of 3\.0\.0/],
  ['an access that is not expanded', 'access: default', "access: ${env('X', 'default')}", /^\/access: must be an alias/],
  ['a component that is not pinned', 'component: fc3@0.1.22', 'component: fc3', /component: must be fc3 with a version/],
  ['an unknown key of the file', 'edition:', 'editon: 1\nedition:', /^\/editon: there is no such key/],
  ['an unknown key of the resource', '    component:', '    componnet: x\n    component:', /componnet: there is no such key/],
  ['an unknown key of an action', 'path: ./', 'path: ./\n          pathh: x', /pathh: there is no such key/],
  ['an unknown hook for actions', 'pre-deploy:', 'pre-delpoy:', /pre-delpoy: there is no such key/],
  ['an unknown key of the function', 'memorySize: 128', 'memorysize: 128', /memorysize: there is no such key/],
  ['an unknown key of the log', 'logstore:', 'logStore:', /logStore: there is no such key/],
  ['an unknown key of a hook', 'timeout: 15', 'timeoutt: 15', /timeoutt: there is no such key/],
  ['an unknown key of the asynchronous calls', 'maxAsyncRetryAttempts', 'maxAsyncRetries', /maxAsyncRetries: there is no such key/],
  ['an unknown key of the destination', 'destination: acs', 'arn: acs', /arn: there is no such key/],
  ['an unknown key of a trigger', 'triggerName: http', 'triggerName: http\n          type: http', /triggers\/0\/type: there is no such key/],
  ['an unknown key of an http trigger', 'disableURLInternet', 'disableUrlInternet', /disableUrlInternet: there is no such key/],
  ['an unknown key of a timer', 'enable: true', 'enabled: true', /enabled: there is no such key/],
  ['an unknown key of an eventbridge trigger', 'triggerEnable: true', 'enable: true', /triggerConfig\/enable: there is no such key/],
  ['an unknown key of the event source', 'eventSourceType', 'eventSource', /eventSource: there is no such key/],
  ['no parameters of the event source', '              eventSourceParameters: {}\n', '', /eventSourceParameters: is missing/],
  ['an unknown key of the delivery', 'eventSchema', 'eventschema', /eventschema: there is no such key/],
  ['an unknown key of the run options', 'errorsTolerance', 'errorTolerance', /errorTolerance: there is no such key/],
  ['the retry strategy in the other style', 'PushRetryStrategy', 'pushRetryStrategy', /pushRetryStrategy: there is no such key/],
  ['the dead letters in the other style', 'Arn:', 'arn:', /arn: there is no such key/],
  ['a missing function name', '      functionName: bucketwarden\n', '', /functionName: is missing/],
  ['an unknown region', "'cn-hangzhou')", "'cn-hangzou')", /region: must be one of/],
  ['an unknown runtime', 'runtime: go1', 'runtime: go2', /runtime: must be one of/],
  ['another handler', 'handler: main\n      code', 'handler: index.handler\n      code', /handler: must be main/],
  ['a custom runtime\'s settings in go1', 'runtime: go1', 'runtime: go1\n      customRuntimeConfig: {command: [/code/main]}', /customRuntimeConfig: means nothing in go1/],
  ['another command', 'runtime: go1\n      handler: main', 'runtime: custom.debian12\n      customRuntimeConfig: {command: [/code/bootstrap]}', /command: must start with \/code\/main/],
  ['concurrency in go1', 'instanceConcurrency: 1', 'instanceConcurrency: 20', /instanceConcurrency: go1 takes one invocation at a time/],
  ['a role that fc3 would rename', 'role/bucketwarden', 'role/Bucketwarden', /role: must be the ARN/],
  ['the automatic role', 'role: acs:ram::${vars.account}:role/bucketwarden', 'role: auto', /role: must be the ARN/],
  ['an account that is no number', "'1234567890123456'", "'my-account'", /role: must be the ARN/],
  ['no role', '      role: acs:ram::${vars.account}:role/bucketwarden\n', '', /role: is missing/],
  ['a cpu between the steps', 'cpu: 0.1', 'cpu: 0.12', /cpu: must be a number from 0\.05 to 16, a multiple of 0\.05/],
  ['too little cpu for the memory', 'memorySize: 128', 'memorySize: 512', /cpu: vCPU to GB must be from 1:1 to 1:4, is 1:5\.00/],
  ['too much cpu for the memory', 'cpu: 0.1', 'cpu: 0.2', /cpu: vCPU to GB must be from 1:1 to 1:4, is 1:0\.63/],
  ['memory between the steps', 'memorySize: 128', 'memorySize: 200', /memorySize: must be a whole number from 128 to 32768, a multiple of 64/],
  ['memory as a text', 'memorySize: 128', "memorySize: '128'", /memorySize: must be a whole number/],
  ['another disk', 'diskSize: 512', 'diskSize: 1024', /diskSize: must be one of/],
  ['a time-out of zero', 'timeout: 300', 'timeout: 0', /timeout: must be a whole number from 1/],
  ['a number as a variable', "'true' # free", 'true # free', /WARDEN_OSS_INTERNAL: must be a text/],
  ['too many variables', 'WARDEN_LOG_LEVEL: info', `X: ${'x'.repeat(4096)}`, /environmentVariables: \d+ bytes, more than 4096/],
  ['a variable\'s name with a dash', 'WARDEN_LOG_LEVEL: info', 'MY-NAME: x', /MY-NAME: not a variable's name/],
  ['a variable of the platform', 'WARDEN_LOG_LEVEL: info', 'FC_REGION: x', /FC_REGION: the platform's own/],
  ['a setting that there is not', 'WARDEN_LOG_LEVEL: info', 'WARDEN_LOGLEVEL: info', /WARDEN_LOGLEVEL: there is no such setting/],
  ['a log project in upper case', 'project: bucketwarden', 'project: Bucketwarden', /project: must be the name of a log project/],
  ['a hook with handler and command', 'handler: main\n          timeout: 15', 'handler: main\n          command: [x]\n          timeout: 15', /handler and command exclude each other/],
  ['a hook that is too short', 'timeout: 15', 'timeout: 5', /preStop\/timeout: must be 10 or more/],
  ['too many retries', 'maxAsyncRetryAttempts: 3', 'maxAsyncRetryAttempts: 9', /maxAsyncRetryAttempts: must be a whole number from 0 to 8/],
  ['too old an event', 'maxAsyncEventAgeInSeconds: 21600', 'maxAsyncEventAgeInSeconds: 700000', /maxAsyncEventAgeInSeconds: must be a whole number/],
  ['a trigger on another version', 'triggerType: timer\n          qualifier: ${vars.qualifier}', 'triggerType: timer\n          qualifier: live', /different qualifiers: LATEST, live/],
  ['no destination', /          onFailure:\n.*\n/, '          {}\n', /onFailure: is missing/],
  ['a destination that is no ARN', 'destination: acs:mns:', 'destination: mns:', /destination: must be an ARN/],
  ['anonymous access', 'authType: function', 'authType: anonymous', /authType: anonymous does not go with WARDEN_HTTP_AUTH: platform/],
  ['tokens behind a signed trigger', 'WARDEN_HTTP_AUTH: platform', 'WARDEN_HTTP_AUTH: tokens', /authType: function does not go with WARDEN_HTTP_AUTH: tokens/],
  ['JWT without a key', 'authType: function', 'authType: jwt', /authConfig: belongs to authType jwt/],
  ['an unknown method', 'methods: [GET', 'methods: [FETCH', /methods\/0: must be one of/],
  ['no methods', 'methods: [GET, HEAD, POST, PUT, DELETE]', 'methods: []', /methods: must be a list/],
  ['a cron expression of five fields', '0 23 3 * * *', '23 3 * * *', /cronExpression: must be a cron expression of six fields/],
  ['a payload that is an object', "payload: '{\"action\":\"sweep\"}'", 'payload: {action: sweep}', /payload: must be a text/],
  ['a payload that is no JSON', "payload: '{\"action\":\"sweep\"}'", 'payload: sweep', /payload: must be a JSON text/],
  ['a payload with another action', '"sweep"', '"swep"', /payload: the function knows no action but sweep/],
  ['a payload that is too large', '"sweep"}', `"sweep","x":"${'x'.repeat(131072)}"}`, /payload: larger than 128 KB/],
  ['two triggers of one name', 'triggerName: bucket-calls', 'triggerName: bucket-created', /two triggers have the same name/],
  ['a trigger of another type', 'triggerType: timer', 'triggerType: oss', /triggerType: must be one of/],
  ['a streaming mode', 'mode: event-driven # one', 'mode: event-streaming # one', /mode: must be one of event-driven/],
  ['another event source', 'eventSourceType: Default', 'eventSourceType: MNS', /eventSourceType: must be one of Default/],
  ['events without their envelope', 'eventSchema: CloudEvents', 'eventSchema: RawData', /eventSchema: must be one of CloudEvents/],
  ['a pattern that is no JSON', '"type":["oss:BucketCreated:PutBucket"]}', '"type":["oss:BucketCreated:PutBucket"]', /the pattern of bucket-created is not JSON/],
  ['no pattern for created buckets', 'oss:BucketCreated:PutBucket', 'oss:BucketCreated:*', /no enabled trigger has OSS's own pattern/],
  ['a pattern without service calls', ',"oss:ActionTrail:AliyunServiceEvent"', '', /no enabled trigger has the pattern of events\/pattern-actiontrail\.json/],
  ['a pattern without removals', ',"DeleteBucketEncryption"', '', /no enabled trigger has the pattern of events\/pattern-actiontrail\.json/],
  ['a pattern with failed calls', ',"errorCode":[{"exists":false}]', '', /no enabled trigger has the pattern of events\/pattern-actiontrail\.json/],
  ['a disabled eventbridge trigger', 'triggerEnable: true', 'triggerEnable: false', /1 enabled eventbridge triggers, want the two/],
];

for (const [name, from, to, problem] of mistakes) {
  test(`s.yaml with ${name} is refused`, () => {
    const changed = files['s.yaml'].replace(from, () => to); // a function: a text would have its $ read
    assert.notEqual(changed, files['s.yaml'], 'the change changes nothing');
    const found = run('s.yaml', changed);
    assert.ok(found.some((p) => problem.test(p)), `want ${problem}, found\n${found.join('\n')}`);
  });
}

test('s.yaml with an eventbridge trigger before another is refused', () => {
  const [head, ...all] = files['s.yaml'].split(/^        - (?=triggerName)/m).map((part, i) => (i ? `        - ${part}` : part));
  assert.equal(all.length, 4);
  const found = run('s.yaml', head + [all[2], all[0], all[1], all[3]].join(''));
  assert.deepEqual(found, ['/resources/warden/props/triggers: eventbridge triggers come last: fc3 skips what is behind the first unchanged one']);
});

test('s.yaml with two http triggers is refused', () => {
  const one = files['s.yaml'].match(/ {8}- triggerName: http\n[^]*?\n\n/)[0];
  const found = run('s.yaml', files['s.yaml'].replace(one, one + one.replace('triggerName: http', 'triggerName: http2')));
  assert.deepEqual(found, ['/resources/warden/props/triggers: one http trigger for each version or alias']);
});

const localMistakes = [
  ['a trigger that calls the cloud', '      triggers:\n', "      triggers:\n        - triggerName: t\n          triggerType: timer\n          triggerConfig: {enable: true, cronExpression: 0 0 4 * * *, payload: '{\"action\":\"sweep\"}'}\n", /triggers\/0: timer calls the cloud/],
  ['a role', 'runtime: go1', 'runtime: go1\n      role: acs:ram::1234567890123456:role/bucketwarden', /role: belongs to the cloud/],
  ['a log', 'runtime: go1', 'runtime: go1\n      logConfig: {project: abc, logstore: x}', /logConfig: belongs to the cloud/],
  ['no http trigger', /      triggers:[^]*/, '', /s local start needs an http trigger/],
];

for (const [name, from, to, problem] of localMistakes) {
  test(`s.local.yaml with ${name} is refused`, () => {
    const found = run('s.local.yaml', files['s.local.yaml'].replace(from, () => to));
    assert.ok(found.some((p) => problem.test(p)), `want ${problem}, found\n${found.join('\n')}`);
  });
}
