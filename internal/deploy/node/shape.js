// What a value may look like, as functions (value, path) => problems. A path is
// written as /a/b, as the platform's own messages do.

const is = (ok, what) => (v, path) => (ok(v) ? [] : [`${path}: must be ${what}, is ${JSON.stringify(v)}`]);

export const str = is((v) => typeof v === 'string' && v !== '', 'a text');
export const bool = is((v) => typeof v === 'boolean', 'true or false');
export const any = () => [];
export const match = (re, what) => is((v) => typeof v === 'string' && re.test(v), what);
export const oneOf = (...all) => is((v) => all.includes(v), `one of ${all.join(', ')}`);
export const int = (min, max, step = 1) =>
  is((v) => Number.isInteger(v) && v >= min && v <= max && v % step === 0, `a whole number from ${min} to ${max}${step > 1 ? `, a multiple of ${step}` : ''}`);
// num is for fractions, which are compared in steps because 0.1 is none exactly.
export const num = (min, max, step) =>
  is((v) => typeof v === 'number' && v >= min && v <= max && Math.abs(v / step - Math.round(v / step)) < 1e-9, `a number from ${min} to ${max}, a multiple of ${step}`);
export const either = (...shapes) => (v, path) => {
  const all = shapes.map((s) => s(v, path));
  return all.find((p) => p.length === 0) ?? all.at(-1);
};

const isObject = (v) => v !== null && typeof v === 'object' && !Array.isArray(v);

export const list = (shape) => (v, path) =>
  Array.isArray(v) && v.length > 0 ? v.flatMap((x, i) => shape(x, `${path}/${i}`)) : [`${path}: must be a list`];

export const map = (shape) => (v, path) =>
  isObject(v) ? Object.entries(v).flatMap(([k, x]) => shape(x, `${path}/${k}`)) : [`${path}: must be a map`];

// obj takes the required keys and the optional ones. Every other key is a problem:
// a misspelt one would silently mean the default.
export const obj = (required, optional = {}) => (v, path) => {
  if (!isObject(v)) return [`${path}: must be a map`];
  const known = { ...required, ...optional };
  return [
    ...Object.keys(required).filter((k) => !(k in v)).map((k) => `${path}/${k}: is missing`),
    ...Object.entries(v).flatMap(([k, x]) => (Object.hasOwn(known, k) ? known[k](x, `${path}/${k}`) : [`${path}/${k}: there is no such key`])),
  ];
};
