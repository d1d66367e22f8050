import { blocks, terraformFiles } from './terraform-sources.ts';

/** Returns the text of a block's argument in `infra/*.tf`, unquoted but with its expressions. */
export function argumentOf(block: string, argument: string): string {
  return quotedAfter(blocks().find(({ labels }) => labels.join('.') === block)?.body ?? '', argument, block);
}

/** Returns the text of a local, or of a member of one. */
export function localOf(file: string, name: string): string {
  return quotedAfter(terraformFiles().find((each) => each.name === file)?.text ?? '', name, file);
}

/** Matches to the end of the line, because an argument is the last item on its line. */
function quotedAfter(text: string, name: string, place: string): string {
  const [, quoted] = new RegExp(`^ *${name} *= "(.*)"$`, 'm').exec(text) ?? [];
  if (quoted === undefined) throw new Error(`${place} has no text ${name}.`);
  return quoted.replaceAll('\\"', '"');
}

/**
 * Returns a Terraform template with its expressions replaced by these values; throws for an expression without a value.
 */
export function filledTemplate(template: string, values: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\$\{([^{}]*)\}/g, (_, expression: string) => {
    const value = values[expression];
    if (value === undefined) throw new Error(`No value for \${${expression}}.`);
    return value;
  });
}
