// The variants of s.yaml that docs/s-variants.md shows: under each heading, pairs
// of blocks, of which the first stands in s.yaml and the second takes its place. A
// variant whose first blocks are not there once, because a person has exchanged or changed
// them, has no text and says what is missing.
export function variants(doc, sYaml) {
  return doc.split(/^## /m).slice(1).map((section) => {
    const name = section.slice(0, section.indexOf('\n'));
    const pairs = [...section.matchAll(/<!-- replace -->\n```yaml\n([^]*?)```\n\n<!-- with -->\n```yaml\n([^]*?)```/g)];
    let text = sYaml;
    const missing = [];
    for (const [, from, to] of pairs) {
      if (text.split(from).length !== 2) missing.push(from);
      text = text.replace(from, () => to);
    }
    const marks = section.split('<!-- replace -->').length + section.split('<!-- with -->').length - 2;
    if (marks !== 2 * pairs.length) throw new Error(`${name}: a block has no partner`);
    // Blocks that are only shown stand in s.yaml, too.
    const rest = section.replaceAll(/<!-- \w+ -->\n```yaml\n[^]*?```/g, '');
    for (const [, shown] of rest.matchAll(/```yaml\n([^]*?)```/g)) {
      if (!sYaml.includes(shown)) missing.push(shown);
    }
    return missing.length > 0 ? { name, missing } : { name, text, missing, changed: pairs.length > 0 };
  });
}
