// The keys of a Serverless Devs file with the component fc3, as far as this
// project may use them. What fc3 takes and this project has no use for is left
// out on purpose, so that it is asked about before it is used.
import { any, bool, either, int, list, map, match, num, obj, oneOf, str } from './shape.js';

const action = list(obj({ run: str }, { path: str }));
const hook = obj({ timeout: int(1, 300) }, { handler: str, command: list(str) });
const destination = obj({ destination: match(/^acs:(mns|fc|eventbridge|mq):[a-z0-9-]+:\d{16}:\S+$/, 'an ARN such as acs:mns:REGION:ACCOUNT:/queues/NAME/messages') });

export const regions = [
  'ap-northeast-1', 'ap-northeast-2', 'ap-south-1', 'ap-southeast-1', 'ap-southeast-2', 'ap-southeast-3', 'ap-southeast-5', 'ap-southeast-7',
  'cn-beijing', 'cn-chengdu', 'cn-hangzhou', 'cn-heyuan-acdr-1', 'cn-hongkong', 'cn-huhehaote', 'cn-qingdao', 'cn-shanghai', 'cn-shanghai-cloudspe',
  'cn-shanghai-finance-1', 'cn-shenzhen', 'cn-wulanchabu', 'cn-zhangjiakou', 'eu-central-1', 'eu-west-1', 'me-central-1', 'us-east-1', 'us-west-1',
];

// Six fields, seconds first, with a time zone if any; or @every.
const cron = match(/^(CRON_TZ=[A-Za-z]+(\/[A-Za-z_]+)* )?(([0-9A-Z*?/,#-]+ ){5}[0-9A-Z*?/,#-]+|@every \d+[mh])$/, 'a cron expression of six fields, seconds first, or @every 4m');

const methods = list(oneOf('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'));

// The platform takes exactly one key. The names of lists of paths are spelt in two
// ways and a wrong one is ignored, so that they are not allowed here: every path
// needs the token.
const jwt = obj({
  jwks: obj({ keys: (v, path) => (Array.isArray(v) && v.length === 1 ? rsaKey(v[0], `${path}/0`) : [`${path}: must be exactly one key`]) }),
  tokenLookup: list(obj({ readPosition: oneOf('header', 'cookie'), parameterName: str }, { prefix: str })),
}, { claimPassBy: str });
const rsaKey = obj({ alg: str, e: str, kty: oneOf('RSA'), n: str, use: oneOf('sig') }, { kid: str });

const configs = {
  http: obj(
    { authType: oneOf('function', 'jwt', 'anonymous'), methods },
    { authConfig: jwt, disableURLInternet: bool },
  ),
  timer: obj({ cronExpression: cron, enable: bool }, { payload: str }),
  eventbridge: obj({
    triggerEnable: bool,
    asyncInvocationType: bool,
    eventRuleFilterPattern: str,
    // fc3 breaks off without it, before it does anything.
    eventSourceConfig: obj({ eventSourceType: oneOf('Default'), eventSourceParameters: obj({}) }),
    eventSinkConfig: obj({ deliveryOption: obj({ eventSchema: oneOf('CloudEvents') }) }),
    // The source Default sends one event at a time: it knows no other mode and no
    // batch window. The names are a mix of two styles, and a wrong one is ignored.
    runOptions: obj({ mode: oneOf('event-driven') }, {
      errorsTolerance: oneOf('NONE', 'ALL'),
      retryStrategy: obj({ PushRetryStrategy: oneOf('BACKOFF_RETRY', 'EXPONENTIAL_DECAY_RETRY') }),
      deadLetterQueue: obj({ Arn: match(/^acs:mns:[a-z0-9-]+:\d{16}:\/queues\/[\w-]+$/, 'an ARN such as acs:mns:REGION:ACCOUNT:/queues/NAME') }),
    }),
  }),
};

const trigger = (v, path) => {
  const config = configs[v?.triggerType];
  const base = obj(
    { triggerName: match(/^[A-Za-z_][\w-]{0,127}$/, 'a name'), triggerType: oneOf(...Object.keys(configs)), triggerConfig: config ?? any },
    { qualifier: str, description: str },
  );
  return base(v, path);
};

const props = obj(
  { region: oneOf(...regions), functionName: match(/^[A-Za-z_][\w-]{0,63}$/, 'a name'), runtime: oneOf('go1', 'custom.debian12') },
  {
    description: str,
    handler: str,
    code: str,
    customRuntimeConfig: obj({ command: list(str) }, { args: list(str), port: int(1, 65535) }),
    // fc3 writes the name in lower case, so another one is a role that does not
    // exist; auto makes a role that may do far too much.
    role: match(/^acs:ram::\d{16}:role\/[a-z0-9.-]{1,64}$/, 'the ARN of a role with a lower-case name'),
    cpu: num(0.05, 16, 0.05),
    memorySize: int(128, 32768, 64),
    diskSize: oneOf(512, 10240),
    timeout: int(1, 86400),
    instanceConcurrency: int(1, 200),
    internetAccess: bool,
    environmentVariables: map(str),
    logConfig: obj(
      { project: match(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/, 'the name of a log project'), logstore: str },
      { enableRequestMetrics: bool, enableInstanceMetrics: bool, logBeginRule: oneOf('None', 'DefaultRegex') },
    ),
    vpcConfig: obj({ vpcId: str, vSwitchIds: list(str), securityGroupId: str }),
    instanceLifecycleConfig: obj({}, { initializer: hook, preStop: hook }),
    asyncInvokeConfig: obj({}, {
      qualifier: str,
      maxAsyncRetryAttempts: int(0, 8),
      maxAsyncEventAgeInSeconds: int(1, 604800),
      destinationConfig: obj({}, { onSuccess: destination, onFailure: destination }),
    }),
    concurrencyConfig: obj({ reservedConcurrency: int(0, 1000) }),
    tags: list(obj({ key: str, value: str })),
    triggers: list(trigger),
  },
);

const fc3 = obj({
  component: match(/^fc3@\d+\.\d+\.\d+$/, 'fc3 with a version: a bare fc3 is whatever is newest on the day'),
  props,
}, { actions: obj({}, { 'pre-deploy': action, 'pre-local': action }) });

// A domain of one's own: its default TLS settings allow TLS 1.0, RC4 and 3DES.
const domain = obj({
  component: match(/^fc3-domain@\d+\.\d+\.\d+$/, 'fc3-domain with a version'),
  props: obj({
    region: oneOf(...regions),
    domainName: match(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'a domain'),
    protocol: oneOf('HTTPS'),
    certConfig: obj({ certId: str }),
    tlsConfig: obj({ minVersion: oneOf('TLSv1.2', 'TLSv1.3'), maxVersion: oneOf('TLSv1.3'), cipherSuites: list(match(/^TLS_(ECDHE_\w+_)?WITH_AES_\d+_GCM_SHA\d+$|^TLS_AES_\w+$/, 'a suite with AES-GCM')) }),
    routeConfig: obj({ routes: list(obj({ functionName: str, path: match(/^\//, 'a path') }, { qualifier: str, methods })) }),
  }),
});

const resource = (v, path) => (String(v?.component).startsWith('fc3-domain') ? domain : fc3)(v, path);

export const file = obj(
  { edition: oneOf('3.0.0'), name: str, access: match(/^[\w-]+$/, 'an alias: no ${} is expanded here'), resources: map(resource) },
  { vars: map(either(str, num(-1e9, 1e9, 1), bool)) },
);
