// The real command line's preview, which needs neither the component nor a key nor a
// network.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const cli = fileURLToPath(new URL('node_modules/.bin/s', import.meta.url));

// preview returns what the command line makes of a file. It gets nothing of the person's
// own: neither keys nor the home with their cache.
export function preview(file, { REGION, ACCOUNT_ID, QUALIFIER } = {}) {
  const home = mkdtempSync(join(tmpdir(), 'preview-'));
  const asked = Object.fromEntries(Object.entries({ REGION, ACCOUNT_ID, QUALIFIER }).filter(([, v]) => v));
  try {
    const out = execFileSync(cli, ['preview', '-t', file, '-o', 'json'], {
      cwd: root, encoding: 'utf8', env: { PATH: process.env.PATH, HOME: home, serverless_devs_config_home: home, ...asked },
    });
    return JSON.parse(out.slice(out.indexOf('{'), out.lastIndexOf('}') + 1));
  } finally {
    rmSync(home, { recursive: true });
  }
}
