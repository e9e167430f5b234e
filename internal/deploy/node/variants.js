// The variants of s.yaml that docs/s-variants.md shows: under each heading, pairs
// of blocks, of which the first stands in s.yaml and the second takes its place.
export function variants(doc, sYaml) {
  return doc.split(/^## /m).slice(1).map((section) => {
    const name = section.slice(0, section.indexOf('\n'));
    const pairs = [...section.matchAll(/<!-- replace -->\n```yaml\n([^]*?)```\n\n<!-- with -->\n```yaml\n([^]*?)```/g)];
    let text = sYaml;
    for (const [, from, to] of pairs) {
      if (text.split(from).length !== 2) throw new Error(`${name}: these lines are not once in s.yaml:\n${from}`);
      text = text.replace(from, () => to);
    }
    const marks = section.split('<!-- replace -->').length + section.split('<!-- with -->').length - 2;
    if (marks !== 2 * pairs.length) throw new Error(`${name}: a block has no partner`);
    // Blocks that are only shown stand in s.yaml, too.
    const rest = section.replaceAll(/<!-- \w+ -->\n```yaml\n[^]*?```/g, '');
    for (const [, shown] of rest.matchAll(/```yaml\n([^]*?)```/g)) {
      if (!sYaml.includes(shown)) throw new Error(`${name}: s.yaml does not have\n${shown}`);
    }
    return { name, text, changed: pairs.length > 0 };
  });
}
