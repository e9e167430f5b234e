"use strict";
(() => {
const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent);
const t = (name, values = {}) => (data.texts[name] || "").replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
const make = (tag, props = {}, ...children) => {
  const e = document.createElement(tag);
  for (const [k, v] of Object.entries(props)) k in e ? (e[k] = v) : e.setAttribute(k, v);
  e.append(...children);
  return e;
};
const PAGE = 100;
const ORDER = ["none", "unknown", "weak", "exempt", "ok", "gone"];
const number = new Intl.NumberFormat(document.documentElement.lang);
const collator = new Intl.Collator("en", { numeric: true });

const named = (r) => !r ? t("rule_none") : r.algorithm + (r.kms_key_id ? "(" + r.kms_key_id + ")" : "") + (r.kms_data_encryption ? "+" + r.kms_data_encryption : "");

// A page that was saved with its present state holds what an earlier run made.
const body = document.querySelector("tbody");
body.querySelectorAll(".detail").forEach((e) => e.remove());
const rows = Array.from(body.rows, (tr, i) => {
  tr.className = "row";
  tr.hidden = true;
  const cells = Array.from(tr.cells, (c) => c.textContent);
  const reason = tr.cells[4].querySelector("small").textContent, why = cells[4].slice(0, -reason.length || undefined);
  const d = tr.dataset;
  return {
    tr, i, name: cells[0], region: cells[1], rule: cells[2], state: cells[3], group: d.g, code: d.c || "", request: d.i || "", why, reason,
    account: d.o || "", policyRule: d.p || "", wanted: d.w || (data.wanted ? named(data.wanted) : ""),
    target: d.a ? { algorithm: d.a, kms_key_id: d.k || "", kms_data_encryption: d.d || "" } : data.wanted,
    text: cells.slice(0, 4).concat(why, reason, d.o || "", d.p || "").join("\n").toLowerCase(),
  };
});
let limit = PAGE, order = rows, matching = rows, shown = new Set();

// Filter and sort.
const filter = { text: "", group: "", region: "" };
const matches = (r) => (!filter.group || r.group === filter.group) && (!filter.region || r.region === filter.region) && filter.text.split(/\s+/).every((w) => r.text.includes(w));
const refresh = () => {
  matching = order.filter(matches);
  draw();
};
const draw = () => {
  show(matching.slice(0, limit));
  $("count").textContent = t("count", { n: number.format(matching.length), m: number.format(rows.length) });
  $("none").hidden = matching.length > 0;
  const rest = matching.length - limit;
  $("more").parentElement.hidden = rest <= 0;
  $("more").textContent = t("show_more", { n: number.format(Math.min(PAGE, rest)) });
  $("all").textContent = t("show_all", { n: number.format(matching.length) });
  document.querySelectorAll(".legend li").forEach((li) => press(li, filter.group === li.dataset.g));
  document.querySelectorAll(".bars li[data-region]").forEach((li) => press(li, filter.region === li.dataset.region));
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
const press = (li, on) => li.querySelector("button")?.setAttribute("aria-pressed", on);
const set = (name, value) => {
  filter[name] = value;
  limit = PAGE;
  $("q").value = filter.text;
  $("group").value = filter.group;
  $("region").value = filter.region;
  refresh();
};
const KEYS = [
  (r) => r.name, (r) => r.region, (r) => r.rule,
  (r) => String(ORDER.indexOf(r.group)), (r) => r.why,
];
const sorted = []; // by column, ascending, once each
const sortBy = (column, direction) => {
  const key = KEYS[column];
  sorted[column] ||= rows.toSorted((a, b) => collator.compare(key(a), key(b)) || a.i - b.i);
  order = direction === "ascending" ? sorted[column] : sorted[column].toReversed();
  document.querySelectorAll("thead th").forEach((th, i) => i === column ? th.setAttribute("aria-sort", direction) : th.removeAttribute("aria-sort"));
  refresh();
};

// Details of a row, made when they are opened.
const opened = new Set();
const openable = (r) => {
  const cell = r.tr.cells[0];
  if (cell.firstElementChild && r.button) return;
  r.button = make("button", { type: "button", className: "name", textContent: r.name });
  r.button.setAttribute("aria-expanded", "false");
  r.button.addEventListener("click", () => toggle(r));
  cell.replaceChildren(r.button);
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
  r.detail ||= make("tr", { className: "detail" }, make("td", { colSpan: 5 }, panel(r)));
  r.tr.after(r.detail);
};
const closeDetails = () => [...opened].forEach(toggle);
const panel = (r) => {
  const dl = make("dl");
  const row = (name, value, code) => value && dl.append(make("dt", { textContent: t(name) }), make("dd", { textContent: value, className: code ? "code" : "" }));
  row("account", r.account);
  row("in_force", r.rule, true);
  row("wanted", r.wanted, true);
  row("policy_rule", r.policyRule);
  if (r.target && fixable(r)) row("target", named(r.target), true);
  row("why", r.why);
  row("reason", r.reason);
  row("code", r.code, true);
  row("request_id", r.request, true);
  return make("div", { className: "panel" }, dl, make("div", { className: "fix" }, ...fixes(r)));
};
const fixable = (r) => (r.group === "none" || r.group === "weak") && !r.code;
const fixes = (r) => {
  if (r.group === "gone" || r.group === "exempt") return [make("p", { textContent: t("why_" + r.group) })];
  if (r.code) return [make("p", { textContent: t("advice_" + r.code) || t("advice_other") }), ...(r.code === "denied" ? snippet("policy", policy(r)) : [])];
  return [...(fixable(r) ? snippet("curl", curl(r)) : []), ...(r.target ? snippet("terraform", terraform(r)) : [])];
};
const snippet = (name, text) => {
  const pre = make("pre", { textContent: text });
  const button = make("button", { type: "button", className: "copy", textContent: t("copy") });
  button.addEventListener("click", async () => {
    button.textContent = t((await copy(text, pre)) ? "copied" : "selected");
    setTimeout(() => { button.textContent = t("copy"); }, 1600);
  });
  button.setAttribute("aria-label", t("copy") + ": " + t(name));
  button.setAttribute("aria-live", "polite");
  return [make("h3", {}, t(name), button), make("p", { textContent: t(name + "_note") }), pre];
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
const hcl = (s) => JSON.stringify(s).replace(/\$\{/g, "$${").replace(/%\{/g, "%%{");
const curl = (r) => {
  const query = new URLSearchParams({ ...(r.account ? { account: r.account } : {}), region: r.region, ...(data.exact ? { compare: "exact" } : {}) });
  const auth = data.token ? ` \\\n  -H "Authorization: Bearer $TOKEN"` : "";
  return "curl -X PUT" + auth + " \\\n  " + shell(`${data.base}/buckets/${encodeURIComponent(r.name)}/encryption?${query}`);
};
const terraform = (r) => {
  const label = r.name.replace(/[^A-Za-z0-9_-]/g, "_").replace(/^(?=[^A-Za-z_])/, "_");
  const lines = [["bucket", r.name], ["sse_algorithm", r.target.algorithm], ["kms_master_key_id", r.target.kms_key_id], ["kms_data_encryption", r.target.kms_data_encryption]].filter(([, v]) => v);
  const width = Math.max(...lines.map(([k]) => k.length));
  return `resource "alicloud_oss_bucket_server_side_encryption" ${hcl(label)} {\n` + lines.map(([k, v]) => `  ${k.padEnd(width)} = ${hcl(v)}`).join("\n") + `\n}\n\n` +
    `# ${t("terraform_comment")}\nresource "alicloud_oss_bucket" ${hcl(label)} {\n  # ...\n  lifecycle {\n    ignore_changes = [server_side_encryption_rule]\n  }\n}`;
};
const policy = (r) => JSON.stringify({
  Version: "1",
  Statement: [{ Effect: "Allow", Action: ["oss:GetBucketEncryption", "oss:PutBucketEncryption"], Resource: [`acs:oss:*:${r.account || data.account || "*"}:${r.name}`] }],
}, null, 2);

// Without this script the table stands there whole; from here on it can be used.
const buttonIn = (li, act) => {
  const button = li.querySelector("button") || make("button", { type: "button" }, ...li.childNodes);
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", act);
  li.replaceChildren(button);
};
document.querySelectorAll(".legend li").forEach((li) => {
  const g = li.dataset.g;
  buttonIn(li, () => set("group", filter.group === g ? "" : g));
  $("group").querySelector(`[value="${g}"]`) || $("group").append(make("option", { value: g, textContent: li.querySelector(".label").textContent }));
});
document.querySelectorAll(".bars li[data-region]").forEach((li) => buttonIn(li, () => set("region", filter.region === li.dataset.region ? "" : li.dataset.region)));
document.querySelectorAll("thead th").forEach((th, i) => {
  const button = make("button", { type: "button", textContent: th.textContent });
  button.addEventListener("click", () => sortBy(i, th.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending"));
  th.replaceChildren(button);
});
const form = document.querySelector(".tools");
form.hidden = false;
form.addEventListener("submit", (e) => e.preventDefault());
form.addEventListener("reset", (e) => {
  e.preventDefault();
  filter.text = filter.group = "";
  set("region", "");
});
$("q").addEventListener("input", () => {
  filter.text = $("q").value.trim().toLowerCase();
  limit = PAGE;
  refresh();
});
$("group").addEventListener("change", () => set("group", $("group").value));
$("region").addEventListener("change", () => set("region", $("region").value));
$("more").addEventListener("click", () => { limit += PAGE; draw(); });
$("all").addEventListener("click", () => { limit = Infinity; draw(); });
sortBy(3, "ascending");
body.classList.add("ready");
})();
