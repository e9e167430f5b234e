#!/usr/bin/env node
// Checks s.yaml and s.local.yaml more strictly than `s verify`, which takes unknown
// keys, any triggerConfig and much else. The files are a person's: they may have the
// lines of a variant, or others.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';
import { file as fileShape } from './fc3.js';
import { preview } from './preview.js';
import { variants } from './variants.js';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

// What the files are checked against besides the facts in fc3.js.
export const project = () => ({
  calls: JSON.parse(readFileSync(join(root, 'events/pattern-actiontrail.json'), 'utf8')),
  settings: [...readFileSync(join(root, 'internal/settings/names.go'), 'utf8').matchAll(/= "(WARDEN_\w+)"/g)].map((m) => m[1]),
});

// check returns the problems of a file's text; local is for the file of `s local`.
export function check(text, { calls, settings }, local = false, env = {}) {
  let doc;
  try {
    doc = expand(load(text), env);
  } catch (e) {
    return [String(e.message)];
  }
  const problems = fileShape(doc, '');
  if (problems.length > 0) return problems; // the rules below take the shape for granted
  const functions = Object.entries(doc.resources).filter(([, r]) => !r.component.startsWith('fc3-domain'));
  const names = functions.map(([, r]) => r.props.functionName);
  const routes = Object.values(doc.resources).flatMap((r) => r.props.routeConfig?.routes ?? []);
  return routes.filter((r) => !names.includes(r.functionName)).map((r) => `/resources: a route leads to the unknown function ${r.functionName}`).concat(functions.flatMap(([name, r]) => {
    const p = `/resources/${name}/props`;
    return [
      ...size(r.props, p), ...runtime(r.props, p), ...hooks(r.props, p), ...variables(r.props, p, settings),
      ...triggers(r.props, p), ...(local ? localOnly(r.props, p) : deployed(r.props, p, calls)),
      ...access(r.props, p),
    ];
  }));
}

// access: a trigger that lets everybody in needs a function that asks for tokens.
function access({ triggers: all = [], environmentVariables: { WARDEN_HTTP_AUTH: auth } = {} }, p) {
  return all.flatMap(({ triggerType, triggerConfig: c }, i) => {
    const path = `${p}/triggers/${i}/triggerConfig`;
    if (triggerType !== 'http') return [];
    const out = [];
    if ((c.authType === 'anonymous') !== (auth === 'tokens')) out.push(`${path}/authType: ${c.authType} does not go with WARDEN_HTTP_AUTH: ${auth}`);
    if ((c.authType === 'jwt') !== (c.authConfig !== undefined)) out.push(`${path}/authConfig: belongs to authType jwt, and jwt needs it`);
    return out;
  });
}

// expand puts in ${vars.x} and ${env('X', 'default')}. Both stay texts, as in the
// real thing.
function expand(doc, env) {
  const walk = (v, vars) => {
    if (Array.isArray(v)) return v.map((x) => walk(x, vars));
    if (v !== null && typeof v === 'object') return Object.fromEntries(Object.entries(v).map(([k, x]) => [k, walk(x, vars)]));
    if (typeof v !== 'string') return v;
    return v.replace(/\$\{([^}]*)\}/g, (whole, what) => {
      const [, name, fallback] = what.match(/^env\('(\w+)',\s*'([^']*)'\)$/) ?? [];
      const variable = what.match(/^vars\.(\w+)$/)?.[1];
      if (name) return env[name] ?? fallback;
      if (variable && variable in vars) return vars[variable];
      throw new Error(`${whole}: there is no such variable`);
    });
  };
  const vars = walk(doc.vars ?? {}, {});
  // access is looked up as it is written.
  return { ...walk({ ...doc, access: '' }, vars), access: doc.access };
}

function size({ cpu, memorySize }, p) {
  if (cpu === undefined || memorySize === undefined) return [];
  const ratio = memorySize / 1024 / cpu;
  return ratio >= 1 && ratio <= 4 ? [] : [`${p}/cpu: vCPU to GB must be from 1:1 to 1:4, is 1:${ratio.toFixed(2)}`];
}

function runtime(props, p) {
  const custom = props.runtime.startsWith('custom');
  const out = [];
  if (!custom && props.handler !== 'main') out.push(`${p}/handler: must be main, the executable's name`);
  if (!custom && props.customRuntimeConfig) out.push(`${p}/customRuntimeConfig: means nothing in ${props.runtime}`);
  if (!custom && props.instanceConcurrency > 1) out.push(`${p}/instanceConcurrency: ${props.runtime} takes one invocation at a time`);
  if (custom && props.customRuntimeConfig?.command[0] !== '/code/main') out.push(`${p}/customRuntimeConfig/command: must start with /code/main`);
  return out;
}

// The function bounds its own end at 9.5 s, so less would cut it short.
function hooks({ instanceLifecycleConfig: life = {} }, p) {
  const out = Object.entries(life).filter(([, h]) => h.handler && h.command)
    .map(([name]) => `${p}/instanceLifecycleConfig/${name}: handler and command exclude each other`);
  if (life.preStop && life.preStop.timeout < 10) out.push(`${p}/instanceLifecycleConfig/preStop/timeout: must be 10 or more`);
  return out;
}

function variables({ environmentVariables: vars = {} }, p, settings) {
  const path = `${p}/environmentVariables`;
  const bytes = Object.entries(vars).reduce((n, [k, v]) => n + Buffer.byteLength(k + v), 0);
  const out = bytes > 4096 ? [`${path}: ${bytes} bytes, more than 4096`] : [];
  for (const name of Object.keys(vars)) {
    if (!/^[A-Za-z]\w*$/.test(name)) out.push(`${path}/${name}: not a variable's name`);
    if (/^(FC_|ALIBABA_CLOUD_)/.test(name)) out.push(`${path}/${name}: the platform's own`);
    if (name.startsWith('WARDEN_') && !settings.includes(name)) out.push(`${path}/${name}: there is no such setting`);
  }
  return out;
}

function triggers({ triggers: all = [] }, p) {
  const path = `${p}/triggers`;
  const out = [];
  const names = all.map((t) => t.triggerName);
  if (new Set(names).size < names.length) out.push(`${path}: two triggers have the same name`);
  const http = all.filter((t) => t.triggerType === 'http').map((t) => t.qualifier ?? 'LATEST');
  if (new Set(http).size < http.length) out.push(`${path}: one http trigger for each version or alias`);
  const first = all.findIndex((t) => t.triggerType === 'eventbridge');
  if (first >= 0 && all.slice(first).some((t) => t.triggerType !== 'eventbridge')) {
    out.push(`${path}: eventbridge triggers come last: fc3 skips what is behind the first unchanged one`);
  }
  all.forEach((t, i) => {
    if (t.triggerType === 'timer') out.push(...payload(t.triggerConfig.payload, `${path}/${i}/triggerConfig/payload`));
  });
  return out;
}

function payload(text, path) {
  if (Buffer.byteLength(text ?? '') > 128 * 1024) return [`${path}: larger than 128 KB`];
  try {
    return JSON.parse(text).action === 'sweep' ? [] : [`${path}: the function knows no action but sweep`];
  } catch {
    return [`${path}: must be a JSON text`];
  }
}

// localOnly: even `s local invoke` makes roles in the account for other triggers.
function localOnly({ triggers: all = [], role, logConfig, vpcConfig }, p) {
  const out = all.flatMap((t, i) => (t.triggerType === 'http' ? [] : [`${p}/triggers/${i}: ${t.triggerType} calls the cloud`]));
  for (const [key, v] of Object.entries({ role, logConfig, vpcConfig })) if (v) out.push(`${p}/${key}: belongs to the cloud`);
  if (!all.some((t) => t.triggerType === 'http')) out.push(`${p}/triggers: s local start needs an http trigger`);
  return out;
}

const native = { source: ['acs.oss'], type: ['oss:BucketCreated:PutBucket'] };

// deployed: what the product promises is subscribed to, and failures go somewhere.
function deployed(props, p, calls) {
  const out = ['role', 'code', 'logConfig', 'timeout', 'memorySize', 'cpu', 'triggers'].filter((k) => props[k] === undefined).map((k) => `${p}/${k}: is missing`);
  if (!props.asyncInvokeConfig?.destinationConfig?.onFailure) out.push(`${p}/asyncInvokeConfig/destinationConfig/onFailure: is missing: failures would be lost`);
  // What the triggers call and what its failures are handled by must be the same.
  const qualifiers = new Set([props.asyncInvokeConfig, ...(props.triggers ?? [])].map((x) => x?.qualifier ?? 'LATEST'));
  if (qualifiers.size > 1) out.push(`${p}: the triggers and asyncInvokeConfig have different qualifiers: ${[...qualifiers].join(', ')}`);
  const rules = (props.triggers ?? []).filter((t) => t.triggerType === 'eventbridge' && t.triggerConfig.triggerEnable);
  const patterns = [];
  for (const t of rules) {
    try {
      patterns.push(JSON.parse(t.triggerConfig.eventRuleFilterPattern));
    } catch {
      out.push(`${p}/triggers: the pattern of ${t.triggerName} is not JSON`);
    }
  }
  const covered = (want) => patterns.some((have) => JSON.stringify(sorted(have)) === JSON.stringify(sorted(want)));
  if (!covered(native)) out.push(`${p}/triggers: no enabled trigger has OSS's own pattern ${JSON.stringify(native)}`);
  if (!covered(calls)) out.push(`${p}/triggers: no enabled trigger has the pattern of events/pattern-actiontrail.json`);
  if (rules.length !== 2) out.push(`${p}/triggers: ${rules.length} enabled eventbridge triggers, want the two`);
  return out;
}

// sorted gives every order of keys and of alternatives one form.
function sorted(v) {
  if (Array.isArray(v)) return v.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (v !== null && typeof v === 'object') return Object.fromEntries(Object.keys(v).sort().map((k) => [k, sorted(v[k])]));
  return v;
}

// problems checks the files of a project, and every variant of s.yaml that fits it.
export function problems(files, doc, env = {}) {
  const report = { checked: [], left: [], problems: [] };
  const one = (name, text, local) => {
    const found = check(text, project(), local, env);
    if (found.length === 0) report.checked.push(name);
    report.problems.push(...found.map((p) => `${name} ${p}`));
  };
  for (const [name, text] of Object.entries(files)) one(name, text, name === 's.local.yaml');
  if (report.problems.length > 0) return report; // which each variant would have, too
  for (const { name, text, missing } of variants(doc, files['s.yaml'])) {
    if (missing.length > 0) report.left.push(name);
    else one(`s.yaml with the variant ${name}`, text, false);
  }
  return report;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const read = (name) => readFileSync(join(root, name), 'utf8');
  const report = problems({ 's.yaml': read('s.yaml'), 's.local.yaml': read('s.local.yaml') }, read('docs/s-variants.md'), process.env);
  for (const name of report.checked) console.log(`${name} is as it must be`);
  for (const name of report.left) console.log(`s.yaml with the variant ${name}: not tried, because s.yaml has other lines there`);
  for (const p of report.problems) console.error(p);
  if (report.problems.length > 0) process.exit(1);
  for (const name of ['s.yaml', 's.local.yaml']) {
    preview(name, process.env);
    console.log(`s preview takes ${name}`);
  }
}
