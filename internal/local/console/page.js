// The console's page. Whatever comes from the server is text, never markup.
'use strict';

const $ = id => document.getElementById(id);
const rules = [
  ['none', {}],
  ['AES256', { algorithm: 'AES256' }],
  ['SM4', { algorithm: 'SM4' }],
  ['KMS (OSS makes the key)', { algorithm: 'KMS' }],
];

function element(name, text, className) {
  const e = document.createElement(name);
  if (text !== undefined) e.textContent = text;
  if (className) e.className = className;
  return e;
}

function row(...cells) {
  const tr = element('tr');
  for (const cell of cells) {
    if (cell instanceof HTMLTableCellElement) tr.append(cell);
    else tr.append(element('td', cell));
  }
  return tr;
}

function say(text, bad) {
  $('said').textContent = text;
  $('said').classList.toggle('bad', bad);
}

// call makes one change and shows what the function answered.
async function call(method, path, parameters = {}) {
  say('…', false);
  try {
    const answer = await fetch(`${path}?${new URLSearchParams(parameters)}`, { method });
    say((await answer.text()).trim(), !answer.ok);
    await show();
    return answer.ok;
  } catch (error) {
    say(`The console does not answer: ${error.message}`, true);
    return false;
  }
}

// choices are the rules of a region: those with a key need one there.
function choices(keys, region) {
  const named = keys.filter(k => k.region === region).map(k =>
    [`KMS(${k.id})${k.state && k.state !== 'Enabled' ? `, ${k.state}` : ''}`, { algorithm: 'KMS', key: k.id }]);
  return [...rules, ...named];
}

function fill(select, options, chosen) {
  select.replaceChildren(...options.map(([label], i) => {
    const option = element('option', label);
    option.value = String(i);
    option.selected = label === chosen;
    return option;
  }));
}

function changes(bucket, keys) {
  const cell = element('td', undefined, 'change');
  const path = `/${encodeURIComponent(bucket.name)}`;
  const options = choices(keys, bucket.region).slice(1);
  const select = element('select');
  select.setAttribute('aria-label', `Rule for ${bucket.name}`);
  fill(select, options, bucket.rule);
  const set = element('button', 'Set rule');
  set.addEventListener('click', () => call('PUT', `${path}/encryption`, options[Number(select.value)][1]));
  const remove = element('button', 'Remove rule'); // never disabled: a rule that is gone for a moment would take the focus away
  remove.addEventListener('click', () => call('DELETE', `${path}/encryption`));
  const drop = element('button', 'Delete', 'danger');
  drop.setAttribute('aria-label', `Delete ${bucket.name}`);
  drop.addEventListener('click', () => { if (confirm(`Delete the bucket ${bucket.name}?`)) call('DELETE', path); });
  cell.append(select, set, remove, drop);
  return cell;
}

// showBuckets replaces only the rows that changed, and keeps the focus where it is.
function showBuckets(state) {
  const old = new Map([...$('buckets').children].map(tr => [tr.dataset.bucket, tr]));
  const keys = JSON.stringify(state.keys);
  const rows = state.buckets.map(b => {
    const version = JSON.stringify(b) + keys;
    const before = old.get(b.name);
    if (before && before.dataset.version === version) return before;
    const tr = row(b.name, b.region, b.rule, String(b.objects), changes(b, state.keys));
    tr.dataset.bucket = b.name;
    tr.dataset.version = version;
    if (before) {
      const focused = [...before.querySelectorAll('button, select')].indexOf(document.activeElement);
      before.replaceWith(tr);
      tr.querySelectorAll('button, select')[focused]?.focus();
    }
    return tr;
  });
  for (const tr of [...$('buckets').children]) if (!rows.includes(tr)) tr.remove();
  rows.forEach((tr, i) => { // what is in its place stays untouched
    if ($('buckets').children[i] !== tr) $('buckets').insertBefore(tr, $('buckets').children[i] || null);
  });
}

let known = { regions: [], keys: [], region: '' };
let asked = 0, shown = 0;

async function show() {
  const turn = ++asked;
  const state = await (await fetch('/-/state')).json();
  if (turn < shown) return; // a later answer came first
  shown = turn;
  const first = known.regions.length === 0;
  known = state;
  showBuckets(state);
  const form = $('new');
  if (first) {
    form.region.replaceChildren(...state.regions.map(r => element('option', r)));
    form.region.value = state.region;
  }
  const chosen = form.rule.selectedOptions[0]?.textContent;
  fill(form.rule, choices(state.keys, form.region.value), chosen);
}

function happened(c) {
  const verdict = element('td');
  verdict.append(element('span', c.verdict || (c.due ? '…' : 'no event'), c.failed ? 'verdict bad' : c.verdict ? 'verdict' : 'reason'));
  if (c.verdict) verdict.append(element('div', c.reason, 'reason'));
  const rule = c.verdict ? (c.before === c.after ? c.after : `${c.before} → ${c.after}`) : '';
  const took = c.verdict ? `${c.took_ms < 10 ? c.took_ms.toFixed(1) : Math.round(c.took_ms)} ms` : '';
  const tr = row(new Date(c.time).toLocaleTimeString(), c.bucket, `${c.what} (${c.by})`, verdict, rule, took);
  tr.id = `change-${c.id}`;
  return tr;
}

// watch asks for changes until the page is closed.
async function watch() {
  for (let after = 0; ;) {
    try {
      const list = await (await fetch(`/-/feed?after=${after}`)).json();
      for (const c of list) {
        const tr = happened(c);
        const old = $(tr.id);
        if (old) old.replaceWith(tr);
        else $('feed').prepend(tr);
        after = Math.max(after, c.seq);
      }
      if (list.length > 0) await show();
    } catch {
      await new Promise(done => setTimeout(done, 2000)); // the console may come back
    }
  }
}

$('new').addEventListener('submit', async event => {
  event.preventDefault();
  const form = event.target;
  const rule = choices(known.keys, form.region.value)[Number(form.rule.value)][1];
  if (await call('PUT', `/${encodeURIComponent(form.bucket.value)}`, { region: form.region.value, ...rule })) form.bucket.value = '';
});
$('new').region.addEventListener('change', show);

show().then(watch);
