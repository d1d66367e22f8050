import { readObjects, readText, readTextMap, readTexts } from './body-members.ts';
import { ComputeError, invalidField, tooLarge } from './compute-error.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { InstanceResource } from './instance-resource.ts';
import type { JsonObject } from './json-object.ts';

const NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const LABEL_KEY = /^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;
const LABELS_MAX = 64;
/** Source: https://docs.cloud.google.com/vpc/docs/add-remove-network-tags#restrictions */
const TAGS_MAX = 64;
/**
 * Limit of one value, in characters:
 * https://docs.cloud.google.com/compute/docs/troubleshooting/troubleshooting-metadata-server.
 */
const METADATA_VALUE_MAX = 262_144;
/**
 * Limit of all keys and values together, in bytes:
 * https://docs.cloud.google.com/compute/docs/metadata/overview#limitations.
 */
const METADATA_MAX = 524_288;

/** Reads the labels of an insert or of setLabels and checks Compute Engine's limits. */
export function readLabels(body: JsonObject, path: string): Readonly<Record<string, string>> {
  const labels = readTextMap(body, 'labels', path);
  const entries = Object.entries(labels);
  if (entries.length > LABELS_MAX) {
    throw invalidField(`${path}.labels`, '', `The number of labels must not exceed ${LABELS_MAX}.`);
  }
  for (const [key, value] of entries) {
    if (!LABEL_KEY.test(key)) {
      throw invalidField(`${path}.labels`, '', `Label key '${key}' violates format constraints.`);
    }
    if (!LABEL_VALUE.test(value)) {
      throw invalidField(`${path}.labels`, '', `Label value '${value}' violates format constraints.`);
    }
  }
  return labels;
}

/** Reads network tags from `tags`, the Tags message; `path` is its place in the body. */
export function readTags(tags: JsonObject, path: string): InstanceResource['tags'] {
  const items = readTexts(tags, 'items', path);
  if (items.length > TAGS_MAX) throw tooLarge(`${path}.items`, 'element', TAGS_MAX, items.length);
  items.forEach((tag, index) => {
    if (!NAME.test(tag)) {
      throw invalidField(
        `${path}.items[${index}]`,
        tag,
        "Must be a match of regex '(?:[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?)'",
      );
    }
  });
  return { ...(items.length === 0 ? {} : { items }), fingerprint: fingerprintOf(items) };
}

/** Reads metadata from `metadata`, the Metadata message; `path` is its place in the body. */
export function readMetadata(metadata: JsonObject, path: string): InstanceResource['metadata'] {
  const items = readObjects(metadata, 'items', path).map((item, index) => {
    const key = readText(item, 'key', `${path}.items`) ?? '';
    const value = readText(item, 'value', `${path}.items`);
    if (!/^[a-zA-Z0-9-_]{1,128}$/.test(key)) {
      throw invalidField(`${path}.items[${index}].key`, key, "Must be a match of regex '[a-zA-Z0-9-_]{1,128}'");
    }
    if (value !== undefined && value.length > METADATA_VALUE_MAX) {
      throw tooLarge(`${path}.items[${index}].value`, 'character', METADATA_VALUE_MAX, value.length);
    }
    return { key, ...(value === undefined ? {} : { value }) };
  });
  const bytes = items.reduce((sum, { key, value = '' }) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0);
  if (bytes > METADATA_MAX) throw tooLarge(path, 'character', METADATA_MAX, bytes);
  if (new Set(items.map(({ key }) => key)).size < items.length) {
    throw new ComputeError(400, 'invalid', `Invalid value for field '${path}': duplicate metadata keys.`);
  }
  return {
    kind: 'compute#metadata',
    fingerprint: fingerprintOf(items),
    ...(items.length === 0 ? {} : { items }),
  };
}
