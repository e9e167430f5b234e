"use strict";
(() => {
const $ = (id) => document.getElementById(id);
const all = (selector) => document.querySelectorAll(selector);
const data = JSON.parse($("data").textContent);
const t = (name, values = {}) => (data.texts[name] || "").replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
const make = (tag, props = {}, ...children) => {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(props)) k in e ? (e[k] = v) : e.setAttribute(k, v);
  e.append(...children);
  return e;
};
const button = (text, act, props = {}) => {
  const b = make("button", { type: "button", textContent: text, ...props });
  b.addEventListener("click", act);
  return b;
};
const PAGE = 100;
const ORDER = ["foreign", "none", "unknown", "weak", "exempt", "ok", "gone"];
const number = new Intl.NumberFormat(document.documentElement.lang);
const collator = new Intl.Collator("en", { numeric: true });

// A page that was saved with its present state holds what an earlier run made.
all(".detail, .made, #chips > *").forEach((e) => e.remove());
const body = document.querySelector("#table tbody");
const heads = [...all("#table thead th")];
const COLUMNS = heads.map((th) => th.dataset.f);
const at = (tr, column) => tr.cells[COLUMNS.indexOf(column)];
const whole = (cell) => cell?.querySelector("[title]")?.title ?? cell?.textContent ?? "";
const rows = Array.from(body.rows, (tr, i) => {
  tr.className = "row";
  tr.hidden = true;
  const d = tr.dataset, why = at(tr, "why"), small = why.querySelector("small")?.textContent ?? "";
  const r = {
    tr, i, state: d.g, code: d.c || "", request: d.i || "", target: d.t || "", change: d.n || "", since: d.s || "", mode: d.m || "", original: d.r || "",
    bucket: tr.cells[0].textContent, region: at(tr, "region").textContent, current: whole(at(tr, "rule")), label: at(tr, "state").textContent,
    why: why.textContent.slice(0, -small.length || undefined), details: small,
    account: at(tr, "account")?.textContent || d.o || "", required: whole(at(tr, "required")) || data.wanted, policy: at(tr, "policy")?.textContent || "",
  };
  r.rule = d.g === "unknown" ? "unknown" : r.current === t("rule_none") ? "none" : r.current.replace(/\(.*\)/, "");
  r.requiredKind = r.required.replace(/\(.*\)/, "");
  r.text = [r.bucket, r.region, r.current, r.label, r.why, r.details, r.original, r.account, data.names[r.account] || "", r.policy, r.required, r.code, r.change].join("\n").toLowerCase();
  return r;
});

// The filters, by their names in the address. Each compares a value of a row.
const FILTERS = { state: (r) => r.state, region: (r) => r.region, rule: (r) => r.rule, required: (r) => r.requiredKind, policy: (r) => r.policy, account: (r) => r.account, change: (r) => r.change };
const filter = { q: "", sort: "state" };
const names = Object.keys(FILTERS).filter((f) => f === "state" || COLUMNS.includes(f) || f === "change" && rows.some((r) => r.change));
names.forEach((f) => { filter[f] = ""; });
const title = (f) => t(f === "change" ? f : "col_" + f);
// What is seen of an account is its name and ID; what is compared is the ID.
const account = (id) => data.names[id] ? data.names[id] + " (" + id + ")" : id;
const said = (f, v) => f === "account" ? account(v) : f === "state" ? t("group_" + v) : f === "change" ? t("change_" + v) : v === "none" || v === "unknown" ? t("rule_" + v) : v;

let limit = PAGE, order = rows, matching = rows, shown = new Set();
const finder = () => {
  const words = filter.q.toLowerCase().split(/\s+/), on = names.filter((f) => filter[f]);
  return (r) => on.every((f) => FILTERS[f](r) === filter[f]) && words.every((w) => r.text.includes(w));
};

const draw = () => {
  show(matching.slice(0, limit));
  $("count").textContent = t(rows.length === 1 ? "count_one" : "count", { n: number.format(matching.length), m: number.format(rows.length) });
  $("none").hidden = matching.length > 0;
  $("table").hidden = matching.length === 0;
  const rest = matching.length - limit;
  $("more").parentElement.hidden = rest <= 0;
  $("more").textContent = t("show_more", { n: number.format(Math.min(PAGE, rest)) });
  $("all").textContent = t("show_all", { n: number.format(matching.length) });
};
// Only rows that show are touched: to move or mark 5,000 takes a second.
const show = (list) => {
  closeDetails();
  const next = new Set(list);
  for (const r of shown) if (!next.has(r)) r.tr.hidden = true;
  for (const r of list) {
    r.tr.hidden = false;
    openable(r);
  }
  body.prepend(...list.map((r) => r.tr));
  shown = next;
};
addEventListener("beforeprint", () => show(matching));
addEventListener("afterprint", draw);

const active = () => [...(filter.q ? [["q", t("search") + ": " + filter.q]] : []), ...names.filter((f) => filter[f]).map((f) => [f, title(f) + ": " + said(f, filter[f])])];
const chips = () => {
  const on = active();
  const list = on.map(([f, text]) => button(text, () => { set({ [f]: "" }); ($("chips").querySelector("button") ?? $("q")).focus(); }, { title: t("remove_filter") }));
  $("chips").replaceChildren(...list);
  $("filtered").hidden = on.length === 0;
  $("filtered").textContent = t("filtered", { n: number.format(matching.length), m: number.format(rows.length), filter: on.map(([, text]) => text).join(" · ") });
};
const sorted = {}; // by column, ascending, once each
const KEYS = { bucket: (r) => r.bucket, state: (r) => String(ORDER.indexOf(r.state)), rule: (r) => r.current, required: (r) => r.required, why: (r) => r.why, region: (r) => r.region, policy: (r) => r.policy, account: (r) => r.account };
const refresh = () => {
  const column = filter.sort.replace("-", ""), down = filter.sort.startsWith("-");
  sorted[column] ||= rows.toSorted((a, b) => collator.compare(KEYS[column](a), KEYS[column](b)) || a.i - b.i);
  order = down ? sorted[column].toReversed() : sorted[column];
  heads.forEach((th) => th.dataset.f === column ? th.setAttribute("aria-sort", down ? "descending" : "ascending") : th.removeAttribute("aria-sort"));
  matching = order.filter(finder());
  if ($("q").value.trim() !== filter.q) $("q").value = filter.q;
  names.forEach((f) => { $("f-" + f).value = filter[f]; });
  $("f-sort").value = filter.sort;
  all("[data-v] button").forEach((b) => b.setAttribute("aria-pressed", filter[b.parentElement.dataset.f] === b.parentElement.dataset.v));
  chips();
  draw();
};
// The address holds what is seen, behind its #: no server has to know it.
const address = () => {
  const query = new URLSearchParams(Object.entries(filter).filter(([f, v]) => v && !(f === "sort" && v === "state")));
  return "#" + query;
};
const set = (change) => {
  Object.assign(filter, change);
  limit = PAGE;
  try {
    history.replaceState(null, "", address() === "#" ? location.pathname + location.search : address());
  } catch {} // such as a page in a frame without an address
  refresh();
};
const fromAddress = () => {
  const hash = location.hash.slice(1);
  const next = { q: "", sort: "state" };
  names.forEach((f) => { next[f] = ""; });
  if (hash.startsWith("b-")) {
    const id = decoded(hash), r = rows.find((r) => r.tr.id === id);
    if (r) return reveal(r);
  }
  for (const [f, v] of new URLSearchParams(hash.includes("=") ? hash : "")) {
    if (f === "sort" ? KEYS[v.replace("-", "")] && COLUMNS.includes(v.replace("-", "")) : f in next) next[f] = v;
  }
  Object.assign(filter, next);
  refresh();
};
const decoded = (s) => { try { return decodeURIComponent(s); } catch { return s; } };
// Shows one bucket, opened, whatever is filtered.
const reveal = (r) => {
  if (!finder()(r)) Object.assign(filter, { q: "" }, ...names.map((f) => ({ [f]: "" })));
  refresh();
  if (matching.indexOf(r) >= limit) { limit = matching.indexOf(r) + PAGE; draw(); }
  if (r.button.getAttribute("aria-expanded") !== "true") toggle(r);
  r.tr.scrollIntoView({ block: "start" });
  r.button.focus({ preventScroll: true });
};
addEventListener("hashchange", fromAddress);

// A picture that filters brings the table into sight, and the focus with it.
const choose = (f, v) => {
  set({ [f]: filter[f] === v ? "" : v });
  const top = $("count").getBoundingClientRect().top;
  if (top < 0 || top > innerHeight - 160) {
    $("list").scrollIntoView({ block: "start" });
    $("list").focus({ preventScroll: true });
  }
};

// Details of a row, made when they are opened.
const opened = new Set();
const openable = (r) => {
  if (r.button) return;
  r.button = button(r.bucket, () => toggle(r), { className: "name" });
  r.button.setAttribute("aria-expanded", "false");
  r.tr.cells[0].replaceChildren(r.button);
  if (data.names[r.account] && at(r.tr, "account")) at(r.tr, "account").append(make("span", { className: "made", textContent: data.names[r.account] }));
};
const toggle = (r) => {
  const open = r.button.getAttribute("aria-expanded") !== "true";
  r.button.setAttribute("aria-expanded", open);
  r.tr.classList.toggle("open", open);
  if (!open) {
    opened.delete(r);
    return r.detail.remove();
  }
  opened.add(r);
  r.detail ||= make("tr", { className: "detail" }, make("td", { colSpan: COLUMNS.length }, panel(r)));
  r.tr.after(r.detail);
};
const closeDetails = () => [...opened].forEach(toggle);
const panel = (r) => {
  const dl = make("dl");
  const row = (name, value, props = {}) => value && dl.append(make("dt", { textContent: t(name) }), make("dd", { textContent: value, ...props }));
  const code = { className: "code" };
  row("col_account", account(r.account));
  row("col_rule", r.current, code);
  row("col_required", r.required, code);
  row("col_policy", r.policy);
  if (fixable(r)) row("target", r.target, code);
  row("col_why", r.why);
  row("reason", r.details);
  row("original", r.original, { lang: "en" });
  row("change", r.change && t("change_" + r.change));
  row("open_since", r.since.replace("T", " ").replace("Z", " UTC"));
  row("code", r.code, code);
  row("request_id", r.request, code);
  dl.append(make("dt", { textContent: t("link") }), make("dd", {}, make("a", { href: "#" + encodeURIComponent(r.tr.id), textContent: "#" + r.tr.id })));
  return make("div", { className: "panel" }, dl, make("div", { className: "fix" }, ...fixes(r)));
};
const fixable = (r) => (r.state === "none" || r.state === "weak") && !r.code && r.target && r.target !== "none";
const fixes = (r) => {
  if (r.state === "gone" || r.state === "exempt" || r.state === "ok") return [make("p", { textContent: r.why })];
  if (r.code) return [make("p", { textContent: t("advice_" + r.code) || t("advice_other") }), ...(r.code === "denied" ? snippet("rights", rights(r)) : [])];
  if (!fixable(r)) return [];
  if (data.mode === "report") return [...snippet("enforce_function", "WARDEN_MODE: enforce"), ...snippet("terraform", terraform(r))];
  if (r.mode === "approve") return [...snippet("approve", (APPROVE[data.reach] || APPROVE.signed)(r)), ...snippet("terraform", terraform(r))];
  if (r.mode === "report") return [...snippet("enforce_rule", "  - name: " + JSON.stringify(r.policy) + "\n    mode: enforce"), ...snippet("terraform", terraform(r))];
  return [...snippet("fix", FIX[data.reach](r), t("fix_note_" + data.reach)), ...snippet("terraform", terraform(r))];
};
const snippet = (name, text, note = t(name + "_note")) => {
  const pre = make("pre", { textContent: text });
  const b = button(t("copy"), async () => {
    b.textContent = t((await copy(text, pre)) ? "copied" : "selected");
    setTimeout(() => { b.textContent = t("copy"); }, 1600);
  }, { className: "copy" });
  b.setAttribute("aria-label", t("copy") + ": " + t(name));
  b.setAttribute("aria-live", "polite");
  return [make("h3", {}, t(name), b), make("p", { textContent: note }), pre];
};
const copy = async (text, pre) => {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    getSelection().selectAllChildren(pre);
    return false;
  }
};

// What is copied goes to a shell or into a file, so each is quoted its own way.
const shell = (s) => "'" + s.replace(/'/g, "'\\''") + "'";
const word = (s) => /^[\w./:=-]+$/.test(s) && !s.startsWith("-") ? s : shell(s);
const hcl = (s) => JSON.stringify(s).replace(/\$\{/g, "$${").replace(/%\{/g, "%%{");
const parts = (rule) => /^(\w+)(?:\((.*)\))?(?:\+(\w+))?$/.exec(rule) || [];
const other = (r) => r.account && r.account !== data.account ? r.account : "";
const route = (r) => `/buckets/${encodeURIComponent(r.bucket)}/encryption?${new URLSearchParams({ ...(other(r) ? { account: other(r) } : {}), region: r.region })}`;
const FIX = {
  signed: (r) => "bucketwarden call PUT " + shell(route(r)) + " \\\n  " + data.target,
  invoke: (r) => (data.home ? "REGION=" + word(data.home) + " " : "") + "s invoke -e " +
    shell(JSON.stringify({ action: "sweep", prefix: r.bucket, region: r.region, ...(other(r) ? { accounts: [other(r)] } : {}) })),
  token: (r) => `curl -X PUT -H "Authorization: Bearer $TOKEN" \\\n  ` +
    shell(data.base + route(r)),
  command: (r) => {
    const [, algorithm, key, cipher] = parts(r.required);
    const flags = data.policy ? ["--policy", data.policy]
      : ["--algorithm", algorithm, ...(key ? ["--kms-key-id", key] : []), ...(cipher ? ["--kms-data-encryption", cipher] : []), ...(data.exact ? ["--compare", "exact"] : [])];
    return ["bucketwarden rule set", r.bucket, "--region", r.region, ...(other(r) ? ["--account", other(r)] : []), ...flags].map((w, i) => i ? word(w) : w).join(" ");
  },
};
// In approve mode only a plan writes, by its digest.
const one = (r) => shell(JSON.stringify({ mode: "report", buckets: [r.bucket] }));
const APPROVE = {
  signed: (r) => `bucketwarden call POST /sweep ${data.target} --data ${one(r)} --yes --output sweep.json\njq .plan sweep.json > plan.json\n` +
    `bucketwarden call POST "/apply?digest=$(jq -r .digest plan.json)" ${data.target} --data @plan.json`,
  token: (r) => `curl -fsS -H "Authorization: Bearer $TOKEN" ${shell(data.base + "/sweep")} --data ${one(r)} | jq .plan > plan.json\n` +
    `curl -fsS -H "Authorization: Bearer $APPROVER" "${data.base}/apply?digest=$(jq -r .digest plan.json)" --data-binary @plan.json`,
  command: (r) => ["bucketwarden plan --bucket", word(r.bucket), ...(data.policy ? ["--policy", word(data.policy)] : []), "--output plan.json"].join(" ") +
    "\n" + ["bucketwarden apply plan.json", ...(data.policy ? ["--policy", word(data.policy)] : []), '--digest "$(jq -r .digest plan.json)"'].join(" "),
};
const terraform = (r) => {
  const label = r.bucket.replace(/[^A-Za-z0-9_-]/g, "_").replace(/^(?=[^A-Za-z_])/, "_");
  const [, algorithm, key, cipher] = parts(r.target);
  const lines = [["bucket", r.bucket], ["sse_algorithm", algorithm], ["kms_master_key_id", key], ["kms_data_encryption", cipher]].filter(([, v]) => v);
  const width = Math.max(...lines.map(([k]) => k.length));
  return `resource "alicloud_oss_bucket_server_side_encryption" ${hcl(label)} {\n` + lines.map(([k, v]) => `  ${k.padEnd(width)} = ${hcl(v)}`).join("\n") + `\n}\n\n` +
    `# ${t("terraform_comment")}\nresource "alicloud_oss_bucket" ${hcl(label)} {\n  # ...\n  lifecycle {\n    ignore_changes = [server_side_encryption_rule]\n  }\n}`;
};
const rights = (r) => JSON.stringify({
  Version: "1",
  Statement: [{ Effect: "Allow", Action: ["oss:GetBucketEncryption", "oss:PutBucketEncryption"], Resource: [`acs:oss:*:${r.account || data.account || "*"}:${r.bucket}`] }],
}, null, 2);

// Without this script the table stands there whole; from here on it can be used.
all(".legend li, .bars li[data-f], .totals [data-v]").forEach((li) => {
  const b = button("", () => choose(li.dataset.f, li.dataset.v));
  b.append(...(li.querySelector("button") ?? li).childNodes);
  li.replaceChildren(b);
});
heads.forEach((th) => { th.dataset.t = th.textContent; }); // for print, which repeats no buttons
heads.forEach((th) => th.replaceChildren(button(th.textContent, () => set({ sort: filter.sort === th.dataset.f ? "-" + th.dataset.f : th.dataset.f }))));
const form = document.querySelector(".tools");
const select = (f, label, options) => {
  const s = make("select", { id: "f-" + f }, ...options.map(([value, textContent]) => make("option", { value, textContent })));
  s.addEventListener("change", () => set({ [f]: s.value }));
  form.append(make("label", { className: "made" + (f === "sort" ? " order" : "") }, make("span", { textContent: label }), s));
};
for (const f of names) {
  const values = f === "state" ? ORDER.filter((g) => rows.some((r) => r.state === g)) : [...new Set(rows.map(FILTERS[f]))].filter(Boolean).sort((a, b) => collator.compare(said(f, a), said(f, b)));
  select(f, title(f), [["", t("any")], ...values.map((v) => [v, said(f, v)])]);
}
select("sort", t("sort"), COLUMNS.flatMap((c) => [[c, t("col_" + c) + " \u2191"], ["-" + c, t("col_" + c) + " \u2193"]]));
form.append(make("button", { type: "reset", className: "made", textContent: t("reset") }));
form.hidden = false;
form.addEventListener("submit", (e) => e.preventDefault());
form.addEventListener("reset", (e) => {
  e.preventDefault();
  set({ q: "", sort: "state", ...Object.fromEntries(names.map((f) => [f, ""])) });
});
$("q").addEventListener("input", () => set({ q: $("q").value.trim() }));
$("more").addEventListener("click", () => { limit += PAGE; draw(); });
$("all").addEventListener("click", () => { limit = Infinity; draw(); });
addEventListener("keydown", (e) => {
  if (e.key !== "/" || e.ctrlKey || e.metaKey || e.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(e.target.tagName)) return;
  e.preventDefault();
  $("q").focus();
});

// A saved file has no address behind it, so what would ask one goes.
const forms = document.querySelector(".forms");
if (location.protocol === "file:") {
  all(".languages, .forms a").forEach((e) => { e.hidden = true; });
}
const save = () => {
  const cell = (s) => { const v = /^[=+@\t\r＝＋－＠-]/.test(s) ? "'" + s : s; return /[",\r\n]/.test(v) ? '"' + v.replace(/"/g, '""') + '"' : v; };
  const lines = [["account", "bucket", "region", "state", "code", "rule", "required", "policy_rule", "reason"], ...matching.map((r) => [r.account || data.account, r.bucket, r.region, r.state, r.code, r.rule === "none" ? "none" : r.current, r.required, r.policy, r.original || r.details || r.why])];
  const file = URL.createObjectURL(new Blob(["\ufeff" + lines.map((l) => l.map(cell).join(",") + "\r\n").join("")], { type: "text/csv" }));
  make("a", { href: file, download: "bucketwarden-table.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(file), 1000);
};
forms.append(button(t("save"), save, { className: "made" }), button(t("print"), () => print(), { className: "made" }));
body.classList.add("ready");
fromAddress();
// The browser goes to the address's element once all has loaded, and takes the focus along.
addEventListener("load", () => setTimeout(() => location.hash.startsWith("#b-") && fromAddress()));
})();
